import * as tfl from '@tensorflow/tfjs-layers';
import { activationIn, combined, functionOf } from './expressions.js';
import type { Site } from './site.js';
import { derived, type TensorValue, type Value } from './value.js';

/** Applies a layer that keeps the shape. */
function elementwise(site: Site, input: TensorValue, layer: tfl.layers.Layer): TensorValue {
  return derived(input, site.apply(layer, input.tensor));
}

/** TensorFlow.js's activation of some name: the layer's in front where that had it, or a layer by itself. */
function named(
  site: Site,
  input: TensorValue,
  activation: string,
  make: (name: string) => tfl.layers.Layer = (name) =>
    tfl.layers.activation({ activation: activation as 'relu', name }),
): TensorValue {
  const { activated } = input;
  if (activated !== undefined && site.node.name === `${activated.node}/${activation}`)
    return derived(input, activated.make(activation));
  return elementwise(site, input, make(site.layerName()));
}

/** An operator that is an activation and has nothing to say besides. */
export const activation =
  (name: string) =>
  (site: Site): Value => {
    const input = site.tensor(0);
    return { ...named(site, input, name), expressions: functionOf(site.node.opType, input) };
  };

export const relu = (site: Site): Value =>
  named(site, site.tensor(0), 'relu', (name) => tfl.layers.reLU({ name }));

export function leakyRelu(site: Site): Value {
  const alpha = site.attributes.float('alpha', 0.01);
  return elementwise(site, site.tensor(0), tfl.layers.leakyReLU({ alpha, name: site.layerName() }));
}

/** An activation whose constants must be TensorFlow.js's. */
export const fixed =
  (name: string, constants: Readonly<Record<string, { only: number; absent: number }>>) =>
  (site: Site): Value => {
    for (const [attribute, { only, absent }] of Object.entries(constants)) {
      const value = site.attributes.float(attribute, absent);
      // Constants are float32 in a file.
      if (Math.abs(value - only) > 1e-6 * Math.abs(only))
        throw site.attributes.refuse(attribute, `must be ${only}: TensorFlow.js has no other`, value);
    }
    return named(site, site.tensor(0), name);
  };

/** `Clip` from 0: a ReLU, with a bound or without. */
export function clip(site: Site): Value {
  const { attributes } = site;
  const asAttributes = site.opset < 11;
  const low = asAttributes
    ? attributes.float('min', Number.NEGATIVE_INFINITY)
    : site.number(1, Number.NEGATIVE_INFINITY);
  const high = asAttributes
    ? attributes.float('max', Number.POSITIVE_INFINITY)
    : site.number(2, Number.POSITIVE_INFINITY);
  if (low !== 0 || !(high > 0))
    throw site.refuse(
      `it must clip from 0, as ReLU6 does: TensorFlow.js has nothing else. Received: min=${low}, max=${high}`,
    );
  const bound = high < 3e38 ? { maxValue: high } : {};
  const make = (name: string) => tfl.layers.reLU({ ...bound, name });
  return named(site, site.tensor(0), high === 6 ? 'relu6' : high < 3e38 ? 'clip' : 'relu', make);
}

/** `Softmax` or `LogSoftmax` over the last axis of TensorFlow.js. */
export const softmax =
  (name: 'softmax' | 'logSoftmax') =>
  (site: Site): Value => {
    const { attributes, opset } = site;
    const input = site.tensor(0);
    const rank = input.axes.length;
    const given = attributes.int('axis', opset < 13 ? 1 : -1);
    const axis = given < 0 ? given + rank : given;
    const last = input.tensor.shape.length - 1;
    // Before opset 13 everything from this axis on counted as one.
    const alone = opset >= 13 || input.axes.slice(axis + 1).every((one) => one === null);
    if (input.axes[axis] !== last || !alone)
      throw attributes.refuse(
        'axis',
        'must be that of the channels or features: TensorFlow.js has no other softmax',
        given,
      );
    return named(site, input, name);
  };

/** A function or a combination of values, which may be (a part of) an activation. */
export function part(site: Site): Value {
  const { opType } = site.node;
  const isCombination = opType === 'Mul' || opType === 'Div' || opType === 'Add';
  const expressions = isCombination
    ? combined(opType, site.value(0), site.value(1))
    : functionOf(opType, site.value(0));
  const found = activationIn(expressions);
  if (found !== undefined) return named(site, found.of, found.name);
  if (expressions.length === 0) throw site.refuse('TensorFlow.js has no layer that is known here for it');
  return { kind: 'part', expressions, place: site.place };
}
