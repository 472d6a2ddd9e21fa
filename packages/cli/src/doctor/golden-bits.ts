import { Generator } from '@mnist-kit/core';
import { arrayDataset, DataLoader, transforms as T } from '@mnist-kit/datasets';
import { createExecutor } from '@mnist-kit/engine';
import { nllLoss } from '@mnist-kit/losses';
import { optimizedNet } from '@mnist-kit/models';
import { Adam } from '@mnist-kit/optim';

const STEPS = 3;
const BATCH = 8;

/** SHA-256 of the weights after three steps, on every machine. A test holds it to the engine's own golden bits. */
export const GOLDEN = '34e759e2fb99b26f6cbc046d1abdbdb95c3b34a2d154ef59eb78d06d37da5428';

/**
 * Trains a net for three steps on drawn images: SHA-256 of its weights, which is {@link GOLDEN} where the arithmetic is
 * right.
 */
export async function trainedBits(threads: number): Promise<{ sha256: string; description: string }> {
  const generator = new Generator(1);
  const model = optimizedNet({ generator });
  const loss = nllLoss();
  const optimizer = new Adam({ lr: 1e-3, weightDecay: 1e-4 });
  const loader = new DataLoader(digits(BATCH * 2 + BATCH / 2, new Generator(2)), {
    batchSize: BATCH,
    shuffle: true,
    generator,
    transform: T.compose([
      T.randomRotation(10),
      T.randomAffine({ degrees: 0, translate: [0.1, 0.1] }),
      T.normalize({ mean: 0.1307, std: 0.3081 }),
    ]),
  });
  const executor = await createExecutor(model, { engine: 'plan', threads, batchSize: BATCH });
  try {
    let step = 0;
    for await (const { images, labels, size } of loader) {
      executor.drawMasks(size, generator);
      const probabilities = loss.softTargets?.(labels.subarray(0, size), 10) as Float32Array;
      await executor.trainStep(images, size, { kind: 'softTargets', probabilities, scale: 1 / size });
      optimizer.step(executor.parameters);
      await executor.parametersChanged();
      step += 1;
      if (step === STEPS) break;
    }
    const weights = await executor.readWeights();
    return { sha256: await hashOf(Object.values(weights)), description: executor.description };
  } finally {
    await executor.dispose();
    await loader.dispose();
    model.dispose();
  }
}

/** Images that can be learnt: one coarse pattern a class, covered with noise. */
function digits(count: number, generator: Generator) {
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

/** SHA-256 over tensors, one after the other, float32 with the low byte first. */
async function hashOf(tensors: readonly { readonly data: ArrayLike<number> }[]): Promise<string> {
  const length = tensors.reduce((sum, { data }) => sum + data.length, 0);
  const bytes = new DataView(new ArrayBuffer(4 * length));
  let at = 0;
  for (const { data } of tensors)
    for (let i = 0; i < data.length; i++) {
      bytes.setFloat32(at, data[i], true);
      at += 4;
    }
  const digest = new Uint8Array(await globalThis.crypto.subtle.digest('SHA-256', bytes.buffer));
  return [...digest].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}
