import type { FeatureOrder } from '@mnist-kit/layers';
import type { SymbolicTensor } from '@tensorflow/tfjs-layers';
import type { Constant } from './constant.js';

/** Features of a vector that stand together: as they are, or those of an image that ONNX flattened channels first. */
export interface Segment {
  readonly channels: number;
  readonly pixels: number;
}

/** A tensor as a function of another one. */
export interface Expression {
  /** The other one, `x`. */
  readonly of: TensorValue;
  /** Factors in their order; one where it is no product. */
  readonly factors: readonly string[];
}

/** A tensor of the model. */
export interface TensorValue {
  readonly kind: 'tensor';
  readonly tensor: SymbolicTensor;
  /** Axis `i` in ONNX is axis `axes[i]` in TensorFlow.js; null is an axis of length 1 that is not there. */
  readonly axes: readonly (number | null)[];
  /** How the features of a vector stand in ONNX; absent: as here. */
  readonly segments?: readonly Segment[];
  /** What it is of other tensors. */
  readonly expressions: readonly Expression[];
  /** Makes the layer anew with an activation of its own, where it can have one. */
  readonly activated?: OwnActivation;
}

/** How the layer that gave a tensor takes an activation in. */
export interface OwnActivation {
  /** Name of the node. An activation that the layer had when it was written is named after it: `conv1/relu`. */
  readonly node: string;
  /** @returns The layer's output with the activation. */
  make(activation: string): SymbolicTensor;
}

/** Lengths, as a graph computes them; the batch is a symbol. */
export interface ShapeValue {
  readonly kind: 'shape';
  readonly lengths: readonly (number | 'batch')[];
  /** Whether it is one number rather than a list. */
  readonly scalar: boolean;
}

/** A part of a function that only as a whole is a layer. */
export interface PartValue {
  readonly kind: 'part';
  readonly expressions: readonly Expression[];
  /** Who computes it. */
  readonly place: { readonly operator: string; readonly node: string };
}

/** What a name of the graph stands for. */
export type Value =
  | TensorValue
  | ShapeValue
  | PartValue
  | { readonly kind: 'constant'; readonly constant: Constant };

export const tensorValue = (
  tensor: SymbolicTensor,
  axes: readonly (number | null)[],
  segments?: readonly Segment[],
): TensorValue => ({ kind: 'tensor', tensor, axes, segments, expressions: [] });

/** What a layer makes of a value without moving anything. */
export const derived = ({ axes, segments }: TensorValue, tensor: SymbolicTensor): TensorValue =>
  tensorValue(tensor, axes, segments);

/** NCHW, where TensorFlow.js has NHWC. */
export const CHANNELS_FIRST: readonly number[] = [0, 3, 1, 2];

export const isIdentity = (axes: readonly (number | null)[]): boolean => axes.every((axis, i) => axis === i);

/** Shape in ONNX; null for the batch and other lengths that are not fixed. */
export const onnxShape = ({ tensor, axes }: TensorValue): (number | null)[] =>
  axes.map((axis) => (axis === null ? 1 : tensor.shape[axis]));

/** Number of features in segments. */
const lengthOf = (segments: readonly Segment[]): number =>
  segments.reduce((sum, { channels, pixels }) => sum + channels * pixels, 0);

export const sameSegments = (a: TensorValue, b: TensorValue): boolean =>
  JSON.stringify(a.segments) === JSON.stringify(b.segments);

/**
 * The order of a tensor's features, for weights of a known length.
 *
 * @param length Number of features that the weights are for: nothing longer is ever made.
 */
export function featureOrder({ tensor, segments }: TensorValue, length: number): FeatureOrder {
  if (tensor.shape.length > 2) return { kind: 'image', dataFormat: 'channelsLast' };
  if (segments === undefined || lengthOf(segments) !== length) return { kind: 'vector' };
  const places = new Int32Array(length);
  let start = 0;
  for (const { channels, pixels } of segments) {
    for (let pixel = 0; pixel < pixels; pixel++)
      for (let c = 0; c < channels; c++) places[start + pixel * channels + c] = start + c * pixels + pixel;
    start += channels * pixels;
  }
  return { kind: 'vector', places };
}
