import { lax, nn, numpy as np, random } from '@jax-js/jax';
import type { NetShape } from './nets.js';

/** Weights of one block: convolution (OIHW) and BatchNorm. A type, because JsTree takes no interfaces. */
export type Block = { kernel: np.Array; bias: np.Array; gamma: np.Array; beta: np.Array };

/** Everything that is trained. */
export type Params = { blocks: Block[]; fc: { kernel: np.Array; bias: np.Array } };

/** BatchNorm's running statistics of each block. */
export type Statistics = { mean: np.Array; variance: np.Array }[];

/** PyTorch's default initialisation, and fresh statistics. */
export function initialise({ channels }: NetShape, seed: number): [Params, Statistics] {
  const keys = [...random.split(random.key(seed), 2 * channels.length + 2)];
  const draw = (shape: number[], fanIn: number) => {
    const bound = 1 / Math.sqrt(fanIn);
    return random.uniform(keys.pop()!, shape, { minval: -bound, maxval: bound });
  };
  const blocks = channels.map((outputs, i): Block => {
    const inputs = channels[i - 1] ?? 1;
    return {
      kernel: draw([outputs, inputs, 3, 3], inputs * 9),
      bias: draw([outputs], inputs * 9),
      gamma: np.ones([outputs]),
      beta: np.zeros([outputs]),
    };
  });
  const last = channels[channels.length - 1];
  const fc = { kernel: draw([last, 10], last), bias: draw([10], last) };
  const statistics = channels.map((size) => ({ mean: np.zeros([size]), variance: np.ones([size]) }));
  return [{ blocks, fc }, statistics];
}

/** Log-probabilities in training mode, and the moved statistics. Images are NCHW. */
export function train(
  shape: NetShape,
  params: Params,
  running: Statistics,
  [images, key]: [np.Array, np.Array],
): [np.Array, Statistics] {
  const batch = images.shape[0];
  const keys = [...random.split(key, params.blocks.length + 1)];
  const moved: Statistics = [];
  let x = images;
  params.blocks.forEach(({ kernel, bias, gamma, beta }, i) => {
    x = lax.conv(x, kernel, [1, 1], 'SAME').add(perChannel(bias));
    const mean = np.mean(x.ref, [0, 2, 3]);
    const centred = x.sub(perChannel(mean.ref));
    const variance = np.mean(np.square(centred.ref), [0, 2, 3]);
    moved.push({
      mean: average(running[i].mean, mean),
      variance: average(running[i].variance, variance.ref),
    });
    const scale = gamma.div(np.sqrt(variance.add(1e-5)));
    x = nn.relu(centred.mul(perChannel(scale)).add(perChannel(beta)));
    x = dropout(x, keys[i], shape.dropout, [batch, x.shape[1], 1, 1]);
    if (shape.poolAfter.includes(i + 1)) x = maxPool(x);
  });
  x = np.mean(x, [2, 3]);
  x = dropout(x, keys[params.blocks.length], shape.fcDropout, [...x.shape]);
  return [head(params, x), moved];
}

/** Log-probabilities in inference mode. */
export function predict(
  { poolAfter }: NetShape,
  params: Params,
  running: Statistics,
  images: np.Array,
): np.Array {
  let x = images;
  params.blocks.forEach(({ kernel, bias, gamma, beta }, i) => {
    x = lax.conv(x, kernel, [1, 1], 'SAME').add(perChannel(bias));
    const { mean, variance } = running[i];
    const scale = gamma.div(np.sqrt(variance.add(1e-5)));
    x = x.sub(perChannel(mean)).mul(perChannel(scale)).add(perChannel(beta));
    x = nn.relu(x);
    if (poolAfter.includes(i + 1)) x = maxPool(x);
  });
  return head(params, np.mean(x, [2, 3]));
}

function head({ fc }: Params, features: np.Array): np.Array {
  return nn.logSoftmax(np.matmul(features, fc.kernel).add(fc.bias), 1);
}

const perChannel = (values: np.Array): np.Array => values.reshape([1, -1, 1, 1]);

const maxPool = (x: np.Array): np.Array => lax.reduceWindow(x, np.max, [2, 2], [2, 2]);

const average = (running: np.Array, now: np.Array): np.Array =>
  running.mul(0.9).add(lax.stopGradient(now).mul(0.1));

function dropout(x: np.Array, key: np.Array, rate: number, shape: number[]): np.Array {
  const kept = random.bernoulli(key, 1 - rate, shape).astype(np.float32);
  return x.mul(kept.div(1 - rate));
}
