import { checkOptionNames, InvalidArgumentError } from '@mnist-kit/core';
import type { EChartsOption } from 'echarts';
import { extent, niceRange } from './axes.js';
import { renderChart } from './chart.js';
import { checkArray, checkObject, checkTexts, plotOptionNames, withDefaults } from './check.js';
import { formatRate } from './format.js';
import { color } from './palette.js';
import type { PlotOptions } from './svg.js';

/**
 * One line of {@link parallelCoordinates}: a value by the name of each axis.
 *
 * @example
 * ```ts
 * import { type CoordinateRow, parallelCoordinates } from '@mnist-kit/plots';
 *
 * const rows: CoordinateRow[] = [
 *   { lr: 0.01, optimizer: 'adamW', valAccuracy: 0.9912 },
 *   { lr: 0.1, optimizer: 'muon', valAccuracy: 0.9957 },
 * ];
 * const svg = parallelCoordinates(rows);
 * ```
 */
export type CoordinateRow = Readonly<Record<string, number | string | boolean>>;

/**
 * Options of {@link parallelCoordinates}.
 *
 * @example
 * ```ts
 * import { parallelCoordinates, type ParallelCoordinatesOptions } from '@mnist-kit/plots';
 *
 * const options: ParallelCoordinatesOptions = { axes: ['lr', 'valAccuracy'], logAxes: ['lr'] };
 * const svg = parallelCoordinates([{ lr: 0.01, valAccuracy: 0.99 }, { lr: 0.1, valAccuracy: 0.98 }], options);
 * ```
 */
export interface ParallelCoordinatesOptions extends PlotOptions {
  /** The axes from left to right; the last one colours the lines. Default: the fields of the first row. */
  axes?: readonly string[];
  /** Axes with a logarithmic scale; their values must be above 0. Default: none. */
  logAxes?: readonly string[];
  /** How many of the rows with the highest last value are drawn strongly. Default 3. */
  highlight?: number;
}

/**
 * Draws each row as a line over parallel axes, such as the trials of a search with their accuracy last, as SVG.
 *
 * An axis on which every value is a number has a scale; any other has a place for each of its values, in the order in
 * which they come. After Inselberg, "The plane with parallel coordinates", 1985, https://doi.org/10.1007/BF01898350.
 *
 * @param rows At least one; each has a value for every axis, and a number for the last.
 * @param options `axes`, `logAxes`, `highlight`, `title` (default: the name of the last axis), `width` (default 160 for
 *   each axis, at least 480), `height` (default 420), `theme`.
 * @returns A complete SVG document.
 * @throws {InvalidArgumentError} There is no row, fewer than two axes, a value is missing or not finite, or a value on a
 *   logarithmic axis is not above 0.
 *
 * @example
 * ```ts
 * import { parallelCoordinates } from '@mnist-kit/plots';
 *
 * const svg = parallelCoordinates(
 *   [
 *     { lr: 0.01, optimizer: 'adamW', valAccuracy: 0.9912 },
 *     { lr: 0.1, optimizer: 'muon', valAccuracy: 0.9957 },
 *   ],
 *   { logAxes: ['lr'] },
 * );
 * ```
 */
