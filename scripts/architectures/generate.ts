import type {
  Architecture,
  HeadName,
  LossSpec,
} from '../../packages/engine/src/__tests__/architectures/spec.js';
import { activation, batchNorm, inAnyOrder, penalties, pool, step } from './body.js';
import { Draw } from './draw.js';
import { Net, type Node } from './net.js';
import { count, isPlane } from './shapes.js';

/** Multiplications of a batch's forward pass: the cpu backend does some tens of millions a second. */
const MOST_PRODUCTS = 2e6;

const HEADS: readonly HeadName[] = ['linear', 'logSoftmax', 'softmax'];

export interface Generated {
  readonly architecture: Architecture;
  /** By how much the weights of a layer are smaller than usual. */
  readonly gains: ReadonlyMap<string, number>;
}

/** The random net of a seed. */
export function generate(seed: number): Generated {
  const draw = new Draw(seed);
  const mean = draw.pick([0, 0, 10, 1000]);
  const std = draw.pick([1, 1, 0.3]);
  const input = [draw.integer(5, 16), draw.integer(5, 16), draw.integer(1, 5)] as const;
  const classes = draw.integer(2, 7);
  const net = new Net();
  const images: Node = { name: 'input', shape: input, magnitude: Math.hypot(mean, std) };
  net.nodes.push(images);
  let x = images;
  for (let i = draw.integer(1, 7); i > 0; i--) x = step(draw, net, x);
  if (draw.chance(0.1)) convolutionalHead(draw, net, x, classes);
  else head(draw, net, vector(draw, net, x), classes);
  const fitting = Math.max(2, Math.floor(MOST_PRODUCTS / Math.max(1, net.products)));
  const batchSize = Math.min(draw.pick([1, 2, 3, 5, 8, 13, 16, 24, 32, 40]), fitting);
  const loss: LossSpec = draw.chance(0.15)
    ? { kind: 'squares' }
    : { kind: 'softTargets', scale: draw.chance(0.85) ? 1 / batchSize : 1 };
  return {
    architecture: {
      ...{ seed, input, classes, mean, std, loss, layers: net.layers },
      // A batch norm must see more than one value per channel.
      batchSize: smallestBatch(net) > batchSize ? 2 : batchSize,
    },
    gains: net.gains,
  };
}

function smallestBatch(net: Net): number {
  const shapes = new Map(net.nodes.map(({ name, shape }) => [name, shape]));
  return net.layers.some(({ kind, from }) => {
    const shape = shapes.get(from[0])!;
    return kind === 'batchNorm' && !(isPlane(shape) && shape[0] * shape[1] > 1);
  })
    ? 2
    : 1;
}

/** One vector per image, in one of many ways. */
function vector(draw: Draw, net: Net, x: Node): Node {
  const flatten = (from: Node) => net.add({ kind: 'flatten' }, [from], [count(from.shape)]);
  const global = (from: Node) => {
    const [, , channels] = from.shape as readonly [number, number, number];
    return net.add({ kind: draw.chance(0.5) ? 'globalAverage' : 'globalMax' }, [from], [channels]);
  };
  switch (
    draw.pick(['flatten', 'flatten', 'global', 'global', 'flattenNorm', 'joined', 'joined', 'summed'])
  ) {
    case 'flatten':
      return flatten(x);
    case 'global':
      return global(x);
    case 'flattenNorm': {
      const flat = batchNorm(draw, net, flatten(x));
      return draw.chance(0.5) ? activation(draw, net, flat) : flat;
    }
    case 'joined': {
      const other = draw.pick(net.nodes.filter(({ shape }) => isPlane(shape)));
      const second = draw.chance(0.7) ? global(other) : flatten(pool(draw, net, other));
      const pair = inAnyOrder(draw, flatten(x), second);
      return net.add({ kind: 'concatenate' }, pair, [count(pair[0].shape) + count(pair[1].shape)]);
    }
    default: {
      const fitting = net.nodes.filter(({ shape }) => isPlane(shape) && count(shape) === count(x.shape));
      const pair = [flatten(x), flatten(draw.pick(fitting))];
      return net.add({ kind: 'add' }, pair, pair[0].shape);
    }
  }
}

/** Dense layers down to the outputs. */
function head(draw: Draw, net: Net, from: Node, classes: number): void {
  let x = from;
  const dense = (units: number, act: 'linear' | 'relu' | 'tanh' | HeadName) => {
    const shrink = penalties(draw, 'kernel', 'bias');
    net.products += count(x.shape) * units;
    const useBias = draw.chance(0.8);
    x = net.add({ kind: 'dense', units, useBias, activation: act, penalties: shrink }, [x], [units]);
  };
  if (draw.chance(0.4)) {
    dense(draw.integer(2, 12), draw.pick(['linear', 'relu', 'tanh']));
    if (draw.chance(0.4)) x = batchNorm(draw, net, x);
    if (draw.chance(0.4)) x = activation(draw, net, x);
    if (draw.chance(0.3)) x = net.add({ kind: 'dropout', perChannel: false }, [x], x.shape);
  }
  // Logits of a moderate size, so that softmax does not saturate.
  const gain = Math.min(1, 2 / x.magnitude);
  const end = draw.pick(HEADS);
  const apart = draw.chance(0.4);
  dense(classes, apart ? 'linear' : end);
  net.gains.set(x.name, gain);
  if (apart) last(draw, net, x, end);
}

/** No dense layer: a channel for each class, and one value of each. */
function convolutionalHead(draw: Draw, net: Net, from: Node, classes: number): void {
  const [height, width, channels] = from.shape as readonly [number, number, number];
  net.products += height * width * channels * classes;
  const window = { size: [1, 1], strides: [1, 1], dilation: [1, 1], padding: 'same' } as const;
  const weights = { useBias: draw.chance(0.5), activation: 'linear', penalties: {} } as const;
  const planes = net.add(
    { kind: 'conv', ...window, ...weights, filters: classes },
    [from],
    [height, width, classes],
  );
  net.gains.set(planes.name, Math.min(1, 2 / from.magnitude));
  const kind = draw.chance(0.5) ? 'globalAverage' : 'globalMax';
  last(draw, net, net.add({ kind }, [planes], [classes]), draw.pick(HEADS));
}

/** The outputs' activation as a layer of its own. */
function last(draw: Draw, net: Net, x: Node, head: HeadName): void {
  if (head === 'linear') return;
  if (head === 'softmax' && draw.chance(0.5)) net.add({ kind: 'softmaxLayer' }, [x], x.shape);
  else net.add({ kind: 'activation', activation: head }, [x], x.shape);
}
