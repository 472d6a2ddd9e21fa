import type { CoordinateRow, PlotOptions } from '@mnist-kit/plots';
import type { RankedTrial } from './run-sweep.js';
import type { SearchSpace } from './space.js';

/**
 * The trials of a sweep as lines over what they change, validation accuracy last, as SVG. Those whose training went bad
 * have no accuracy, and no line.
 *
 * @param results What `runSweep` found: at least one with an accuracy.
 * @param space Says which fields have a logarithmic axis.
 * @param options `title` (default: `valAccuracy`), `width`, `height`, `theme`, as of `parallelCoordinates`.
 *
 * @example
 * ```ts
 * import { type RankedTrial, type SearchSpace, sweepPlot } from '@mnist-kit/cli';
 * import { savePlot } from '@mnist-kit/plots/node';
 *
 * const save = async (results: readonly RankedTrial[], space: SearchSpace) =>
 *   savePlot('sweep.svg', await sweepPlot(results, space, { title: 'Trials' }));
 * ```
 */
export async function sweepPlot(
  results: readonly RankedTrial[],
  { change = {} }: Pick<SearchSpace, 'change'>,
  options: PlotOptions = {},
): Promise<string> {
  // Loaded here, because every command loads this package.
  const { parallelCoordinates } = await import('@mnist-kit/plots');
  const paths = [...new Set(results.flatMap(({ changes }) => Object.keys(changes)))];
  const rows = results
    .filter(({ valAccuracy }) => Number.isFinite(valAccuracy))
    .map(({ changes, parameters, valAccuracy }): CoordinateRow => {
      const values = paths.map((path) => [path, axisValue(changes[path])]);
      return { ...Object.fromEntries(values), parameters, valAccuracy };
    });
  const logAxes = paths.filter((path) => {
    const choice = change[path];
    return choice !== undefined && 'log' in choice && choice.log === true;
  });
  return parallelCoordinates(rows, { ...options, axes: [...paths, 'parameters', 'valAccuracy'], logAxes });
}

/** What a trial leaves as it is has no value of its own. */
function axisValue(value: unknown): number | string | boolean {
  if (value === undefined) return 'as it is';
  return typeof value === 'number' || typeof value === 'string' || typeof value === 'boolean'
    ? value
    : JSON.stringify(value);
}
