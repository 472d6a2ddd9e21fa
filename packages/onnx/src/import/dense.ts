import * as tfl from '@tensorflow/tfjs-layers';
import type { Constant } from './constant.js';
import { zeros } from './convolutions.js';
import type { Site } from './site.js';
import type { TensorValue, Value } from './value.js';

type Weight = Constant & { readonly floats: Float32Array };

/** `Gemm` of vectors with a weight of the file. */
export function gemm(site: Site): Value {
  const { attributes } = site;
  const input = site.features(0);
  if (input.axes.length !== 2) throw site.refuse('its input must be vectors');
  const weight = site.weight(1, 2);
  attributes.must('transA', 0);
  for (const name of ['alpha', 'beta']) {
    const value = attributes.float(name, 1);
    if (value !== 1) throw attributes.refuse(name, 'must be 1', value);
  }
  const transposed = attributes.int('transB', 0) !== 0;
  return dense(site, input, weight, transposed, site.inputs > 2 ? biasOf(site, site.value(2)) : undefined);
}

/** `MatMul` with a weight of the file, and the `Add` of a bias behind it. */
export function matMul(site: Site): Value {
  const input = site.features(0);
  const weight = site.weight(1, 2);
  const { graph, absorbed, values } = site.context;
  const [reader, ...others] = graph.readers.get(site.node.output[0]) ?? [];
  const added =
    reader?.opType === 'Add' && others.length === 0
      ? reader.input.map((name) => values.get(name)).find((value) => value?.kind === 'constant')
      : undefined;
  const outputs = weight.shape[1];
  const isBias =
    added?.kind === 'constant' &&
    added.constant.floats?.length === outputs &&
    added.constant.shape.at(-1) === outputs;
  if (!isBias) return dense(site, input, weight, false);
  absorbed.add(reader as NonNullable<typeof reader>);
  return dense(site, input, weight, false, biasOf(site, added));
}

function biasOf(site: Site, value: Value): { shape: readonly number[]; floats: Float32Array } {
  const floats = value.kind === 'constant' ? value.constant.floats : undefined;
  const shape = value.kind === 'constant' ? value.constant.shape : [];
  if (floats === undefined || shape.slice(0, -1).some((length) => length !== 1))
    throw site.refuse(
      `its bias must be one value for each output, held by the file. Received: [${shape.join(', ')}]`,
    );
  return { shape: [floats.length], floats };
}

function dense(
  site: Site,
  input: TensorValue,
  weight: Weight,
  transposed: boolean,
  bias?: { shape: readonly number[]; floats: Float32Array },
): Value {
  const [outputs, inputs] = transposed ? weight.shape : weight.shape.toReversed();
  const features = input.tensor.shape.at(-1);
  if (inputs !== features)
    throw site.refuse(`its weight "${weight.name}" must be for ${features} features. Received: ${inputs}`);
  const settings = { units: outputs, useBias: bias !== undefined, ...zeros, name: site.layerName(weight) };
  const floats = transposed ? weight.floats : transpose(weight.floats, inputs, outputs);
  const kernel = { shape: [outputs, inputs], floats };
  return site.weighted(
    (activation) => tfl.layers.dense({ ...settings, activation }),
    { kernel, bias },
    input,
    input.axes,
  );
}

function transpose(matrix: Float32Array, rows: number, columns: number): Float32Array {
  return matrix.map((_, i) => matrix[(i % rows) * columns + Math.floor(i / rows)]);
}
