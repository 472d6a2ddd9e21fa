import type { TunedRunner } from '../runners/pytorch-runners.js';
import {
  type Choice,
  choicesFor,
  describeSettings,
  PLAIN,
  type PyTorchSettings,
} from '../runners/pytorch-settings.js';
import type { Effort } from '../works/effort.js';
import { nameOf, type Work } from '../works/work.js';
import { type Listener, measureWork } from './measure-work.js';
import { median } from './statistics.js';

/** Short rounds: they decide between settings, and are no result. */
const EFFORT = { rounds: 3, roundMs: 300, warmUpMs: 600, epochBatches: 10 } as const;

/** What was found for a work. */
export interface Tuning {
  readonly work: string;
  readonly runner: string;
  readonly settings: PyTorchSettings;
  /** `nchw, jemalloc` */
  readonly summary: string;
}

/**
 * Finds PyTorch's best settings for a work: one setting after the other, all its values taking turns while the
 * others stay as they are, and the fastest stays.
 */
export async function tune(
  work: Work,
  runner: TunedRunner,
  { effort, root, listener }: { effort: Effort; root: string; listener: Listener },
): Promise<Tuning> {
  const settings = await findBest(choicesFor(work), async (candidates) => {
    const runners = candidates.map((candidate) => ({
      ...runner.with(candidate),
      name: `${runner.name} (${describeSettings(candidate)})`,
    }));
    const measured = await measureWork(work, runners, { effort: { ...effort, ...EFFORT }, root, listener });
    return runners.map(({ name }) => {
      const values = measured.find((entry) => entry.runner.name === name)?.values;
      return values ? median(values) : Number.POSITIVE_INFINITY;
    });
  });
  runner.use(work, settings);
  return { work: nameOf(work), runner: runner.name, settings, summary: describeSettings(settings) };
}

/** Takes one choice after the other; `measure` gives the time of each candidate, infinite where it failed. */
export async function findBest(
  choices: readonly Choice[],
  measure: (candidates: readonly PyTorchSettings[]) => Promise<readonly number[]>,
): Promise<PyTorchSettings> {
  let best = PLAIN;
  for (const { name, values } of choices) {
    if (values.length < 2) continue;
    const candidates = values.map((value): PyTorchSettings => ({ ...best, [name]: value }));
    const times = await measure(candidates);
    best = candidates[times.indexOf(Math.min(...times))];
  }
  return best;
}
