import { availableParallelism } from '@mnist-kit/core';
import { computed, effect, signal } from '@preact/signals';
import { drawnDigits } from '../pad/drawn-digits.js';
import { Inspection } from '../run/inspection.js';
import { Run, type StartOptions } from '../run/run.js';
import { fromAddress, toAddress } from '../settings/address.js';
import type { Settings } from '../settings/settings.js';

/** A run with the net that is looked at beside it. */
export interface Lane {
  readonly run: Run;
  readonly inspection: Inspection;
}

/** Folder of MNIST's files, beside the page. */
const mnistUrl = new URL('mnist/', document.baseURI).href;
const address = new URLSearchParams(location.hash.slice(1));
const [first, second] = [fromAddress(address), fromAddress(address, 'b.')];

/** What of the address could not be taken. */
export const problems = signal<readonly string[]>(
  address.has('compare') ? [...first.problems, ...second.problems] : first.problems,
);

export const lanes = signal<readonly Lane[]>([
  makeLane('a', first.settings),
  ...(address.has('compare') ? [makeLane('b', second.settings)] : []),
]);
/** Whose settings, filters and mistakes are shown. */
export const selectedId = signal<'a' | 'b'>('a');
export const selected = computed<Lane>(
  () => lanes.value.find(({ run }) => run.id === selectedId.value) ?? lanes.value[0],
);
/** Whether a tab that nobody sees stops training. */
export const pauseHidden = signal(false);

function makeLane(id: 'a' | 'b', settings: Settings): Lane {
  const run = new Run(id, settings);
  return { run, inspection: new Inspection(run, mnistUrl) };
}

/** Changes settings of the selected run. */
export function change(changes: Partial<Settings>): void {
  const { run } = selected.value;
  run.settings.value = { ...run.settings.value, ...changes };
  const { trained } = run;
  // The rate is heard at once; everything else counts for the next training.
  if (changes.lr !== undefined && trained.value !== undefined && run.phase.value !== 'finished')
    run.setFactor(changes.lr / trained.value.lr);
}

/** Whether anything but the rate differs from what is trained. */
export function isChanged({ settings, trained }: Run): boolean {
  if (trained.value === undefined) return false;
  const text = (one: Settings) => String(toAddress({ ...one, lr: 1 }));
  return text(settings.value) !== text(trained.value);
}

/** Puts a second run beside the first, with its settings; or takes it away. */
export function setComparing(on: boolean): void {
  const [a] = lanes.value;
  if (on && lanes.value.length === 1) {
    lanes.value = [a, makeLane('b', a.run.settings.value)];
    selectedId.value = 'b';
  }
  if (!on && lanes.value.length === 2) {
    const [, b] = lanes.value;
    selectedId.value = 'a';
    lanes.value = [a];
    void b.run.discard();
    b.inspection.dispose();
  }
}

/** What a run of this page gets to start with. */
export function startOptions({ run, inspection }: Lane): StartOptions {
  const { threads } = run.settings.value;
  const cores = availableParallelism();
  // One core is left for the page where there are enough of them.
  const free = Math.max(1, Math.min(8, cores > 2 ? cores - 1 : cores));
  const shared = lanes.value.length > 1 ? Math.max(1, Math.floor(free / 2)) : free;
  return {
    mnistUrl,
    threads: globalThis.crossOriginIsolated ? threads || shared : 1,
    drawn: drawnDigits.value,
    initial: inspection.initial.value,
  };
}

effect(() => {
  const [a, b] = lanes.value;
  const out = toAddress(a.run.settings.value);
  if (b !== undefined) {
    out.set('compare', '1');
    for (const [name, value] of toAddress(b.run.settings.value, 'b.')) out.set(name, value);
  }
  const hash = String(out);
  history.replaceState(null, '', hash === '' ? location.pathname + location.search : `#${hash}`);
});

/** Runs that were stopped because nobody was looking. */
const stoppedByHiding = new Set<Lane>();
document.addEventListener('visibilitychange', () => {
  if (document.hidden && pauseHidden.value)
    for (const lane of lanes.value)
      if (lane.run.active.value) {
        stoppedByHiding.add(lane);
        lane.run.pause();
      }
  if (!document.hidden) for (const lane of stoppedByHiding) void resumeStopped(lane);
});

async function resumeStopped(lane: Lane): Promise<void> {
  stoppedByHiding.delete(lane);
  if (lane.run.phase.value === 'paused') await lane.run.resume(startOptions(lane));
}
