// A training process for tests to interrupt, kill and disturb.
// Usage: node train.mjs '{"dir": …, "engine": …, "epochs": …, "resume": …, "everyNSteps": …, "out": …, "logs": …}'
import { createHash } from 'node:crypto';
import { writeSync } from 'node:fs';
import { Generator } from '@mnist-kit/core';
import { writeFileAtomic } from '@mnist-kit/core/node';
import { useBackend } from '@mnist-kit/engine';
import { labelSmoothingCrossEntropy, mixup } from '@mnist-kit/losses';
import { convNet } from '@mnist-kit/models';
import { ModelCheckpoint, Trainer } from '@mnist-kit/trainer';
import {
  makeAverages,
  makeLoaders,
  makeLoggers,
  makeOptimizer,
  makeScheduler,
  makeStopping,
} from './parts.mjs';

const options = JSON.parse(process.argv[2]);
const {
  dir,
  engine,
  epochs,
  resume,
  everyNSteps,
  out,
  exitAfterFit,
  stall,
  stallFor = 60_000,
  logs,
} = options;
const { loader = 'threads', threads = 2, valEvery = 0.5, accumulateGradBatches = 1, mixes = true } = options;
const { averages = 'ema', stopping = 'restoreBest', checkpoints = {} } = options;

/**
 * Tells who started this process. Nobody may listen any more: what the Trainer prints by itself must bear that too.
 */
function say(line) {
  try {
    writeSync(1, `${line}\n`);
  } catch {}
}

/** Says when it begins and ends to write. */
class AnnouncedCheckpoint extends ModelCheckpoint {
  async onEpochEnd(...args) {
    say('writing');
    await super.onEpochEnd(...args);
    say('written');
  }
  async onSafePoint(...args) {
    say('writing');
    await super.onSafePoint(...args);
    say('written');
  }
}

if (engine === 'eager') await useBackend('wasm');
const generator = new Generator(1);
const { train, val } = await makeLoaders(loader, generator);
const model = convNet({ channels: [4, 4], poolAfter: [1], dropout: 0.1, generator });
const optimizer = makeOptimizer(options.optimizer);
const stepsPerEpoch = Math.ceil(train.length / accumulateGradBatches);
const scheduler = makeScheduler(options.scheduler, optimizer, { epochs, stepsPerEpoch });
const mixing = mixes ? mixup({ alpha: 1, probability: 0.5, seed: 1 }) : undefined;
const average = makeAverages(averages);
const trainer = new Trainer({
  ...{ model, optimizer, scheduler, generator, engine, threads, valEvery, accumulateGradBatches },
  loss: labelSmoothingCrossEntropy({ smoothing: 0.1 }),
  mixup: mixing,
  callbacks: [
    { name: 'started', onFitStart: () => say('started') },
    { name: 'steps', onTrainBatchEnd: (run) => say(`step ${run.step}`) },
    {
      name: 'validation',
      onValidationStart: () => say('validating'),
      onValidationEnd: () => say('validated'),
    },
    // A callback that never ends keeps the fit from ending after the step.
    {
      name: 'stall',
      onTrainBatchEnd: async (run) => {
        if (stall !== true || run.step < 5) return;
        say('stalling');
        process.once('SIGINT', () => setTimeout(() => say('still stalling'), 50));
        await new Promise((resolve) => setTimeout(resolve, stallFor));
      },
    },
    ...average,
    ...makeLoggers(logs),
    ...makeStopping(stopping),
    new AnnouncedCheckpoint({ dir, monitor: 'valAccuracy', everyNSteps, ...checkpoints }),
  ],
});
const history = await trainer.fit(train, { val, epochs, resume });
say(JSON.stringify({ epochs: history.epochs.length, interrupted: history.interrupted }));
if (out !== undefined && !history.interrupted) {
  const weights = await (await trainer.executor()).readWeights();
  const digest = (arrays) => {
    const hash = createHash('sha256');
    for (const { buffer, byteOffset, byteLength } of arrays)
      hash.update(new Uint8Array(buffer, byteOffset, byteLength));
    return hash.digest('hex');
  };
  const { tensors, ...rest } = optimizer.state();
  await writeFileAtomic(
    out,
    JSON.stringify({
      weights: digest(Object.values(weights).map(({ data }) => data)),
      moments: digest(Object.values(tensors)),
      optimizer: rest,
      scheduler: scheduler?.state(),
      mixup: mixing?.state?.(),
      averages: digest(average.flatMap((callback) => callback.state().averages)),
      history: history.withoutTimings(),
      validations: history.validations,
      generator: generator.state(),
    }),
  );
}
if (exitAfterFit !== true) await trainer.dispose();
