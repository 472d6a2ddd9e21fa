import * as tf from '@tensorflow/tfjs-core';
import type * as tfl from '@tensorflow/tfjs-layers';
import { checkNormInput } from '../checks.js';
import type { Graph } from './graph.js';

/** Mean and unbiased variance of one BatchNormalization call; kept until {@link BatchStatistics.dispose}. */
interface BatchMoments {
  readonly layer: tfl.layers.Layer;
  readonly mean: tf.Tensor;
  readonly variance: tf.Tensor;
}

/**
 * Refuses a batch too small to normalise, before anything runs.
 *
 * @throws ModelError when a layer would see one value per channel, as PyTorch does.
 */
export function checkNormInputs(graph: Graph, size: number): void {
  for (const { layer, inputShapes } of graph.nodes) {
    if (layer.getClassName() !== 'BatchNormalization') continue;
    const [, ...sides] = inputShapes[0];
    const { axis } = layer.getConfig() as { axis: number };
    const channels = sides[axis < 0 ? axis + sides.length : axis - 1];
    // A side of any length is counted when the layer runs.
    if (!sides.includes(null))
      checkNormInput(layer.name, (size * sides.reduce<number>((n, side) => n * side!, 1)) / channels!);
  }
}

/** The batch statistics of one training step, and what they do to the running ones. */
export class BatchStatistics {
  readonly #moments: BatchMoments[] = [];

  /**
   * A BatchNormalization layer in training mode: normalises by the batch's mean and biased variance over all
   * dimensions but the layer's axis, and remembers both.
   *
   * The gradient is the closed form of Ioffe and Szegedy, 2015 (https://arxiv.org/abs/1502.03167), which
   * takes fewer operations than the tape's.
   *
   * @throws ModelError when there is only one value per channel, as PyTorch does.
   */
  normalize(layer: tfl.layers.Layer, x: tf.Tensor): tf.Tensor {
    const config = layer.getConfig() as { axis: number; epsilon: number };
    const axis = config.axis < 0 ? config.axis + x.rank : config.axis;
    const axes = x.shape.map((_, i) => i).filter((i) => i !== axis);
    const channels = x.shape[axis];
    const count = x.size / channels;
    checkNormInput(layer.name, count);
    const wide = x.shape.map((_, i) => (i === axis ? channels : 1));

    const run = tf.customGrad((...args) => {
      const [input, gamma, beta] = args as tf.Tensor[];
      const save = args[3] as unknown as tf.GradSaveFunc;
      // A mean far from zero is itself rounded; what it leaves out is taken off in a second pass.
      const rough = meanOf(input, axes);
      const nearlyCentred = tf.sub(input, rough);
      const rest = meanOf(nearlyCentred, axes);
      const centred = tf.sub(nearlyCentred, rest);
      const mean = tf.add(rough, rest);
      const variance = meanOf(tf.square(centred), axes);
      const inverse = tf.rsqrt(tf.add(variance, config.epsilon));
      const normal = tf.mul(centred, inverse);
      const wideGamma = tf.reshape(gamma, wide);
      this.#moments.push({
        layer,
        mean: tf.keep(tf.reshape(mean, [channels])),
        variance: tf.keep(tf.mul(tf.reshape(variance, [channels]), count / (count - 1))),
      });
      save([normal, tf.mul(wideGamma, inverse)]);
      const gradFunc = (dy: tf.Tensor, saved: tf.Tensor[]) => {
        const [normal, scale] = saved;
        const betaGradient = sumOf(dy, axes);
        const gammaGradient = sumOf(tf.mul(dy, normal), axes);
        const shared = tf.add(betaGradient, tf.mul(normal, gammaGradient));
        const inputGradient = tf.mul(scale, tf.sub(dy, tf.mul(shared, 1 / count)));
        return [inputGradient, tf.reshape(gammaGradient, [channels]), tf.reshape(betaGradient, [channels])];
      };
      return { value: tf.add(tf.mul(normal, wideGamma), tf.reshape(beta, wide)), gradFunc };
    });

    const gamma = find(layer, 'gamma')?.read() ?? tf.ones([channels]);
    const beta = find(layer, 'beta')?.read() ?? tf.zeros([channels]);
    return run(x, gamma, beta);
  }

  /** Moves the running statistics: `momentum * running + (1 - momentum) * batch`, the variance unbiased. */
  updateRunning(): void {
    for (const { layer, mean, variance } of this.#moments) {
      const { momentum } = layer.getConfig() as { momentum: number };
      tf.tidy(() => {
        const move = (name: string, batch: tf.Tensor) => {
          const running = find(layer, name)!;
          running.write(tf.add(tf.mul(running.read(), momentum), tf.mul(batch, 1 - momentum)));
        };
        move('moving_mean', mean);
        move('moving_variance', variance);
      });
    }
  }

  dispose(): void {
    for (const { mean, variance } of this.#moments) tf.dispose([mean, variance]);
    this.#moments.length = 0;
  }
}

/**
 * The sum over some dimensions, kept as 1. One dimension at a time: backends add thousands of float32 values
 * one after the other, which would cost three digits where the order costs none.
 */
function sumOf(x: tf.Tensor, axes: readonly number[]): tf.Tensor {
  return axes.toReversed().reduce((rest, axis) => tf.sum(rest, axis, true), x);
}

function meanOf(x: tf.Tensor, axes: readonly number[]): tf.Tensor {
  const count = axes.reduce((product, axis) => product * x.shape[axis], 1);
  return tf.div(sumOf(x, axes), count);
}

function find(layer: tfl.layers.Layer, name: string): tfl.LayerVariable | undefined {
  return layer.weights.find((weight) => weight.originalName.endsWith(`/${name}`));
}
