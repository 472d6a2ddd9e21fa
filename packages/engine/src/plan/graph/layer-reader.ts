import {
  type ActivationOperation,
  type DescribedLayer,
  describeLayer,
  type LayerWeight,
  type Sliding,
} from '@mnist-kit/layers';
import type { layers } from '@tensorflow/tfjs-layers';
import type { Activation, BatchNorm, HeadActivation, PlaneShape, WeightRef } from './stage.js';
import { UnsupportedLayerError } from './unsupported-layer-error.js';

/** Makes the error that says why the layer at hand cannot be run. */
export type Refuse = (why: string) => UnsupportedLayerError;

export const refuseLayer =
  (layer: layers.Layer): Refuse =>
  (why) =>
    new UnsupportedLayerError(`Layer "${layer.name}" (${layer.getClassName()}): ${why}`);

/**
 * A layer as it is described, if the plan can do all that it does.
 *
 * @throws UnsupportedLayerError for a layer that is not described, or with something that only TensorFlow.js can do.
 */
export function describe(layer: layers.Layer, refuse: Refuse): DescribedLayer {
  const described = describeLayer(layer);
  if (!described.known) throw refuse(`the plan does not know this layer: ${described.why}`);
  if (described.beyond.length > 0) throw refuse(`the plan does not know ${described.beyond.join(' and ')}`);
  for (const { fields, constraint, penalty } of described.weights) {
    if (constraint !== undefined)
      throw refuse(`\`${fields.constraint}\` (${constraint}) is not known to the plan`);
    if (penalty?.kind === 'own') throw refuse(`\`${fields.regularizer}\` is not one of TensorFlow.js's own`);
  }
  return described;
}

export const weightRef = ({ name, shape, trainable }: LayerWeight): WeightRef => ({ name, shape, trainable });

/** The weight that plays a role in its layer, if it has one. */
export function weightOf({ weights }: DescribedLayer, ...roles: readonly string[]): WeightRef | undefined {
  const weight = weights.find(({ role }) => roles.includes(role));
  return weight && weightRef(weight);
}

export function kernelAndBias(described: DescribedLayer): { kernel: WeightRef; bias?: WeightRef } {
  const kernel = weightOf(described, 'kernel', 'depthwise_kernel') as WeightRef;
  return { kernel, bias: weightOf(described, 'bias') };
}

export function batchNormOf(
  described: DescribedLayer,
  { axis, epsilon, momentum }: { axis: number; epsilon: number; momentum: number },
  rank: number,
  refuse: Refuse,
): BatchNorm {
  if (axis !== rank - 1)
    throw refuse(`\`axis\`: batch norm over another axis than the channels. Received: axis=${axis}`);
  return {
    gamma: weightOf(described, 'gamma'),
    beta: weightOf(described, 'beta'),
    movingMean: weightOf(described, 'moving_mean') as WeightRef,
    movingVariance: weightOf(described, 'moving_variance') as WeightRef,
    epsilon,
    momentum,
  };
}

/** What a window does to a plane: its strides, the zero rows in front, the size that comes out. */
export interface Window {
  readonly strides: readonly [number, number];
  readonly padding: readonly [number, number];
  readonly output: { readonly height: number; readonly width: number };
}

/** Output size and leading padding of a sliding window. TensorFlow's "same" puts the odd row below. */
export function windowOf(
  { strides, padding, dataFormat }: Sliding,
  kernelSize: readonly [number, number],
  { height, width }: PlaneShape,
  refuse: Refuse,
): Window {
  if (dataFormat !== 'channelsLast') throw refuse('`dataFormat`: the plan reads channels last');
  const same = padding === 'same';
  const out = (size: number, kernel: number, stride: number) =>
    same ? Math.ceil(size / stride) : Math.floor((size - kernel) / stride) + 1;
  const before = (size: number, kernel: number, stride: number) =>
    same ? Math.floor(Math.max(0, (out(size, kernel, stride) - 1) * stride + kernel - size) / 2) : 0;
  return {
    strides,
    padding: [before(height, kernelSize[0], strides[0]), before(width, kernelSize[1], strides[1])],
    output: {
      height: out(height, kernelSize[0], strides[0]),
      width: out(width, kernelSize[1], strides[1]),
    },
  };
}

export const LINEAR: Activation = { name: 'linear' };

/** An activation as stages or the head have it. */
export function knownActivation(
  { name, alpha, maxValue }: ActivationOperation,
  refuse: Refuse,
): Activation | HeadActivation {
  switch (name) {
    case 'softmax':
    case 'logSoftmax':
      return name;
    case 'linear':
    case 'sigmoid':
    case 'tanh':
    case 'gelu':
      return { name };
    case 'relu':
      if (maxValue !== undefined) throw refuse('`maxValue`: a ReLU with a maximum is not known to the plan');
      return { name };
    case 'leakyRelu':
      return { name, alpha };
    case 'elu':
      return { name, alpha: alpha ?? 1 };
    default:
      throw refuse(`the plan does not know the \`activation\` "${name}"`);
  }
}
