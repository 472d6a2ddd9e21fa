import * as tf from '@tensorflow/tfjs-core';
import { conv2DBackpropFilter } from './conv2d-backprop-filter.js';
import { depthwiseBackpropFilter, depthwiseBackpropInput } from './depthwise-backprop.js';
import type { KernelCall } from './heap.js';
import { maxPoolGrad } from './max-pool-grad.js';

type Kernel = (call: KernelCall) => tf.TensorInfo;

const missing: Readonly<Record<string, Kernel>> = {
  Conv2DBackpropFilter: conv2DBackpropFilter,
  DepthwiseConv2dNativeBackpropFilter: depthwiseBackpropFilter,
  DepthwiseConv2dNativeBackpropInput: depthwiseBackpropInput,
};

const wrong: Readonly<Record<string, Kernel>> = { MaxPoolGrad: maxPoolGrad };

/**
 * Registers the gradients that TensorFlow.js's wasm backend has no kernels for, without which it cannot train
 * a convolution (https://github.com/tensorflow/tfjs/issues/8474), and replaces those that it has wrong.
 * May be called again: the backend's package may come to be loaded, with its kernels, after the first time.
 */
export function registerWasmGradients(): void {
  for (const [kernelName, kernel] of Object.entries(missing))
    if (tf.getKernel(kernelName, 'wasm') == null) register(kernelName, kernel);
  for (const [kernelName, kernel] of Object.entries(wrong)) {
    const current = tf.getKernel(kernelName, 'wasm');
    if (current == null || current.kernelFunc === (kernel as unknown)) continue;
    tf.unregisterKernel(kernelName, 'wasm');
    register(kernelName, kernel);
  }
}

function register(kernelName: string, kernel: Kernel): void {
  tf.registerKernel({ kernelName, backendName: 'wasm', kernelFunc: kernel as unknown as tf.KernelFunc });
}
