import type {
  ActivationName,
  Penalties,
  Penalty,
  Window,
} from '../../packages/engine/src/__tests__/architectures/spec.js';
import type { Draw } from './draw.js';
import type { Net, Node } from './net.js';
import { count, isPlane, type Shape, slide } from './shapes.js';

type Plane = readonly [number, number, number];

const ACTIVATIONS: readonly ActivationName[] = ['relu', 'elu', 'gelu', 'sigmoid', 'tanh'];

/** Adds one random layer of the middle of a net to `x`, a plane; `x` itself where the drawn one does not fit. */
export function step(draw: Draw, net: Net, x: Node): Node {
  const kinds = [
    ...['conv', 'conv', 'conv', 'depthwise', 'norm', 'norm', 'activation', 'activation'],
    ...['pool', 'pool', 'add', 'concatenate', 'dropout'],
  ];
  switch (draw.pick(kinds)) {
    case 'conv':
      return conv(draw, net, x);
    case 'depthwise':
      return depthwise(draw, net, x);
    case 'norm':
      return batchNorm(draw, net, x);
    case 'activation':
      return activation(draw, net, x);
    case 'pool':
      return pool(draw, net, x);
    case 'dropout':
      return net.add({ kind: 'dropout', perChannel: draw.chance(0.5) }, [x], x.shape);
    case 'add':
      return add(draw, net, x);
    default:
      return concatenate(draw, net, x);
  }
}

/** Regularizers of some of a layer's weights, in most cases none. */
export function penalties(draw: Draw, ...weights: (keyof Penalties)[]): Penalties {
  const found: Partial<Record<keyof Penalties, Penalty>> = {};
  if (!draw.chance(0.3)) return found;
  for (const weight of weights)
    if (draw.chance(0.6)) found[weight] = { l1: draw.pick([0, 0.003, 0.02]), l2: draw.pick([0, 0.01, 0.1]) };
  return found;
}

function conv(draw: Draw, net: Net, x: Node): Node {
  const shape = x.shape as Plane;
  const { window, dilation } = kernelWindow(draw, 0.12);
  const filters = draw.pick([1, draw.integer(1, 9), draw.integer(1, 9), draw.integer(1, 20)]);
  const plane = slide(shape, window, dilation);
  if (Math.min(...plane) < 1) return x;
  net.products += count([...plane, filters]) * window.size[0] * window.size[1] * shape[2];
  const own = draw.chance(0.3) ? draw.pick(ACTIVATIONS) : 'linear';
  const useBias = draw.chance(0.7);
  const weights = { useBias, activation: own, penalties: penalties(draw, 'kernel', 'bias') };
  return net.add({ kind: 'conv', ...window, dilation, filters, ...weights }, [x], [...plane, filters]);
}

function depthwise(draw: Draw, net: Net, x: Node): Node {
  const shape = x.shape as Plane;
  // Rarely dilated: every executor refuses that, because TensorFlow.js's layer leaves the dilation out.
  const drawn = kernelWindow(draw, 0.03);
  const { dilation } = drawn;
  const window: Window = Math.max(...dilation) > 1 ? { ...drawn.window, padding: 'same' } : drawn.window;
  const multiplier = shape[2] > 8 ? 1 : draw.integer(1, 3);
  const plane = slide(shape, window, dilation);
  if (Math.min(...plane) < 1) return x;
  net.products += count([...plane, shape[2]]) * window.size[0] * window.size[1] * multiplier;
  const own = draw.chance(0.2) ? draw.pick(ACTIVATIONS) : 'linear';
  const useBias = draw.chance(0.7);
  const weights = { useBias, activation: own, penalties: penalties(draw, 'kernel', 'bias') };
  const made: Shape = [...plane, shape[2] * multiplier];
  return net.add({ kind: 'depthwise', ...window, dilation, multiplier, ...weights }, [x], made);
}

function kernelWindow(draw: Draw, dilated: number): { window: Window; dilation: [number, number] } {
  const size = draw.chance(0.35) ? ([3, 3] as const) : draw.pair([1, 1, 2, 3, 4, 5]);
  const padding = draw.chance(0.6) ? 'same' : 'valid';
  // TensorFlow.js dilates kernels that move by one only.
  if (draw.chance(dilated))
    return { window: { size, strides: [1, 1], padding }, dilation: draw.pair([1, 2, 2, 3]) };
  const strides = draw.chance(0.6) ? ([1, 1] as const) : draw.pair([1, 2, 2, 3]);
  return { window: { size, strides, padding }, dilation: [1, 1] };
}

