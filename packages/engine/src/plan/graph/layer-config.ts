import { ModelError } from '@mnist-kit/core';
import type { LayersModel, layers, SymbolicTensor } from '@tensorflow/tfjs-layers';
import type { Activation, BatchNorm, HeadActivation, Stage, WeightRef } from './stage.js';

export type Layer = layers.Layer;
export type Config = Record<string, unknown>;
/** Makes the error that says why the layer at hand cannot be run. */
export type Refuse = (why: string) => UnsupportedLayerError;

/** A layer that the plan cannot run; the message names it and says why. */
export class UnsupportedLayerError extends ModelError {}

/** What reading one layer needs. */
export interface Reader {
  readonly layer: Layer;
  readonly config: Config;
  readonly source: Stage;
  /** Whether other layers read the source as well. */
  readonly shared: boolean;
  readonly refuse: Refuse;
}

/** Output size and leading padding of a sliding window. TensorFlow's "same" puts the odd row below. */
export function windowOf(
  { config, source, refuse }: Reader,
  kernelSize: readonly [number, number],
): {
  kernelSize: readonly [number, number];
  strides: readonly [number, number];
  padding: readonly [number, number];
  output: { height: number; width: number };
} {
  const strides = config.strides as [number, number];
  if (String(config.dilationRate ?? '1,1') !== '1,1')
    throw refuse('dilated kernels are not known to the plan');
  if ((config.dataFormat ?? 'channelsLast') !== 'channelsLast') throw refuse('the plan reads channels last');
  const same = config.padding === 'same';
  const { height, width } = source.shape;
  const out = (size: number, kernel: number, stride: number) =>
    same ? Math.ceil(size / stride) : Math.floor((size - kernel) / stride) + 1;
  const before = (size: number, kernel: number, stride: number) =>
    same ? Math.floor(Math.max(0, (out(size, kernel, stride) - 1) * stride + kernel - size) / 2) : 0;
  return {
    kernelSize,
    strides,
    padding: [before(height, kernelSize[0], strides[0]), before(width, kernelSize[1], strides[1])],
    output: {
      height: out(height, kernelSize[0], strides[0]),
      width: out(width, kernelSize[1], strides[1]),
    },
  };
}

export const LINEAR: Activation = { name: 'linear' };

export const isHeadActivation = (name: string): name is 'softmax' | 'logSoftmax' =>
  name === 'softmax' || name === 'logSoftmax';

export function knownActivation(name: string, refuse: Refuse): Activation {
  switch (name) {
    case 'linear':
    case 'relu':
    case 'sigmoid':
    case 'tanh':
    case 'gelu':
      return { name };
    case 'elu':
      return { name, alpha: 1 };
    default:
      throw refuse(`the plan does not know the activation "${name}"`);
  }
}

/** The activation that a layer of its own stands for. */
export function activationOf(layer: Layer, config: Config, refuse: Refuse): Activation | HeadActivation {
  switch (layer.getClassName()) {
    case 'ReLU':
      if (config.maxValue !== undefined && config.maxValue !== null) throw refuse('a ReLU with a maximum');
      return { name: 'relu' };
    case 'LeakyReLU':
      return { name: 'leakyRelu', alpha: config.alpha as number };
    case 'ELU':
      return { name: 'elu', alpha: config.alpha as number };
    case 'Softmax':
      if (config.axis !== undefined && config.axis !== -1 && config.axis !== 1)
        throw refuse('softmax over another axis than the last');
      return 'softmax';
    default: {
      const name = String(config.activation);
      return isHeadActivation(name) ? name : knownActivation(name, refuse);
    }
  }
}

/**
 * The layers depth first from the output, a layer's inputs in their order: the order in which TensorFlow.js runs
 * them, and so the order of dropout decisions.
 */
export function inOrder(model: LayersModel): Layer[] {
  const layers = new Set<Layer>();
  const visit = (layer: Layer) => {
    if (layers.has(layer)) return;
    // An input layer's node names its own tensor as input.
    if (layer.getClassName() !== 'InputLayer') for (const input of inputsOf(layer)) visit(input.sourceLayer);
    layers.add(layer);
  };
  visit(model.outputs[0].sourceLayer);
  return [...layers];
}

export function inputsOf(layer: Layer): SymbolicTensor[] {
  return layer.inboundNodes[0]?.inputTensors ?? [];
}

const trainableOf = (layer: Layer, name: string): boolean =>
  layer.trainableWeights.some((weight) => weight.originalName === name || weight.name === name);

/** The names of a layer's weights in its own order, e.g. `conv1/kernel`. */
function refsOf(layer: Layer): WeightRef[] {
  return layer.weights.map((weight) => ({
    name: weight.originalName,
    shape: weight.shape as number[],
    trainable: trainableOf(layer, weight.originalName),
  }));
}

export function kernelAndBias(layer: Layer, config: Config): { kernel: WeightRef; bias?: WeightRef } {
  const [kernel, bias] = refsOf(layer);
  return { kernel, bias: config.useBias === false ? undefined : bias };
}

export function batchNormOf(layer: Layer, config: Config, refuse: Refuse): BatchNorm {
  const axis = config.axis as number;
  if (axis !== -1 && axis !== inputsOf(layer)[0].shape.length - 1)
    throw refuse('batch norm over another axis than the channels');
  const refs = refsOf(layer);
  let next = 0;
  const gamma = config.scale === false ? undefined : refs[next++];
  const beta = config.center === false ? undefined : refs[next++];
  return {
    gamma,
    beta,
    movingMean: refs[next++],
    movingVariance: refs[next++],
    epsilon: config.epsilon as number,
    momentum: config.momentum as number,
  };
}

/** Every weight of the model, layer by layer in the order in which each layer made them. */
export function weightsOf(model: LayersModel): WeightRef[] {
  return model.layers.flatMap(refsOf);
}
