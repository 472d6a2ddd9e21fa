import * as tf from '@tensorflow/tfjs-core';
import { conv2DBackpropFilter } from './conv2d-backprop-filter.js';
import { depthwiseBackpropFilter, depthwiseBackpropInput } from './depthwise-backprop.js';
import type { KernelCall } from './heap.js';

const kernels: Readonly<Record<string, (call: KernelCall) => tf.TensorInfo>> = {
  Conv2DBackpropFilter: conv2DBackpropFilter,
  DepthwiseConv2dNativeBackpropFilter: depthwiseBackpropFilter,
  DepthwiseConv2dNativeBackpropInput: depthwiseBackpropInput,
};

/**
 * Registers the gradients that TensorFlow.js's wasm backend has no kernels for, without which it cannot train
 * a convolution (https://github.com/tensorflow/tfjs/issues/8474). Kernels that are there are left alone.
 */
export function registerWasmGradients(): void {
  for (const [kernelName, kernel] of Object.entries(kernels)) {
    if (tf.getKernel(kernelName, 'wasm') != null) continue;
    tf.registerKernel({ kernelName, backendName: 'wasm', kernelFunc: kernel as unknown as tf.KernelFunc });
  }
}