export function batchNorm(draw: Draw, net: Net, x: Node): Node {
  const scale = draw.chance(0.8);
  const center = draw.chance(0.8);
  const epsilon = draw.pick([1e-5, 1e-5, 1e-3, 1e-2]);
  const momentum = draw.pick([0.9, 0.9, 0.99, 0.7, 0.5]);
  const shrink: Penalties = draw.chance(0.15)
    ? { ...(scale && { gamma: { l1: 0.01, l2: 0.02 } }), ...(center && { beta: { l1: 0, l2: 0.05 } }) }
    : {};
  return net.add({ kind: 'batchNorm', scale, center, epsilon, momentum, penalties: shrink }, [x], x.shape, 1);
}

export function activation(draw: Draw, net: Net, x: Node): Node {
  const name = draw.pick([
    ...ACTIVATIONS,
    'relu',
    'leakyRelu',
    'leakyRelu',
    'reluLayer',
    'eluLayer',
  ] as const);
  const bounded = name === 'sigmoid' || name === 'tanh';
  const magnitude = bounded ? Math.min(1, x.magnitude) : x.magnitude;
  if (name === 'reluLayer' || name === 'eluLayer') return net.add({ kind: name }, [x], x.shape, magnitude);
  if (name === 'leakyRelu')
    return net.add({ kind: name, alpha: draw.pick([0.01, 0.1, 0.3]) }, [x], x.shape, magnitude);
  return net.add({ kind: 'activation', activation: name }, [x], x.shape, magnitude);
}

export function pool(draw: Draw, net: Net, x: Node): Node {
  const kind = draw.chance(0.55) ? 'maxPool' : 'averagePool';
  const window: Window = {
    size: draw.chance(0.4) ? [2, 2] : draw.pair([1, 2, 3, 3, 4]),
    strides: draw.chance(0.4) ? [2, 2] : draw.pair([1, 2, 3]),
    padding: draw.chance(0.5) ? 'same' : 'valid',
  };
  const shape = x.shape as Plane;
  const plane = slide(shape, window);
  if (Math.min(...plane) < 1) return x;
  return net.add({ kind, ...window }, [x], [...plane, shape[2]]);
}

function add(draw: Draw, net: Net, x: Node): Node {
  const fitting = net.nodes.filter((one) => String(one.shape) === String(x.shape));
  if (fitting.length > 1 || draw.chance(0.1))
    return net.add({ kind: 'add' }, branches(draw, x, fitting), x.shape);
  // A residual branch: a convolution that keeps the size.
  const shape = x.shape as Plane;
  const window: Window = { size: draw.pair([1, 3]), strides: [1, 1], padding: 'same' };
  const weights = { useBias: draw.chance(0.5), activation: 'linear' as const, penalties: {} };
  const draft = {
    kind: 'conv' as const,
    ...window,
    dilation: [1, 1] as const,
    filters: shape[2],
    ...weights,
  };
  net.products += count(shape) * window.size[0] * window.size[1] * shape[2];
  return net.add({ kind: 'add' }, branches(draw, x, [net.add(draft, [x], shape)]), shape);
}

function concatenate(draw: Draw, net: Net, x: Node): Node {
  const plane = (shape: Shape) => String(shape.slice(0, 2));
  const fitting = net.nodes.filter(({ shape }) => isPlane(shape) && plane(shape) === plane(x.shape));
  const joined = branches(draw, x, fitting);
  const [height, width] = x.shape as Plane;
  const channels = joined.reduce((sum, { shape }) => sum + (shape as Plane)[2], 0);
  return net.add({ kind: 'concatenate' }, joined, [height, width, channels]);
}

/** `x` and one or two others, which may be `x` itself. */
function branches(draw: Draw, x: Node, others: readonly Node[]): Node[] {
  const joined = inAnyOrder(draw, x, draw.pick(others));
  return draw.chance(0.2) ? [...joined, draw.pick(others)] : joined;
}

/** Two tensors, in one of both orders. */
export const inAnyOrder = (draw: Draw, a: Node, b: Node): [Node, Node] =>
  draw.chance(0.5) ? [a, b] : [b, a];
