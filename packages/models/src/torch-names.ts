import { CheckpointError, ModelError, type NamedTensor, type TensorDict } from '@mnist-kit/core';
import type * as tfl from '@tensorflow/tfjs-layers';
import { hwioToOihw, oihwToHwio, rowsToChannelsFirst, rowsToChannelsLast, transpose } from './layouts.js';

/** How one TensorFlow.js weight appears in a PyTorch state dict. */
interface WeightRule {
  /** TensorFlow.js's name, e.g. `conv1/kernel`. */
  readonly name: string;
  /** PyTorch's name, e.g. `conv1.weight`. */
  readonly torchName: string;
  readonly shape: readonly number[];
  readonly torchShape: readonly number[];
  toTorch(data: Float32Array): Float32Array;
  fromTorch(data: Float32Array): Float32Array;
}

/** The rules of one layer, and whether PyTorch counts its batches. */
export interface LayerRules {
  readonly layer: tfl.layers.Layer;
  readonly weights: readonly WeightRule[];
  /** Name of `num_batches_tracked`, for a BatchNorm. */
  readonly counterName?: string;
}

const copy = (data: Float32Array) => data.slice();
/** PyTorch's names of weights that have the same layout in both. */
const plainNames: Record<string, string> = {
  bias: 'bias',
  gamma: 'weight',
  beta: 'bias',
  moving_mean: 'running_mean',
  moving_variance: 'running_var',
};

/**
 * Renames the weights of a model to PyTorch's state dict names and brings them into PyTorch's layouts:
 * `conv1/kernel` (height x width x in x out) becomes `conv1.weight` (out x in x height x width), `fc/kernel`
 * (in x out) becomes `fc.weight` (out x in), `bn1/moving_variance` becomes `bn1.running_var`, and so on.
 * A linear layer behind a Flatten of an image also gets its inputs in channels-first order.
 *
 * @param model The model that the weights belong to; its own weights are not read.
 * @param weights Weights by TensorFlow.js name, e.g. from an executor's `readWeights()`. Names that are left
 * out are left out of the result; the arrays are copied.
 * @throws ModelError when the model has a layer whose weights have no counterpart in PyTorch.
 * @throws CheckpointError when a name is not the model's or a tensor has the wrong shape.
 * @example
 * ```ts
 * import { optimizedNet, toTorchNames } from '@mnist-kit/models';
 *
 * const model = optimizedNet();
 * const bias = { shape: [10], data: new Float32Array(10) };
 * const dict = toTorchNames(model, { 'fc/bias': bias }); // { 'fc.bias': … }
 * ```
 */
export function toTorchNames(model: tfl.LayersModel, weights: TensorDict): TensorDict {
  const rules = torchRules(model).flatMap((layer) => layer.weights);
  rejectUnknown(
    weights,
    rules.map((rule) => rule.name),
  );
  return Object.fromEntries(
    rules.flatMap((rule) => {
      const tensor = weights[rule.name];
      if (tensor === undefined) return [];
      checkTensor(rule.name, tensor, rule.shape);
      return [[rule.torchName, { shape: rule.torchShape, data: rule.toTorch(tensor.data) }]];
    }),
  );
}

/**
 * The inverse of {@link toTorchNames}: from PyTorch's names and layouts to TensorFlow.js's.
 * `num_batches_tracked` has no place in TensorFlow.js and is left out.
 *
 * @param model The model that the weights are meant for; it is not changed.
 * @param dict Tensors by PyTorch name. Names that are left out are left out of the result.
 * @throws ModelError when the model has a layer whose weights have no counterpart in PyTorch.
 * @throws CheckpointError when a name is not the model's or a tensor has the wrong shape.
 * @example
 * ```ts
 * import { fromTorchNames, optimizedNet } from '@mnist-kit/models';
 *
 * const model = optimizedNet();
 * const bias = { shape: [10], data: new Float32Array(10) };
 * const weights = fromTorchNames(model, { 'fc.bias': bias }); // { 'fc/bias': … }
 * ```
 */
export function fromTorchNames(model: tfl.LayersModel, dict: TensorDict): TensorDict {
  const layers = torchRules(model);
  const rules = layers.flatMap((layer) => layer.weights);
  const counters = layers.flatMap((layer) => layer.counterName ?? []);
  rejectUnknown(dict, [...rules.map((rule) => rule.torchName), ...counters]);
  return Object.fromEntries(
    rules.flatMap((rule) => {
      const tensor = dict[rule.torchName];
      if (tensor === undefined) return [];
      checkTensor(rule.torchName, tensor, rule.torchShape);
      return [[rule.name, { shape: rule.shape, data: rule.fromTorch(tensor.data) }]];
    }),
  );
}

