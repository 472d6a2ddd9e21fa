import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EngineError, InvalidArgumentError } from '@mnist-kit/core';
import { confusionMatrix, digitGrid, htmlReport, toPng, trainingCurves } from '@mnist-kit/plots';
import { savePlot } from '@mnist-kit/plots/node';
import { PNG } from 'pngjs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { reference } from './helpers.js';

function decode(png: Uint8Array): PNG {
  return PNG.sync.read(Buffer.from(png));
}

/** How many pixels of a region are nearer to black than to white. */
function dark(png: PNG, left: number, top: number, width: number, height: number): number {
  let count = 0;
  for (let y = top; y < top + height; y++) {
    for (let x = left; x < left + width; x++) if (png.data[(y * png.width + x) * 4] < 128) count++;
  }
  return count;
}

describe('toPng', () => {
  test('renders at the asked scale', async () => {
    const svg = trainingCurves(reference);
    for (const [scale, width, height] of [
      [undefined, 1920, 720],
      [1, 960, 360],
      [0.5, 480, 180],
    ] as const) {
      const png = await toPng(svg, { scale });
      expect([...png.subarray(0, 8)]).toEqual([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
      expect(decode(png)).toMatchObject({ width, height });
    }
  });

  test('draws text and curves without a font on the machine', async () => {
    const png = decode(await toPng(trainingCurves(reference), { scale: 1 }));
    expect(dark(png, 16, 14, 200, 20)).toBeGreaterThan(150);
    expect(dark(png, 0, 0, 14, 360)).toBe(0);
    let blue = 0;
    let orange = 0;
    for (let i = 0; i < png.data.length; i += 4) {
      const [r, , b] = png.data.subarray(i, i + 3);
      if (b - r > 120) blue++;
      if (r - b > 120) orange++;
    }
    expect(blue).toBeGreaterThan(1000);
    expect(orange).toBeGreaterThan(1000);
  });

  test('draws light for the automatic theme and dark where asked', async () => {
    const corner = async (theme: 'auto' | 'light' | 'dark') => [
      ...decode(await toPng(confusionMatrix([[1]], { theme }), { scale: 1 })).data.subarray(0, 3),
    ];
    expect(await corner('auto')).toEqual([255, 255, 255]);
    expect(await corner('light')).toEqual([255, 255, 255]);
    expect(Math.max(...(await corner('dark')))).toBeLessThan(60);
  });

  test('draws digits pixel by pixel', async () => {
    const data = Uint8Array.from([255, 0, 0, 255]);
    const svg = digitGrid([{ image: { data, width: 2, height: 2 } }], { imageSize: 40 });
    const [, x, y] = /<image [^>]*x="([\d.]+)" y="([\d.]+)"/.exec(svg)!;
    const png = decode(await toPng(svg, { scale: 1 }));
    const at = (dx: number, dy: number) => png.data[((Number(y) + dy) * png.width + Number(x) + dx) * 4];
    expect([at(4, 4), at(16, 16), at(24, 4), at(36, 4), at(4, 36), at(24, 24)]).toEqual([
      255, 255, 0, 0, 0, 255,
    ]);
  });

  test('gives the same bytes for the same plot', async () => {
    const svg = confusionMatrix([[5]]);
    expect(await toPng(svg)).toEqual(await toPng(svg));
  });

  test.each([
    ['a scale of 0', '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>', 0],
    ['a scale that is NaN', '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>', Number.NaN],
    [
      'a scale that fills the memory',
      '<svg xmlns="http://www.w3.org/2000/svg" width="900" height="900"/>',
      1e4,
    ],
    ['what is no SVG', 'hello', 1],
    ['a broken SVG', '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><g></svg>', 1],
    ['an empty string', '', 1],
  ])('refuses %s', async (_, svg, scale) => {
    await expect(toPng(svg, { scale })).rejects.toThrow(InvalidArgumentError);
  });
});

describe('savePlot', () => {
  let folder = '';
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'plots-'));
  });
  afterAll(() => rm(folder, { recursive: true }));

  test('writes the format that the name asks for, makes folders, and leaves nothing else', async () => {
    const svg = confusionMatrix([[5]]);
    const html = htmlReport({ title: 'Report', sections: [] });
    const runs = join(folder, 'runs', 'first');
    await savePlot(join(runs, 'plot.svg'), svg);
    await savePlot(join(runs, 'plot.PNG'), svg, { scale: 1 });
    await savePlot(join(runs, 'report.html'), html);
    expect((await readdir(runs)).sort()).toEqual(['plot.PNG', 'plot.svg', 'report.html']);
    expect(await readFile(join(runs, 'plot.svg'), 'utf8')).toBe(svg);
    expect(await readFile(join(runs, 'report.html'), 'utf8')).toBe(html);
    expect(decode(await readFile(join(runs, 'plot.PNG'))).width).toBe(360);
  });

  test('refuses an ending or a content that does not fit', async () => {
    const svg = confusionMatrix([[5]]);
    await expect(savePlot(join(folder, 'plot.jpg'), svg)).rejects.toThrow(InvalidArgumentError);
    await expect(savePlot(join(folder, 'plot.html'), svg)).rejects.toThrow(InvalidArgumentError);
    await expect(savePlot(join(folder, 'plot.svg'), '<html>')).rejects.toThrow(InvalidArgumentError);
  });

  test('says what to do where the folder cannot be made', async () => {
    await savePlot(join(folder, 'file.svg'), confusionMatrix([[5]]));
    const inside = join(folder, 'file.svg', 'plot.svg');
    await expect(savePlot(inside, confusionMatrix([[5]]))).rejects.toThrow(EngineError);
  });
});
