/**
 * What a layer computes, free of TensorFlow.js's classes and defaults. Sizes are `[height, width]`.
 */

/**
 * Order of an image's dimensions behind the batch.
 *
 * @example
 * ```ts
 * import type { DataFormat } from '@mnist-kit/layers';
 *
 * const format: DataFormat = 'channelsLast';
 * ```
 */
export type DataFormat = 'channelsLast' | 'channelsFirst';

/**
 * `same` puts the odd row of zeros below and right, as TensorFlow does.
 *
 * @example
 * ```ts
 * import type { Padding } from '@mnist-kit/layers';
 *
 * const padding: Padding = 'same';
 * ```
 */
export type Padding = 'same' | 'valid';

/**
 * An elementwise function, or a softmax over the last axis, with the constants that it has.
 *
 * @example
 * ```ts
 * import type { ActivationOperation } from '@mnist-kit/layers';
 *
 * const leaky: ActivationOperation = { kind: 'activation', name: 'leakyRelu', alpha: 0.01 };
 * ```
 */
export interface ActivationOperation {
  readonly kind: 'activation';
  /** TensorFlow.js's name: `linear`, `relu`, `leakyRelu`, `elu`, `softmax`, …. */
  readonly name: string;
  /** Slope below zero of `leakyRelu`, bound of `elu`. */
  readonly alpha?: number;
  /** Upper bound of a `relu`. */
  readonly maxValue?: number;
}

/**
 * A window that slides over an image.
 *
 * @example
 * ```ts
 * import type { Sliding } from '@mnist-kit/layers';
 *
 * const sliding: Sliding = { strides: [2, 2], padding: 'valid', dataFormat: 'channelsLast' };
 * ```
 */
export interface Sliding {
  readonly strides: readonly [number, number];
  readonly padding: Padding;
  readonly dataFormat: DataFormat;
}

/**
 * A convolution, its bias and activation included.
 *
 * @example
 * ```ts
 * import type { ConvOperation } from '@mnist-kit/layers';
 *
 * const conv: ConvOperation = {
 *   kind: 'conv',
 *   filters: 8,
 *   kernelSize: [3, 3],
 *   dilation: [1, 1],
 *   strides: [1, 1],
 *   padding: 'same',
 *   dataFormat: 'channelsLast',
 *   activation: { kind: 'activation', name: 'relu' },
 * };
 * ```
 */
export interface ConvOperation extends Sliding {
  readonly kind: 'conv';
  readonly filters: number;
  readonly kernelSize: readonly [number, number];
  readonly dilation: readonly [number, number];
  readonly activation: ActivationOperation;
}

/**
 * A convolution of every channel on its own, `multiplier` times.
 *
 * @example
 * ```ts
 * import type { DepthwiseConvOperation } from '@mnist-kit/layers';
 *
 * const depthwise: DepthwiseConvOperation = {
 *   kind: 'depthwiseConv',
 *   multiplier: 1,
 *   kernelSize: [3, 3],
 *   strides: [1, 1],
 *   padding: 'same',
 *   dataFormat: 'channelsLast',
 *   activation: { kind: 'activation', name: 'linear' },
 * };
 * ```
 */
export interface DepthwiseConvOperation extends Sliding {
  readonly kind: 'depthwiseConv';
  readonly multiplier: number;
  readonly kernelSize: readonly [number, number];
  readonly activation: ActivationOperation;
}

/**
 * A fully connected layer over the last axis.
 *
 * @example
 * ```ts
 * import type { DenseOperation } from '@mnist-kit/layers';
 *
 * const dense: DenseOperation = { kind: 'dense', units: 10, activation: { kind: 'activation', name: 'linear' } };
 * ```
 */
export interface DenseOperation {
  readonly kind: 'dense';
  readonly units: number;
  readonly activation: ActivationOperation;
}

/**
 * Batch normalisation over every axis but one.
 *
 * @example
 * ```ts
 * import type { BatchNormOperation } from '@mnist-kit/layers';
 *
 * const norm: BatchNormOperation = { kind: 'batchNorm', axis: 3, epsilon: 1e-5, momentum: 0.9 };
 * ```
 */
export interface BatchNormOperation {
  readonly kind: 'batchNorm';
  /** Counted from 0, the batch included. */
  readonly axis: number;
  readonly epsilon: number;
  /** Weight of the old running value: TensorFlow.js's 0.9 is PyTorch's 0.1. */
  readonly momentum: number;
}

/**
 * Normalisation of each sample over some axes.
 *
 * @example
 * ```ts
 * import type { LayerNormOperation } from '@mnist-kit/layers';
 *
 * const norm: LayerNormOperation = { kind: 'layerNorm', axes: [3], epsilon: 1e-5 };
 * ```
 */
export interface LayerNormOperation {
  readonly kind: 'layerNorm';
  readonly axes: readonly number[];
  readonly epsilon: number;
}

/**
 * Dropout; `noiseShape` has 1 where one decision holds for a whole axis.
 *
 * @example
 * ```ts
 * import type { DropoutOperation } from '@mnist-kit/layers';
 *
 * const perChannel: DropoutOperation = { kind: 'dropout', rate: 0.1, noiseShape: [null, 1, 1, null] };
 * ```
 */
export interface DropoutOperation {
  readonly kind: 'dropout';
  readonly rate: number;
  /** The batch included; null stands for the input's own length. Absent: a decision per value. */
  readonly noiseShape?: readonly (number | null)[];
}

/**
 * Maximum or average over windows.
 *
 * @example
 * ```ts
 * import type { PoolOperation } from '@mnist-kit/layers';
 *
 * const pool: PoolOperation = {
 *   kind: 'pool',
 *   of: 'max',
 *   size: [2, 2],
 *   strides: [2, 2],
 *   padding: 'valid',
 *   dataFormat: 'channelsLast',
 * };
 * ```
 */
export interface PoolOperation extends Sliding {
  readonly kind: 'pool';
  readonly of: 'max' | 'average';
  readonly size: readonly [number, number];
}

/**
 * Maximum or average over a whole image.
 *
 * @example
 * ```ts
 * import type { GlobalPoolOperation } from '@mnist-kit/layers';
 *
 * const pool: GlobalPoolOperation = { kind: 'globalPool', of: 'average', dataFormat: 'channelsLast' };
 * ```
 */
export interface GlobalPoolOperation {
  readonly kind: 'globalPool';
  readonly of: 'max' | 'average';
  readonly dataFormat: DataFormat;
}

/**
 * What one layer computes.
 *
 * @example
 * ```ts
 * import type { Operation } from '@mnist-kit/layers';
 *
 * const hasKernel = ({ kind }: Operation) => kind === 'conv' || kind === 'depthwiseConv' || kind === 'dense';
 * ```
 */
export type Operation =
  | { readonly kind: 'input' }
  | ConvOperation
  | DepthwiseConvOperation
  | DenseOperation
  | BatchNormOperation
  | LayerNormOperation
  | ActivationOperation
  | DropoutOperation
  | PoolOperation
  | GlobalPoolOperation
  /** An image as one vector. With `channelsFirst` TensorFlow.js moves the channels last before. */
  | { readonly kind: 'flatten'; readonly dataFormat: DataFormat }
  /** The sum of its inputs. */
  | { readonly kind: 'add' }
  /** Its inputs one after the other along an axis, counted from 0 with the batch. */
  | { readonly kind: 'concatenate'; readonly axis: number };
