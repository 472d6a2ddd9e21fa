import type { Generator } from '@mnist-kit/core';
import { initialize, skipGreeting } from '@mnist-kit/models';
import * as tfc from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-layers';
import { ChannelScale, stockChannelScale } from './channel-scale.js';

export interface ResidualNetOptions {
  /** Channels of each stage; a 2x2 max-pool stands between two stages. Default [12, 24]. */
  channels?: readonly number[];
  /** Scales what a block adds, channel by channel, with the layer of this example. Default false: with a stock layer. */
  own?: boolean;
  /** Where the initial weights come from. */
  generator: Generator;
}

/** Tensors of a model that is being built. */
type Symbolic = tf.SymbolicTensor;

const apply = (layer: tf.layers.Layer, input: Symbolic | Symbolic[]) => layer.apply(input) as Symbolic;

const conv = (filters: number, kernelSize: number) =>
  tf.layers.conv2d({ filters, kernelSize, padding: 'same', useBias: false });

// PyTorch's settings; TensorFlow.js's own are 1e-3 and 0.99.
const norm = () => tf.layers.batchNormalization({ epsilon: 1e-5, momentum: 0.9 });

/** `x + scale(norm(conv(relu(norm(conv(x))))))`, and a ReLU (He et al. 2015, https://arxiv.org/abs/1512.03385). */
function block(input: Symbolic, filters: number, scale: () => tf.layers.Layer): Symbolic {
  let x = apply(norm(), apply(conv(filters, 3), input));
  x = apply(norm(), apply(conv(filters, 3), apply(tf.layers.reLU(), x)));
  // Where the number of channels changes, the input is brought to it by a 1x1 convolution.
  const same = input.shape.at(-1) === filters;
  const shortcut = same ? input : apply(norm(), apply(conv(filters, 1), input));
  return apply(tf.layers.reLU(), apply(tf.layers.add(), [apply(scale(), x), shortcut]));
}

function build(channels: readonly number[], scale: () => tf.layers.Layer): tf.LayersModel {
  const inputs = tf.input({ shape: [28, 28, 1] });
  let x = apply(tf.layers.reLU(), apply(norm(), apply(conv(channels[0], 3), inputs)));
  channels.forEach((filters, stage) => {
    if (stage > 0) x = apply(tf.layers.maxPooling2d({ poolSize: 2 }), x);
    x = block(x, filters, scale);
  });
  x = apply(tf.layers.globalAveragePooling2d({}), apply(tf.layers.maxPooling2d({ poolSize: 2 }), x));
  return tf.model({ inputs, outputs: apply(tf.layers.dense({ units: 10 }), x) });
}

/** A net of residual blocks, with initial weights from the generator. It ends in logits. */
export function residualNet({
  channels = [12, 24],
  own = false,
  generator,
}: ResidualNetOptions): tf.LayersModel {
  skipGreeting(); // TensorFlow.js's, on stderr
  const scales: tf.layers.Layer[] = [];
  const model = build(channels, () => {
    const scale = stockChannelScale();
    scales.push(scale);
    return scale;
  });
  // PyTorch's initial values, which `initialize` knows for stock layers; scales begin at 1.
  initialize(model, generator);
  for (const scale of scales) scale.setWeights(scale.getWeights().map((weight) => tfc.onesLike(weight)));
  if (!own) return model;

  // A layer of one's own has its place in the same graph, and the same weights in another shape.
  const twin = build(channels, () => new ChannelScale({}));
  const shapes = twin.getWeights().map((weight) => weight.shape);
  twin.setWeights(model.getWeights().map((weight, i) => tfc.reshape(weight, shapes[i])));
  model.dispose();
  return twin;
}
