import { checkOptionNames, InvalidArgumentError } from '@mnist-kit/core';
import { decades, extent, integerAxis, niceRange, valueAxis } from './axes.js';
import { checkArray, checkObject, plotOptionNames, withDefaults } from './check.js';
import { formatRate } from './format.js';
import { finiteOrGap, renderPanels } from './line-panels.js';
import { color } from './palette.js';
import type { PlotOptions } from './svg.js';

/**
 * One point of a learning-rate curve.
 *
 * @example
 * ```ts
 * import { learningRateCurve, type LearningRatePoint } from '@mnist-kit/plots';
 *
 * const points: LearningRatePoint[] = [{ epoch: 1, lr: 1e-3 }, { epoch: 2, lr: 1e-4 }];
 * const svg = learningRateCurve(points);
 * ```
 */
export interface LearningRatePoint {
  /** Number of the epoch. */
  readonly epoch?: number;
  /** Number of the optimizer step. */
  readonly step?: number;
  /** Learning rate. */
  readonly lr?: number;
}

/**
 * Options of `learningRateCurve`.
 *
 * @example
 * ```ts
 * import { learningRateCurve, type LearningRateCurveOptions } from '@mnist-kit/plots';
 *
 * const options: LearningRateCurveOptions = { scale: 'log', title: 'The schedule' };
 * const svg = learningRateCurve([{ epoch: 1, lr: 1e-3 }, { epoch: 2, lr: 1e-4 }], options);
 * ```
 */
export interface LearningRateCurveOptions extends PlotOptions {
  /** Scale of the learning rate. Default `'auto'`: logarithmic when the rates span a factor above 20. */
  scale?: 'auto' | 'linear' | 'log';
  /** Which number of a point is its x. Default: `'epoch'` where every point has one, else `'step'`. */
  x?: 'epoch' | 'step';
}

/**
 * Draws the learning rate over epochs or steps as SVG. Between two points the rate of the first one holds.
 *
 * @param points The history of a run, or one point for each step; at least one, x growing. A rate that is
 *   missing, `NaN` or infinite leaves a gap, and so does a rate of 0 on the logarithmic scale.
 * @param options `title` (default `'Learning rate'`), `width` (default 560), `height` (default 300), `theme`,
 *   `scale`, `x`.
 * @returns A complete SVG document.
 * @throws {InvalidArgumentError} There is no point, no point holds a rate, a rate is negative, or x does not grow.
 *
 * @example
 * ```ts
 * import { learningRateCurve } from '@mnist-kit/plots';
 *
 * const svg = learningRateCurve([
 *   { epoch: 1, lr: 1e-3 },
 *   { epoch: 2, lr: 1e-3 },
 *   { epoch: 3, lr: 1e-4 },
 * ]);
 * ```
 */
export function learningRateCurve(
  points: readonly LearningRatePoint[],
  options: LearningRateCurveOptions = {},
): string {
  checkOptionNames<LearningRateCurveOptions>('learningRateCurve', options, {
    ...plotOptionNames,
    scale: true,
    x: true,
  });
  const { scale = 'auto' } = options;
  if (scale !== 'auto' && scale !== 'linear' && scale !== 'log') {
    throw new InvalidArgumentError('scale', "must be 'auto', 'linear' or 'log'", scale);
  }
  if (options.x !== undefined && options.x !== 'epoch' && options.x !== 'step') {
    throw new InvalidArgumentError('x', "must be 'epoch' or 'step'", options.x);
  }
  checkArray('points', points, 1, 'point');
  for (const [i, point] of points.entries())
    checkObject(`points[${i}]`, point, '{ epoch, lr } or { step, lr }');
  const byStep =
    options.x === undefined ? points.some((point) => point.epoch === undefined) : options.x === 'step';
  const xs = points.map((point, i) => {
    const x = byStep ? point.step : point.epoch;
    if (x === undefined || !Number.isSafeInteger(x)) {
      throw new InvalidArgumentError(`points[${i}].${byStep ? 'step' : 'epoch'}`, 'must be an integer', x);
    }
    if (point.lr !== undefined && point.lr < 0) {
      throw new InvalidArgumentError(`points[${i}].lr`, 'must be at least 0', point.lr);
    }
    return x;
  });
  for (let i = 1; i < xs.length; i++) {
    if (xs[i] <= xs[i - 1]) {
      throw new InvalidArgumentError(
        `points[${i}].${byStep ? 'step' : 'epoch'}`,
        `must be above the one before it, ${xs[i - 1]}`,
        xs[i],
      );
    }
  }
  const rates = points.map((point) => finiteOrGap(point.lr));
  const range = extent(rates.map((rate) => rate ?? undefined));
  if (range === undefined) throw new InvalidArgumentError('points', 'must hold a learning rate', points);

  const positive = extent(rates.map((rate) => rate || undefined));
  const log =
    positive !== undefined && (scale === 'log' || (scale === 'auto' && positive[1] / positive[0] > 20));
  const { title, ...frame } = withDefaults(options, { title: 'Learning rate', width: 560, height: 300 });
  const unit = byStep ? 'Step' : 'Epoch';
  const yRange = log ? decades(positive) : niceRange([0, range[1]], { floor: 0, ticks: 4 });
  return renderPanels(
    [
      {
        title,
        left: 16,
        right: 16,
        top: 14,
        bottom: 6,
        axisWidth: 64,
        xAxis: integerAxis(unit, xs[0], xs[xs.length - 1]),
        yAxis: valueAxis(log ? 'Learning rate (log scale)' : 'Learning rate', yRange, {
          scale: log ? 'log' : 'linear',
          nameGap: 48,
          format: formatRate,
        }),
        lines: [
          {
            name: 'Learning rate',
            color: color.blue,
            step: 'end',
            points: rates.map((rate, i) => [xs[i], log && rate === 0 ? null : rate]),
            tooltip: (x, y) => `${unit} ${x}: ${formatRate(y)}`,
          },
        ],
      },
    ],
    {
      ...frame,
      title,
      description:
        `Learning rate over ${unit.toLowerCase()}s ${xs[0]} to ${xs[xs.length - 1]}, ` +
        `highest ${formatRate(range[1])}, lowest ${formatRate(range[0])}.`,
    },
  );
}
