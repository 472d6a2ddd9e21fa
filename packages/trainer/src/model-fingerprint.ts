import type { LayersModel } from '@tensorflow/tfjs-layers';

/**
 * Everything about a model that decides what an executor made of it does, but for the values of its weights: the
 * configuration of its layers and what is frozen.
 */
export function modelFingerprint(model: LayersModel): string {
  const trainable = new Set(model.trainableWeights);
  return JSON.stringify({
    layers: model.layers.map((layer) => [layer.getClassName(), layer.getConfig()]),
    weights: model.weights.map((weight) => [weight.originalName, trainable.has(weight)]),
  });
}
