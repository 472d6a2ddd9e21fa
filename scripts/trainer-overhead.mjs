// The Trainer's own share of a training step: everything but the executor and the loader.
//
//   npm run build && npm run bench:trainer -- 600 improvedNet     steps (default 400) and network (optimizedNet)
//
// Batches of 128 augmented digits, Adam, a scheduler that steps each time, a learning-rate monitor, a progress
// bar. Times the calls to the executor and the loader from outside, and the whole of `fit`.
import { Generator } from '@mnist-kit/core';
import { DataLoader, mnist, Subset, transforms as T } from '@mnist-kit/datasets';
import { createExecutor } from '@mnist-kit/engine';
import { nllLoss } from '@mnist-kit/losses';
import { conservativeImprovedNet, improvedNet, optimizedNet } from '@mnist-kit/models';
import { Adam, OneCycleLR } from '@mnist-kit/optim';
import { LearningRateMonitor, ProgressBar, Trainer } from '@mnist-kit/trainer';

const BATCH = 128;
const steps = Number(process.argv[2] ?? 400);
const network = process.argv[3] ?? 'optimizedNet';
/** The first steps compile and grow buffers. */
const warmUp = 10;

const spent = { executor: 0, loader: 0, optimizer: 0 };

/** Times some methods of an object; answers the object. */
function timed(target, methods, part) {
  for (const name of methods) {
    const method = target[name].bind(target);
    const add = (started) => {
      spent[part] += performance.now() - started;
    };
    target[name] = (...args) => {
      const started = performance.now();
      const result = method(...args);
      if (typeof result?.then === 'function') return result.finally(() => add(started));
      add(started);
      return result;
    };
  }
  return target;
}

const generator = new Generator(1);
const transform = T.compose([T.randomRotation(10), T.normalize({ mean: 0.1307, std: 0.3081 })]);
const indices = Int32Array.from({ length: BATCH * (steps + warmUp) }, (_, i) => i % 60_000);
const loader = new DataLoader(new Subset(await mnist({ split: 'train' }), indices), {
  ...{ batchSize: BATCH, shuffle: true, transform, generator },
});
const train = {
  ...{ length: loader.length, batchSize: BATCH, generator, state: () => loader.state() },
  [Symbol.asyncIterator]: () =>
    timed(loader[Symbol.asyncIterator](), ['next', 'prefetch', 'return'], 'loader'),
};

const networks = { optimizedNet, improvedNet, conservativeImprovedNet };
const model = networks[network]({ generator });
const executor = timed(
  await createExecutor(model, { batchSize: BATCH }),
  ['drawMasks', 'trainStep', 'parametersChanged'],
  'executor',
);
const optimizer = timed(new Adam({ lr: 1e-3, weightDecay: 1e-4 }), ['step'], 'optimizer');
let started = 0;
let ended = 0;
const clock = {
  name: 'clock',
  onTrainBatchEnd: (run) => {
    if (run.step === warmUp) {
      Object.assign(spent, { executor: 0, loader: 0, optimizer: 0 });
      started = performance.now();
    } else ended = performance.now();
  },
};
const scheduler = new OneCycleLR(optimizer, { maxLr: 1e-2, totalSteps: steps + warmUp });
const trainer = new Trainer({
  ...{ model, executor, optimizer, scheduler, generator, loss: nllLoss(), maxSteps: steps + warmUp },
  callbacks: [
    new LearningRateMonitor({ interval: 'step' }),
    new ProgressBar({ bar: false, log: () => {} }),
    clock,
  ],
  log: () => {},
});
await trainer.fit(train);
await executor.dispose();

const total = ended - started;
const own = total - spent.executor - spent.loader - spent.optimizer;
const rows = [...Object.entries(spent), ['trainer', own], ['all', total]];
console.log(`${network}, batches of ${BATCH}, ${steps} steps, ${executor.description}\n`);
for (const [name, time] of rows)
  console.log(
    `${name.padEnd(10)}${(time / steps).toFixed(3).padStart(10)} ms a step${((100 * time) / total).toFixed(2).padStart(8)}%`,
  );
console.log(`\nTrainer and optimizer together: ${((100 * (own + spent.optimizer)) / total).toFixed(2)}%`);
