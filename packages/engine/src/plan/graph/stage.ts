/**
 * The plan's view of a model. Layers are grouped into stages: something that makes a raw tensor (a producer),
 * and what is done to it before anybody reads it (batch norm, activation, dropout, pooling). Only the raw
 * tensor is stored; the rest is computed again wherever it is read, which costs less than the memory traffic.
 */

/** Height, width and channels of one image; a vector of features is `1 x 1 x features`. */
export interface PlaneShape {
  readonly height: number;
  readonly width: number;
  readonly channels: number;
}

/** A weight of the model by its TensorFlow.js name. */
export interface WeightRef {
  readonly name: string;
  readonly shape: readonly number[];
  readonly trainable: boolean;
}

export interface ConvProducer {
  readonly kind: 'conv';
  readonly kernel: WeightRef;
  readonly bias?: WeightRef;
  readonly kernelSize: readonly [number, number];
  readonly strides: readonly [number, number];
  /** Zero rows above and columns to the left of the image; those below and right follow from the shapes. */
  readonly padding: readonly [number, number];
}

export interface DenseProducer {
  readonly kind: 'dense';
  readonly kernel: WeightRef;
  readonly bias?: WeightRef;
}

/** Every channel filtered on its own, `multiplier` times. */
export interface DepthwiseProducer {
  readonly kind: 'depthwise';
  readonly kernel: WeightRef;
  readonly bias?: WeightRef;
  readonly kernelSize: readonly [number, number];
  readonly strides: readonly [number, number];
  readonly padding: readonly [number, number];
  readonly multiplier: number;
}

/** Pooling with windows of any size; the usual 2 x 2 maximum is fused into the stage before it instead. */
export interface PoolProducer {
  readonly kind: 'pool';
  readonly of: 'max' | 'average';
  readonly size: readonly [number, number];
  readonly strides: readonly [number, number];
  readonly padding: readonly [number, number];
}

export type Producer =
  | { readonly kind: 'input' }
  | ConvProducer
  | DepthwiseProducer
  | DenseProducer
  | PoolProducer
  /** The sum of the inputs. */
  | { readonly kind: 'add' }
  /** The inputs' channels one after the other. */
  | { readonly kind: 'concatenate' }
  /** A plane as one vector, `[pixel][channel]`. */
  | { readonly kind: 'flatten' }
  /** Dropout that decides about every value by itself. */
  | { readonly kind: 'elementDropout'; readonly rate: number }
  /** A copy of the one input, where a second chain of batch norm, activation, dropout and pooling begins. */
  | { readonly kind: 'identity' };

export interface BatchNorm {
  readonly gamma?: WeightRef;
  readonly beta?: WeightRef;
  readonly movingMean: WeightRef;
  readonly movingVariance: WeightRef;
  readonly epsilon: number;
  /** Weight of the old running value, as TensorFlow.js has it: 0.9 is PyTorch's 0.1. */
  readonly momentum: number;
}

/** What an activation does, and with which constant. */
export interface Activation {
  readonly name: 'linear' | 'relu' | 'leakyRelu' | 'elu' | 'gelu' | 'sigmoid' | 'tanh';
  /** Slope of a leaky ReLU below zero, or the bound of an ELU. */
  readonly alpha?: number;
}

/** One decision per channel of an image (Dropout2d), or per feature. */
export interface Dropout {
  readonly rate: number;
  /** Position in PyTorch's order of draws of each feature, where features stand otherwise there. */
  readonly places?: Int32Array;
}

/** `max`: 2 x 2 windows, stride 2. `globalAverage`: one value per channel. */
export type Pool = 'max' | 'globalAverage';

export interface Stage {
  readonly index: number;
  /** Name of the layer that the producer stands for. */
  readonly name: string;
  readonly producer: Producer;
  readonly inputs: readonly Stage[];
  /** Shape of what the producer makes. */
  readonly raw: PlaneShape;
  batchNorm?: BatchNorm;
  activation: Activation;
  dropout?: Dropout;
  pool?: Pool;
  /** Shape that readers see: `raw`, pooled. */
  shape: PlaneShape;
}

/** `l1 * sum(|w|) + l2 * sum(w^2)`, added to the loss. */
export interface WeightPenalty {
  readonly weight: WeightRef;
  readonly l1: number;
  readonly l2: number;
}

/** What the outputs go through after the last stage. */
export type HeadActivation = 'linear' | 'softmax' | 'logSoftmax';

export interface StageGraph {
  /** In an order in which every stage comes after its inputs; the first is the input. */
  readonly stages: readonly Stage[];
  readonly head: HeadActivation;
  /** Every weight of the model in the model's order. */
  readonly weights: readonly WeightRef[];
  /** What the layers' regularizers add to the loss, in the order of the layers. */
  readonly penalties: readonly WeightPenalty[];
}

/** Whether a gradient must flow through the stage: false for the input. */
export const needsGradient = (stage: Stage): boolean => stage.producer.kind !== 'input';

/** The rate of the dropout decisions that the stage draws, if it draws any. */
export function dropoutRate(stage: Stage): number | undefined {
  return stage.producer.kind === 'elementDropout' ? stage.producer.rate : stage.dropout?.rate;
}
