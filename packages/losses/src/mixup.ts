import {
  type Batch,
  CheckpointError,
  checkOptionNames,
  describeFunction,
  type Generator,
  InvalidArgumentError,
  RandomState,
  type RandomStateState,
  type Settings,
} from '@mnist-kit/core';
import { checkShare } from './cross-entropy-loss.js';
import { type MixupDraw, mixRows } from './mixup-loss.js';

/**
 * Options of {@link mixup}.
 *
 * @example
 * ```ts
 * import { mixup, type MixupOptions } from '@mnist-kit/losses';
 *
 * const options: MixupOptions = { alpha: 0.2, probability: 0.5, seed: 1 };
 * const mixing = mixup(options);
 * ```
 */
export interface MixupOptions {
  /** Both parameters of the beta distribution of the weight, above 0; default 1, which is uniform. */
  alpha?: number;
  /** Share of the batches that are mixed, 0 to 1; default 1. */
  probability?: number;
  /**
   * Seed of a NumPy generator for the coin and the weight, as `np.random.seed(seed)`. Without it and `random`,
   * the seed is one draw of the generator that the first batch comes with.
   */
  seed?: number;
  /** A source of your own for the coin and the weight, instead of `seed`. Its state is yours to keep. */
  random?: MixupRandom;
  /** How partners are drawn, default `generator.randperm(size)`. */
  permutation?: (size: number, generator: Generator) => Int32Array;
}

/**
 * Where mixup's coin and weight come from; `RandomState` is one.
 *
 * @example
 * ```ts
 * import { mixup, type MixupRandom } from '@mnist-kit/losses';
 *
 * // Half of each image, in every batch.
 * const halves: MixupRandom = { random: () => 0, beta: () => 0.5 };
 * const mixing = mixup({ random: halves });
 * ```
 */
export interface MixupRandom {
  /** A double in [0, 1). */
  random(): number;
  /** A draw from the beta distribution. */
  beta(a: number, b: number): number;
}

/**
 * State of a {@link Mixup}; plain JSON.
 *
 * @example
 * ```ts
 * import { mixup, type MixupState } from '@mnist-kit/losses';
 *
 * const mixing = mixup({ seed: 1 });
 * const state: MixupState = mixing.state();
 * mixing.loadState(state);
 * ```
 */
export interface MixupState {
  /** Where the NumPy stream is; null before the first batch, or with a source of your own. */
  readonly random: RandomStateState | null;
}

/**
 * Mixes batches; made by {@link mixup}.
 *
 * @example
 * ```ts
 * import { Generator } from '@mnist-kit/core';
 * import { type Mixup, mixup } from '@mnist-kit/losses';
 *
 * const mixing: Mixup = mixup({ alpha: 1, seed: 1 });
 * const draw = mixing.draw(4, new Generator(1));
 * console.log(draw?.lambda, draw?.partners);
 * ```
 */
export interface Mixup {
  /**
   * Draws whether a batch is mixed, with which weight, and with which partners: coin, weight, permutation,
   * in that order. A batch that is left alone draws only the coin.
   *
   * @param size Number of samples in the batch.
   * @param generator Where the permutation comes from.
   * @returns How to mix, or `undefined` when the batch is left alone.
   */
  draw(size: number, generator: Generator): MixupDraw | undefined;
  /**
   * Draws, and mixes the images of the batch in place: `lambda * x + (1 - lambda) * x[partner]`. The labels
   * are left as they are; {@link mixupLoss} is the other half.
   *
   * @returns How it was mixed, or `undefined` when it was left alone.
   */
  mix(batch: Batch, generator: Generator): MixupDraw | undefined;
  /** The options that it was made with, and their defaults. */
  readonly settings: Settings;
  /** Where the random stream is. */
  state(): MixupState;
  /**
   * Goes on from a saved state.
   *
   * @throws CheckpointError when it is not what {@link Mixup.state} gave.
   */
  loadState(state: MixupState): void;
}

