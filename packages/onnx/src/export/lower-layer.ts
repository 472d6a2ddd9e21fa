import type {
  ActivationOperation,
  ConvOperation,
  DepthwiseConvOperation,
  FeatureOrder,
  LayerNormOperation,
  LayerWeight,
  PoolOperation,
} from '@mnist-kit/layers';
import { writeActivation } from './activations.js';
import type { Place } from './place.js';
import { lowerFlatten, lowerMerge } from './reorder.js';
import { channelsFirst, identity, type Value, withAxes } from './value.js';
import { windowAttributes } from './windows.js';

/** Writes the nodes of one layer. */
export function lowerLayer(place: Place): Value {
  const { builder, described, inputs, output, refuse } = place;
  const { operation, layer } = described;
  const [input] = inputs;
  switch (operation.kind) {
    case 'conv':
      return convolution(place, operation, { group: 1, dilation: operation.dilation });
    case 'depthwiseConv':
      return convolution(place, operation, { group: channelsOf(input, operation), dilation: [1, 1] });
    case 'dense':
      return activated(place, dense(place), operation.activation);
    case 'batchNorm':
      return batchNorm(place, operation);
    case 'layerNorm':
      return layerNorm(place, operation);
    case 'activation':
      return activated(place, input, operation);
    case 'dropout':
      // Nothing is dropped in inference.
      return input;
    case 'pool':
      return pool(place, operation);
    case 'globalPool': {
      const image = withAxes(builder, input, channelsFirst(4, operation.dataFormat));
      const operator = operation.of === 'max' ? 'GlobalMaxPool' : 'GlobalAveragePool';
      const pixel = builder.node(layer.name, operator, [image.name]);
      const name = builder.node(`${layer.name}/flatten`, 'Flatten', [pixel], { axis: { int: 1 } });
      return { ...input, name, shape: output.shape, axes: [0, 1] };
    }
    case 'flatten':
      return lowerFlatten(place, operation.dataFormat);
    case 'add':
    case 'concatenate':
      return lowerMerge(place, operation);
    case 'input':
      throw refuse('an input within the model');
  }
}

const channelsOf = ({ shape }: Value, { dataFormat }: DepthwiseConvOperation): number =>
  shape[dataFormat === 'channelsLast' ? 3 : 1] as number;

function convolution(
  place: Place,
  operation: ConvOperation | DepthwiseConvOperation,
  { group, dilation }: { group: number; dilation: readonly [number, number] },
): Value {
  const { builder, described, output } = place;
  const { kernelSize, dataFormat } = operation;
  const axes = channelsFirst(4, dataFormat);
  const input = withAxes(builder, place.inputs[0], axes);
  const [, , height, width] = axes.map((axis) => input.shape[axis]);
  const name = builder.node(described.layer.name, 'Conv', [input.name, ...kernelAndBias(place, input)], {
    ...windowAttributes(operation, kernelSize, [height, width], dilation),
    dilations: { ints: dilation },
    group: { int: group },
  });
  return activated(place, { ...input, name, shape: output.shape, dataFormat }, operation.activation);
}

function dense(place: Place): Value {
  const { builder, described, output } = place;
  const { name: layerName } = described.layer;
  const rank = output.shape.length;
  const input = withAxes(builder, place.inputs[0], identity(rank));
  const made = { ...input, shape: output.shape, places: undefined, flattenedBy: new Set<string>() };
  if (rank === 2) {
    const inputs = [input.name, ...kernelAndBias(place, input)];
    return { ...made, name: builder.node(layerName, 'Gemm', inputs, { transB: { int: 1 } }) };
  }
  // ONNX multiplies more axes by matrices only as they lie in TensorFlow.js.
  const kernel = described.weights.find(({ role }) => role === 'kernel') as LayerWeight;
  const matrix = builder.parameter(`${layerName}.kernel`, kernel.shape, valuesOf(kernel).slice());
  const product = builder.node(layerName, 'MatMul', [input.name, matrix]);
  const bias = parameter(place, 'bias', input);
  if (bias === undefined) return { ...made, name: product };
  return { ...made, name: builder.node(`${layerName}/bias`, 'Add', [product, bias]) };
}

