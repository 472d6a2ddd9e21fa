import * as tf from '@tensorflow/tfjs-core';
import type * as tfl from '@tensorflow/tfjs-layers';

interface ConvolutionConfig {
  readonly strides: number[];
  readonly dilationRate: number[];
  readonly padding: 'same' | 'valid';
  readonly dataFormat?: 'channelsFirst' | 'channelsLast';
  readonly useBias: boolean;
}

export function isDilated(layer: tfl.layers.Layer): boolean {
  return (layer.getConfig() as unknown as ConvolutionConfig).dilationRate.some((rate) => rate !== 1);
}

/**
 * A Conv1D, Conv2D or SeparableConv2D, dilated or not, as a convolution with a larger kernel that is zero between
 * its taps.
 *
 * TensorFlow.js has no gradient for dilated convolutions, and refuses those that have strides as well.
 */
export function dilatedConvolution(layer: tfl.layers.Layer): (x: tf.Tensor) => tf.Tensor {
  const config = layer.getConfig() as unknown as ConvolutionConfig;
  const { padding, useBias } = config;
  const name = layer.getClassName();
  const line = name === 'Conv1D';
  const separable = name === 'SeparableConv2D';
  // A line of values is an image of one column.
  const strides = (line ? [config.strides[0], 1] : config.strides) as [number, number];
  const rates = (line ? [config.dilationRate[0], 1] : config.dilationRate) as [number, number];
  const first = config.dataFormat === 'channelsFirst';
  // Not public, and the only place that holds an activation of the user's own.
  const { activation } = layer as unknown as { activation: { apply(x: tf.Tensor): tf.Tensor } };

  return (x) => {
    const [kernel, ...others] = layer.weights.map((weight) => weight.read());
    const filter = dilate((line ? tf.expandDims(kernel, 1) : kernel) as tf.Tensor4D, rates);
    const images = (line ? tf.expandDims(x, 2) : first ? tf.transpose(x, [0, 2, 3, 1]) : x) as tf.Tensor4D;
    let y: tf.Tensor;
    if (separable) {
      const features = tf.depthwiseConv2d(images, filter, strides, padding);
      y = tf.conv2d(features, others[0] as tf.Tensor4D, 1, 'valid');
    } else y = tf.conv2d(images, filter, strides, padding);
    if (useBias) y = tf.add(y, others[others.length - 1]);
    // As stock layers do: only the separable one activates while channels are last.
    if (separable) y = activation.apply(y);
    if (first) y = tf.transpose(y, [0, 3, 1, 2]);
    if (line) y = tf.squeeze(y, [2]);
    return separable ? y : activation.apply(y);
  };
}

/** `height x width x in x out` with `rate - 1` zeros between neighbours, in operations that have gradients. */
function dilate(kernel: tf.Tensor4D, [rateY, rateX]: [number, number]): tf.Tensor4D {
  const [height, width, inputs, outputs] = kernel.shape;
  const rows = spread(tf.reshape(kernel, [1, height, width * inputs * outputs]), rateY);
  const columns = spread(tf.reshape(rows, [rows.shape[1], width, inputs * outputs]), rateX);
  return tf.reshape(columns, [rows.shape[1], columns.shape[1], inputs, outputs]);
}

/** Puts `rate - 1` zeros between neighbours along the middle dimension. */
function spread(x: tf.Tensor3D, rate: number): tf.Tensor3D {
  const [outer, count, inner] = x.shape;
  if (rate === 1) return x;
  const wide = tf.pad(tf.reshape(x, [outer * count, 1, inner]), [
    [0, 0],
    [0, rate - 1],
    [0, 0],
  ]);
  const all = tf.reshape(wide, [outer, count * rate, inner]) as tf.Tensor3D;
  return tf.slice(all, [0, 0, 0], [outer, (count - 1) * rate + 1, inner]);
}
