import type { ActivationOperation } from '@mnist-kit/layers';
import type { Attribute, GraphBuilder } from './graph-builder.js';

/** Activations that one operator of ONNX is. TensorFlow.js's constants, where ONNX's defaults are others. */
const operators: Readonly<Record<string, readonly [string, Readonly<Record<string, Attribute>>]>> = {
  sigmoid: ['Sigmoid', {}],
  tanh: ['Tanh', {}],
  softplus: ['Softplus', {}],
  softsign: ['Softsign', {}],
  selu: ['Selu', { alpha: { float: 1.6732632423543772 }, gamma: { float: 1.0507009873554805 } }],
  hardSigmoid: ['HardSigmoid', { alpha: { float: 0.2 }, beta: { float: 0.5 } }],
};

/**
 * Writes an activation.
 *
 * @param x Name of the value that it is applied to.
 * @param axis The axis, in ONNX, of a softmax.
 * @returns The name of the result; undefined for an activation that opset 17 cannot express.
 */
export function writeActivation(
  builder: GraphBuilder,
  name: string,
  { name: activation, alpha, maxValue }: ActivationOperation,
  x: string,
  axis: number,
): string | undefined {
  const node = (operator: string, inputs: readonly string[], attributes = {}, suffix = '') =>
    builder.node(`${name}${suffix}`, operator, inputs, attributes);
  const scalar = (value: number, suffix: string) =>
    builder.constant(`${name}/${suffix}`, [], Float32Array.of(value));
  if (Object.hasOwn(operators, activation)) {
    const [operator, attributes] = operators[activation];
    return node(operator, [x], attributes);
  }
  switch (activation) {
    case 'linear':
      return x;
    case 'relu':
      if (maxValue === undefined) return node('Relu', [x]);
      return node('Clip', [x, scalar(0, 'min'), scalar(maxValue, 'max')]);
    case 'relu6':
      return node('Clip', [x, scalar(0, 'min'), scalar(6, 'max')]);
    case 'leakyRelu':
      return node('LeakyRelu', [x], { alpha: { float: alpha ?? 0.3 } });
    case 'elu':
      return node('Elu', [x], { alpha: { float: alpha ?? 1 } });
    case 'softmax':
      return node('Softmax', [x], { axis: { int: axis } });
    case 'logSoftmax':
      return node('LogSoftmax', [x], { axis: { int: axis } });
    case 'swish':
      return node('Mul', [x, node('Sigmoid', [x], {}, '/sigmoid')]);
    case 'mish': {
      const softplus = node('Softplus', [x], {}, '/softplus');
      return node('Mul', [x, node('Tanh', [softplus], {}, '/tanh')]);
    }
    case 'gelu': {
      // As PyTorch writes it: opset 20 is the first with an operator of its own.
      const scaled = node('Div', [x, scalar(Math.SQRT2, 'sqrt2')], {}, '/scaled');
      const erf = node('Erf', [scaled], {}, '/erf');
      const raised = node('Add', [erf, scalar(1, 'one')], {}, '/raised');
      const product = node('Mul', [x, raised], {}, '/product');
      return node('Mul', [product, scalar(0.5, 'half')]);
    }
    default:
      return undefined;
  }
}
