import { checkOptionNames, type OptionNames } from '@mnist-kit/core';
import { checkObject } from '../check.js';
import { confusionMatrix } from '../confusion-matrix.js';
import { checkHistory, type EpochRecord, isFraction, metricOf } from '../epoch-record.js';
import { formatDuration, formatNumber, formatPercent, formatRate, metricTitle } from '../format.js';
import { learningRateCurve } from '../learning-rate-curve.js';
import { type ExtraCurve, trainingCurves } from '../training-curves.js';
import type { ReportBlock, ReportColumn } from './blocks.js';
import { comparisonSection, type ReferenceRun } from './comparison.js';
import { htmlReport, type ReportSection, type SummaryItem } from './html-report.js';

/**
 * Content of `trainingReport`.
 *
 * @example
 * ```ts
 * import { trainingReport, type TrainingReportOptions } from '@mnist-kit/plots';
 *
 * const options: TrainingReportOptions = {
 *   title: 'A run',
 *   history: [{ epoch: 1, trainLoss: 0.4, trainAccuracy: 0.9, valLoss: 0.3, valAccuracy: 0.92 }],
 *   results: { testAccuracy: 0.93 },
 * };
 * const html = trainingReport(options);
 * ```
 */
export interface TrainingReportOptions {
  /** Title of the page: what was trained on what. */
  title: string;
  /** A line below the title. Default: none. */
  subtitle?: string;
  /** The run, epoch by epoch. */
  history: readonly EpochRecord[];
  /** Target of the validation accuracy, 0 to 1. Default: none. */
  target?: number;
  /** Further curves in the plot of the training. Default: none. */
  extra?: readonly ExtraCurve[];
  /** Settings of the run, by name; nested objects are flattened. Default: none. */
  configuration?: Readonly<Record<string, unknown>>;
  /** Final figures by metric, e.g. `{ testLoss: 0.05, testAccuracy: 0.986 }`; accuracies 0 to 1. Default: none. */
  results?: Readonly<Record<string, number | string>>;
  /** A run to stand beside this one: a printed log, another framework. Default: none. */
  reference?: ReferenceRun;
  /** Counts of the test set, `[true][predicted]`. Default: none. */
  confusion?: readonly (readonly number[])[];
  /** Names of the classes in the confusion matrix. Default: 0, 1, 2, … */
  classNames?: readonly string[];
  /** An SVG of `worstMistakes`. Default: none. */
  mistakes?: string;
  /** Versions, machine, engine. Default: none. */
  environment?: Readonly<Record<string, unknown>>;
  /** Remarks on the run, one paragraph each. Default: none. */
  notes?: readonly string[];
  /** Sections put before the configuration. Default: none. */
  sections?: readonly ReportSection[];
  /** A line at the end of the page. Default: none. */
  footer?: string;
}

const names: OptionNames<TrainingReportOptions> = {
  title: true,
  subtitle: true,
  history: true,
  target: true,
  extra: true,
  configuration: true,
  results: true,
  reference: true,
  confusion: true,
  classNames: true,
  mistakes: true,
  environment: true,
  notes: true,
  sections: true,
  footer: true,
};

/**
 * Builds the report of a training run as one self-contained HTML page: the best and final figures, curves
 * of loss, accuracy and learning rate, results, this run beside a reference, confusion matrix and worst
 * mistakes, the history of all epochs, configuration and environment. What is not given is left out.
 *
 * @param options See `TrainingReportOptions`; `title` and `history` are needed.
 * @returns A complete HTML document, as `htmlReport` makes it.
 * @throws {InvalidArgumentError} The history is empty, or a part does not fit (see `trainingCurves`,
 *   `confusionMatrix` and `htmlReport`).
 *
 * @example
 * ```ts
 * import { trainingReport } from '@mnist-kit/plots';
 *
 * const html = trainingReport({
 *   title: 'OptimizedNet on MNIST',
 *   history: [
 *     { epoch: 1, trainLoss: 1.535, trainAccuracy: 0.505, valLoss: 0.748, valAccuracy: 0.884, lr: 1e-3 },
 *     { epoch: 2, trainLoss: 0.658, trainAccuracy: 0.822, valLoss: 0.252, valAccuracy: 0.953, lr: 1e-3 },
 *   ],
 *   target: 0.994,
 *   results: { testAccuracy: 0.986 },
 *   configuration: { optimizer: { name: 'Adam', lr: 1e-3 }, batchSize: 128 },
 * });
 * ```
 */
