/**
 * What a layer computes, free of TensorFlow.js's classes and defaults. Sizes are `[height, width]`.
 */

/** Order of an image's dimensions behind the batch. */
export type DataFormat = 'channelsLast' | 'channelsFirst';

/** `same` puts the odd row of zeros below and right, as TensorFlow does. */
export type Padding = 'same' | 'valid';

/** An elementwise function, or a softmax over the last axis, with the constants that it has. */
export interface ActivationOperation {
  readonly kind: 'activation';
  /** TensorFlow.js's name: `linear`, `relu`, `leakyRelu`, `elu`, `softmax`, …. */
  readonly name: string;
  /** Slope below zero of `leakyRelu`, bound of `elu`. */
  readonly alpha?: number;
  /** Upper bound of a `relu`. */
  readonly maxValue?: number;
}

/** A window that slides over an image. */
export interface Sliding {
  readonly strides: readonly [number, number];
  readonly padding: Padding;
  readonly dataFormat: DataFormat;
}

/** A convolution, its bias and activation included. */
export interface ConvOperation extends Sliding {
  readonly kind: 'conv';
  readonly filters: number;
  readonly kernelSize: readonly [number, number];
  readonly dilation: readonly [number, number];
  readonly activation: ActivationOperation;
}

/** A convolution of every channel on its own, `multiplier` times. */
export interface DepthwiseConvOperation extends Sliding {
  readonly kind: 'depthwiseConv';
  readonly multiplier: number;
  readonly kernelSize: readonly [number, number];
  readonly activation: ActivationOperation;
}

/** A fully connected layer over the last axis. */
export interface DenseOperation {
  readonly kind: 'dense';
  readonly units: number;
  readonly activation: ActivationOperation;
}

/** Batch normalisation over every axis but one. */
export interface BatchNormOperation {
  readonly kind: 'batchNorm';
  /** Counted from 0, the batch included. */
  readonly axis: number;
  readonly epsilon: number;
  /** Weight of the old running value: TensorFlow.js's 0.9 is PyTorch's 0.1. */
  readonly momentum: number;
}

/** Normalisation of each sample over some axes. */
export interface LayerNormOperation {
  readonly kind: 'layerNorm';
  readonly axes: readonly number[];
  readonly epsilon: number;
}

/** Dropout; `noiseShape` has 1 where one decision holds for a whole axis. */
export interface DropoutOperation {
  readonly kind: 'dropout';
  readonly rate: number;
  /** The batch included; null stands for the input's own length. Absent: a decision per value. */
  readonly noiseShape?: readonly (number | null)[];
}

/** Maximum or average over windows. */
export interface PoolOperation extends Sliding {
  readonly kind: 'pool';
  readonly of: 'max' | 'average';
  readonly size: readonly [number, number];
}

/** Maximum or average over a whole image. */
export interface GlobalPoolOperation {
  readonly kind: 'globalPool';
  readonly of: 'max' | 'average';
  readonly dataFormat: DataFormat;
}

/** What one layer computes. */
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
