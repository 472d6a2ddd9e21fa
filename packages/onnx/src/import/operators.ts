import { activation, clip, fixed, leakyRelu, part, relu, softmax } from './activations.js';
import { conv } from './convolutions.js';
import { gemm, matMul } from './dense.js';
import { add, concat } from './joining.js';
import { gather, multiply, shapeOf, slice } from './lengths.js';
import { batchNorm, layerNorm } from './norms.js';
import { cast, constant, dropout } from './passing.js';
import { globalPool, pool, reduce } from './pools.js';
import { flatten, pad, reshape, squeeze, transpose } from './reshaping.js';
import type { Site } from './site.js';
import { UnsupportedOnnxError } from './unsupported-onnx-error.js';
import type { Value } from './value.js';

const isData = ({ kind }: Value): boolean => kind === 'shape' || kind === 'constant';

/** What each operator becomes. */
const operators: Readonly<Record<string, (site: Site) => Value>> = {
  Conv: conv,
  Gemm: gemm,
  MatMul: matMul,
  BatchNormalization: batchNorm,
  LayerNormalization: layerNorm,
  MaxPool: pool('max'),
  AveragePool: pool('average'),
  GlobalMaxPool: globalPool('max'),
  GlobalAveragePool: globalPool('average'),
  ReduceMax: reduce('max'),
  ReduceMean: reduce('average'),
  Relu: relu,
  LeakyRelu: leakyRelu,
  Clip: clip,
  Sigmoid: activation('sigmoid'),
  Tanh: activation('tanh'),
  Softplus: activation('softplus'),
  Softsign: activation('softsign'),
  Elu: fixed('elu', { alpha: { only: 1, absent: 1 } }),
  Selu: fixed('selu', {
    alpha: { only: 1.6732632, absent: 1.6732632 },
    gamma: { only: 1.050701, absent: 1.050701 },
  }),
  HardSigmoid: fixed('hardSigmoid', { alpha: { only: 0.2, absent: 0.2 }, beta: { only: 0.5, absent: 0.5 } }),
  Softmax: softmax('softmax'),
  LogSoftmax: softmax('logSoftmax'),
  Add: add,
  Sum: add,
  Concat: concat,
  Mul: (site) => ([0, 1].every((i) => isData(site.value(i))) ? multiply(site) : part(site)),
  Div: part,
  Erf: part,
  Abs: part,
  Flatten: flatten,
  Reshape: reshape,
  Transpose: transpose,
  Squeeze: squeeze(false),
  Unsqueeze: squeeze(true),
  Pad: pad,
  Shape: shapeOf,
  Gather: gather,
  Slice: slice,
  Cast: cast,
  Identity: (site) => site.value(0),
  Dropout: dropout,
  Constant: constant,
};

/** Operators that become layers, or that only say shapes. */
export const knownOperators: readonly string[] = Object.keys(operators);

/**
 * Reads one node.
 *
 * @throws UnsupportedOnnxError that names the operator, and the attribute where there is one.
 */
export function readNode(site: Site): Value {
  const { opType, domain } = site.node;
  const isOwn = domain === '' || domain === 'ai.onnx';
  if (!isOwn || !Object.hasOwn(operators, opType)) {
    const name = isOwn ? opType : `${domain}.${opType}`;
    throw new UnsupportedOnnxError(
      `there is no layer of TensorFlow.js that is known here for it. Known: ${knownOperators.join(', ')}`,
      { operator: name, node: site.place.node },
    );
  }
  const value = operators[opType](site);
  site.attributes.close();
  return value;
}
