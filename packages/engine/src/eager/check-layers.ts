import { ModelError } from '@mnist-kit/core';
import { describeLayer } from '@mnist-kit/layers';
import type * as tfl from '@tensorflow/tfjs-layers';
import { innerLayersOf } from './graph.js';
import { repairOf } from './repairs/layers.js';

/** Says why a layer cannot be run as it is written; nothing where it can. */
type Check = (config: Record<string, unknown>, layer: tfl.layers.Layer) => string | undefined;

/** What wrappers would run by TensorFlow.js's own code, in which masks and statistics are not PyTorch's. */
const notInWrappers = new Set(['Dropout', 'SpatialDropout1D', 'BatchNormalization']);

const dilationIsIgnored: Check = (_, layer) =>
  isOne((layer as unknown as Record<string, unknown>).dilationRate)
    ? undefined
    : '`dilationRate` is ignored by TensorFlow.js; leave it out';

const inside: Check = (_, layer) => {
  const inner = innerLayersOf(layer).find(
    (one) => 'layers' in one || notInWrappers.has(one.getClassName()) || repairOf(one) !== undefined,
  );
  return (
    inner && `the layer in it, "${inner.name}" (${inner.getClassName()}), cannot be run inside of another`
  );
};

/** Fields that TensorFlow.js accepts and then ignores or fails on, of layers that are not described elsewhere. */
const checks: Readonly<Record<string, Check>> = {
  SpatialDropout1D: ({ seed }) =>
    seed == null
      ? undefined
      : '`seed` would draw the same mask in every step; masks come from the generator that the run is given',
  Conv1D: ({ padding }, layer) => {
    if (padding === 'causal') return '`padding` "causal" is not known to TensorFlow.js; pad in front of it';
    const { dataFormat } = layer as unknown as { dataFormat: string };
    return dataFormat === 'channelsFirst'
      ? '`dataFormat` "channelsFirst" is not understood by it'
      : undefined;
  },
  Conv2DTranspose: dilationIsIgnored,
  Conv3DTranspose: dilationIsIgnored,
  TimeDistributed: inside,
  Bidirectional: inside,
};

/**
 * Refuses layers with a field that TensorFlow.js would ignore.
 *
 * @throws ModelError that names the layer and the field.
 */
export function checkLayers(layers: readonly tfl.layers.Layer[]): void {
  for (const layer of layers) {
    describeLayer(layer);
    const why = checks[layer.getClassName()]?.(layer.getConfig(), layer);
    if (why !== undefined) throw new ModelError(`Layer "${layer.name}" (${layer.getClassName()}): ${why}.`);
  }
}

const isOne = (rates: unknown): boolean => [rates ?? 1].flat().every((rate) => rate === 1);
