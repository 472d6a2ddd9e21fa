import { type Batch, Generator } from '@mnist-kit/core';
import type { BatchIterator, DataLoader } from '@mnist-kit/datasets';
import type { Executor } from '@mnist-kit/engine';
import { nllLoss } from '@mnist-kit/losses';
import { Adam } from '@mnist-kit/optim';
import type { Work } from '../works/work.js';
import { firstBatches, trainLoader } from './data.js';
import { makeExecutor, type OwnEngine } from './engine.js';
import { makeNet } from './nets.js';
import type { Session } from './session.js';

/** Draws masks, copies a batch in, runs forward and backward, and updates with Adam. */
class Training {
  readonly #executor: Executor;
  readonly #generator: Generator;
  readonly #optimizer = new Adam({ lr: 1e-3, weightDecay: 1e-4 });
  readonly #loss = nllLoss();

  constructor(executor: Executor, generator: Generator) {
    this.#executor = executor;
    this.#generator = generator;
  }

  /** `afterDraws` is called when the batch has drawn all its random numbers. */
  async step({ images, labels, size }: Batch, afterDraws?: () => void): Promise<void> {
    const executor = this.#executor;
    executor.drawMasks(size, this.#generator);
    afterDraws?.();
    const probabilities = this.#loss.softTargets!(labels, executor.classes);
    await executor.trainStep(images, size, { kind: 'softTargets', probabilities, scale: 1 / size });
    this.#optimizer.step(executor.parameters);
    await executor.parametersChanged();
  }
}

async function makeTraining(work: Work, engine: OwnEngine, generator: Generator): Promise<Training> {
  const model = makeNet(work.net, { generator });
  return new Training(await makeExecutor(model, engine, work.batch), generator);
}

/** Training steps on batches that are ready. */
export async function trainStepSession(work: Work, engine: OwnEngine, root: string): Promise<Session> {
  const training = await makeTraining(work, engine, new Generator(1));
  const next = await firstBatches(root, work.batch);
  return { step: () => training.step(next()) };
}

/** Training steps on augmented batches, one epoch after the other. */
export async function epochSession(work: Work, engine: OwnEngine, root: string): Promise<Session> {
  const generator = new Generator(1);
  const training = await makeTraining(work, engine, generator);
  const stream = new BatchStream(await trainLoader(root, work.batch, generator));
  return {
    step: async () => {
      const batch = await stream.next();
      await training.step(batch, () => stream.prefetch());
    },
  };
}

/** The same, taken apart: how much of the time the engine works. */
export async function busySession(work: Work, engine: OwnEngine, root: string): Promise<Session> {
  const generator = new Generator(1);
  const training = await makeTraining(work, engine, generator);
  const stream = new BatchStream(await trainLoader(root, work.batch, generator, work.augmentation));
  let parts = { engine: 0, waiting: 0, drawing: 0 };
  return {
    step: async () => {
      const started = performance.now();
      const batch = await stream.next();
      const ready = performance.now();
      let drawing = 0;
      await training.step(batch, () => {
        const before = performance.now();
        stream.prefetch();
        drawing = performance.now() - before;
      });
      parts.waiting += ready - started;
      parts.drawing += drawing;
      parts.engine += performance.now() - ready - drawing;
    },
    parts: () => {
      const sums = parts;
      parts = { engine: 0, waiting: 0, drawing: 0 };
      return sums;
    },
  };
}

/** A loader's batches without end. */
class BatchStream {
  readonly #loader: DataLoader;
  #epoch: BatchIterator | undefined;

  constructor(loader: DataLoader) {
    this.#loader = loader;
  }

  async next(): Promise<Batch> {
    for (;;) {
      this.#epoch ??= this.#loader[Symbol.asyncIterator]();
      const { done, value } = await this.#epoch.next();
      if (!done) return value;
      this.#epoch = undefined;
    }
  }

  prefetch(): void {
    this.#epoch?.prefetch();
  }
}
