import { checkOptionNames, InvalidArgumentError } from '@mnist-kit/core';
import { extent, niceRange, valueAxis } from './axes.js';
import { checkArray, checkObject, checkText, plotOptionNames, withDefaults } from './check.js';
import { formatNumber, formatPercent } from './format.js';
import { type Line, renderPanels } from './line-panels.js';
import { color, seriesColors } from './palette.js';
import type { PlotOptions } from './svg.js';

/**
 * One mark of a {@link scatterPlot}.
 *
 * @example
 * ```ts
 * import { scatterPlot, type ScatterPoint } from '@mnist-kit/plots';
 *
 * const net: ScatterPoint = { x: 979, y: 0.989, bar: [0.9885, 0.9895], label: 'separable' };
 * const svg = scatterPlot([{ name: 'nets', points: [net] }]);
 * ```
 */
export interface ScatterPoint {
  readonly x: number;
  readonly y: number;
  /** Text beside the mark. Default: none. */
  readonly label?: string;
  /** Ends of a vertical bar through the mark, such as the mean less and plus a standard deviation. Default: none. */
  readonly bar?: readonly [low: number, high: number];
}

/**
 * Marks of one colour and shape.
 *
 * @example
 * ```ts
 * import { scatterPlot, type ScatterSeries } from '@mnist-kit/plots';
 *
 * const series: ScatterSeries = { name: 'nets', points: [{ x: 979, y: 0.989 }, { x: 1936, y: 0.991 }] };
 * const svg = scatterPlot([series]);
 * ```
 */
export interface ScatterSeries {
  readonly name: string;
  readonly points: readonly ScatterPoint[];
}

/**
 * Options of {@link scatterPlot}.
 *
 * @example
 * ```ts
 * import { scatterPlot, type ScatterPlotOptions } from '@mnist-kit/plots';
 *
 * const options: ScatterPlotOptions = { xName: 'Parameters', xScale: 'log', yFormat: 'percent' };
 * const svg = scatterPlot([{ name: 'nets', points: [{ x: 1936, y: 0.991 }] }], options);
 * ```
 */
export interface ScatterPlotOptions extends PlotOptions {
  /** Name of the x axis. Default `'x'`. */
  xName?: string;
  /** Name of the y axis. Default `'y'`. */
  yName?: string;
  /** `'linear'` (default) or `'log'`. */
  xScale?: 'linear' | 'log';
  /** `'number'` (default), or `'percent'` for fractions of 1. */
  yFormat?: 'number' | 'percent';
  /** A value of y that is drawn as a dashed line, such as a target. Default: none. */
  target?: number;
}

/**
 * Draws marks of several series over two measured axes, such as accuracy over parameters, as SVG.
 *
 * @param series At least one, each with at least one point and a name of its own.
 * @param options `title` (default: the names of the axes), `width` (default 760), `height` (default 420), `theme`,
 *   `xName`, `yName`, `xScale`, `yFormat`, `target`.
 * @returns A complete SVG document.
 * @throws {InvalidArgumentError} There is no series or point, two series have one name, or a number is not finite (on a
 *   logarithmic scale: not above 0).
 *
 * @example
 * ```ts
 * import { scatterPlot } from '@mnist-kit/plots';
 *
 * const svg = scatterPlot(
 *   [
 *     { name: 'one seed', points: [{ x: 1936, y: 0.991 }] },
 *     { name: 'five seeds', points: [{ x: 979, y: 0.989, bar: [0.9885, 0.9895], label: 'separable' }] },
 *   ],
 *   { xName: 'Parameters', yName: 'Test accuracy', xScale: 'log', yFormat: 'percent', target: 0.994 },
 * );
 * ```
 */
export function scatterPlot(series: readonly ScatterSeries[], options: ScatterPlotOptions = {}): string {
  checkOptionNames<ScatterPlotOptions>('scatterPlot', options, {
    ...plotOptionNames,
    xName: true,
    yName: true,
    xScale: true,
    yFormat: true,
    target: true,
  });
  const { xName = 'x', yName = 'y', xScale = 'linear', yFormat = 'number', target } = options;
  checkText('xName', xName);
  checkText('yName', yName);
  if (xScale !== 'linear' && xScale !== 'log')
    throw new InvalidArgumentError('xScale', "must be 'linear' or 'log'", xScale);
  if (yFormat !== 'number' && yFormat !== 'percent')
    throw new InvalidArgumentError('yFormat', "must be 'number' or 'percent'", yFormat);
  if (target !== undefined) checkNumber('target', target);
  checkSeries(series, xScale);
  const { title, ...frame } = withDefaults(options, {
    ...{ title: `${yName} over ${xName.toLowerCase()}`, width: 760, height: 420 },
  });

  const points = series.flatMap((one) => one.points);
  const xs = points.map(({ x }) => x);
  const ys = points.flatMap(({ y, bar = [] }) => [y, ...bar]);
  const yRange = niceRange([...ys, target ?? ys[0]]);
  const digits = Math.max(
    0,
    Math.ceil(-Math.log10(yRange.interval * (yFormat === 'percent' ? 100 : 1)) - 1e-9),
  );
  const tick = (y: number) => (yFormat === 'percent' ? formatPercent(y, digits) : y.toFixed(digits));
  const show = (y: number) => (yFormat === 'percent' ? formatPercent(y, digits + 1) : formatNumber(y));
  const x = xAxis(xName, xs, xScale);
  const guide: Line[] =
    target === undefined
      ? []
      : [{ ...{ name: `Target ${show(target)}`, color: color.muted, guide: true }, points: x.ends(target) }];
  return renderPanels(
    [
      {
        ...{ title, left: 16, right: 16, top: 14, bottom: 6, axisWidth: 64 },
        xAxis: x.axis,
        yAxis: valueAxis(yName, yRange, { nameGap: 52, format: tick }),
        lines: [...series.flatMap((one, i) => seriesLines(one, i, { xName, show, side: x.side })), ...guide],
      },
    ],
    {
      ...{ ...frame, title },
      description: `${points.length} points of ${series.map(({ name }) => name).join(', ')}: ${yName} ${show(
        Math.min(...points.map(({ y }) => y)),
      )} to ${show(Math.max(...points.map(({ y }) => y)))} over ${xName} ${formatNumber(
        Math.min(...xs),
      )} to ${formatNumber(Math.max(...xs))}.`,
    },
  );
}

