import { Generator } from '@mnist-kit/core';
import { type Callback, ModelCheckpoint, type ModelCheckpointOptions, Trainer } from '@mnist-kit/trainer';
import { LinearExecutor, linearModel } from './linear-executor.js';
import { ListLoader, threeClasses } from './list-loader.js';
import { momentum, nll } from './parts.js';

/** How {@link checkpointedFit} is to train, and what it is to keep. */
interface CheckpointedFit {
  epochs: number;
  resume?: string;
  signal?: AbortSignal;
  lr?: number;
  /** How much random numbers move the pixels. */
  noise?: number;
  checkpoint: ModelCheckpointOptions;
  callbacks?: readonly Callback[];
  /** What it says goes here, among whatever else does. */
  said?: string[];
}

/** A fit as in a process of its own, of three steps an epoch, that keeps states. */
export async function checkpointedFit(options: CheckpointedFit) {
  const { epochs, resume, signal, lr = 0.1, noise, checkpoint, callbacks = [], said = [] } = options;
  const generator = new Generator(9);
  const model = linearModel();
  const executor = new LinearExecutor(model);
  const trainer = new Trainer({
    ...{ model, executor, generator, optimizer: momentum(lr), loss: nll },
    callbacks: [...callbacks, new ModelCheckpoint({ monitor: 'trainLoss', ...checkpoint })],
    log: (line) => said.push(line),
  });
  const train = new ListLoader(threeClasses(12), { generator, noise });
  const history = await trainer.fit(train, { epochs, resume, signal });
  const weights = executor.parameters.map(({ value }) => Array.from(value));
  return { said, outcome: { history: history.withoutTimings(), weights } };
}
