import { ModelError, type NamedTensor, type Parameter, type TensorDict } from '@mnist-kit/core';
import * as tf from '@tensorflow/tfjs-core';
import type * as tfl from '@tensorflow/tfjs-layers';
import { checkWeights } from '../checks.js';

/** A trainable tensor with the TensorFlow.js variable behind it. */
export interface EagerParameter extends Parameter {
  readonly weight: tfl.LayerVariable;
}

/**
 * Every weight of some layers, in order.
 *
 * @throws ModelError when two weights share a name, as they can in nested models.
 */
export function collectWeights(layers: readonly tfl.layers.Layer[]): tfl.LayerVariable[] {
  const weights = [...new Set(layers.flatMap((layer) => layer.weights))];
  const names = new Set<string>();
  for (const { originalName } of weights) {
    if (names.has(originalName))
      throw new ModelError(
        `A model must not have two weights with one name. Received: "${originalName}" twice`,
      );
    names.add(originalName);
  }
  return weights;
}

/** The trainable weights of some layers as flat arrays, in order. */
export async function collectParameters(layers: readonly tfl.layers.Layer[]): Promise<EagerParameter[]> {
  const trainable = collectWeights(layers.filter((layer) => layer.trainable)).filter(
    (weight) => weight.trainable,
  );
  return Promise.all(
    trainable.map(async (weight) => {
      const value = (await weight.read().data()).slice() as Float32Array;
      const gradient = new Float32Array(value.length);
      return { name: weight.originalName, shape: weight.shape as number[], value, gradient, weight };
    }),
  );
}

/** Copies `value` into the model, through the weight's constraint where it has one. */
export async function upload({ weight, shape, value }: EagerParameter): Promise<void> {
  // A copy, because the cpu backend would go on using the array that an optimizer writes to.
  tf.tidy(() => void weight.write(tf.tensor(value.slice(), [...shape])));
  if (weight.constraint != null) value.set((await weight.read().data()) as Float32Array);
}

/** Copies of some weights, by TensorFlow.js name. */
export async function readWeights(weights: readonly tfl.LayerVariable[]): Promise<TensorDict> {
  const entries = weights.map(async (weight): Promise<[string, NamedTensor]> => {
    const data = (await weight.read().data()).slice() as Float32Array;
    return [weight.originalName, { shape: weight.shape as number[], data }];
  });
  return Object.fromEntries(await Promise.all(entries));
}

/**
 * Replaces weights by TensorFlow.js name; all or, when something does not fit, none.
 *
 * @throws CheckpointError when a name is unknown or a shape does not fit.
 */
export function writeWeights(weights: readonly tfl.LayerVariable[], dict: TensorDict): void {
  checkWeights(new Map(weights.map(({ originalName, shape }) => [originalName, shape])), dict);
  const byName = new Map(weights.map((weight) => [weight.originalName, weight]));
  tf.tidy(() => {
    for (const [name, { shape, data }] of Object.entries(dict))
      byName.get(name)!.write(tf.tensor(data.slice(), [...shape], 'float32'));
  });
}
