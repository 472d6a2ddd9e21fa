import * as tfl from '@tensorflow/tfjs-layers';
import { part } from './activations.js';
import { concatShapes } from './lengths.js';
import type { Site } from './site.js';
import { derived, type Segment, sameSegments, type TensorValue, type Value } from './value.js';

/** `Add` and `Sum` of tensors; with a number an `Add` may be part of an activation. */
export function add(site: Site): Value {
  if (site.context.absorbed.has(site.node)) {
    const [own] = site.node.input
      .map((name) => site.context.values.get(name))
      .filter((value) => value?.kind === 'tensor');
    return own as Value;
  }
  const values = site.node.input.map((_, i) => site.value(i));
  if (site.node.opType === 'Add' && values.some(({ kind }) => kind !== 'tensor')) return part(site);
  const [first, ...others] = alike(site);
  if (others.length === 0) return first;
  if (others.some((other) => !sameSegments(first, other)))
    throw site.refuse(
      'its inputs hold features in different orders; transpose images before they are flattened',
    );
  return join(site, tfl.layers.add({ name: site.layerName() }), [first, ...others]);
}

/** `Concat` of tensors, or of lengths. */
export function concat(site: Site): Value {
  const values = site.node.input.map((_, i) => site.value(i));
  if (values.every(({ kind }) => kind !== 'tensor')) return concatShapes(site, values);
  const inputs = alike(site);
  const [first] = inputs;
  const given = site.attributes.int('axis', 1);
  const axis = first.axes[given < 0 ? given + first.axes.length : given];
  if (axis === null || axis === undefined || axis === 0)
    throw site.attributes.refuse('axis', 'must be one of the axes behind the batch', given);
  if (inputs.length === 1) return first;
  const joined = join(site, tfl.layers.concatenate({ axis, name: site.layerName() }), inputs);
  if (first.tensor.shape.length === 2) return { ...joined, segments: segmentsOf(site, inputs) };
  return joined;
}

/** All inputs, which must lie alike. */
function alike(site: Site): TensorValue[] {
  const inputs = site.node.input.map((_, i) => site.tensor(i));
  const [first, ...others] = inputs;
  if (first === undefined || others.some(({ axes }) => String(axes) !== String(first.axes)))
    throw site.refuse('its inputs must have their axes in the same order');
  return inputs;
}

function join(site: Site, layer: tfl.layers.Layer, inputs: readonly TensorValue[]): TensorValue {
  const tensor = site.apply(layer, ...inputs.map((input) => input.tensor));
  return derived(inputs[0], tensor);
}

const MOST_SEGMENTS = 1000;

function segmentsOf(site: Site, inputs: readonly TensorValue[]): Segment[] | undefined {
  if (inputs.every(({ segments }) => segments === undefined)) return undefined;
  const segments = inputs.flatMap(
    (input) => input.segments ?? [{ channels: input.tensor.shape[1] as number, pixels: 1 }],
  );
  if (segments.length > MOST_SEGMENTS) throw site.refuse(`it joins more than ${MOST_SEGMENTS} vectors`);
  return segments;
}
