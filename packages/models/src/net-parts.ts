import { InvalidArgumentError } from '@mnist-kit/core';
import * as tfl from '@tensorflow/tfjs-layers';

/** `initialize` draws every weight, so TensorFlow.js's own initialisers must not spend time or randomness. */
export const zeros = { kernelInitializer: 'zeros', biasInitializer: 'zeros' } as const;

/** Batch norm's settings in PyTorch: TensorFlow.js counts the momentum the other way round. */
export const normSettings = { momentum: 0.9, epsilon: 1e-5 } as const;

/** The last layer of a net. TensorFlow.js has this activation, but not in its type. */
export function logSoftmax(): tfl.layers.Layer {
  return tfl.layers.activation({ activation: 'logSoftmax' as 'softmax', name: 'logsoftmax' });
}

/** @throws InvalidArgumentError for what no net can take in or give out. */
export function checkEnds(classes: number, inputShape: readonly number[]): void {
  if (!isSize(classes)) throw new InvalidArgumentError('classes', 'must be a positive integer', classes);
  if (!Array.isArray(inputShape) || inputShape.length !== 3 || !inputShape.every(isSize))
    throw new InvalidArgumentError('inputShape', 'must be [height, width, channels]', inputShape);
}

export function isSize(value: number): boolean {
  return Number.isSafeInteger(value) && value > 0;
}
