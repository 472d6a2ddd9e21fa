import type { Architecture, LayerSpec } from '../../packages/engine/src/__tests__/architectures/spec.js';
import type { Outcome } from './executors.js';
import type { Comparison, TensorRow, TorchReport } from './pytorch.js';

/** All about one net. */
export interface NetReport {
  readonly architecture: Architecture;
  /** Executors that gave no results. */
  readonly outcomes: Readonly<Record<string, Outcome>>;
  readonly torch: TorchReport;
}

export type Verdict = 'close' | 'rounding' | 'kink' | 'far' | 'refused' | 'error';

const GRAVE = ['close', 'rounding', 'kink', 'missing', 'unknown', 'far'];

/** The worst verdict of a comparison's tensors. */
function worstOf({ rows }: Comparison): Verdict {
  const worst = Math.max(...rows.map(({ verdict }) => GRAVE.indexOf(verdict)));
  return worst > 2 ? 'far' : (GRAVE[worst] as Verdict);
}

export function verdictOf(report: NetReport, executor: string): Verdict {
  return report.outcomes[executor]?.kind ?? worstOf(report.torch.executors[executor]);
}

export const failed = (report: NetReport, executor: string): boolean =>
  ['far', 'error'].includes(verdictOf(report, executor));

/** Counts of verdicts, one row for every executor. */
export function summary(reports: readonly NetReport[], executors: readonly string[]) {
  return Object.fromEntries(
    executors.map((executor) => {
      const counts: Record<Verdict, number> = {
        close: 0,
        rounding: 0,
        kink: 0,
        refused: 0,
        far: 0,
        error: 0,
      };
      for (const report of reports) counts[verdictOf(report, executor)] += 1;
      return [executor, counts];
    }),
  );
}

/** How many nets an executor refused or failed on, by what it said. */
export function reasons(reports: readonly NetReport[], kind: Outcome['kind']): string[] {
  const seeds = new Map<string, number[]>();
  for (const { outcomes, architecture } of reports)
    for (const [executor, outcome] of Object.entries(outcomes))
      if (outcome.kind === kind) {
        const key = `${executor}: ${outcome.message}`;
        seeds.set(key, [...(seeds.get(key) ?? []), architecture.seed]);
      }
  return [...seeds]
    .sort(([, a], [, b]) => b.length - a.length)
    .map(
      ([key, found]) => `${String(found.length).padStart(4)}  ${key} (seeds ${found.slice(0, 8).join(', ')})`,
    );
}

/** The tensors of the worst relative error, failures first. */
export function worstTensors(
  reports: readonly NetReport[],
  executors: readonly string[],
  most: number,
): string[] {
  const all = reports.flatMap((report) =>
    executors.flatMap((executor) =>
      (report.torch.executors[executor]?.rows ?? []).map((row) => ({
        row,
        executor,
        seed: report.architecture.seed,
      })),
    ),
  );
  const share = ({ error = Number.POSITIVE_INFINITY, largest = 1 }: TensorRow) => error / largest || 0;
  const bad = all.filter(({ row }) => row.verdict !== 'close' && row.verdict !== 'rounding');
  bad.sort(
    (a, b) => GRAVE.indexOf(b.row.verdict) - GRAVE.indexOf(a.row.verdict) || share(b.row) - share(a.row),
  );
  return bad
    .slice(0, most)
    .map(({ row, executor, seed }) => `seed ${seed}  ${executor.padEnd(10)}  ${line(row)}`);
}

function line({ name, verdict, largest, error, torch }: TensorRow): string {
  if (error === undefined || largest === undefined || torch === undefined) return `${verdict}  ${name}`;
  const digits = (value: number) => value.toExponential(1).padStart(8);
  return `${verdict.padEnd(8)} ${digits(error / largest)} of ${digits(largest)}, PyTorch ${digits(torch / largest)}  ${name}`;
}

/** A net as a list of layers, and every tensor of every executor. */
export function details(report: NetReport, executors: readonly string[]): string {
  const { architecture, outcomes, torch } = report;
  const { seed, input, batchSize, mean, std, loss, layers } = architecture;
  const lines = [
    `seed ${seed}: ${batchSize} images of ${input.join(' x ')}, mean ${mean}, std ${std}, loss ${JSON.stringify(loss)}`,
    ...layers.map(layerLine),
  ];
  for (const executor of executors) {
    const outcome = outcomes[executor];
    lines.push('', outcome ? `${executor}: ${outcome.kind}, ${outcome.message}` : executor);
    const comparison = torch.executors[executor];
    if (!comparison) continue;
    for (const row of comparison.rows) lines.push(`  ${line(row)}`);
    if (comparison.kinks) lines.push(`  ${kinkLine(comparison.kinks)}`);
  }
  return lines.join('\n');
}

function kinkLine({ candidates, missing, flips }: NonNullable<Comparison['kinks']>): string {
  if (!flips)
    return `no flip among ${candidates} near decisions explains it (still ${missing.toPrecision(3)} times the tolerance)`;
  const shown = flips
    .slice(0, 6)
    .map(({ layer, index, nearness }) => `${layer}[${index}] at ${nearness.toPrecision(2)} errors`);
  return `met after ${flips.length} of ${candidates} near decisions were turned over: ${shown.join(', ')}`;
}

export function layerLine({ name, from, kind, ...rest }: LayerSpec): string {
  const fields = Object.entries(rest).map(([key, value]) => `${key}=${JSON.stringify(value)}`);
  return `  ${name} <- ${from.join(' + ')}: ${fields.join(' ')}`;
}
