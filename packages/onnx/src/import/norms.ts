import * as tfl from '@tensorflow/tfjs-layers';
import type { Constant } from './constant.js';
import type { Site } from './site.js';
import { derived, type Value } from './value.js';

/** A scale or centre that is no parameter and changes nothing: the layer has none. */
const isAbsent = ({ parameter, floats }: Constant, nothing: number): boolean =>
  !parameter && floats !== undefined && floats.every((value) => value === nothing);

/** Values that a runtime gives beside the result, which inference has no use for. */
function onlyOutput(site: Site): void {
  const { readers } = site.context.graph;
  const second = site.node.output.slice(1).find((name) => readers.has(name));
  if (second !== undefined) throw site.refuse(`its second output is not known here. Received: "${second}"`);
}

/** `BatchNormalization` in inference. */
export function batchNorm(site: Site): Value {
  const { attributes } = site;
  const input = site.tensor(0);
  const [gamma, beta, mean, variance] = [1, 2, 3, 4].map((index) => site.weight(index, 1));
  attributes.must('training_mode', 0);
  attributes.must('spatial', 1);
  onlyOutput(site);
  const axis = input.axes[1];
  if (axis === null || axis === undefined || axis !== input.tensor.shape.length - 1)
    throw site.refuse('its input must be images or vectors: TensorFlow.js norms the last axis');
  const channels = input.tensor.shape[axis];
  for (const { name, shape } of [gamma, beta, mean, variance])
    if (shape[0] !== channels)
      throw site.refuse(
        `"${name}" must have a value for each of ${channels} channels. Received: ${shape[0]}`,
      );
  const settings = {
    ...{ axis, epsilon: attributes.float('epsilon', 1e-5), momentum: attributes.float('momentum', 0.9) },
    ...{ scale: !isAbsent(gamma, 1), center: !isAbsent(beta, 0), name: site.layerName(mean) },
  };
  const layer = tfl.layers.batchNormalization(settings);
  const tensor = site.apply(layer, input.tensor);
  site.fill(layer, { gamma, beta, moving_mean: mean, moving_variance: variance }, input);
  return derived(input, tensor);
}

/** `LayerNormalization` over the last axes. */
export function layerNorm(site: Site): Value {
  const { attributes } = site;
  const input = site.features(0);
  const rank = input.axes.length;
  const axis = attributes.int('axis', -1);
  const first = axis < 0 ? axis + rank : axis;
  attributes.must('stash_type', 1);
  onlyOutput(site);
  if (first < 1 || first >= rank) throw attributes.refuse('axis', 'must be one behind the batch', axis);
  const gamma = site.weight(1, rank - first);
  const beta = site.inputs > 2 ? site.weight(2, rank - first) : undefined;
  const shape = input.tensor.shape.slice(first);
  for (const weight of [gamma, beta])
    if (weight !== undefined && String(weight.shape) !== String(shape))
      throw site.refuse(
        `"${weight.name}" must have the shape [${shape.join(', ')}]. Received: [${weight.shape.join(', ')}]`,
      );
  const layer = tfl.layers.layerNormalization({
    axis: Array.from({ length: rank - first }, (_, i) => first + i),
    epsilon: attributes.float('epsilon', 1e-5),
    scale: !isAbsent(gamma, 1),
    center: beta !== undefined,
    name: site.layerName(gamma),
  });
  const tensor = site.apply(layer, input.tensor);
  site.fill(layer, { gamma, beta }, input);
  return derived(input, tensor);
}
