import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { writeFileAtomic } from '@mnist-kit/core/node';
import { formatScaling, formatWork } from '../report/format-work.js';
import { describeMachine, formatMachine } from '../report/machine.js';
import { groupByWork, makeReport } from '../report/report.js';
import { type Measured, measureWork } from '../rounds/measure-work.js';
import { canMeasureMemory } from '../runners/memory.js';
import { eagerRunners, jaxJsRunner, planRunners, stockRunners } from '../runners/node-runners.js';
import { findPython } from '../runners/python.js';
import { pytorchRunners } from '../runners/pytorch-runners.js';
import type { Runner } from '../runners/runner.js';
import { type Effort, FULL, QUICK } from '../works/effort.js';
import { torchvisionRoot } from '../works/torchvision-root.js';
import { nameOf, WORKS, type Work } from '../works/work.js';
import type { BenchOptions } from './options.js';
import { Progress } from './progress.js';

const LEGEND = "vs: median over the rounds of how many times as fast (as little memory). *: PyTorch's best.";

/** Measures what the options ask for, prints it, and writes it as JSON. */
export async function bench(options: BenchOptions): Promise<void> {
  const base = options.quick ? QUICK : FULL;
  const effort: Effort = {
    ...base,
    rounds: options.rounds ?? base.rounds,
    epochBatches: options.epochBatches ?? base.epochBatches,
  };
  const progress = new Progress();
  const python = await findPython();
  if (typeof python === 'string') progress.note(python);
  const runners = [
    ...planRunners(options.threads),
    ...(typeof python === 'string' ? [] : pytorchRunners(python, options.peerThreads)),
    ...eagerRunners(effort.slowRunners),
    ...stockRunners(effort.slowRunners),
    jaxJsRunner(effort.slowRunners),
  ];
  const machine = describeMachine(typeof python === 'string' ? undefined : python);
  progress.print(`${formatMachine(machine)}\n`);

  const entries = select(runners, options.only, (line) => progress.note(line));
  if (entries.length === 0) progress.print('Nothing to measure: --only matches no work and runner.');
  if (options.list) {
    for (const [work, chosen] of entries)
      progress.print(`${nameOf(work)}: ${chosen.map(({ name }) => name).join(' ')}`);
    progress.printNotes();
    return;
  }

  const { json } = options;
  // A folder that cannot be made should be known before minutes of measuring, not after.
  if (json !== undefined) await mkdir(dirname(json), { recursive: true });
  const root = torchvisionRoot();
  const measured: Measured[] = [];
  for (const [work, chosen] of entries) {
    const results = await measureWork(work, chosen, { effort, root, listener: progress });
    if (results.length > 0) progress.print(`${formatWork(results)}\n`);
    measured.push(...results);
    // After every work, so that a run that is ended early leaves what it has.
    const report = makeReport(machine, effort, measured, progress.notes);
    if (json !== undefined) await writeFileAtomic(json, `${JSON.stringify(report, null, 2)}\n`);
  }
  if (measured.some(({ runner }) => runner.isReference)) progress.print(LEGEND);
  const scaling = formatScaling(groupByWork(measured));
  if (scaling !== '') progress.print(`\nThreads:\n${scaling}`);
  progress.printNotes();
  if (json !== undefined && measured.length > 0) progress.print(`\nWritten to ${json}`);
}

/** The works, each with the runners that do it; what they refuse becomes a note. */
function select(runners: readonly Runner[], only: RegExp, note: (line: string) => void): [Work, Runner[]][] {
  const refusals = new Set<string>();
  const entries: [Work, Runner[]][] = [];
  for (const work of WORKS) {
    const asked = runners.filter(({ name }) => only.test(`${nameOf(work)} ${name}`));
    if (asked.length > 0 && work.kind === 'peak-memory' && !canMeasureMemory) {
      refusals.add(`${work.kind} is measured on Linux only`);
      continue;
    }
    const willing = asked.filter((runner) => {
      const reason = runner.refuses(work);
      if (reason !== undefined) refusals.add(`${runner.name} ${reason}`);
      return reason === undefined;
    });
    if (willing.length > 0) entries.push([work, willing]);
  }
  for (const refusal of refusals) note(refusal);
  return entries;
}
