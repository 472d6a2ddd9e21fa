// A short training run that uses everything whose bits must not depend on where it runs: the generator, the
// loader with its geometric transforms, dropout, the executor and the optimizer. Nothing here is Node's.

import { Generator } from '@mnist-kit/core';
import { arrayDataset, DataLoader, transforms as T } from '@mnist-kit/datasets';
import { createExecutor } from '@mnist-kit/engine';
import { labelSmoothingCrossEntropy, nllLoss } from '@mnist-kit/losses';
import { conservativeImprovedNet, improvedNet, optimizedNet } from '@mnist-kit/models';
import { Adam } from '@mnist-kit/optim';

/** The nets by the names that `--net` takes. */
export const nets = { optimizedNet, improvedNet, conservativeImprovedNet };

/** What `trainedHash` does when nothing else is said. */
export const defaults = { net: 'optimizedNet', steps: 200, batch: 32, threads: 2, vectors: 'auto', seed: 1 };

/**
 * Trains a net on synthetic digits and hashes its weights.
 *
 * @param {{ net?: string, steps?: number, batch?: number, threads?: number, vectors?: 'auto' | 128 | 256, seed?: number }} options
 * @param {(step: number) => void} [onStep] Called after each step.
 * @returns {Promise<string>} SHA-256 over the weights' bytes in the model's order, float32 little-endian.
 */
export async function trainedHash(options = {}, onStep = () => {}) {
  const { net, steps, batch, threads, vectors, seed } = { ...defaults, ...options };
  const generator = new Generator(seed);
  const model = nets[net]({ generator });
  const loss = net === 'optimizedNet' ? nllLoss() : labelSmoothingCrossEntropy({ smoothing: 0.1 });
  const optimizer = new Adam({ lr: 1e-3, weightDecay: 1e-4 });
  // Every third batch is smaller, so that a few steps meet one as well.
  const loader = new DataLoader(digits(batch * 2 + Math.ceil(batch / 2), new Generator(seed + 1)), {
    batchSize: batch,
    shuffle: true,
    generator,
    transform: T.compose([
      T.randomRotation(10),
      T.randomAffine({ degrees: 0, translate: [0.1, 0.1] }),
      T.normalize({ mean: 0.1307, std: 0.3081 }),
    ]),
  });
  const executor = await createExecutor(model, { engine: 'plan', threads, vectors, batchSize: batch });
  try {
    // Where memory cannot be shared there is one thread, and the comparison would compare nothing.
    if (!executor.description.includes(`${threads} thread`))
      throw new Error(`${threads} threads were asked for and this is ${executor.description}`);
    for (let step = 0; step < steps; ) {
      const iterator = loader[Symbol.asyncIterator]();
      for (; step < steps; step++) {
        const next = await iterator.next();
        if (next.done) break;
        const { images, labels, size } = next.value;
        executor.drawMasks(size, generator);
        iterator.prefetch();
        const probabilities = loss.softTargets(labels.subarray(0, size), executor.classes);
        await executor.trainStep(images, size, { kind: 'softTargets', probabilities, scale: 1 / size });
        optimizer.step(executor.parameters);
        await executor.parametersChanged();
        onStep(step);
      }
      await iterator.return?.();
    }
    return await hashOf(await executor.readWeights());
  } finally {
    await executor.dispose();
    await loader.dispose();
    model.dispose();
  }
}

/** Images that can be learnt: one coarse pattern a class, moved about and covered with noise. */
function digits(count, generator) {
  const cells = 7;
  const pixels = 28;
  const patterns = generator.uniform(10 * cells * cells, 0, 200);
  const images = new Uint8Array(count * pixels * pixels);
  const labels = new Uint8Array(count);
  for (let n = 0; n < count; n++) {
    labels[n] = generator.randomUint32() % 10;
    const noise = generator.uniform(pixels * pixels, 0, 55);
    for (let y = 0; y < pixels; y++)
      for (let x = 0; x < pixels; x++) {
        const cell = (labels[n] * cells + (y >> 2)) * cells + (x >> 2);
        images[(n * pixels + y) * pixels + x] = Math.floor(patterns[cell] + noise[y * pixels + x]);
      }
  }
  return arrayDataset({ images, labels, shape: [pixels, pixels, 1], classes: [...'0123456789'] });
}

/** SHA-256 over tensors, one after the other, as hexadecimal digits. */
async function hashOf(weights) {
  const tensors = Object.values(weights).map(({ data }) => data);
  const bytes = new DataView(new ArrayBuffer(4 * tensors.reduce((sum, data) => sum + data.length, 0)));
  let at = 0;
  for (const data of tensors)
    for (const value of data) {
      if (!Number.isFinite(value)) throw new Error('A weight is not finite: such bits say nothing.');
      bytes.setFloat32(at, value, true);
      at += 4;
    }
  const digest = new Uint8Array(await globalThis.crypto.subtle.digest('SHA-256', bytes.buffer));
  return [...digest].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}
