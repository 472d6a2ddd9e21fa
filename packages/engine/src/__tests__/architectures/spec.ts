/** A random net as plain data, which TensorFlow.js and PyTorch both build from. */

/** Penalties of one weight, as TensorFlow.js has them: `l1 * sum(|w|) + l2 * sum(w ** 2)`. */
export interface Penalty {
  readonly l1: number;
  readonly l2: number;
}

/** Penalties by the weight's name in its layer (`kernel`, `bias`, `gamma`, `beta`). */
export type Penalties = Readonly<Partial<Record<'kernel' | 'bias' | 'gamma' | 'beta', Penalty>>>;

/** Activations without parameters, by TensorFlow.js's names. */
export type ActivationName = 'linear' | 'relu' | 'elu' | 'gelu' | 'sigmoid' | 'tanh';

/** What the outputs may end in. */
export type HeadName = 'linear' | 'logSoftmax' | 'softmax';

export interface Window {
  /** Rows and columns. */
  readonly size: readonly [number, number];
  readonly strides: readonly [number, number];
  readonly padding: 'same' | 'valid';
}

interface Named {
  /** The TensorFlow.js layer's name. */
  readonly name: string;
  /** Names of the layers that it reads; `input` is the images. */
  readonly from: readonly string[];
}

export interface ConvSpec extends Named, Window {
  readonly kind: 'conv';
  readonly filters: number;
  readonly dilation: readonly [number, number];
  readonly useBias: boolean;
  readonly activation: ActivationName;
  readonly penalties: Penalties;
}

export interface DepthwiseSpec extends Named, Window {
  readonly kind: 'depthwise';
  readonly multiplier: number;
  readonly dilation: readonly [number, number];
  readonly useBias: boolean;
  readonly activation: ActivationName;
  readonly penalties: Penalties;
}

export interface DenseSpec extends Named {
  readonly kind: 'dense';
  readonly units: number;
  readonly useBias: boolean;
  readonly activation: ActivationName | HeadName;
  readonly penalties: Penalties;
}

export interface BatchNormSpec extends Named {
  readonly kind: 'batchNorm';
  readonly scale: boolean;
  readonly center: boolean;
  readonly epsilon: number;
  /** Weight of the old running value: PyTorch's is one minus it. */
  readonly momentum: number;
  readonly penalties: Penalties;
}

export interface ActivationSpec extends Named {
  readonly kind: 'activation';
  readonly activation: ActivationName | HeadName;
}

/** An activation with a constant. */
export interface SlopeSpec extends Named {
  readonly kind: 'leakyRelu';
  /** The slope below zero. */
  readonly alpha: number;
}

export interface PlainSpec extends Named {
  readonly kind:
    | 'reluLayer'
    | 'eluLayer'
    | 'softmaxLayer'
    | 'globalAverage'
    | 'globalMax'
    | 'flatten'
    | 'add'
    | 'concatenate';
}

export interface PoolSpec extends Named, Window {
  readonly kind: 'maxPool' | 'averagePool';
}

export interface DropoutSpec extends Named {
  readonly kind: 'dropout';
  /** Whether the noise shape asks for whole channels. */
  readonly perChannel: boolean;
}

export type LayerSpec =
  | ConvSpec
  | DepthwiseSpec
  | DenseSpec
  | BatchNormSpec
  | ActivationSpec
  | SlopeSpec
  | PlainSpec
  | PoolSpec
  | DropoutSpec;

/** What a step minimises. */
export type LossSpec =
  /** Cross-entropy against a distribution per sample. */
  | { readonly kind: 'softTargets'; readonly scale: number }
  /** The mean of the squared differences between outputs and targets. */
  | { readonly kind: 'squares' };

export interface Architecture {
  readonly seed: number;
  /** Height, width and channels of an image. */
  readonly input: readonly [number, number, number];
  readonly classes: number;
  readonly batchSize: number;
  /** In an order in which every layer comes after those that it reads; the last gives the outputs. */
  readonly layers: readonly LayerSpec[];
  readonly loss: LossSpec;
  /** Of the images' values. */
  readonly mean: number;
  readonly std: number;
}
