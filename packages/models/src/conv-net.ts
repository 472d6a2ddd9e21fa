import { checkOptionNames, Generator, InvalidArgumentError, type OptionNames } from '@mnist-kit/core';
import * as tfl from '@tensorflow/tfjs-layers';
import { skipGreeting } from './backend.js';
import { initialize } from './initialize.js';
import { checkEnds, isSize, logSoftmax, normSettings, zeros } from './net-parts.js';

/**
 * What every net of this family can be told.
 *
 * @example
 * ```ts
 * import { Generator } from '@mnist-kit/core';
 * import { type NetOptions, optimizedNet } from '@mnist-kit/models';
 *
 * const options: NetOptions = { generator: new Generator(1), dropout: 0, inputShape: [32, 32, 3] };
 * const model = optimizedNet(options);
 * ```
 */
export interface NetOptions {
  /** Where the initial weights are drawn from. Default: `new Generator(0)`. */
  generator?: Generator;
  /** Probability that Dropout2d drops a channel after each block, 0 up to but not including 1. Default 0.1. */
  dropout?: number;
  /** Probability of dropping a feature before the last layer, 0 up to but not including 1. Default 0.2. */
  fcDropout?: number;
  /** Number of classes. Default 10. */
  classes?: number;
  /** `[height, width, channels]` of one image. Default `[28, 28, 1]`. */
  inputShape?: readonly [number, number, number];
  /** Name of the model. */
  name?: string;
}

/** Every option of a net whose blocks are fixed. */
export const netOptionNames: OptionNames<NetOptions> = {
  generator: true,
  dropout: true,
  fcDropout: true,
  classes: true,
  inputShape: true,
  name: true,
};

/**
 * How {@link convNet} builds a net.
 *
 * @example
 * ```ts
 * import { convNet, type ConvNetOptions } from '@mnist-kit/models';
 *
 * const options: ConvNetOptions = { channels: [8, 16, 32], poolAfter: [1, 2], dropout: 0.05 };
 * const model = convNet(options);
 * ```
 */
export interface ConvNetOptions extends NetOptions {
  /** Output channels of each block, first to last. */
  channels: readonly number[];
  /** Blocks, counted from 1, that a 2x2 max-pool follows. Default none. */
  poolAfter?: readonly number[];
}

/**
 * Builds a small convolutional net: one block of 3x3 same convolution with bias, BatchNorm, ReLU and Dropout2d
 * per entry of `channels`, 2x2 max-pools between them, then global average pooling, Dropout, a linear layer
 * and log-softmax.
 *
 * The result is a plain `tf.LayersModel` that maps `n x height x width x channels` images to `n x classes`
 * log-probabilities. Its layers are named `conv1`, `bn1`, `relu1`, `drop1`, …, `pool1`, …, `avgpool`, `dropfc`,
 * `fc`, `logsoftmax`. BatchNorm has PyTorch's settings: epsilon 1e-5 and momentum 0.1, which TensorFlow.js
 * counts the other way round and calls 0.9.
 *
 * The weights are drawn as PyTorch's modules draw theirs, in the order `conv1`, `conv2`, …, `fc`, so that a
 * generator of the same seed gives the same weights as `torch.manual_seed(seed)` followed by construction.
 *
 * @returns The model; call its `dispose()` to free its weights.
 * @throws InvalidArgumentError when a size is not a positive integer, a probability is not in [0, 1), a pool
 * follows a block that does not exist, or the image is too small for the pools.
 * @example
 * ```ts
 * import { Generator } from '@mnist-kit/core';
 * import { convNet } from '@mnist-kit/models';
 *
 * // The net of the notebook's text, whose last block has 50 channels.
 * const model = convNet({
 *   channels: [10, 20, 30, 40, 50],
 *   poolAfter: [2, 4],
 *   generator: new Generator(1),
 * });
 * ```
 */
export function convNet(options: ConvNetOptions): tfl.LayersModel {
  checkOptionNames<ConvNetOptions>('convNet', options, {
    ...netOptionNames,
    channels: true,
    poolAfter: true,
  });
  const { channels, poolAfter = [], dropout = 0.1, fcDropout = 0.2, classes = 10 } = options ?? {};
  const { inputShape = [28, 28, 1], generator = new Generator(0), name = 'convNet' } = options ?? {};
  checkOptions({ channels, poolAfter, dropout, fcDropout, classes, inputShape });
  skipGreeting();

  const input = tfl.input({ shape: [...inputShape], name: 'input' });
  let x: tfl.SymbolicTensor = input;
  const add = (layer: tfl.layers.Layer) => {
    x = layer.apply(x) as tfl.SymbolicTensor;
  };
  let pools = 0;
  channels.forEach((outputs, index) => {
    const block = index + 1;
    add(
      tfl.layers.conv2d({ filters: outputs, kernelSize: 3, padding: 'same', ...zeros, name: `conv${block}` }),
    );
    add(tfl.layers.batchNormalization({ ...normSettings, name: `bn${block}` }));
    add(tfl.layers.reLU({ name: `relu${block}` }));
    add(tfl.layers.dropout({ rate: dropout, noiseShape: perChannel(), name: `drop${block}` }));
    if (poolAfter.includes(block)) {
      pools += 1;
      add(tfl.layers.maxPooling2d({ poolSize: 2, strides: 2, name: `pool${pools}` }));
    }
  });
  add(tfl.layers.globalAveragePooling2d({ name: 'avgpool' }));
  add(tfl.layers.dropout({ rate: fcDropout, name: 'dropfc' }));
  add(tfl.layers.dense({ units: classes, ...zeros, name: 'fc' }));
  add(logSoftmax());

  const model = tfl.model({ inputs: input, outputs: x, name });
  initialize(model, generator);
  return model;
}

/** Dropout2d's mask: one draw per sample and channel. TensorFlow.js fills the nulls in, but does not type them. */
function perChannel(): number[] {
  return [null, 1, 1, null] as unknown as number[];
}

function checkOptions(options: Required<Omit<ConvNetOptions, 'generator' | 'name'>>): void {
  const { channels, poolAfter, dropout, fcDropout, classes, inputShape } = options;
  if (!Array.isArray(channels) || channels.length === 0 || !channels.every(isSize))
    throw new InvalidArgumentError('channels', 'must be a non-empty array of positive integers', channels);
  if (!Array.isArray(poolAfter) || new Set(poolAfter).size !== poolAfter.length)
    throw new InvalidArgumentError('poolAfter', 'must be an array of different block numbers', poolAfter);
  if (!poolAfter.every((block) => isSize(block) && block <= channels.length))
    throw new InvalidArgumentError('poolAfter', `must hold blocks from 1 to ${channels.length}`, poolAfter);
  if (!isProbability(dropout))
    throw new InvalidArgumentError('dropout', 'must be at least 0 and below 1', dropout);
  if (!isProbability(fcDropout))
    throw new InvalidArgumentError('fcDropout', 'must be at least 0 and below 1', fcDropout);
  checkEnds(classes, inputShape);
  const smallest = 2 ** poolAfter.length;
  if (inputShape[0] < smallest || inputShape[1] < smallest)
    throw new InvalidArgumentError(
      'inputShape',
      `must be at least ${smallest} x ${smallest} for ${poolAfter.length} pools`,
      inputShape,
    );
}

function isProbability(value: number): boolean {
  return typeof value === 'number' && value >= 0 && value < 1;
}
