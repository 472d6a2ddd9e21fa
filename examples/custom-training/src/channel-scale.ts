import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';

/**
 * A layer of one's own: multiplies each channel by a weight that is learned, 1 to begin with (LayerScale, Touvron et al.
 * 2021, https://arxiv.org/abs/2103.17239).
 *
 * The engine compiles stock layers only: with this one the whole model runs on TensorFlow.js, op by op. What it does can be
 * said with a stock layer too, {@link stockChannelScale}, and then the model is compiled.
 */
export class ChannelScale extends tfl.layers.Layer {
  static readonly className = 'ChannelScale';
  #scale!: ReturnType<tfl.layers.Layer['addWeight']>;

  override build(shape: tfl.Shape): void {
    this.#scale = this.addWeight('scale', [shape.at(-1)!], 'float32', tfl.initializers.ones());
    super.build(shape);
  }

  override computeOutputShape(shape: tfl.Shape): tfl.Shape {
    return shape;
  }

  override call(inputs: tf.Tensor | tf.Tensor[]): tf.Tensor {
    return tf.tidy(() => tf.mul(Array.isArray(inputs) ? inputs[0] : inputs, this.#scale.read()));
  }
}
// So that tf.loadLayersModel finds the class by its name.
tf.serialization.registerClass(ChannelScale);

/** The same as a stock layer: a depthwise convolution of one pixel, without bias. */
export function stockChannelScale(): tfl.layers.Layer {
  return tfl.layers.depthwiseConv2d({
    kernelSize: 1,
    useBias: false,
    depthwiseInitializer: 'ones',
  });
}
