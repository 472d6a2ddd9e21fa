import { checkOptionNames, closestName, InvalidArgumentError } from '@mnist-kit/core';
import { extent, integerAxis, niceRange, valueAxis } from './axes.js';
import { checkArray, checkObject, checkText, plotOptionNames, withDefaults } from './check.js';
import { checkHistory, type EpochRecord, isFraction, metricOf } from './epoch-record.js';
import { formatNumber, formatPercent } from './format.js';
import { finiteOrGap, type Line, type Panel, renderPanels } from './line-panels.js';
import { color, seriesColors } from './palette.js';
import type { PlotOptions } from './svg.js';

/**
 * A further curve of `trainingCurves`.
 *
 * @example
 * ```ts
 * import { type ExtraCurve, trainingCurves } from '@mnist-kit/plots';
 *
 * const top3: ExtraCurve = { metric: 'valTop3', name: 'Top 3' };
 * const record = { epoch: 1, trainLoss: 0.4, trainAccuracy: 0.9, valTop3: 0.99 };
 * const svg = trainingCurves([record], { extra: [top3] });
 * ```
 */
export interface ExtraCurve {
  /** Field of the records that holds it, e.g. `'valAccuracyClean'`; "accuracy" in it makes it a fraction of 1. */
  metric: string;
  /** Name in the legend. */
  name: string;
}

/**
 * Options of `trainingCurves`.
 *
 * @example
 * ```ts
 * import { trainingCurves, type TrainingCurvesOptions } from '@mnist-kit/plots';
 *
 * const options: TrainingCurvesOptions = { target: 0.994, layout: 'column' };
 * const svg = trainingCurves([{ epoch: 1, trainLoss: 0.4, trainAccuracy: 0.9 }], options);
 * ```
 */
export interface TrainingCurvesOptions extends PlotOptions {
  /** Target accuracy, 0 to 1, drawn as a dashed line. Default: none. */
  target?: number;
  /**
   * Curves beside training and validation, which are drawn anyway (naming one of theirs here only changes its
   * name in the legend). Default: none.
   */
  extra?: readonly ExtraCurve[];
  /** Panels side by side (`'row'`, the default) or below each other (`'column'`, for narrow places). */
  layout?: 'row' | 'column';
}

/**
 * Draws loss and accuracy over the epochs as SVG, two panels side by side.
 *
 * The loss panel shows training and validation loss, the accuracy panel training and validation accuracy
 * in percent and the target. A panel without any field of its own is left out; values that are missing,
 * `NaN` or infinite are gaps. Up to 45 epochs every value has a mark, told apart by shape as well as color.
 *
 * @param history Records of the epochs, at least one, epochs growing.
 * @param options `title` (drawn only where given), `width` (default 960 for two panels in a row, else 560),
 *   `height` (default 360, 344 more for two panels in a column, 32 more with a title), `theme`, `target`,
 *   `extra`, `layout`.
 * @returns A complete SVG document.
 * @throws {InvalidArgumentError} The history is empty, its epochs do not grow, an accuracy or the target lies
 *   outside 0 to 1, no record holds a loss or an accuracy, or none holds a number that `extra` asks for.
 *
 * @example
 * ```ts
 * import { trainingCurves } from '@mnist-kit/plots';
 *
 * const svg = trainingCurves(
 *   [
 *     { epoch: 1, trainLoss: 1.535, trainAccuracy: 0.505, valLoss: 0.748, valAccuracy: 0.884 },
 *     { epoch: 2, trainLoss: 0.658, trainAccuracy: 0.822, valLoss: 0.252, valAccuracy: 0.953 },
 *   ],
 *   { target: 0.994 },
 * );
 * ```
 */
