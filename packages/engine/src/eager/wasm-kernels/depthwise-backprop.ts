import * as tf from '@tensorflow/tfjs-core';
import type { KernelCall } from './heap.js';

interface Attributes {
  strides: [number, number] | number;
  dilations: [number, number] | number;
  pad: 'valid' | 'same' | number;
  dimRoundingMode?: 'floor' | 'round' | 'ceil';
  filterShape: [number, number, number, number];
  inputShape: [number, number, number, number];
}

type Shape4D = [number, number, number, number];

/** The gradient of a depthwise convolution's filter, `height x width x in x multiplier`. */
export function depthwiseBackpropFilter({ inputs, attrs, backend }: KernelCall): tf.TensorInfo {
  const { x, dy } = inputs;
  const { filterShape } = attrs as Attributes;
  const info = convInfo(x.shape as Shape4D, filterShape, attrs as Attributes);
  const sums = new Float64Array(tf.util.sizeFromShape(filterShape));
  const image = backend.typedArrayFromHeap(x);
  const gradient = backend.typedArrayFromHeap(dy);
  forEachProduct(info, filterShape[3], (input, filter, output) => {
    sums[filter] += image[input] * gradient[output];
  });
  const result = backend.makeOutput(filterShape, 'float32');
  backend.typedArrayFromHeap(result).set(sums);
  return result;
}

/** The gradient of a depthwise convolution's input, `n x height x width x in`. */
export function depthwiseBackpropInput({ inputs, attrs, backend }: KernelCall): tf.TensorInfo {
  const { dy, filter } = inputs;
  const { inputShape } = attrs as Attributes;
  const filterShape = filter.shape as Shape4D;
  const info = convInfo(inputShape, filterShape, attrs as Attributes);
  const result = backend.makeOutput(inputShape, 'float32');
  const sums = backend.typedArrayFromHeap(result).fill(0);
  const weights = backend.typedArrayFromHeap(filter);
  const gradient = backend.typedArrayFromHeap(dy);
  forEachProduct(info, filterShape[3], (input, weight, output) => {
    sums[input] += weights[weight] * gradient[output];
  });
  return result;
}

function convInfo(inputShape: Shape4D, filterShape: Shape4D, attrs: Attributes): tf.backend_util.Conv2DInfo {
  const { strides, dilations, pad, dimRoundingMode } = attrs;
  return tf.backend_util.computeConv2DInfo(
    inputShape,
    filterShape,
    strides,
    dilations,
    pad,
    dimRoundingMode,
    true,
  );
}

/** Calls `visit` with the flat positions of every product of the convolution. */
function forEachProduct(
  info: tf.backend_util.Conv2DInfo,
  multiplier: number,
  visit: (input: number, filter: number, output: number) => void,
): void {
  const { inHeight, inWidth, inChannels, outHeight, outWidth } = info;
  for (let n = 0; n < info.batchSize; n++)
    for (let oy = 0; oy < outHeight; oy++)
      for (let ox = 0; ox < outWidth; ox++)
        for (let ky = 0; ky < info.filterHeight; ky++) {
          const y = oy * info.strideHeight + ky * info.dilationHeight - info.padInfo.top;
          if (y < 0 || y >= inHeight) continue;
          for (let kx = 0; kx < info.filterWidth; kx++) {
            const x = ox * info.strideWidth + kx * info.dilationWidth - info.padInfo.left;
            if (x < 0 || x >= inWidth) continue;
            const input = ((n * inHeight + y) * inWidth + x) * inChannels;
            const filter = (ky * info.filterWidth + kx) * inChannels * multiplier;
            const output = ((n * outHeight + oy) * outWidth + ox) * inChannels * multiplier;
            for (let i = 0; i < inChannels * multiplier; i++)
              visit(input + Math.floor(i / multiplier), filter + i, output + i);
          }
        }
}
