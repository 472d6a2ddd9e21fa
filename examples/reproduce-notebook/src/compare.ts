import type { ExperimentName } from './experiments.js';
import referenceRuns from './reference-runs.json' with { type: 'json' };

/** Accuracies as fractions of 1; `null` where there is no figure. */
export interface ComparisonRow {
  label: string;
  /** Validation on augmented images, as the notebook measures it: this run. */
  run: number | null;
  /** The same from the notebook's printed log. */
  notebook: number | null;
  /** The same from a run of the notebook's code in PyTorch 1.13, seed 1. */
  pytorch: number | null;
  /** Validation on clean images, and the test: this run. */
  runClean: number | null;
  pytorchClean: number | null;
}

/** The two figures of the notebook's log that are known, by epoch. Both belong to its first experiment. */
export const NOTEBOOK_LOG: Partial<Record<ExperimentName, Record<number, number>>> = {
  optimized: { 1: 0.8849, 20: 0.9799 },
};

/** What a run measured. */
export interface Measured {
  epochs: readonly { valAccuracy: number; valAccuracyClean: number }[];
  testAccuracy: number | null;
}

/** A run beside the notebook's log and the PyTorch reference run: a row per epoch, the best, and the test. */
export function compare(experiment: ExperimentName, { epochs, testAccuracy }: Measured): ComparisonRow[] {
  const reference = referenceRuns[experiment];
  const rows: ComparisonRow[] = epochs.map(({ valAccuracy, valAccuracyClean }, index) => ({
    label: `epoch ${index + 1}`,
    run: valAccuracy,
    notebook: NOTEBOOK_LOG[experiment]?.[index + 1] ?? null,
    pytorch: reference.epochs[index]?.valAccuracy ?? null,
    runClean: valAccuracyClean,
    pytorchClean: reference.epochs[index]?.valAccuracyClean ?? null,
  }));
  const sameEpochs = reference.epochs.slice(0, epochs.length);
  if (epochs.length > 1) {
    rows.push({
      label: `best of ${epochs.length}`,
      run: Math.max(...epochs.map((epoch) => epoch.valAccuracy)),
      notebook: null,
      pytorch: Math.max(...sameEpochs.map((epoch) => epoch.valAccuracy)),
      runClean: Math.max(...epochs.map((epoch) => epoch.valAccuracyClean)),
      pytorchClean: Math.max(...sameEpochs.map((epoch) => epoch.valAccuracyClean)),
    });
  }
  if (testAccuracy !== null) {
    rows.push({
      label: 'test',
      run: null,
      notebook: null,
      pytorch: null,
      runClean: testAccuracy,
      // The reference tested the best of twenty epochs: beside a shorter run that is no comparison.
      pytorchClean: epochs.length >= reference.epochs.length ? reference.testAccuracy : null,
    });
  }
  return rows;
}

/** The rows as a table for a terminal. */
export function formatComparison(rows: readonly ComparisonRow[]): string {
  const header = ['accuracy, %', 'this run', 'notebook', 'PyTorch', 'this run, clean', 'PyTorch, clean'];
  const cells = rows.map((row) => [
    row.label,
    percent(row.run),
    percent(row.notebook),
    percent(row.pytorch),
    percent(row.runClean),
    percent(row.pytorchClean),
  ]);
  const widths = header.map((name, column) =>
    Math.max(name.length, ...cells.map((row) => row[column].length)),
  );
  const line = (row: string[]) =>
    row
      .map((cell, column) => (column === 0 ? cell.padEnd(widths[0]) : cell.padStart(widths[column])))
      .join('  ');
  return [line(header), widths.map((width) => '-'.repeat(width)).join('  '), ...cells.map(line)].join('\n');
}

function percent(value: number | null): string {
  return value === null ? '' : (value * 100).toFixed(2);
}