export function trainingCurves(history: readonly EpochRecord[], options: TrainingCurvesOptions = {}): string {
  checkHistory(history);
  checkOptionNames<TrainingCurvesOptions>('trainingCurves', options, {
    ...plotOptionNames,
    target: true,
    extra: true,
    layout: true,
  });
  const { target, extra = [], layout = 'row' } = options;
  checkArray('extra', extra, 0, 'curves');
  for (const [i, curve] of extra.entries()) {
    checkObject(`extra[${i}]`, curve, '{ metric, name }');
    checkOptionNames<ExtraCurve>(`extra[${i}]`, curve, { metric: true, name: true });
    checkText(`extra[${i}].metric`, curve.metric);
    checkText(`extra[${i}].name`, curve.name);
    checkRecorded(history, curve.metric, `extra[${i}].metric`);
  }
  if (layout !== 'row' && layout !== 'column') {
    throw new InvalidArgumentError('layout', "must be 'row' or 'column'", layout);
  }
  if (target !== undefined && !(target >= 0 && target <= 1)) {
    throw new InvalidArgumentError('target', 'must be a fraction from 0 to 1, not a percentage', target);
  }
  const loss = curves(history, 'loss', [
    { metric: 'trainLoss', name: 'Training' },
    { metric: 'valLoss', name: 'Validation' },
    ...extra.filter(({ metric }) => !isFraction(metric)),
  ]);
  const accuracy = curves(history, 'accuracy', [
    { metric: 'trainAccuracy', name: 'Training' },
    { metric: 'valAccuracy', name: 'Validation' },
    ...extra.filter(({ metric }) => isFraction(metric)),
  ]);
  const count = Number(loss.length > 0) + Number(accuracy.length > 0);
  if (count === 0) {
    throw new InvalidArgumentError('history', 'must hold losses or accuracies', history);
  }

  const row = layout === 'row' && count === 2;
  const stacked = row ? 1 : count;
  const top = options.title === undefined ? 16 : 48;
  const frame = withDefaults(options, {
    title: 'Training curves',
    width: row ? 960 : 560,
    height: top + stacked * 344,
  });
  const first = history[0].epoch;
  const last = history[history.length - 1].epoch;
  const share = row ? (frame.width - 44) / 2 : frame.width - 32;
  const storey = (frame.height - top) / stacked;
  const place = (index: number) => {
    const left = 16 + (row ? index * (share + 12) : 0);
    const level = row ? 0 : index;
    return {
      left,
      right: frame.width - left - share,
      top: top + level * storey,
      bottom: 6 + (stacked - 1 - level) * storey,
      xAxis: integerAxis('Epoch', first, last, share < 320 ? 5 : 10),
    };
  };

  const panels: Panel[] = [];
  if (loss.length > 0) {
    panels.push({
      ...place(0),
      title: panelTitle('loss', loss),
      yAxis: valueAxis('Loss', lossRange(loss), {
        format: (value) => String(Number(value.toPrecision(6))),
      }),
      lines: loss,
    });
  }
  if (accuracy.length > 0) {
    const title = panelTitle('accuracy', accuracy);
    if (target !== undefined) accuracy.push(targetLine(target, first, last));
    const range = niceRange(extent(ys(accuracy)) ?? [0, 100], { floor: 0, ceiling: 100 });
    panels.push({
      ...place(panels.length),
      title,
      yAxis: valueAxis('Accuracy (%)', range, { format: (value) => String(Number(value.toPrecision(6))) }),
      lines: accuracy,
    });
  }
  return renderPanels(panels, {
    ...frame,
    heading: options.title,
    description: describe(history, target),
  });
}

/** A curve that is asked for must be there to be drawn; those that are drawn anyway need not. */
function checkRecorded(history: readonly EpochRecord[], metric: string, argument: string): void {
  if (['trainLoss', 'valLoss', 'trainAccuracy', 'valAccuracy'].includes(metric)) return;
  if (history.some((record) => metricOf(record, metric) !== undefined)) return;
  const known = [...new Set(history.flatMap((record) => Object.keys(record)))].filter((key) =>
    history.some((record) => metricOf(record, key) !== undefined),
  );
  const meant = closestName(metric, known);
  const hint = meant === undefined ? `; there are ${known.join(', ')}` : ` (did you mean \`${meant}\`?)`;
  throw new InvalidArgumentError(argument, `must be a number that the history has${hint}`, metric);
}

