// A training process for tests to interrupt and kill: real digits, a real engine, everything random that there is.
// Usage: node train.mjs '{"dir": …, "engine": …, "epochs": …, "resume": …, "everyNSteps": …, "out": …, "logs": …}'
import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { Generator } from '@mnist-kit/core';
import { DataLoader, mnist, Subset, transforms as T } from '@mnist-kit/datasets';
import { useBackend } from '@mnist-kit/engine';
import { labelSmoothingCrossEntropy, mixup } from '@mnist-kit/losses';
import { convNet } from '@mnist-kit/models';
import { Adam, ReduceLROnPlateau } from '@mnist-kit/optim';
import {
  EarlyStopping,
  ExponentialMovingAverage,
  JsonlLogger,
  ModelCheckpoint,
  TensorBoardLogger,
  Trainer,
} from '@mnist-kit/trainer';

const { dir, engine, epochs, resume, everyNSteps, out, exitAfterFit, stall, logs } = JSON.parse(
  process.argv[2],
);

/** Says when it begins and ends to write. What is written to a pipe is out before the next statement. */
class AnnouncedCheckpoint extends ModelCheckpoint {
  async onEpochEnd(...args) {
    console.log('writing');
    await super.onEpochEnd(...args);
    console.log('written');
  }
  async onSafePoint(...args) {
    console.log('writing');
    await super.onSafePoint(...args);
    console.log('written');
  }
}

if (engine === 'eager') await useBackend('wasm');
const generator = new Generator(1);
const normalize = T.normalize({ mean: 0.1307, std: 0.3081 });
const augment = T.compose([T.randomRotation(10), normalize]);
const digits = await mnist({ split: 'test' });
const range = (from, to) => Int32Array.from({ length: to - from }, (_, i) => from + i);
const train = new DataLoader(new Subset(digits, range(0, 500)), {
  batchSize: 50,
  shuffle: true,
  transform: augment,
  generator,
});
const val = new DataLoader(new Subset(digits, range(500, 700)), {
  batchSize: 64,
  transform: augment,
  generator,
});

const model = convNet({ channels: [4, 4], poolAfter: [1], dropout: 0.1, generator });
const optimizer = new Adam({ lr: 1e-2 });
const scheduler = new ReduceLROnPlateau(optimizer, {
  mode: 'min',
  factor: 0.5,
  patience: 0,
  threshold: 0.05,
});
const mixing = mixup({ alpha: 1, probability: 0.5, seed: 1 });
const average = new ExponentialMovingAverage({ decay: 0.9 });
const trainer = new Trainer({
  ...{ model, optimizer, scheduler, generator, engine },
  loss: labelSmoothingCrossEntropy({ smoothing: 0.1 }),
  mixup: mixing,
  threads: 2,
  valEvery: 0.5,
  callbacks: [
    { name: 'started', onFitStart: () => console.log('started') },
    { name: 'steps', onTrainBatchEnd: (run) => console.log(`step ${run.step}`) },
    {
      name: 'validation',
      onValidationStart: () => console.log('validating'),
      onValidationEnd: () => console.log('validated'),
    },
    // A callback that never ends keeps the fit from ending after the step.
    {
      name: 'stall',
      onTrainBatchEnd: async (run) => {
        if (stall !== true || run.step < 5) return;
        console.log('stalling');
        process.once('SIGINT', () => setTimeout(() => console.log('still stalling'), 50));
        await new Promise((resolve) => setTimeout(resolve, 60_000));
      },
    },
    average,
    ...(logs === undefined
      ? []
      : [
          new JsonlLogger({ path: `${logs}/log.jsonl`, everyNSteps: 1 }),
          new TensorBoardLogger({ dir: `${logs}/events`, everyNSteps: 1 }),
        ]),
    new EarlyStopping({ monitor: 'valLoss', patience: 100, restoreBest: true }),
    new AnnouncedCheckpoint({ dir, monitor: 'valAccuracy', everyNSteps }),
  ],
});
const history = await trainer.fit(train, { val, epochs, resume });
console.log(JSON.stringify({ epochs: history.epochs.length, interrupted: history.interrupted }));
if (out !== undefined && !history.interrupted) {
  const weights = await (await trainer.executor()).readWeights();
  const digest = (arrays) => {
    const hash = createHash('sha256');
    for (const { buffer, byteOffset, byteLength } of arrays)
      hash.update(new Uint8Array(buffer, byteOffset, byteLength));
    return hash.digest('hex');
  };
  const { tensors, ...rest } = optimizer.state();
  writeFileSync(
    out,
    JSON.stringify({
      weights: digest(Object.values(weights).map(({ data }) => data)),
      moments: digest(Object.values(tensors)),
      optimizer: rest,
      scheduler: scheduler.state(),
      mixup: mixing.state?.(),
      average: digest(average.state().averages),
      history: history.withoutTimings(),
      validations: history.validations,
      generator: generator.state(),
    }),
  );
}
if (exitAfterFit !== true) await trainer.dispose();
