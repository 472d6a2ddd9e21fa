import { checkOptionNames } from '@mnist-kit/core';
import { checkHistory, type EpochRecord, isFraction, metricOf } from '../epoch-record.js';
import { formatNumber, formatPercent, metricTitle } from '../format.js';
import { trainingCurves } from '../training-curves.js';
import type { ReportCell, TableBlock } from './blocks.js';
import type { ReportSection } from './html-report.js';

/**
 * A run that another one is compared with.
 *
 * @example
 * ```ts
 * import { type ReferenceRun, trainingReport } from '@mnist-kit/plots';
 *
 * const history = [{ epoch: 1, trainLoss: 0.4, trainAccuracy: 0.9, valLoss: 0.3, valAccuracy: 0.92 }];
 * const reference: ReferenceRun = { name: 'PyTorch', history, results: { testAccuracy: 0.93 } };
 * const html = trainingReport({ title: 'A run', history, reference });
 * ```
 */
export interface ReferenceRun {
  /** Its name in headings and legends: `'PyTorch 1.13'`, `'notebook'`. */
  readonly name: string;
  /** Its epochs; a log that was printed in part may hold only some. */
  readonly history: readonly EpochRecord[];
  /** Final figures, by the same names as the run's `results`. Default: none. */
  readonly results?: Readonly<Record<string, number | string>>;
}

const compared = ['valAccuracy', 'valLoss', 'trainAccuracy', 'trainLoss'];

/**
 * The section that puts a run beside a reference: curves, the final figures, and epoch by epoch the
 * first two metrics that both runs have.
 */
export function comparisonSection(
  history: readonly EpochRecord[],
  results: Readonly<Record<string, number | string>>,
  reference: ReferenceRun,
  target: number | undefined,
): ReportSection {
  checkOptionNames<ReferenceRun>('reference', reference, { name: true, history: true, results: true });
  checkHistory(reference.history, 'reference.history');
  const blocks: ReportSection['blocks'][number][] = [];
  const both = (key: string) =>
    [history, reference.history].every((records) =>
      records.some((record) => metricOf(record, key) !== undefined),
    );
  const drawn = ['valLoss', 'valAccuracy'].filter(both);
  if (drawn.length > 0) {
    const merged = merge(history, reference.history, drawn);
    const extra = drawn.flatMap((key) => [
      { metric: key, name: 'This run' },
      { metric: referenceKey(key), name: reference.name },
    ]);
    blocks.push({
      type: 'plot',
      svg: trainingCurves(merged, { target, extra }),
      narrowSvg: trainingCurves(merged, { target, extra, layout: 'column', width: 420 }),
    });
  }
  const figures = figuresTable(results, reference);
  if (figures.rows.length > 0) blocks.push(figures);
  const metrics = compared.filter(both).slice(0, 2);
  if (metrics.length > 0) blocks.push(epochsTable(history, reference, metrics));
  return { title: `This run and ${reference.name}`, blocks };
}

function merge(
  history: readonly EpochRecord[],
  others: readonly EpochRecord[],
  keys: readonly string[],
): EpochRecord[] {
  const merged = new Map<number, Record<string, number>>();
  const put = (records: readonly EpochRecord[], rename: (key: string) => string) => {
    for (const record of records) {
      const target = merged.get(record.epoch) ?? { epoch: record.epoch };
      merged.set(record.epoch, target);
      for (const key of keys) {
        const value = metricOf(record, key);
        if (value !== undefined) target[rename(key)] = value;
      }
    }
  };
  put(history, (key) => key);
  put(others, referenceKey);
  return [...merged.values()].sort((a, b) => a.epoch - b.epoch) as unknown as EpochRecord[];
}

/** Keeps "accuracy" in the name, by which fractions are known. */
function referenceKey(key: string): string {
  return `reference_${key}`;
}

function figuresTable(
  results: Readonly<Record<string, number | string>>,
  reference: ReferenceRun,
): TableBlock {
  const theirs = reference.results ?? {};
  return {
    type: 'table',
    caption: 'Final figures',
    columns: [
      { title: 'Measure' },
      { title: 'This run', align: 'right' },
      { title: reference.name, align: 'right' },
      { title: 'Difference', align: 'right' },
    ],
    rows: Object.keys(theirs).map((key) => {
      const [a, b] = [results[key], theirs[key]];
      return [metricTitle(key), write(key, a), write(key, b), differ(key, a, b)];
    }),
  };
}

function epochsTable(
  history: readonly EpochRecord[],
  reference: ReferenceRun,
  metrics: readonly string[],
): TableBlock {
  const mine = new Map(history.map((record) => [record.epoch, record]));
  return {
    type: 'table',
    caption: `Epoch by epoch: this run, ${reference.name}, and the difference (accuracies in percentage points)`,
    columns: [
      { title: 'Epoch', format: String },
      ...metrics.flatMap((key) => [
        { title: metricTitle(key), align: 'right' as const },
        { title: reference.name, align: 'right' as const },
        { title: 'Difference', align: 'right' as const },
      ]),
    ],
    rows: reference.history.map((record): ReportCell[] => {
      const own = mine.get(record.epoch);
      return [
        record.epoch,
        ...metrics.flatMap((key) => {
          const a = own === undefined ? undefined : metricOf(own, key);
          const b = metricOf(record, key);
          return [write(key, a), write(key, b), differ(key, a, b)];
        }),
      ];
    }),
  };
}

function write(key: string, value: number | string | undefined): string | undefined {
  if (typeof value !== 'number') return value;
  return isFraction(key) ? formatPercent(value) : formatNumber(value);
}

function differ(key: string, a: number | string | undefined, b: number | string | undefined) {
  if (typeof a !== 'number' || typeof b !== 'number') return undefined;
  const difference = (a - b) * (isFraction(key) ? 100 : 1);
  if (!Number.isFinite(difference)) return undefined;
  const text = Number.isInteger(difference)
    ? formatNumber(Math.abs(difference))
    : Math.abs(difference).toFixed(isFraction(key) ? 2 : 4);
  const zero = Number(text) === 0;
  return `${zero ? '' : difference < 0 ? '−' : '+'}${text}`;
}
