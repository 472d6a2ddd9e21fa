import { ModelError } from '@mnist-kit/core';
import { type FeatureOrder, inputOrders } from '@mnist-kit/layers';
import type { LayersModel, layers } from '@tensorflow/tfjs-layers';

/**
 * In which order PyTorch draws decisions about what each layer reads. Nothing for a model that PyTorch cannot
 * have, where any order is as good.
 */
export function drawOrders(model: LayersModel): ReadonlyMap<layers.Layer, FeatureOrder> {
  try {
    return inputOrders(model);
  } catch (error) {
    if (error instanceof ModelError) return new Map();
    throw error;
  }
}
