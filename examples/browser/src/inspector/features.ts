import type { TensorDict } from '@mnist-kit/core';
import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import type { FeatureMaps, Filters } from './messages.js';

/** Most channels of a layer that are shown. */
const MOST_CHANNELS = 32;

/** Reads what the layers of a net make of an image: the activations behind each block. */
export class FeatureReader {
  readonly #model: tfl.LayersModel;
  readonly #layers: readonly tfl.layers.Layer[];
  readonly #size: readonly number[];

  constructor(model: tfl.LayersModel) {
    // What comes behind an activation is what the next block sees; its name says which block it is.
    this.#layers = model.layers.filter((layer) => /^relu\d+$/.test(layer.name));
    this.#size = (model.inputs[0].shape as number[]).slice(1);
    this.#model = tfl.model({
      inputs: model.inputs,
      outputs: this.#layers.map((layer) => layer.output as tfl.SymbolicTensor),
    });
  }

  /** @param image Normalised, `height x width x channels`. */
  read(image: Float32Array): FeatureMaps[] {
    const tensors = tf.tidy(() => {
      const output = this.#model.predict(tf.tensor(image, [1, ...this.#size]));
      return Array.isArray(output) ? output : [output];
    });
    const maps = tensors.map((tensor, i) => toMaps(this.#layers[i].name, tensor as tf.Tensor4D));
    tf.dispose(tensors);
    return maps;
  }
}

function toMaps(layer: string, tensor: tf.Tensor4D): FeatureMaps {
  const [, height, width, all] = tensor.shape;
  const channels = Math.min(all, MOST_CHANNELS);
  const data = tensor.dataSync();
  const values = new Float32Array(channels * height * width);
  for (let c = 0; c < channels; c++)
    for (let p = 0; p < height * width; p++) values[c * height * width + p] = data[p * all + c];
  return { layer, height, width, channels, values };
}

/** The windows of the first convolution. */
export function firstFilters(model: tfl.LayersModel): Filters {
  const layer = model.layers.find((one) => one.getClassName() === 'Conv2D');
  const kernel = layer?.getWeights()[0];
  if (layer === undefined || kernel === undefined)
    return { layer: '', size: 0, count: 0, values: new Float32Array(0) };
  const [size, , inputs, count] = kernel.shape;
  const data = kernel.dataSync();
  const values = new Float32Array(count * size * size);
  for (let k = 0; k < count; k++)
    for (let p = 0; p < size * size; p++) values[k * size * size + p] = data[p * inputs * count + k];
  return { layer: layer.name, size, count, values };
}

/** Puts weights by TensorFlow.js name into a model. */
export function setWeights(model: tfl.LayersModel, weights: TensorDict): void {
  for (const weight of model.weights) {
    const { data, shape } = weights[weight.originalName];
    const tensor = tf.tensor(data, [...shape]);
    weight.write(tensor);
    tensor.dispose();
  }
}