export function trainingReport(options: TrainingReportOptions): string {
  checkOptionNames<TrainingReportOptions>('trainingReport', options, names);
  checkObject('options', options, 'of trainingReport an object: { title, history }');
  const { history, target, extra, results = {}, reference } = options;
  checkHistory(history);
  checkObject('results', results, 'numbers or texts by name');
  const sections: ReportSection[] = [];
  const add = (title: string, ...blocks: ReportSection['blocks']) => sections.push({ title, blocks });

  const curves = { target, extra };
  const training: ReportBlock[] = [
    {
      type: 'plot',
      svg: trainingCurves(history, curves),
      narrowSvg: trainingCurves(history, { ...curves, layout: 'column', width: 420 }),
    },
  ];
  if (history.some((record) => Number.isFinite(record.lr))) {
    training.push({
      type: 'plot',
      svg: learningRateCurve(history, { height: 260 }),
      narrowSvg: learningRateCurve(history, { width: 420, height: 260 }),
    });
  }
  add('Training', ...training);
  if (Object.keys(results).length > 0) {
    add('Results', {
      type: 'table',
      columns: [{ title: 'Measure' }, { title: 'Value' }],
      rows: Object.entries(results).map(([key, value]) => [metricTitle(key), writeMetric(key, value)]),
    });
  }
  if (options.notes !== undefined && options.notes.length > 0) {
    add('Notes', ...options.notes.map((text) => ({ type: 'text' as const, text })));
  }
  if (reference !== undefined) sections.push(comparisonSection(history, results, reference, target));
  const tested: ReportBlock[] = [];
  if (options.confusion !== undefined) {
    tested.push({
      type: 'plot',
      svg: confusionMatrix(options.confusion, { classNames: options.classNames }),
      caption:
        'Right predictions in blue by their share of the true class, wrong ones in orange by their number.',
    });
  }
  if (options.mistakes !== undefined) tested.push({ type: 'plot', svg: options.mistakes });
  if (tested.length > 0) add('Test set', ...tested);
  const best = bestEpoch(history);
  add('History', historyTable(history, best));
  sections.push(...(options.sections ?? []));
  if (options.configuration !== undefined) {
    add('Configuration', { type: 'facts', facts: options.configuration });
  }
  if (options.environment !== undefined) add('Environment', { type: 'facts', facts: options.environment });

  return htmlReport({
    title: options.title,
    subtitle: options.subtitle,
    summary: summarize(history, best, options),
    sections,
    footer: options.footer,
  });
}

/** A metric as the tables write it, by what its name says it is. */
export function writeMetric(key: string, value: number | string): string {
  return typeof value === 'string' ? value : formatterOf(key)(value);
}

/** How values of a metric are written. */
export function formatterOf(key: string): (value: number) => string {
  if (isFraction(key)) return formatPercent;
  if (key === 'lr') return formatRate;
  if (/seconds$/i.test(key)) return formatDuration;
  return formatNumber;
}

function bestEpoch(history: readonly EpochRecord[]): number | undefined {
  let best: number | undefined;
  for (const [i, { valAccuracy }] of history.entries()) {
    if (valAccuracy === undefined || !Number.isFinite(valAccuracy)) continue;
    if (best === undefined || valAccuracy > (history[best].valAccuracy as number)) best = i;
  }
  return best;
}

function historyTable(history: readonly EpochRecord[], best: number | undefined) {
  const usual = ['trainLoss', 'trainAccuracy', 'valLoss', 'valAccuracy'];
  const others = new Set(history.flatMap((record) => Object.keys(record)));
  for (const key of ['epoch', 'step', 'lr', 'seconds', 'itPerSecond', ...usual]) others.delete(key);
  const keys = [...usual, ...others, 'lr', 'seconds', 'itPerSecond'].filter((key) =>
    history.some((record) => metricOf(record, key) !== undefined),
  );
  return {
    type: 'table' as const,
    columns: [
      { title: 'Epoch', format: String } satisfies ReportColumn,
      ...keys.map((key) => ({ title: metricTitle(key), format: formatterOf(key) })),
    ],
    rows: history.map((record) => [record.epoch, ...keys.map((key) => metricOf(record, key))]),
    marked: best,
    caption: best === undefined ? undefined : 'The highlighted epoch has the best validation accuracy.',
  };
}

function summarize(
  history: readonly EpochRecord[],
  best: number | undefined,
  { results = {}, target }: TrainingReportOptions,
): SummaryItem[] {
  const items: SummaryItem[] = [];
  if (best !== undefined) {
    const accuracy = history[best].valAccuracy as number;
    const reached =
      target === undefined
        ? ''
        : `, target ${accuracy >= target ? 'reached' : `${formatPercent(target, 1)} not reached`}`;
    items.push({
      label: 'Best validation accuracy',
      value: formatPercent(accuracy),
      note: `epoch ${history[best].epoch}${reached}`,
    });
  }
  if (typeof results.testAccuracy === 'number') {
    const loss = typeof results.testLoss === 'number' ? `loss ${formatNumber(results.testLoss)}` : undefined;
    items.push({ label: 'Test accuracy', value: formatPercent(results.testAccuracy), note: loss });
  }
  items.push({ label: 'Epochs', value: String(history.length) });
  const times = history.map((record) => record.seconds).filter((s) => s !== undefined && Number.isFinite(s));
  if (times.length > 0) {
    const total = times.reduce((a: number, b) => a + (b as number), 0);
    const each = `${formatDuration(total / times.length)} an epoch`;
    items.push({ label: 'Training time', value: formatDuration(total), note: each });
  }
  return items;
}
