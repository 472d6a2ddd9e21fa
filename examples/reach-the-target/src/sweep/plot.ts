import type { RankedTrial } from '@mnist-kit/cli';
import { type CoordinateRow, parallelCoordinates } from '@mnist-kit/plots';
import type { Space } from './space.js';

/** The trials as lines over what they change, validation accuracy last, as SVG. */
export function sweepPlot(results: readonly RankedTrial[], { recipe, change = {} }: Space): string {
  const paths = [...new Set(results.flatMap(({ changes }) => Object.keys(changes)))];
  const rows = results.map(({ changes, parameters, valAccuracy }): CoordinateRow => {
    const values = paths.map((path) => [path, axisValue(changes[path])]);
    return { ...Object.fromEntries(values), parameters, valAccuracy };
  });
  const logAxes = paths.filter((path) => {
    const choice = change[path];
    return choice !== undefined && 'log' in choice && choice.log === true;
  });
  return parallelCoordinates(rows, {
    ...{ title: `Trials of ${recipe}`, axes: [...paths, 'parameters', 'valAccuracy'], logAxes },
  });
}

/** What a trial leaves as it is has no value of its own. */
function axisValue(value: unknown): number | string | boolean {
  if (value === undefined) return 'as it is';
  return typeof value === 'number' || typeof value === 'string' || typeof value === 'boolean'
    ? value
    : JSON.stringify(value);
}