function batchNorm(
  place: Place,
  { axis, epsilon, momentum }: { axis: number; epsilon: number; momentum: number },
): Value {
  const { builder, described, inputs, refuse } = place;
  const { name: layerName } = described.layer;
  const last = inputs[0].shape.length - 1;
  if (axis !== last)
    throw refuse(
      `\`axis\` must be ${last}, the last: over others TensorFlow.js itself goes wrong in inference. Received: axis=${axis}`,
    );
  const others = inputs[0].axes.filter((one) => one !== axis);
  const input = withAxes(builder, inputs[0], [others[0], axis, ...others.slice(1)]);
  const channels = input.shape[axis] as number;
  const weight = (role: string) => parameter(place, role, input);
  // Every runtime wants all four; what the layer does not have is no parameter.
  const constant = (name: string, value: number) =>
    builder.constant(`${layerName}/${name}`, [channels], new Float32Array(channels).fill(value));
  const name = builder.node(
    layerName,
    'BatchNormalization',
    [
      input.name,
      weight('gamma') ?? constant('scale', 1),
      weight('beta') ?? constant('center', 0),
      weight('moving_mean') as string,
      weight('moving_variance') as string,
    ],
    { epsilon: { float: epsilon }, momentum: { float: momentum } },
  );
  return { ...input, name };
}

function layerNorm(place: Place, { axes, epsilon }: LayerNormOperation): Value {
  const { builder, described, inputs, refuse } = place;
  const { name: layerName } = described.layer;
  const rank = inputs[0].shape.length;
  const first = rank - axes.length;
  if (axes.some((axis, i) => axis !== first + i))
    throw refuse(
      `\`axis\`: ONNX normalises the last axes, in their order. Received: axis=[${axes.join(', ')}]`,
    );
  const input = withAxes(builder, inputs[0], identity(rank));
  const shape = axes.map((axis) => input.shape[axis] as number);
  const size = shape.reduce((product, length) => product * length, 1);
  const scale =
    parameter(place, 'gamma', input) ??
    builder.constant(`${layerName}/scale`, shape, new Float32Array(size).fill(1));
  const bias = parameter(place, 'beta', input);
  const name = builder.node(
    layerName,
    'LayerNormalization',
    [input.name, scale, ...(bias === undefined ? [] : [bias])],
    { axis: { int: first }, epsilon: { float: epsilon } },
  );
  return { ...input, name };
}

function pool(place: Place, operation: PoolOperation): Value {
  const { builder, described, output } = place;
  const axes = channelsFirst(4, operation.dataFormat);
  const input = withAxes(builder, place.inputs[0], axes);
  const [, , height, width] = axes.map((axis) => input.shape[axis]);
  // ONNX's average leaves out the pixels from outside, as TensorFlow's does.
  const operator = operation.of === 'max' ? 'MaxPool' : 'AveragePool';
  const attributes = windowAttributes(operation, operation.size, [height, width]);
  const name = builder.node(described.layer.name, operator, [input.name], attributes);
  return { ...input, name, shape: output.shape, dataFormat: operation.dataFormat };
}

/** An activation that stands alone, or that a layer carries itself. */
function activated(place: Place, input: Value, activation: ActivationOperation): Value {
  const { builder, described, refuse } = place;
  const own = described.operation.kind === 'activation';
  const nodeName = own ? described.layer.name : `${described.layer.name}/${activation.name}`;
  const axis = input.axes.indexOf(input.axes.length - 1);
  const name = writeActivation(builder, nodeName, activation, input.name, axis);
  if (name === undefined)
    throw refuse(
      `\`activation\`: opset 17 has no operator for it. Received: activation="${activation.name}"`,
    );
  return { ...input, name };
}

function kernelAndBias(place: Place, input: Value): string[] {
  const kernel = parameter(place, 'kernel', input) ?? parameter(place, 'depthwise_kernel', input);
  const bias = parameter(place, 'bias', input);
  return [kernel as string, ...(bias === undefined ? [] : [bias])];
}

/** The name of a weight in PyTorch's layout, which is ONNX's too; undefined where the layer has none of that role. */
function parameter({ builder, described }: Place, role: string, input: Value): string | undefined {
  const { kind, layer, operation, weights } = described;
  const weight = weights.find((one) => one.role === role);
  if (weight === undefined) return undefined;
  const { name, shape, toTorch } = (kind.weights as NonNullable<typeof kind.weights>)[role].torch(
    weight,
    orderOf(input),
    operation,
  );
  return builder.parameter(`${layer.name}.${name}`, shape, toTorch(valuesOf(weight)));
}

const valuesOf = ({ variable }: LayerWeight): Float32Array => variable.read().dataSync() as Float32Array;

function orderOf({ shape, dataFormat, places }: Value): FeatureOrder {
  return shape.length > 2 ? { kind: 'image', dataFormat } : { kind: 'vector', places };
}
