import * as tf from '@tensorflow/tfjs-core';
import type { KernelCall } from './heap.js';

interface Attributes {
  filterSize: [number, number] | number;
  strides: [number, number] | number;
  pad: 'valid' | 'same' | number;
  dimRoundingMode?: 'floor' | 'round' | 'ceil';
}

/**
 * The gradient of max pooling: each window's gradient goes to its largest value, the first of equals.
 *
 * TensorFlow.js's own kernel (4.22) takes a positive number as the least that a window can hold, so that
 * windows without a positive value lose their gradient: right behind ReLU, wrong behind anything else.
 */
export function maxPoolGrad({ inputs, attrs, backend }: KernelCall): tf.TensorInfo {
  const { dy, input } = inputs;
  const { filterSize, strides, pad, dimRoundingMode } = attrs as Attributes;
  const shape = input.shape as [number, number, number, number];
  const info = tf.backend_util.computePool2DInfo(shape, filterSize, strides, 1, pad, dimRoundingMode);
  const { inHeight, inWidth, inChannels, outHeight, outWidth } = info;

  const result = backend.makeOutput(shape, 'float32');
  const sums = backend.typedArrayFromHeap(result).fill(0);
  const image = backend.typedArrayFromHeap(input);
  const gradient = backend.typedArrayFromHeap(dy);
  let output = 0;
  for (let n = 0; n < info.batchSize; n++)
    for (let oy = 0; oy < outHeight; oy++) {
      const top = oy * info.strideHeight - info.padInfo.top;
      const yEnd = Math.min(top + info.filterHeight, inHeight);
      for (let ox = 0; ox < outWidth; ox++) {
        const left = ox * info.strideWidth - info.padInfo.left;
        const xEnd = Math.min(left + info.filterWidth, inWidth);
        for (let channel = 0; channel < inChannels; channel++) {
          let largest = -Infinity;
          let at = -1;
          for (let y = Math.max(top, 0); y < yEnd; y++)
            for (let x = Math.max(left, 0); x < xEnd; x++) {
              const position = ((n * inHeight + y) * inWidth + x) * inChannels + channel;
              if (at < 0 || image[position] > largest) {
                largest = image[position];
                at = position;
              }
            }
          sums[at] += gradient[output++];
        }
      }
    }
  return result;
}
