import * as tfl from '@tensorflow/tfjs-layers';
import { withZeros } from './convolutions.js';
import { lengthsIn } from './lengths.js';
import type { Site } from './site.js';
import { CHANNELS_FIRST, isIdentity, onnxShape, type TensorValue, tensorValue, type Value } from './value.js';

/** `Flatten` of everything behind the batch. */
export function flatten(site: Site): Value {
  const input = site.tensor(0);
  const axis = site.attributes.int('axis', 1);
  if ((axis < 0 ? axis + input.axes.length : axis) !== 1)
    throw site.attributes.refuse('axis', 'must be 1: the batch stays', axis);
  return flattened(site, input);
}

/** `Reshape` that flattens, keeps the shape, or makes a vector an image of one pixel. */
export function reshape(site: Site): Value {
  const input = site.tensor(0);
  site.attributes.must('allowzero', 0);
  const { lengths } = lengthsIn(site, site.value(1));
  const shape = onnxShape(input);
  const refuse = () =>
    site.refuse(
      `it must flatten all but the batch, [batch, ${sizeOf(shape) ?? -1}]. Received: [${lengths.join(', ')}] for [${shape.map((one) => one ?? 'batch').join(', ')}]`,
    );
  const [batch, ...rest] = lengths.map((length, i) =>
    length === 0 ? (i === 0 ? 'batch' : shape[i]) : length,
  );
  const size = sizeOf(shape);
  const inferred = rest.filter((length) => length === -1).length;
  const isBatch = batch === 'batch' || batch === site.context.batch || (batch === -1 && inferred === 0);
  if (!isBatch || inferred > 1 || rest.some((length) => typeof length !== 'number' || length < -1))
    throw refuse();
  const fixed = rest.filter((length) => length !== -1) as number[];
  const product = fixed.reduce((product, length) => product * length, 1);
  if (inferred === 0 ? product !== size : size !== undefined && (product === 0 || size % product !== 0))
    throw refuse();
  const target = rest.map((length) => (length === -1 && size !== undefined ? size / product : length));
  if (String(target) === String(shape.slice(1))) return input;
  if (target.length === 1) return flattened(site, input);
  const pixel = target.slice(1).every((length) => length === 1);
  if (pixel && input.axes.length === 2 && target.length === 3)
    return tensorValue(input.tensor, [...input.axes, null, null], input.segments);
  throw refuse();
}

/** Number of values of one sample, where it is fixed. */
function sizeOf(shape: readonly (number | null)[]): number | undefined {
  const size = shape.slice(1).reduce<number>((product, length) => product * (length ?? Number.NaN), 1);
  return Number.isNaN(size) ? undefined : size;
}

function flattened(site: Site, input: TensorValue): TensorValue {
  const axes = input.axes.filter((axis) => axis !== null);
  if (axes.length === 2 && isIdentity(axes)) return tensorValue(input.tensor, axes, input.segments);
  const [, height, width, channels] = input.tensor.shape;
  const image = String(axes) === String(CHANNELS_FIRST);
  if (!image && !isIdentity(axes))
    throw site.refuse('its input has its axes in an order that is not known here');
  const pixels = (height ?? 0) * (width ?? 0);
  if (image && (!channels || !pixels)) throw site.refuse('it must flatten images of a fixed size');
  const tensor = site.apply(tfl.layers.flatten({ name: site.layerName() }), input.tensor);
  // TensorFlow.js flattens pixel by pixel, ONNX channel by channel.
  const differs = image && channels !== 1 && pixels !== 1;
  return tensorValue(tensor, [0, 1], differs ? [{ channels: channels as number, pixels }] : undefined);
}

/** `Transpose`: only the order in which ONNX sees the axes. */
export function transpose(site: Site): Value {
  const input = site.tensor(0);
  const rank = input.axes.length;
  const perm = site.attributes.ints('perm') ?? Array.from({ length: rank }, (_, i) => rank - 1 - i);
  if (perm.length !== rank || String(perm.toSorted((a, b) => a - b)) !== String(perm.map((_, i) => i)))
    throw site.attributes.refuse('perm', `must have each of ${rank} axes once`, perm);
  return tensorValue(
    input.tensor,
    perm.map((axis) => input.axes[axis]),
    input.segments,
  );
}

/** `Squeeze` and `Unsqueeze` of lengths, and of axes of length 1 behind a global pool. */
export const squeeze =
  (inserts: boolean) =>
  (site: Site): Value => {
    const value = site.value(0);
    const given = site.attributes.has('axes') ? site.attributes.ints('axes') : site.integers(1);
    if (value.kind === 'shape' || value.kind === 'constant') {
      const { lengths } = lengthsIn(site, value);
      if (lengths.length !== 1 || String(given ?? 0) !== '0') throw site.refuse('it must be of one length');
      return { kind: 'shape', lengths, scalar: !inserts };
    }
    const input = site.tensor(0);
    const rank = input.axes.length + (inserts ? (given?.length ?? 0) : 0);
    const at = given?.map((axis) => (axis < 0 ? axis + rank : axis));
    if (inserts) {
      const axes: (number | null)[] = [...input.axes];
      for (const axis of at?.toSorted((a, b) => a - b) ?? []) {
        if (axis < 1 || axis > axes.length || axes.length > 8)
          throw site.refuse('it must insert axes behind the batch');
        axes.splice(axis, 0, null);
      }
      return tensorValue(input.tensor, axes, input.segments);
    }
    // Without a list, all of length 1.
    const gone = at ?? onnxShape(input).flatMap((length, i) => (length === 1 ? i : []));
    if (gone.some((axis) => input.axes[axis] !== null))
      throw site.refuse('it must take away axes of length 1 that a global pool left');
    return tensorValue(
      input.tensor,
      input.axes.filter((_, i) => !gone.includes(i)),
      input.segments,
    );
  };

/** `Pad` of images with zeros. */
export function pad(site: Site): Value {
  const { attributes } = site;
  const input = site.image(0);
  const mode = attributes.text('mode', 'constant');
  if (mode !== 'constant') throw attributes.refuse('mode', 'must be "constant"', mode);
  const asAttributes = site.opset < 11;
  const pads = asAttributes ? attributes.ints('pads') : site.integers(1);
  const value = asAttributes ? attributes.float('value', 0) : site.number(2, 0);
  const [n, c, top, left, n2, c2, bottom, right] = pads ?? [];
  const sides = [top, left, bottom, right];
  const others = [n, c, n2, c2].some((side) => side !== 0);
  if (
    pads?.length !== 8 ||
    others ||
    sides.some((side) => side < 0 || side > 2 ** 20) ||
    value !== 0 ||
    site.inputs > 3
  )
    throw site.refuse(
      `it must add zeros above, below, left and right. Received: ${value} in [${pads?.join(', ')}]`,
    );
  return withZeros(site, input, [
    [top, bottom],
    [left, right],
  ]);
}