interface MetricLine extends Line {
  metric?: string;
}

function curves(
  history: readonly EpochRecord[],
  quantity: string,
  wanted: readonly ExtraCurve[],
): MetricLine[] {
  const byMetric = new Map(wanted.map(({ metric, name }) => [metric, name]));
  const lines: MetricLine[] = [];
  for (const [place, [metric, name]] of [...byMetric].entries()) {
    if (!history.some((record) => metricOf(record, metric) !== undefined)) continue;
    const scale = isFraction(metric) ? 100 : 1;
    lines.push({
      metric,
      name,
      color: seriesColors[place % seriesColors.length],
      symbol: (['circle', 'diamond', 'triangle', 'rect'] as const)[place % 4],
      points: history.map((record) => {
        const value = finiteOrGap(metricOf(record, metric));
        return [record.epoch, value === null ? null : value * scale];
      }),
      tooltip: (epoch, y) =>
        `${name}, epoch ${epoch}: ${quantity} ` +
        (isFraction(metric) ? formatPercent(y / 100) : formatNumber(y)),
    });
  }
  return lines;
}

/** Losses are drawn from 0 up when they come near it, and never cut where they are negative. */
function lossRange(lines: readonly Line[]) {
  const [low, high] = extent(ys(lines)) ?? [0, 1];
  return niceRange([low > 0 && low < high / 3 ? 0 : low, high], low >= 0 ? { floor: 0 } : {});
}

function panelTitle(quantity: string, lines: readonly MetricLine[]): string {
  const metrics = new Set(lines.map((line) => line.metric?.match(/^(train|val)/)?.[1]));
  if (metrics.has('train') && metrics.has('val')) return `Training and validation ${quantity}`;
  const of = metrics.has('train') ? 'Training' : metrics.has('val') ? 'Validation' : lines[0].name;
  return `${of} ${quantity}`;
}

function targetLine(target: number, first: number, last: number): Line {
  const pad = last > first ? 0 : 0.5;
  return {
    name: `Target ${Number((target * 100).toFixed(4))}%`,
    color: color.muted,
    guide: true,
    points: [
      [first - pad, target * 100],
      [last + pad, target * 100],
    ],
  };
}

function* ys(lines: readonly Line[]): Generator<number | undefined> {
  for (const line of lines) for (const [, y] of line.points) yield y ?? undefined;
}

function describe(history: readonly EpochRecord[], target: number | undefined): string {
  const first = history[0].epoch;
  const last = history[history.length - 1].epoch;
  const sentences = [history.length === 1 ? `Epoch ${first}.` : `Epochs ${first} to ${last}.`];
  const told = [
    ['trainLoss', 'Training loss', Math.min],
    ['valLoss', 'Validation loss', Math.min],
    ['trainAccuracy', 'Training accuracy', Math.max],
    ['valAccuracy', 'Validation accuracy', Math.max],
  ] as const;
  for (const [metric, name, better] of told) {
    const known = history.filter((record) => Number.isFinite(metricOf(record, metric)));
    if (known.length === 0) continue;
    const values = known.map((record) => metricOf(record, metric) as number);
    const best = values.reduce((a, b) => better(a, b));
    const say = isFraction(metric) ? formatPercent : formatNumber;
    sentences.push(
      `${name} from ${say(values[0])} to ${say(values[values.length - 1])}, ` +
        `best ${say(best)} in epoch ${known[values.indexOf(best)].epoch}.`,
    );
  }
  if (target !== undefined) sentences.push(`Target accuracy ${Number((target * 100).toFixed(4))}%.`);
  return sentences.join(' ');
}
