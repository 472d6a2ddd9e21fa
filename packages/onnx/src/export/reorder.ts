import type { DataFormat, Operation } from '@mnist-kit/layers';
import type { Place } from './place.js';
import { identity, sameFeatures, type Value, withAxes } from './value.js';

/**
 * One vector of everything. ONNX flattens an image as it lies there, channels first, and the features go on in that
 * order, which the weights behind follow, as PyTorch's do; unless something behind needs TensorFlow.js's own.
 */
export function lowerFlatten(place: Place, dataFormat: DataFormat): Value {
  const { builder, described, inputs, output, ownOrder } = place;
  const [input] = inputs;
  const { name: layerName } = described.layer;
  const rank = input.shape.length;
  const [batch, first, ...rest] = identity(rank);
  // With `channelsFirst` TensorFlow.js moves the channels last before.
  const own = dataFormat === 'channelsFirst' ? [batch, ...rest, first] : identity(rank);
  const open = input.shape.slice(1).some((length) => length === null);
  const keeps = ownOrder.has(layerName) || open;
  const image = keeps ? withAxes(builder, input, own) : input;
  const name = builder.node(layerName, 'Flatten', [image.name], { axis: { int: 1 } });
  const places = keeps ? undefined : placesIn(image, own);
  const flattenedBy = new Set(places === undefined ? [] : [layerName]);
  return { ...input, name, shape: output.shape, axes: [0, 1], places, flattenedBy };
}

/** Where each feature of an image that is flattened along `own` axes stands when it is flattened as it lies. */
function placesIn({ shape, axes }: Value, own: readonly number[]): Int32Array | undefined {
  const strides: number[] = [];
  let stride = 1;
  for (const axis of axes.slice(1).toReversed()) {
    strides[axis] = stride;
    stride *= shape[axis] as number;
  }
  let places: number[] = [0];
  for (const axis of own.slice(1))
    places = places.flatMap((place) =>
      Array.from({ length: shape[axis] as number }, (_, i) => place + i * strides[axis]),
    );
  return places.every((place, i) => place === i) ? undefined : Int32Array.from(places);
}

/** A sum, or one behind the other along an axis. */
export function lowerMerge(
  place: Place,
  operation: Extract<Operation, { kind: 'add' | 'concatenate' }>,
): Value {
  const { builder, described, output, ownOrder, refuse } = place;
  const [first] = place.inputs;
  const rank = output.shape.length;
  if (place.inputs.some(({ shape }) => shape.length !== rank))
    throw refuse('its inputs have different numbers of axes, which TensorFlow.js and ONNX align differently');
  const inputs = place.inputs.map((input) => withAxes(builder, input, first.axes));
  const joins = operation.kind === 'concatenate' && operation.axis === 1 && rank === 2;
  const agree = joins || inputs.every((input) => sameFeatures(first, input));
  // The model is written again, with these in TensorFlow.js's order.
  if (!agree) for (const input of inputs) for (const layer of input.flattenedBy) ownOrder.add(layer);
  const flattenedBy = new Set(inputs.flatMap((input) => [...input.flattenedBy]));
  const places = joins ? joined(inputs) : first.places;
  const names = inputs.map(({ name }) => name);
  const { name: layerName } = described.layer;
  const name =
    operation.kind === 'concatenate'
      ? builder.node(layerName, 'Concat', names, { axis: { int: first.axes.indexOf(operation.axis) } })
      : builder.node(layerName, names.length === 2 ? 'Add' : 'Sum', names);
  return { ...first, name, shape: output.shape, places, flattenedBy };
}

function joined(inputs: readonly Value[]): Int32Array | undefined {
  if (inputs.every(({ places }) => places === undefined)) return undefined;
  const places: number[] = [];
  for (const { shape, places: own } of inputs) {
    const start = places.length;
    for (let i = 0; i < (shape[1] as number); i++) places.push(start + (own?.[i] ?? i));
  }
  return Int32Array.from(places);
}
