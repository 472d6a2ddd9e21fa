import * as tf from '@tensorflow/tfjs-core';
import type * as tfl from '@tensorflow/tfjs-layers';
import { dilatedConvolution, isDilated } from './convolution.js';

/** Runs a layer, forward; the tape differentiates it. */
export type LayerCall = (x: tf.Tensor) => tf.Tensor;

/**
 * What to run instead of the layer's own `call`, where that cannot be differentiated, ignores a field or fails.
 *
 * @returns `undefined` where TensorFlow.js's layer is right.
 */
export function repairOf(layer: tfl.layers.Layer): LayerCall | undefined {
  switch (layer.getClassName()) {
    case 'Conv1D':
    case 'Conv2D':
      return isDilated(layer) ? dilatedConvolution(layer) : undefined;
    case 'SeparableConv2D':
      // Its own bias does not fit channels that come first.
      return isDilated(layer) || layer.getConfig().dataFormat === 'channelsFirst'
        ? dilatedConvolution(layer)
        : undefined;
    case 'BatchNormalization':
      return batchNormalization(layer);
    case 'LayerNormalization':
      return layerNormalization(layer);
    default:
      return undefined;
  }
}

/** In inference mode: its kernels take the statistics as if they were of the last axis, whichever they are of. */
function batchNormalization(layer: tfl.layers.Layer): LayerCall {
  const { axis: given, epsilon } = layer.getConfig() as { axis: number; epsilon: number };
  return (x) => {
    const axis = given < 0 ? given + x.rank : given;
    if (axis === x.rank - 1) return layer.call(x, { training: false }) as tf.Tensor;
    const read = (name: string) => {
      const weight = layer.weights.find(({ originalName }) => originalName.endsWith(`/${name}`));
      return (
        weight &&
        tf.reshape(
          weight.read(),
          x.shape.map((length, i) => (i === axis ? length : 1)),
        )
      );
    };
    const [mean, variance] = [read('moving_mean')!, read('moving_variance')!];
    const [gamma, beta] = [read('gamma'), read('beta')];
    const normal = tf.mul(tf.sub(x, mean), tf.rsqrt(tf.add(variance, epsilon)));
    const scaled = gamma === undefined ? normal : tf.mul(normal, gamma);
    return beta === undefined ? scaled : tf.add(scaled, beta);
  };
}

/** TensorFlow.js cannot differentiate it without a scale or a centre. */
function layerNormalization(layer: tfl.layers.Layer): LayerCall | undefined {
  const { axis, epsilon, scale, center } = layer.getConfig() as {
    axis: number[];
    epsilon: number;
    scale: boolean;
    center: boolean;
  };
  if (scale && center) return undefined;
  return (x) => {
    const centred = tf.sub(x, tf.mean(x, axis, true));
    const variance = tf.mean(tf.square(centred), axis, true);
    const normal = tf.mul(centred, tf.rsqrt(tf.add(variance, epsilon)));
    if (!scale && !center) return normal;
    const weight = tf.reshape(
      layer.weights[0].read(),
      x.shape.map((length, i) => (axis.includes(i) ? length : 1)),
    );
    return scale ? tf.mul(normal, weight) : tf.add(normal, weight);
  };
}
