import type { DataFormat } from '../operation.js';

/**
 * How the values of one sample lie in TensorFlow.js, compared with the same network in PyTorch, where images
 * are channels first. An image is only laid out otherwise; but what becomes of it when it is flattened stays
 * with the features wherever they go.
 *
 * @example
 * ```ts
 * import type { FeatureOrder } from '@mnist-kit/layers';
 *
 * const asImages: FeatureOrder = { kind: 'image', dataFormat: 'channelsLast' };
 * const swapped: FeatureOrder = { kind: 'vector', places: Int32Array.of(0, 2, 1, 3) };
 * ```
 */
export type FeatureOrder =
  /** An image (or anything else with axes of its own). */
  | { readonly kind: 'image'; readonly dataFormat: DataFormat }
  /** A vector. `places[i]` is the position in PyTorch of feature `i`; absent: the same. */
  | { readonly kind: 'vector'; readonly places?: Int32Array }
  /** Nobody can say; whoever needs to know refuses. */
  | { readonly kind: 'unknown'; readonly why: string };

export const VECTOR: FeatureOrder = { kind: 'vector' };

/**
 * Position in PyTorch of each feature of a vector, where features stand otherwise there and it is known.
 *
 * @example
 * ```ts
 * import { inputOrders, placesOf } from '@mnist-kit/layers';
 * import * as tf from '@tensorflow/tfjs-layers';
 *
 * const model = tf.sequential();
 * model.add(tf.layers.flatten({ inputShape: [2, 1, 2] }));
 * model.add(tf.layers.dropout({ rate: 0.2 }));
 * console.log(placesOf(inputOrders(model).get(model.layers[1]))); // Int32Array [0, 2, 1, 3]
 * ```
 */
export const placesOf = (order: FeatureOrder | undefined): Int32Array | undefined =>
  order?.kind === 'vector' ? order.places : undefined;

/** Whether features stand in the same order in both. */
export const sameOrder = (a: FeatureOrder, b: FeatureOrder): boolean => {
  if (a.kind === 'image' && b.kind === 'image') return a.dataFormat === b.dataFormat;
  if (a.kind === 'vector' && b.kind === 'vector')
    return a.places === b.places || String(a.places) === String(b.places);
  return false;
};

/** An image flattened row by row, where PyTorch flattens it channel by channel. */
export function flattened(shape: readonly number[], dataFormat: DataFormat): FeatureOrder {
  // Channels first is PyTorch's own order.
  if (shape.length !== 3 || dataFormat === 'channelsFirst') return VECTOR;
  const [height, width, channels] = shape;
  if (channels === 1 || height * width === 1) return VECTOR;
  const places = new Int32Array(height * width * channels);
  for (let pixel = 0; pixel < height * width; pixel++)
    for (let c = 0; c < channels; c++) places[pixel * channels + c] = c * height * width + pixel;
  return { kind: 'vector', places };
}

/** Vectors one after the other. */
export function joined(parts: readonly { order: FeatureOrder; length: number }[]): FeatureOrder {
  if (parts.every(({ order }) => order.kind === 'vector' && order.places === undefined)) return VECTOR;
  const places = new Int32Array(parts.reduce((sum, { length }) => sum + length, 0));
  let start = 0;
  for (const { order, length } of parts) {
    const own = order.kind === 'vector' ? order.places : undefined;
    for (let i = 0; i < length; i++) places[start + i] = start + (own?.[i] ?? i);
    start += length;
  }
  return { kind: 'vector', places };
}
