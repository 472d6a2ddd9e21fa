// How a training step would go on more threads than this machine has: runs it on one thread, watches from another when
// each item of work begins, and shares the items out among 2 to 16 threads.
import { parseArgs } from 'node:util';
import { Worker } from 'node:worker_threads';
import { type Batch, Generator } from '@mnist-kit/core';
import { DataLoader, mnist, Subset, transforms } from '@mnist-kit/datasets';
import type { DisposableExecutor } from '@mnist-kit/engine';
import { nllLoss } from '@mnist-kit/losses';
import { conservativeImprovedNet, improvedNet, optimizedNet } from '@mnist-kit/models';
import { Adam } from '@mnist-kit/optim';
import { markdown, replaceSection } from '../../bench/src/report/section.js';
import { control } from '../../packages/engine/src/plan/context.js';
import { type Phase, phasesOf } from './phases.js';
import { simulate } from './simulate.js';
import { createWatchedPlan } from './watched-plan.js';
import type { Events, WatcherData } from './watcher.js';

// Run from the repository's root by npm.
const root = process.cwd();
const nets = { optimizedNet, improvedNet, conservativeImprovedNet };
const HELP = `npm run bench:scaling -- [optimizedNet|improvedNet|conservativeImprovedNet] [options]

  --batch N      images of a step (default 128)
  --steps N      steps that are watched (default 300)
  --threads LIST numbers of threads (default 1,2,3,4,6,8,12,16)
  --json         print the phases and forecasts as JSON
  --write        put the table into docs/engine.md

Run it on a machine that does nothing else and has two cores: one runs the steps, the other watches.
`;
/** Steps before the watch: V8 compiles twice. */
const WARM_UP = 40;
/** Counters that are watched; a plan has fewer phases. */
const COUNTERS = 64;

const { values, positionals } = parseArgs({
  options: {
    batch: { type: 'string', default: '128' },
    steps: { type: 'string', default: '300' },
    threads: { type: 'string', default: '1,2,3,4,6,8,12,16' },
    json: { type: 'boolean', default: false },
    write: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
  allowPositionals: true,
});
const [net = 'optimizedNet'] = positionals;
const batchSize = Number(values.batch);
const steps = Number(values.steps);
const counts = values.threads.split(',').map(Number);
const known = Object.hasOwn(nets, net) && positionals.length < 2;
if (values.help || !known || ![batchSize, steps, ...counts].every((n) => Number.isInteger(n) && n > 0)) {
  console.log(HELP);
  process.exit(values.help ? 0 : 2);
}
const make = nets[net as keyof typeof nets];

const generator = new Generator(1);
const { executor, memory } = await createWatchedPlan(make({ generator }), { batchSize });
const step = trainer(executor, await firstBatch());
for (let i = 0; i < WARM_UP; i++) await step();
const phases = phasesOf(
  await watched(async () => {
    for (let i = 0; i < steps; i++) await step();
  }),
);
await executor.dispose();
const forecasts = counts.map((threads) => simulate(phases, threads));
if (values.json) console.log(JSON.stringify({ net, batchSize, phases, forecasts }));
else if (values.write)
  await replaceSection(root, { file: 'docs/engine.md', name: `scaling ${net}`, text: report() });
else console.log(report());

async function firstBatch(): Promise<Batch> {
  const positions = Int32Array.from({ length: batchSize }, (_, i) => i);
  const loader = new DataLoader(new Subset(await mnist({ split: 'train' }), positions), {
    ...{ batchSize, prefetch: false, transform: transforms.normalize({ mean: 0.1307, std: 0.3081 }) },
  });
  for await (const batch of loader) return batch;
  throw new Error('The loader gave no batch.');
}

function trainer(plan: DisposableExecutor, { images, labels, size }: Batch): () => Promise<void> {
  const optimizer = new Adam({ lr: 1e-3, weightDecay: 1e-4 });
  const loss = nllLoss();
  return async () => {
    plan.drawMasks(size, generator);
    const probabilities = loss.softTargets!(labels, plan.classes);
    await plan.trainStep(images, size, { kind: 'softTargets', probabilities, scale: 1 / size });
    optimizer.step(plan.parameters);
    await plan.parametersChanged();
  };
}

/** What another thread sees of the plan's counters while `run` runs. */
async function watched(run: () => Promise<void>): Promise<Events> {
  const stop = new Int32Array(new SharedArrayBuffer(4));
  const workerData: WatcherData = {
    ...{ memory, stop, first: control.counters / 4, stride: 16, count: COUNTERS },
  };
  const watcher = new Worker(new URL('./watcher.mjs', import.meta.url), { workerData });
  const answers = on(watcher);
  await answers();
  await run();
  Atomics.store(stop, 0, 1);
  return (await answers()) as Events;
}

/** The worker's messages, one after the other. */
function on(worker: Worker): () => Promise<unknown> {
  const messages: unknown[] = [];
  let wake = () => {};
  worker.on('message', (message) => {
    messages.push(message);
    wake();
  });
  return async () => {
    while (messages.length === 0)
      await new Promise<void>((resolve, reject) => {
        wake = resolve;
        worker.once('error', reject);
      });
    return messages.shift();
  };
}

/** One paragraph and one table, in Markdown. */
function report(): string {
  const sum = (of: (phase: Phase) => number) => phases.reduce((total, phase) => total + of(phase), 0);
  const work = sum(({ items }) => items.reduce((a, b) => a + b, 0));
  const one = simulate(phases, 1);
  const alone = sum((phase) => phase.alone);
  const most = Math.max(...phases.map(({ items }) => items.length));
  const rows = forecasts.map(({ threads, step: ms, ...parts }) => [
    String(threads),
    `${ms.toFixed(2)} ms`,
    `${(one.step / ms).toFixed(2)}x`,
    `${((100 * one.step) / ms / threads).toFixed(0)}%`,
    ...[parts.alone, parts.waiting].map((part) => `${((100 * part) / ms).toFixed(0)}%`),
  ]);
  return (
    `${net}, batch ${batchSize}, Node ${process.versions.node}: ${one.step.toFixed(1)} ms a step on one thread, ` +
    `${phases.length} barriers, at most ${most} items of work between two of them,\n` +
    `${((1000 * work) / sum(({ items }) => items.length)).toFixed(0)} us in the mean; ` +
    `${alone.toFixed(2)} ms (${((100 * alone) / one.step).toFixed(1)}%) are one thread's alone.\n\n` +
    markdown(['threads', 'step', 'speed-up', 'of ideal', 'one thread alone', 'waiting at barriers'], rows)
  );
}
