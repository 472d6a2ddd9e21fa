import type { RankedTrial } from './run-sweep.js';
import { percent } from './statistics.js';

/**
 * The ranking of a sweep as a table of Markdown.
 *
 * @example
 * ```ts
 * import { type RankedTrial, sweepTable } from '@mnist-kit/cli';
 *
 * const print = (results: readonly RankedTrial[]) => console.log(sweepTable(results));
 * ```
 */
export function sweepTable(results: readonly RankedTrial[]): string {
  const paths = [...new Set(results.flatMap(({ changes }) => Object.keys(changes)))];
  const header = ['validation, %', 'loss', 'parameters', 'epochs', 'seeds', ...paths];
  const rows = results.map(({ changes, valAccuracy, valLoss, valAccuracies, parameters, epochs }) => [
    percent(valAccuracy),
    valLoss.toFixed(4),
    String(parameters),
    String(epochs),
    String(valAccuracies.length),
    ...paths.map((path) => cell(changes[path])),
  ]);
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [line(header), line(header.map(() => '---')), ...rows.map(line)].join('\n');
}

function cell(value: unknown): string {
  return typeof value === 'number' ? String(Number(value.toPrecision(4))) : JSON.stringify(value);
}
