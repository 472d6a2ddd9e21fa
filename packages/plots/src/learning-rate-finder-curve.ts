import { checkOptionNames, InvalidArgumentError } from '@mnist-kit/core';
import { decades, extent, niceRange, valueAxis } from './axes.js';
import { checkArray, checkObject, plotOptionNames, withDefaults } from './check.js';
import { formatNumber, formatRate } from './format.js';
import { finiteOrGap, type Line, renderPanels } from './line-panels.js';
import { color } from './palette.js';
import type { PlotOptions } from './svg.js';

/**
 * How the loss went as the learning rate grew: what the Trainer's `findLearningRate` returns.
 *
 * @example
 * ```ts
 * import { learningRateFinderCurve, type LearningRateSweep } from '@mnist-kit/plots';
 *
 * const sweep: LearningRateSweep = { lrs: [1e-4, 1e-3, 1e-2], losses: [2.3, 2.1, 4.8], suggestion: 5e-4 };
 * const svg = learningRateFinderCurve(sweep);
 * ```
 */
export interface LearningRateSweep {
  /** Learning rate of each step, above 0 and growing. */
  readonly lrs: readonly number[];
  /** Loss of each step. */
  readonly losses: readonly number[];
  /** Smoothed losses; where given, the losses themselves are drawn pale behind them. */
  readonly smoothed?: readonly number[];
  /** The learning rate to mark, one within the sweep. */
  readonly suggestion?: number;
}

/**
 * Draws the loss over a logarithmic learning rate, with the suggested rate as a dashed line, as SVG.
 *
 * The scale ends where the loss has clearly diverged: curves leave the plot at its upper edge there. A loss
 * that is `NaN` or infinite leaves a gap.
 *
 * @param sweep What `trainer.findLearningRate` returned, or other numbers of this form.
 * @param options `title` (default `'Learning-rate finder'`), `width` (default 560), `height` (default 340), `theme`.
 * @returns A complete SVG document.
 * @throws {InvalidArgumentError} There is no step, the lists differ in length, the rates are not above 0 and
 *   growing, or the suggestion lies outside them.
 *
 * @example
 * ```ts
 * import { learningRateFinderCurve } from '@mnist-kit/plots';
 *
 * const svg = learningRateFinderCurve({
 *   lrs: [1e-4, 1e-3, 1e-2, 1e-1, 1],
 *   losses: [2.3, 2.2, 1.4, 1.1, 4.8],
 *   suggestion: 1e-2,
 * });
 * ```
 */
export function learningRateFinderCurve(sweep: LearningRateSweep, options: PlotOptions = {}): string {
  checkSweep(sweep);
  checkOptionNames<PlotOptions>('learningRateFinderCurve', options, plotOptionNames);
  const { lrs, losses, smoothed, suggestion } = sweep;
  const shown = smoothed ?? losses;
  const yRange = lossRange(shown);
  const lines: Line[] =
    smoothed === undefined
      ? [curve('Loss', color.blue, lrs, losses)]
      : [
          curve('Loss of each step', color.axis, lrs, losses),
          curve('Smoothed loss', color.blue, lrs, smoothed),
        ];
  if (suggestion !== undefined)
    lines.push({
      name: `Suggestion ${formatRate(suggestion)}`,
      color: color.orange,
      guide: true,
      points: [
        [suggestion, yRange.min],
        [suggestion, yRange.max],
      ],
    });
  const { title, ...frame } = withDefaults(options, {
    title: 'Learning-rate finder',
    width: 560,
    height: 340,
  });
  const rates = [lrs[0], lrs[lrs.length - 1]] as const;
  const lowest = extent(shown)?.[0];
  return renderPanels(
    [
      {
        title,
        ...{ left: 16, right: 16, top: 14, bottom: 6, axisWidth: 64 },
        xAxis: {
          ...valueAxis('Learning rate (log scale)', decades(rates), {
            ...{ scale: 'log', nameGap: 26, format: formatRate },
          }),
          axisLine: { show: true, onZero: false, lineStyle: { color: color.axis } },
          splitLine: { show: false },
        },
        yAxis: valueAxis('Loss', yRange, {
          ...{ nameGap: 48, format: (value) => String(Number(value.toPrecision(6))) },
        }),
        lines,
      },
    ],
    {
      ...frame,
      title,
      description:
        `Loss over learning rates ${formatRate(rates[0])} to ${formatRate(rates[1])}` +
        `${lowest === undefined ? '' : `, lowest ${formatNumber(lowest)}`}` +
        `${suggestion === undefined ? '' : `; suggested rate ${formatRate(suggestion)}`}.`,
    },
  );
}

function curve(name: string, color: string, lrs: readonly number[], losses: readonly number[]): Line {
  return {
    ...{ name, color },
    points: lrs.map((lr, i) => [lr, finiteOrGap(losses[i])]),
    tooltip: (lr, loss) => `${name} at ${formatRate(lr)}: ${formatNumber(loss)}`,
  };
}

/** Around the losses up to where they have clearly diverged: the rest would flatten what matters. */
function lossRange(losses: readonly number[]): { min: number; max: number; interval: number } {
  const range = extent(losses) ?? [0, 1];
  const first = losses.find((loss) => Number.isFinite(loss)) ?? 1;
  const [lowest] = range;
  const ceiling = lowest > 0 ? Math.max(1.25 * first, 4 * lowest) : Number.POSITIVE_INFINITY;
  return niceRange([Math.min(lowest, 0), Math.min(range[1], ceiling)], { ticks: 4 });
}

function checkSweep(sweep: LearningRateSweep): void {
  checkObject('sweep', sweep, '{ lrs, losses }, as `findLearningRate` returns');
  const { lrs, losses, smoothed, suggestion } = sweep;
  checkArray('lrs', lrs, 1, 'learning rates');
  for (const [i, lr] of lrs.entries()) {
    if (!(lr > 0 && lr < Number.POSITIVE_INFINITY))
      throw new InvalidArgumentError(`lrs[${i}]`, 'must be a number above 0', lr);
    if (i > 0 && lr <= lrs[i - 1])
      throw new InvalidArgumentError(`lrs[${i}]`, `must be above the one before it, ${lrs[i - 1]}`, lr);
  }
  for (const [name, values] of Object.entries({ losses, smoothed }))
    if ((values !== undefined || name === 'losses') && values?.length !== lrs.length)
      throw new InvalidArgumentError(name, `must hold ${lrs.length} numbers, one for each rate`, values);
  if (suggestion !== undefined && !(suggestion >= lrs[0] && suggestion <= lrs[lrs.length - 1]))
    throw new InvalidArgumentError(
      'suggestion',
      `must lie within the rates, ${lrs[0]} to ${lrs[lrs.length - 1]}`,
      suggestion,
    );
}
