import {
  checkOptionNames,
  DataError,
  Generator,
  InvalidArgumentError,
  type OptionNames,
  type TensorDict,
} from '@mnist-kit/core';
import { arrayDataset, DataLoader, transforms as T } from '@mnist-kit/datasets';
import { createExecutor, type ExecutorOptions } from '@mnist-kit/engine';
import { labelSmoothingCrossEntropy, nllLoss } from '@mnist-kit/losses';
import { conservativeImprovedNet, improvedNet, optimizedNet } from '@mnist-kit/models';
import { Adam } from '@mnist-kit/optim';

const nets = { optimizedNet, improvedNet, conservativeImprovedNet };

/**
 * What {@link trainedBits} trains.
 *
 * @example
 * ```ts
 * import { trainedBits, type TrainedBitsOptions } from '@mnist-kit/cli/bits';
 *
 * const options: TrainedBitsOptions = { net: 'improvedNet', threads: 2 };
 * const { sha256 } = await trainedBits(options);
 * ```
 */
export interface TrainedBitsOptions {
  /** Default `optimizedNet`. */
  net?: keyof typeof nets;
  /** Updates. Default 3. */
  steps?: number;
  /** Images of a step; every third has half as many. Default 8. */
  batch?: number;
  /** Of the initial weights, the order, the augmentation and the dropout. Default 1. */
  seed?: number;
  /** Threads of the plan. Default: the engine's. */
  threads?: ExecutorOptions['threads'];
  /** Bits of the plan's vectors. Default `auto`. */
  vectors?: ExecutorOptions['vectors'];
  /** Called after each step with its number, from 0. */
  onStep?: (step: number) => void;
}

/**
 * What a training came to.
 *
 * @example
 * ```ts
 * import { GOLDEN_BITS, type TrainedBits } from '@mnist-kit/cli/bits';
 *
 * const asEverywhere = ({ sha256 }: TrainedBits) => sha256 === GOLDEN_BITS;
 * ```
 */
export interface TrainedBits {
  /** Over the bytes of all weights in the model's order, float32 with the low byte first; hexadecimal. */
  readonly sha256: string;
  /** What ran it, for people: `plan, WebAssembly SIMD, 2 threads`. */
  readonly description: string;
}

/**
 * SHA-256 of the weights that {@link trainedBits} trains without options, on every machine.
 *
 * @example
 * ```ts
 * import { GOLDEN_BITS, trainedBits } from '@mnist-kit/cli/bits';
 *
 * const { sha256, description } = await trainedBits();
 * console.log(sha256 === GOLDEN_BITS, description); // true plan, WebAssembly SIMD, 2 threads
 * ```
 */
export const GOLDEN_BITS = '34e759e2fb99b26f6cbc046d1abdbdb95c3b34a2d154ef59eb78d06d37da5428';

const names: OptionNames<TrainedBitsOptions> = {
  net: true,
  steps: true,
  batch: true,
  seed: true,
  threads: true,
  vectors: true,
  onStep: true,
};

/**
 * Trains a net for a few steps on drawn images and hashes its weights. It uses everything whose bits must not depend on
 * where it runs: the generator, the loader with its geometric transforms, dropout, the executor and the optimizer. Runs
 * in browsers too; the hash needs `crypto.subtle`, which pages have on https and on loopback.
 *
 * @throws InvalidArgumentError for an option that cannot be; DataError where a weight is not finite, so that its bits
 * say nothing.
 *
 * @example
 * ```ts
 * import { trainedBits } from '@mnist-kit/cli/bits';
 *
 * const [one, two] = [await trainedBits({ threads: 1 }), await trainedBits({ threads: 2 })];
 * console.log(one.sha256 === two.sha256); // true
 * ```
 */
export async function trainedBits(options: TrainedBitsOptions = {}): Promise<TrainedBits> {
  checkOptionNames<TrainedBitsOptions>('trainedBits', options, names);
  const { net = 'optimizedNet', steps = 3, batch = 8, seed = 1, threads, vectors, onStep } = options;
  for (const [name, value] of Object.entries({ steps, batch }))
    if (!Number.isInteger(value) || value < 1)
      throw new InvalidArgumentError(name, 'must be a whole number of at least 1', value);
  const { generator, model, loss, optimizer, loader } = bitsTraining({ net, batch, seed });
  try {
    const executor = await createExecutor(model, { engine: 'plan', threads, vectors, batchSize: batch });
    try {
      for (let step = 0; step < steps; ) {
        const iterator = loader[Symbol.asyncIterator]();
        for (; step < steps; step++) {
          const next = await iterator.next();
          if (next.done) break;
          const { images, labels, size } = next.value;
          executor.drawMasks(size, generator);
          iterator.prefetch();
          const probabilities = loss.softTargets!(labels.subarray(0, size), executor.classes);
          await executor.trainStep(images, size, { kind: 'softTargets', probabilities, scale: 1 / size });
          optimizer.step(executor.parameters);
          await executor.parametersChanged();
          onStep?.(step);
        }
        await iterator.return?.();
      }
      return { sha256: await bitsOf(await executor.readWeights()), description: executor.description };
    } finally {
      await executor.dispose();
    }
  } finally {
    await loader.dispose();
    model.dispose();
  }
}

/**
 * What {@link trainedBits} trains and with what, for another loop than its own, such as the Trainer's.
 *
 * @param options `net`, `batch` and `seed` of {@link TrainedBitsOptions}.
 * @throws InvalidArgumentError for a net that there is none of.
 *
 * @example
 * ```ts
 * import { bitsOf, bitsTraining, GOLDEN_BITS } from '@mnist-kit/cli/bits';
 * import { Trainer } from '@mnist-kit/trainer';
 *
 * const { loader, ...parts } = bitsTraining();
 * const trainer = new Trainer({ ...parts, maxSteps: 3 });
 * await trainer.fit(loader);
 * console.log((await bitsOf(await (await trainer.executor()).readWeights())) === GOLDEN_BITS); // true
 * await trainer.dispose();
 * await loader.dispose();
 * ```
 */
export function bitsTraining({
  net = 'optimizedNet',
  batch = 8,
  seed = 1,
}: Pick<TrainedBitsOptions, 'net' | 'batch' | 'seed'> = {}) {
  if (!Object.hasOwn(nets, net))
    throw new InvalidArgumentError('net', `must be one of ${Object.keys(nets).join(', ')}`, net);
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
  return { generator, model, loss, optimizer, loader };
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

/**
 * SHA-256 over the bytes of weights, one tensor after the other, float32 with the low byte first; hexadecimal.
 *
 * @throws DataError where a weight is not finite, so that its bits say nothing.
 *
 * @example
 * ```ts
 * import { bitsOf } from '@mnist-kit/cli/bits';
 *
 * const weights = { 'fc/bias': { shape: [2], data: Float32Array.of(0.5, -1) } };
 * console.log((await bitsOf(weights)).length); // 64
 * ```
 */
export async function bitsOf(weights: TensorDict): Promise<string> {
  const tensors = Object.values(weights).map(({ data }) => data);
  const bytes = new DataView(new ArrayBuffer(4 * tensors.reduce((sum, data) => sum + data.length, 0)));
  let at = 0;
  for (const data of tensors)
    for (const value of data) {
      if (!Number.isFinite(value))
        throw new DataError('A weight is not finite after the training, so that its bits say nothing.');
      bytes.setFloat32(at, value, true);
      at += 4;
    }
  const digest = new Uint8Array(await globalThis.crypto.subtle.digest('SHA-256', bytes.buffer));
  return [...digest].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}
