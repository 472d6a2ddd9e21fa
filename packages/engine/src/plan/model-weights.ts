import type { TensorDict } from '@mnist-kit/core';
import type { LayersModel } from '@tensorflow/tfjs-layers';

/** A copy of a model's weights by TensorFlow.js name. */
export function modelWeights(model: LayersModel): TensorDict {
  return Object.fromEntries(
    model.layers.flatMap((layer) =>
      layer.weights.map((variable) => [
        variable.originalName,
        { shape: variable.shape as number[], data: variable.read().dataSync() as Float32Array },
      ]),
    ),
  );
}