/** The marks of a series, and their bars where it has any. */
function seriesLines(
  { name, points }: ScatterSeries,
  i: number,
  {
    xName,
    show,
    side,
  }: { xName: string; show: (y: number) => string; side: (x: number) => 'left' | 'right' },
): Line[] {
  const drawn = seriesColors[i % seriesColors.length];
  const bars = points.flatMap(({ x, bar }): [number, number | null][] =>
    bar === undefined
      ? []
      : [
          [x, bar[0]],
          [x, bar[1]],
          [x, null],
        ],
  );
  const marks: Line = {
    ...{ name, color: drawn },
    symbol: (['circle', 'diamond', 'triangle', 'rect'] as const)[i % 4],
    points: points.map(({ x, y }) => [x, y]),
    scattered: {
      labels: points.map(({ x, label }) =>
        label === undefined ? undefined : { text: label, side: side(x) },
      ),
    },
    tooltip: (x, y, index) => {
      const { label, bar } = points[index];
      const range = bar === undefined ? '' : `, ${show(bar[0])} to ${show(bar[1])}`;
      return `${name}${label === undefined ? '' : `, ${label}`}, ${xName.toLowerCase()} ${formatNumber(x)}: ${show(y)}${range}`;
    },
  };
  return bars.length === 0
    ? [marks]
    : [{ name: `${name}, bars`, color: drawn, bars: true, points: bars }, marks];
}

/** The x axis, a line across it at a height, and the side of a mark that has more room. */
function xAxis(name: string, xs: readonly number[], scale: 'linear' | 'log') {
  const line = {
    axisLine: { show: true, onZero: false, lineStyle: { color: color.axis } },
    splitLine: { show: false },
  };
  const place = ({ min, max }: { min: number; max: number }, measure: (x: number) => number) => ({
    ends: (y: number): [number, number][] => [
      [min, y],
      [max, y],
    ],
    side: (x: number): 'left' | 'right' =>
      measure(x) - measure(min) > 0.8 * (measure(max) - measure(min)) ? 'left' : 'right',
  });
  if (scale === 'linear') {
    const range = niceRange(xs);
    return {
      axis: { ...valueAxis(name, range, { nameGap: 26, format: formatNumber }), ...line },
      ...place(range, (x) => x),
    };
  }
  // Half as much again on both sides: whole decades would leave most of the width empty.
  const [low, high] = extent(xs) as [number, number];
  const range = { min: low / 1.5, max: high * 1.5 };
  const ticks = logTicks(range);
  const axis = valueAxis(`${name} (log scale)`, range, { scale: 'log', nameGap: 26, format: formatNumber });
  return {
    axis: {
      ...{ ...axis, ...line },
      axisTick: { show: true, customValues: ticks, lineStyle: { color: color.axis }, length: 4 },
      axisLabel: { ...axis.axisLabel, customValues: ticks },
    },
    ...place(range, Math.log),
  };
}

/** 1, 2 and 5 times the powers of ten within a range, or the powers alone where those would be many. */
function logTicks({ min, max }: { min: number; max: number }): number[] {
  const first = Math.floor(Math.log10(min));
  const last = Math.ceil(Math.log10(max));
  const ticks: number[] = [];
  for (let power = first; power <= last; power++)
    for (const multiple of last - first > 4 ? [1] : [1, 2, 5])
      ticks.push(Number((multiple * 10 ** power).toPrecision(1)));
  return ticks.filter((tick) => tick >= min && tick <= max);
}

function checkSeries(series: readonly ScatterSeries[], xScale: 'linear' | 'log'): void {
  checkArray('series', series, 1, 'series');
  for (const [i, one] of series.entries()) {
    checkObject(`series[${i}]`, one, '{ name, points }');
    checkText(`series[${i}].name`, one.name);
    checkOptionNames<ScatterSeries>(`series[${i}]`, one, { name: true, points: true });
    if (series.findIndex(({ name }) => name === one.name) !== i)
      throw new InvalidArgumentError(`series[${i}].name`, 'must differ from the other names', one.name);
    checkArray(`series[${i}].points`, one.points, 1, 'points');
    for (const [k, point] of one.points.entries()) {
      const at = `series[${i}].points[${k}]`;
      checkObject(at, point, '{ x, y }');
      checkOptionNames<ScatterPoint>(at, point, { x: true, y: true, label: true, bar: true });
      const { x, y, label, bar } = point;
      checkNumber(`${at}.x`, x);
      checkNumber(`${at}.y`, y);
      if (xScale === 'log' && !(x > 0))
        throw new InvalidArgumentError(`${at}.x`, 'must be above 0 on a logarithmic scale', x);
      if (label !== undefined) checkText(`${at}.label`, label);
      if (bar === undefined) continue;
      checkArray(`${at}.bar`, bar, 2, 'ends');
      for (const [end, value] of bar.entries()) checkNumber(`${at}.bar[${end}]`, value);
    }
  }
}

function checkNumber(argument: string, value: unknown): void {
  if (typeof value !== 'number' || !Number.isFinite(value))
    throw new InvalidArgumentError(argument, 'must be a finite number', value);
}