export function parallelCoordinates(
  rows: readonly CoordinateRow[],
  options: ParallelCoordinatesOptions = {},
): string {
  checkOptionNames<ParallelCoordinatesOptions>('parallelCoordinates', options, {
    ...plotOptionNames,
    axes: true,
    logAxes: true,
    highlight: true,
  });
  checkArray('rows', rows, 1, 'rows');
  checkObject('rows[0]', rows[0], 'an object of values by axis');
  const { axes = Object.keys(rows[0]), logAxes = [], highlight = 3 } = options;
  checkTexts('axes', axes);
  checkArray('axes', axes, 2, 'axes');
  checkTexts('logAxes', logAxes);
  const stray = logAxes.find((name) => !axes.includes(name));
  if (stray !== undefined)
    throw new InvalidArgumentError('logAxes', `must name some of ${axes.join(', ')}`, stray);
  if (!Number.isInteger(highlight) || highlight < 0)
    throw new InvalidArgumentError('highlight', 'must be an integer of at least 0', highlight);
  const last = axes[axes.length - 1];
  checkRows(rows, axes, logAxes);

  const { title, ...frame } = withDefaults(options, {
    ...{ title: last, width: Math.max(480, 160 * axes.length), height: 420 },
  });
  const order = [...rows.keys()].sort((a, b) => Number(rows[a][last]) - Number(rows[b][last]));
  const strong = new Set(order.slice(Math.max(0, order.length - highlight)));
  // The best are drawn last, over the others.
  const data = order.map((row) => ({
    value: axes.map((name) => (isNumeric(rows, name) ? rows[row][name] : String(rows[row][name]))) as (
      | number
      | string
    )[],
    lineStyle: strong.has(row)
      ? { color: color.orange, width: 2.5, opacity: 1 }
      : { color: color.blue, width: 1.25, opacity: 0.45 },
  }));
  const option: EChartsOption = {
    title: {
      ...{ text: title, left: 16, top: 14, padding: 0 },
      textStyle: { color: color.ink, fontSize: 14, fontWeight: 600 as const },
    },
    parallel: { left: 70, right: 70, top: 84, bottom: 24 },
    parallelAxis: axes.map((name, dim) => axis(rows, name, dim, logAxes.includes(name))),
    series: [{ type: 'parallel' as const, smooth: false, data }],
  };
  const best = rows[order[order.length - 1]];
  return renderChart(option, {
    ...{ ...frame, title },
    description:
      `${rows.length} rows over ${axes.join(', ')}; the highest ${last}, ${best[last]}, has ` +
      `${axes
        .slice(0, -1)
        .map((name) => `${name} ${best[name]}`)
        .join(', ')}.`,
  });
}

const isNumeric = (rows: readonly CoordinateRow[], name: string): boolean =>
  rows.every((row) => typeof row[name] === 'number');

function axis(rows: readonly CoordinateRow[], name: string, dim: number, log: boolean) {
  const style = {
    ...{ dim, name, nameLocation: 'end' as const, nameGap: 14 },
    nameTextStyle: { color: color.ink, fontSize: 12 },
    axisLine: { lineStyle: { color: color.axis } },
    axisTick: { lineStyle: { color: color.axis } },
  };
  const label = { color: color.muted, fontSize: 11 };
  if (!isNumeric(rows, name)) {
    const values = [...new Set(rows.map((row) => String(row[name])))];
    return { ...style, type: 'category' as const, data: values, axisLabel: label };
  }
  const measured = rows.map((row) => Number(row[name]));
  // Of a few values each has its tick.
  const values = [...new Set(measured)];
  const ticks = values.length <= 6 ? { customValues: values } : {};
  return {
    ...{ ...style, ...(log ? logRange(measured) : niceRange(measured)) },
    type: log ? ('log' as const) : ('value' as const),
    axisTick: { ...style.axisTick, ...ticks },
    axisLabel: { ...label, ...ticks, formatter: formatRate },
  };
}

/** Around positive values; a single one stands in the middle. */
function logRange(values: readonly number[]): { min: number; max: number } {
  const [low, high] = extent(values) ?? [1, 1];
  return low === high ? { min: low / 2, max: high * 2 } : { min: low, max: high };
}

function checkRows(
  rows: readonly CoordinateRow[],
  axes: readonly string[],
  logAxes: readonly string[],
): void {
  const last = axes[axes.length - 1];
  for (const [i, row] of rows.entries()) {
    checkObject(`rows[${i}]`, row, 'an object of values by axis');
    for (const name of axes) {
      const at = `rows[${i}].${name}`;
      const value = row[name];
      const known = typeof value === 'string' || typeof value === 'boolean' || Number.isFinite(value);
      if (!known) throw new InvalidArgumentError(at, 'must be a finite number, a string or a boolean', value);
      if (name === last && typeof value !== 'number')
        throw new InvalidArgumentError(at, 'must be a number: the last axis colours the lines', value);
      if (logAxes.includes(name) && !(typeof value === 'number' && value > 0))
        throw new InvalidArgumentError(at, 'must be a number above 0 on a logarithmic axis', value);
    }
  }
}
