import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { writeFileAtomic } from '@mnist-kit/core/node';
import { formatScaling, formatWork } from '../report/format-work.js';
import { describeMachine, formatMachine } from '../report/machine.js';
import { groupByWork, makeReport } from '../report/report.js';
import { type Measured, measureWork } from '../rounds/measure-work.js';
import { type Tuning, tune } from '../rounds/tune.js';
import { canMeasureMemory } from '../runners/memory.js';
import {
  eagerRunners,
  jaxJsRunner,
  onnxRuntimeRunners,
  planRunners,
  stockRunners,
} from '../runners/node-runners.js';
import { findOnnxRuntime } from '../runners/onnxruntime.js';
import { findPython } from '../runners/python.js';
import { pytorchRunners, tunedRunners } from '../runners/pytorch-runners.js';
import type { Runner } from '../runners/runner.js';
import { findRuntimes } from '../runners/runtimes.js';
import { type Effort, FULL, QUICK, README } from '../works/effort.js';
import { torchvisionRoot } from '../works/torchvision-root.js';
import { nameOf, README_WORKS, WORKS, type Work } from '../works/work.js';
import type { BenchOptions } from './options.js';
import { Progress } from './progress.js';

const LEGEND = "vs: median over the rounds of how many times as fast (as little memory). *: its peer's best.";

/** Measures what the options ask for, prints it, and writes it as JSON. */
export async function bench(options: BenchOptions): Promise<void> {
  const base = options.quick ? QUICK : options.readme ? README : FULL;
  const effort: Effort = {
    ...base,
    rounds: options.rounds ?? base.rounds,
    epochBatches: options.epochBatches ?? base.epochBatches,
  };
  const progress = new Progress();
  const { runners, tuned, found } = await assemble(options, effort, (line) => progress.note(line));
  const machine = describeMachine(found);
  progress.print(`${formatMachine(machine)}\n`);

  const works = options.readme ? README_WORKS : WORKS;
  const entries = select(works, runners, options.only, (line) => progress.note(line));
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
  const tunings: Tuning[] = [];
  const how = { effort, root, listener: progress };
  for (const [work, chosen] of entries) {
    for (const runner of tuned)
      if (chosen.some(({ name }) => name === runner.name)) {
        const tuning = await tune(work, runner, how);
        progress.print(`${runner.name}: ${tuning.summary}`);
        tunings.push(tuning);
      }
    const results = await measureWork(work, chosen, how);
    if (results.length > 0) progress.print(`${formatWork(results)}\n`);
    measured.push(...results);
    // After every work, so that a run that is ended early leaves what it has.
    const report = makeReport(machine, effort, measured, { tunings, notes: progress.notes });
    if (json !== undefined) await writeFileAtomic(json, `${JSON.stringify(report, null, 2)}\n`);
  }
  if (measured.some(({ runner }) => runner.reference)) progress.print(LEGEND);
  const scaling = formatScaling(groupByWork(measured));
  if (scaling !== '') progress.print(`\nThreads:\n${scaling}`);
  progress.printNotes();
  if (json !== undefined && measured.length > 0) progress.print(`\nWritten to ${json}`);
}

/** Everybody that takes part, and what was found on this machine. */
async function assemble(options: BenchOptions, { slowRunners }: Effort, note: (line: string) => void) {
  const { threads, peerThreads, vectors, node, quick, readme } = options;
  const runtimes = await findRuntimes(node);
  const python = await findPython();
  const onnxRuntime = findOnnxRuntime();
  for (const missing of [python, onnxRuntime]) if (typeof missing === 'string') note(missing);
  const torch = typeof python === 'string' ? undefined : python;
  const ort = typeof onnxRuntime === 'string' ? undefined : onnxRuntime;
  const tuned = torch ? tunedRunners(torch, peerThreads, quick) : [];
  const runners: Runner[] = [
    ...planRunners({ runtimes, vectors, threads }),
    ...(torch ? [...pytorchRunners(torch, peerThreads), ...tuned] : []),
    ...(ort ? onnxRuntimeRunners(ort, threads) : []),
    ...(readme ? [] : [...eagerRunners(slowRunners), ...stockRunners(slowRunners), jaxJsRunner(slowRunners)]),
  ];
  return { runners, tuned, found: { python: torch, onnxRuntime: ort, runtimes } };
}

/** The works, each with the runners that do it; what they refuse becomes a note. */
function select(
  works: readonly Work[],
  runners: readonly Runner[],
  only: RegExp,
  note: (line: string) => void,
): [Work, Runner[]][] {
  const refusals = new Set<string>();
  const entries: [Work, Runner[]][] = [];
  for (const work of works) {
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
