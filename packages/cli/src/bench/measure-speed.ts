import { Generator } from '@mnist-kit/core';
import { createExecutor } from '@mnist-kit/engine';
import { conservativeImprovedNet, improvedNet, optimizedNet } from '@mnist-kit/models';
import { Adam } from '@mnist-kit/optim';

const NETS = { optimizedNet, improvedNet, conservativeImprovedNet };

/** What is measured. */
export interface SpeedOptions {
  readonly model: keyof typeof NETS;
  readonly batchSize: number;
  /** Length of each of the two measurements. */
  readonly seconds: number;
  readonly threads: number;
}

/** How fast this machine is. */
export interface Speed {
  readonly threads: number;
  /** What ran the net. */
  readonly engine: string;
  /** Median time of a training step: masks, forward, backward, Adam. */
  readonly trainMs: number;
  /** Training steps a second. */
  readonly itPerSecond: number;
  /** Images a second in inference, batches of the same size. */
  readonly imagesPerSecond: number;
}

/** Times training steps and inference on drawn images; the first steps, which compile, are left out. */
export async function measureSpeed({
  model: name,
  batchSize,
  seconds,
  threads,
}: SpeedOptions): Promise<Speed> {
  const generator = new Generator(1);
  const model = NETS[name]({ generator });
  const optimizer = new Adam({ lr: 1e-3 });
  const executor = await createExecutor(model, { engine: 'plan', threads, batchSize });
  try {
    const images = generator.rand(batchSize * 28 * 28);
    const probabilities = new Float32Array(batchSize * 10);
    for (let i = 0; i < batchSize; i++) probabilities[i * 10 + (i % 10)] = 1;
    const step = async () => {
      executor.drawMasks(batchSize, generator);
      await executor.trainStep(images, batchSize, {
        kind: 'softTargets',
        probabilities,
        scale: 1 / batchSize,
      });
      optimizer.step(executor.parameters);
      await executor.parametersChanged();
    };
    const trainMs = await medianTime(step, seconds);
    const predictMs = await medianTime(async () => void (await executor.predict(images, batchSize)), seconds);
    return {
      threads,
      engine: executor.description,
      trainMs,
      itPerSecond: 1000 / trainMs,
      imagesPerSecond: (1000 * batchSize) / predictMs,
    };
  } finally {
    await executor.dispose();
    model.dispose();
  }
}

async function medianTime(work: () => Promise<void>, seconds: number): Promise<number> {
  for (let i = 0; i < 3; i++) await work();
  const times: number[] = [];
  const end = performance.now() + seconds * 1000;
  while (performance.now() < end || times.length < 5) {
    const started = performance.now();
    await work();
    times.push(performance.now() - started);
  }
  times.sort((a, b) => a - b);
  return times[times.length >> 1];
}
