import { mkdir } from 'node:fs/promises';
import { dirname, extname } from 'node:path';
import { checkOptionNames, EngineError, InvalidArgumentError } from '@mnist-kit/core';
import { writeFileAtomic } from '@mnist-kit/core/node';
import { checkText } from './check.js';
import { toPng } from './to-png.js';

/**
 * Options of `savePlot`.
 *
 * @example
 * ```ts
 * import { learningRateCurve } from '@mnist-kit/plots';
 * import { savePlot, type SavePlotOptions } from '@mnist-kit/plots/node';
 *
 * const options: SavePlotOptions = { scale: 2 };
 * await savePlot('schedule.png', learningRateCurve([{ epoch: 1, lr: 1e-3 }]), options);
 * ```
 */
export interface SavePlotOptions {
  /** Pixels of a PNG for each CSS pixel of the SVG. Default 2. Refused for other formats, which have no pixels. */
  scale?: number;
}

/**
 * Writes a plot or a report to a file, in the format that the file's name asks for: `.svg`, `.png` (the plot
 * is rendered) or `.html` (a report). Missing folders are made; the file appears whole or not at all.
 *
 * @param path Where the file goes.
 * @param content An SVG from one of the plots, or an HTML document from `htmlReport` or `trainingReport`.
 * @param options `scale`, for PNG.
 * @throws {InvalidArgumentError} The name ends otherwise, the content is not what its ending says, or `scale` comes with
 *   another format.
 * @throws {EngineError} The file cannot be written; the message says what to do.
 *
 * @example
 * ```ts
 * import { trainingCurves } from '@mnist-kit/plots';
 * import { savePlot } from '@mnist-kit/plots/node';
 *
 * const svg = trainingCurves([{ epoch: 1, trainLoss: 0.4, trainAccuracy: 0.9 }]);
 * await savePlot('runs/first/curves.svg', svg);
 * await savePlot('runs/first/curves.png', svg, { scale: 2 });
 * ```
 */
export async function savePlot(path: string, content: string, options: SavePlotOptions = {}): Promise<void> {
  checkOptionNames<SavePlotOptions>('savePlot', options, { scale: true });
  const format = typeof path === 'string' ? extname(path).toLowerCase() : '';
  if (format !== '.svg' && format !== '.png' && format !== '.html') {
    throw new InvalidArgumentError('path', 'must end in .svg, .png or .html', path);
  }
  checkText('content', content);
  if (options.scale !== undefined && format !== '.png')
    throw new InvalidArgumentError(
      'scale',
      'is for .png files, and must be left out for others',
      options.scale,
    );
  const isSvg = /^\s*<svg[\s>]/.test(content);
  if (isSvg === (format === '.html')) {
    const expected = isSvg
      ? 'must be an HTML report for a .html file'
      : `must be an SVG for a ${format} file`;
    throw new InvalidArgumentError('content', expected, content.slice(0, 60));
  }
  const data = format === '.png' ? await toPng(content, options) : content;
  try {
    await mkdir(dirname(path), { recursive: true });
  } catch (error) {
    throw new EngineError(
      `Cannot make the folder ${dirname(path)}: ${(error as Error).message}. Choose another one.`,
      { cause: error },
    );
  }
  await writeFileAtomic(path, data);
}
