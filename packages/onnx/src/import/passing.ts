import * as tfl from '@tensorflow/tfjs-layers';
import { TensorProto_DataType } from '../schema/onnx-ml_pb.js';
import { lengthsIn } from './lengths.js';
import type { Site } from './site.js';
import { derived, type Value } from './value.js';

/** `Dropout`, which does nothing in inference but is there when the model is trained further. */
export function dropout(site: Site): Value {
  const { attributes } = site;
  const input = site.tensor(0);
  const rate = site.opset < 12 ? attributes.float('ratio', 0.5) : site.number(1, 0.5);
  if (!(rate >= 0 && rate < 1))
    throw site.refuse(`its ratio must be at least 0 and below 1. Received: ${rate}`);
  if (site.number(2, 0) !== 0)
    throw site.refuse('its `training_mode` must be false: export the model for inference');
  // Masks come from the generator that a training is given.
  attributes.free('seed');
  const mask = site.node.output[1];
  if (mask && site.context.graph.readers.has(mask)) throw site.refuse(`its mask "${mask}" must not be read`);
  const tensor = site.apply(tfl.layers.dropout({ rate, name: site.layerName() }), input.tensor);
  return derived(input, tensor);
}

/** `Constant`: values that are no parameters. */
export function constant(site: Site): Value {
  const { attributes, node } = site;
  const name = node.output[0] ?? '';
  const made = (
    integers: readonly number[] | undefined,
    floats: readonly number[] | undefined,
    scalar: boolean,
  ): Value => {
    const length = (integers ?? floats ?? []).length;
    const values = floats === undefined ? { integers } : { floats: Float32Array.from(floats) };
    return {
      kind: 'constant',
      constant: { name, shape: scalar ? [] : [length], parameter: false, ...values },
    };
  };
  if (attributes.has('value_int')) return made([attributes.int('value_int', 0)], undefined, true);
  if (attributes.has('value_ints')) return made(attributes.ints('value_ints'), undefined, false);
  if (attributes.has('value_float')) return made(undefined, [attributes.float('value_float', 0)], true);
  if (attributes.has('value_floats')) return made(undefined, attributes.floats('value_floats'), false);
  const tensor = attributes.tensor('value', name);
  if (tensor === undefined) throw site.refuse('it must have a `value`');
  return { kind: 'constant', constant: tensor };
}

/** `Cast` of lengths to integers, or of what is float32 already. */
export function cast(site: Site): Value {
  const { FLOAT, INT32, INT64 } = TensorProto_DataType;
  const value = site.value(0);
  const to = site.attributes.int('to', 0);
  if (value.kind === 'tensor' && to === FLOAT) return value;
  if (value.kind !== 'tensor' && (to === INT32 || to === INT64)) return lengthsIn(site, value);
  throw site.attributes.refuse(
    'to',
    'must keep float32, or make lengths integers',
    TensorProto_DataType[to] ?? to,
  );
}
