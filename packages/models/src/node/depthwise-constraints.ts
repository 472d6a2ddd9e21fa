import type * as tfl from '@tensorflow/tfjs-layers';
import { isObject } from './model-graph.js';

interface Configurable {
  getClassName(): string;
  getConfig(): Record<string, unknown>;
}

/**
 * Puts the constraints of depthwise kernels into a model's description: TensorFlow.js 4.22 writes the regularizer
 * in their place (tfjs-layers, `layers/convolutional_depthwise.ts`, `getConfig`).
 *
 * @param topology The description, which is changed.
 */
export function mendDepthwiseConstraints(model: tfl.LayersModel, topology: unknown): void {
  const config = isObject(topology) ? topology.config : undefined;
  const described = isObject(config) && Array.isArray(config.layers) ? config.layers : [];
  model.layers.forEach((layer) => {
    const own = described.find(
      (item) => isObject(item) && isObject(item.config) && item.config.name === layer.name,
    );
    if (own === undefined) return;
    if ('layers' in layer) mendDepthwiseConstraints(layer as tfl.LayersModel, own);
    if (layer.getClassName() !== 'DepthwiseConv2D') return;
    const { depthwiseConstraint } = layer as unknown as { depthwiseConstraint: Configurable | null };
    own.config.depthwise_constraint = depthwiseConstraint == null ? null : pythonic(depthwiseConstraint);
  });
}

function pythonic(value: Configurable) {
  const entries = Object.entries(value.getConfig());
  const config = entries.map(([key, item]) => [
    key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`),
    item,
  ]);
  return { class_name: value.getClassName(), config: Object.fromEntries(config) };
}
