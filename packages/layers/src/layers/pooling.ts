import { VECTOR } from '../features/feature-order.js';
import type { LayerKind } from '../layer-kind.js';
import type { GlobalPoolOperation, PoolOperation } from '../operation.js';
import { imageOf } from './conv2d.js';

const pool = (className: string, of: 'max' | 'average', torchType: string): LayerKind<PoolOperation> => ({
  className,
  read: (fields) => ({ kind: 'pool', of, size: fields.pair('poolSize'), ...fields.sliding() }),
  torchType: () => torchType,
  order: imageOf,
});

const globalPool = (
  className: string,
  of: 'max' | 'average',
  torchType: string,
): LayerKind<GlobalPoolOperation> => ({
  className,
  read: (fields) => ({ kind: 'globalPool', of, dataFormat: fields.dataFormat() }),
  torchType: () => torchType,
  order: () => VECTOR,
});

/** Layers that take the maximum or the average of windows, or of whole images. */
export const poolingKinds = [
  pool('MaxPooling2D', 'max', 'MaxPool2d'),
  pool('AveragePooling2D', 'average', 'AvgPool2d'),
  globalPool('GlobalMaxPooling2D', 'max', 'AdaptiveMaxPool2d'),
  globalPool('GlobalAveragePooling2D', 'average', 'AdaptiveAvgPool2d'),
] as const;
