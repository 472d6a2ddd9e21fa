import * as tf from '@tensorflow/tfjs-core';
import type { HeapBackend, KernelCall } from './heap.js';

interface Attributes {
  strides: [number, number] | number;
  pad: 'valid' | 'same' | number;
  dataFormat: 'NHWC' | 'NCHW';
  dimRoundingMode?: 'floor' | 'round' | 'ceil';
  filterShape: [number, number, number, number];
}

/** Output pixels per product: few enough that adding them one after the other in float32 keeps its digits. */
const maxColumns = 1024;

/**
 * The gradient of a convolution's filter: images are unfolded, some at a time, into one row per place in the
 * filter and one column per output pixel, and multiplied with the gradient of the output.
 *
 * `filterGradient[ky, kx, i, o] = sum over n, y, x of image[n, y * stride + ky - pad, …, i] * dy[n, y, x, o]`
 */
export function conv2DBackpropFilter({ inputs, attrs, backend }: KernelCall): tf.TensorInfo {
  const { x, dy } = inputs;
  const { strides, pad, dataFormat, dimRoundingMode, filterShape } = attrs as Attributes;
  const format = tf.backend_util.convertConv2DDataFormat(dataFormat);
  const info = tf.backend_util.computeConv2DInfo(
    x.shape as [number, number, number, number],
    filterShape,
    strides,
    1,
    pad,
    dimRoundingMode,
    false,
    format,
  );
  if (format !== 'channelsLast') throw new Error('Conv2DBackpropFilter for wasm takes NHWC only.');

  const rows = info.filterHeight * info.filterWidth * info.inChannels;
  const pixels = info.outHeight * info.outWidth;
  const imagesAtOnce = Math.max(1, Math.floor(maxColumns / pixels));
  const total = new Float64Array(rows * info.outChannels);
  for (let first = 0; first < info.batchSize; first += imagesAtOnce) {
    const images = Math.min(imagesAtOnce, info.batchSize - first);
    const columns = backend.makeOutput([1, rows, images * pixels], 'float32');
    const gradients = backend.makeOutput([1, images * pixels, info.outChannels], 'float32');
    unfold(backend.typedArrayFromHeap(x), backend.typedArrayFromHeap(columns), info, first, images);
    const width = pixels * info.outChannels;
    const dyValues = backend.typedArrayFromHeap(dy);
    backend.typedArrayFromHeap(gradients).set(dyValues.subarray(first * width, (first + images) * width));
    const product = matMul(backend, columns, gradients);
    const values = backend.typedArrayFromHeap(product);
    for (let i = 0; i < total.length; i++) total[i] += values[i];
    for (const { dataId } of [columns, gradients, product]) backend.disposeData(dataId);
  }
  const result = backend.makeOutput(filterShape, 'float32');
  backend.typedArrayFromHeap(result).set(total);
  return result;
}

function matMul(backend: HeapBackend, a: tf.TensorInfo, b: tf.TensorInfo): tf.TensorInfo {
  const { kernelFunc } = tf.getKernel('BatchMatMul', 'wasm');
  const attrs = { transposeA: false, transposeB: false };
  return kernelFunc({ inputs: { a, b }, attrs, backend }) as tf.TensorInfo;
}

/** Writes `rows x (images * pixels)`: for every place in the filter and input channel, what it sees. */
function unfold(
  image: Float32Array,
  columns: Float32Array,
  info: tf.backend_util.Conv2DInfo,
  first: number,
  images: number,
): void {
  const { inHeight, inWidth, inChannels, outHeight, outWidth, strideHeight, strideWidth } = info;
  let at = 0;
  for (let ky = 0; ky < info.filterHeight; ky++)
    for (let kx = 0; kx < info.filterWidth; kx++)
      for (let channel = 0; channel < inChannels; channel++)
        for (let n = first; n < first + images; n++)
          for (let oy = 0; oy < outHeight; oy++) {
            const y = oy * strideHeight + ky - info.padInfo.top;
            const row = (n * inHeight + y) * inWidth;
            const inside = y >= 0 && y < inHeight;
            for (let ox = 0; ox < outWidth; ox++) {
              const x = ox * strideWidth + kx - info.padInfo.left;
              columns[at++] = inside && x >= 0 && x < inWidth ? image[(row + x) * inChannels + channel] : 0;
            }
          }
}