/**
 * Mixup: trains on weighted means of pairs of images, against the same mean of their losses (Zhang et al.,
 * 2017, https://arxiv.org/abs/1710.09412). The coin and the weight come from NumPy's generator and the
 * permutation from PyTorch's, as in the notebook.
 *
 * @throws InvalidArgumentError when an option is out of range.
 *
 * @example
 * ```ts
 * import { mixup } from '@mnist-kit/losses';
 *
 * const mixing = mixup({ alpha: 1, probability: 0.5, seed: 1 }); // give it to a Trainer as `mixup`
 * ```
 */
export function mixup(options: MixupOptions = {}): Mixup {
  checkOptionNames<MixupOptions>('mixup', options, {
    alpha: true,
    probability: true,
    seed: true,
    random: true,
    permutation: true,
  });
  const { alpha = 1, probability = 1, seed, random: own } = options;
  const { permutation = (size: number, generator: Generator) => generator.randperm(size) } = options;
  if (!(Number.isFinite(alpha) && alpha > 0))
    throw new InvalidArgumentError('alpha', 'must be a finite number above 0', alpha);
  checkShare('probability', probability);
  if (own !== undefined && !(typeof own?.random === 'function' && typeof own.beta === 'function'))
    throw new InvalidArgumentError('random', 'must have the methods `random` and `beta`', own);
  if (own !== undefined && seed !== undefined)
    throw new InvalidArgumentError('seed', 'must be left out where there is a source of your own', seed);
  if (typeof permutation !== 'function')
    throw new InvalidArgumentError('permutation', 'must be a function of size and generator', permutation);
  let random = seed === undefined ? undefined : new RandomState(seed);
  let copy = new Float32Array(0);

  const draw = (size: number, generator: Generator): MixupDraw | undefined => {
    if (!Number.isSafeInteger(size) || size < 1)
      throw new InvalidArgumentError('size', 'must be a positive integer', size);
    if (typeof generator?.randomUint32 !== 'function' || typeof generator.randperm !== 'function')
      throw new InvalidArgumentError('generator', 'must be a Generator: new Generator(1)', generator);
    if (own === undefined) random ??= new RandomState(generator.randomUint32());
    const source = own ?? (random as RandomState);
    if (source.random() >= probability) return undefined;
    return { lambda: source.beta(alpha, alpha), partners: permutation(size, generator) };
  };

  const settings: Settings = {
    ...{ alpha, probability, seed },
    random: own && (own.constructor?.name ?? 'object'),
    permutation: options.permutation && describeFunction(options.permutation),
  };

  return {
    draw,
    settings,
    mix: (batch, generator) => {
      checkImages(batch);
      const drawn = draw(batch.size, generator);
      if (drawn === undefined) return undefined;
      const length = batch.shape[0] * batch.shape[1] * batch.shape[2];
      // Partners must be read as they were before anything was mixed into them.
      if (copy.length < batch.size * length) copy = new Float32Array(batch.size * length);
      copy.set(batch.images.subarray(0, batch.size * length));
      mixRows(copy, length, drawn, batch.images);
      return drawn;
    },
    state: () => ({ random: random?.state() ?? null }),
    loadState: (state) => {
      if (typeof state?.random !== 'object')
        throw new CheckpointError('This is no state of mixup: it lacks `random`.');
      try {
        random = state.random === null ? undefined : RandomState.fromState(state.random);
      } catch (error) {
        throw new CheckpointError('The random stream of this mixup state is damaged.', { cause: error });
      }
    },
  };
}

/** @throws InvalidArgumentError for a batch without the images that it says it has. */
function checkImages(batch: Batch): void {
  const pixels = batch?.shape?.length === 3 ? batch.shape[0] * batch.shape[1] * batch.shape[2] : Number.NaN;
  if (!Number.isSafeInteger(pixels) || pixels < 1)
    throw new InvalidArgumentError('batch.shape', 'must be [height, width, channels]', batch?.shape);
  if (!(batch.images instanceof Float32Array) || !(batch.images.length >= batch.size * pixels))
    throw new InvalidArgumentError(
      'batch.images',
      `must be a Float32Array of ${batch.size} images of ${pixels} pixels`,
      batch.images,
    );
}