/** The rules of every layer that has weights, in the model's order. */
export function torchRules(model: tfl.LayersModel): LayerRules[] {
  return model.layers
    .filter((layer) => layer.weights.length > 0)
    .map((layer) => {
      // PyTorch lists gamma, beta, running_mean, running_var, then the counter: the order TensorFlow.js has.
      const weights = layer.weights.map((weight) => weightRule(layer, weight));
      const isBatchNorm = layer.getClassName() === 'BatchNormalization';
      return { layer, weights, ...(isBatchNorm && { counterName: `${layer.name}.num_batches_tracked` }) };
    });
}

function weightRule(layer: tfl.layers.Layer, weight: tfl.layers.Layer['weights'][number]): WeightRule {
  const className = layer.getClassName();
  const name = weight.originalName;
  const kind = name.slice(name.lastIndexOf('/') + 1);
  const shape = weight.shape as number[];
  const base = { name, torchName: `${layer.name}.weight`, shape };

  if (className === 'Conv2D' && kind === 'kernel') {
    const [height, width, inputs, outputs] = shape;
    const torchShape = [outputs, inputs, height, width];
    const toTorch = (data: Float32Array) => hwioToOihw(data, shape);
    return { ...base, torchShape, toTorch, fromTorch: (data) => oihwToHwio(data, torchShape) };
  }
  if (className === 'DepthwiseConv2D' && kind === 'depthwise_kernel') {
    // `height x width x in x multiplier` is `height x width x 1 x (in * multiplier)` in the same order.
    const [height, width, inputs, multiplier] = shape;
    const flat = [height, width, 1, inputs * multiplier];
    const torchShape = [inputs * multiplier, 1, height, width];
    const toTorch = (data: Float32Array) => hwioToOihw(data, flat);
    return { ...base, torchShape, toTorch, fromTorch: (data) => oihwToHwio(data, torchShape) };
  }
  if (className === 'Dense' && kind === 'kernel') return { ...base, ...linearRule(layer, shape) };
  if (plainNames[kind] !== undefined && plainClasses.has(className))
    return {
      ...base,
      torchName: `${layer.name}.${plainNames[kind]}`,
      torchShape: shape,
      toTorch: copy,
      fromTorch: copy,
    };
  throw new ModelError(
    `Layer "${layer.name}" (${className}) has a weight "${kind}" that has no counterpart in a PyTorch state dict. ` +
      'Known layers: Conv2D, DepthwiseConv2D, Dense, BatchNormalization, LayerNormalization.',
  );
}

const plainClasses = new Set([
  'Conv2D',
  'DepthwiseConv2D',
  'Dense',
  'BatchNormalization',
  'LayerNormalization',
]);

function linearRule(layer: tfl.layers.Layer, [inputs, outputs]: readonly number[]) {
  const image = flattenedImage(layer);
  return {
    torchShape: [outputs, inputs],
    toTorch: (data: Float32Array) =>
      transpose(image ? rowsToChannelsFirst(data, image) : data, inputs, outputs),
    fromTorch: (data: Float32Array) => {
      const matrix = transpose(data, outputs, inputs);
      return image ? rowsToChannelsLast(matrix, image) : matrix;
    },
  };
}

/** Layers between a Flatten and a linear layer that leave each feature where it is. */
const elementwise = new Set(['Dropout', 'Activation', 'ReLU', 'LeakyReLU', 'ELU']);

/** The image that a linear layer sees flattened, if any: PyTorch flattens channels first. */
function flattenedImage(layer: tfl.layers.Layer): [number, number, number] | undefined {
  let input = layer.input;
  while (!Array.isArray(input)) {
    const source = input.sourceLayer;
    if (source.getClassName() === 'Flatten') {
      const shape = (source.input as tfl.SymbolicTensor).shape;
      return shape.length === 4 ? (shape.slice(1) as [number, number, number]) : undefined;
    }
    if (!elementwise.has(source.getClassName())) return undefined;
    input = source.input;
  }
  return undefined;
}

/** @throws CheckpointError when a tensor's shape or number of values is not what the model has. */
export function checkTensor(name: string, tensor: NamedTensor, shape: readonly number[]): void {
  const size = shape.reduce((product, length) => product * length, 1);
  if (tensor.shape.length !== shape.length || tensor.shape.some((length, i) => length !== shape[i]))
    throw new CheckpointError(
      `Tensor "${name}" must have the shape [${shape.join(', ')}] that the model has. ` +
        `Received: [${tensor.shape.join(', ')}]`,
    );
  if (tensor.data.length !== size)
    throw new CheckpointError(`Tensor "${name}" must hold ${size} values. Received: ${tensor.data.length}`);
}

function rejectUnknown(dict: TensorDict, known: readonly string[]): void {
  const unknown = Object.keys(dict).filter((name) => !known.includes(name));
  if (unknown.length > 0)
    throw new CheckpointError(`The model has no tensor named ${unknown.slice(0, 8).join(', ')}.`);
}
