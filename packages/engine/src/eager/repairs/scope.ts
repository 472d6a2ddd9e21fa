import * as tf from '@tensorflow/tfjs-core';
import { gradientRepairs } from './gradients.js';
import { samePadding } from './same-padding.js';

/**
 * Runs `work` with the gradients that TensorFlow.js (4.22) has wrong, or lacks, replaced by right ones. What is
 * differentiated outside of it, the rest of the user's program, keeps TensorFlow.js's own.
 *
 * A gradient is looked up when its operation runs forward, so this belongs around the forward pass.
 */
export function withRightGradients<T>(work: () => T): T {
  const stock = gradientRepairs.map(({ kernelName }) => tf.getGradient(kernelName));
  for (const repair of gradientRepairs) tf.registerGradient(repair);
  try {
    return work();
  } finally {
    gradientRepairs.forEach(({ kernelName }, i) => {
      if (stock[i] === undefined) tf.unregisterGradient(kernelName);
      else tf.registerGradient(stock[i]);
    });
  }
}

/** Operations of the wasm backend that {@link samePadding} mends. */
const convolutions = ['Conv2D', 'FusedConv2D', 'DepthwiseConv2dNative', 'FusedDepthwiseConv2D'];

/** Kernels of the wasm backend that give wrong numbers, and for which a user can take the cpu backend. */
const wrong = ['Conv3DBackpropFilterV2', 'Conv3DBackpropInputV2', 'MaxPool3DGrad'];

/**
 * Runs `work`, forward and backward, without the kernels that the wasm backend (4.22) has wrong: those of plane
 * convolutions are mended, those for volumes are missing meanwhile.
 */
export function withRightKernels<T>(work: () => T): T {
  if (tf.getBackend() !== 'wasm') return work();
  const find = (names: string[]) =>
    names.map((name) => tf.getKernel(name, 'wasm')).filter((one) => one != null);
  const stock = find([...convolutions, ...wrong]);
  for (const { kernelName } of stock) tf.unregisterKernel(kernelName, 'wasm');
  for (const kernel of stock)
    if (!wrong.includes(kernel.kernelName)) tf.registerKernel({ ...kernel, kernelFunc: samePadding(kernel) });
  try {
    return work();
  } finally {
    for (const { kernelName } of find(convolutions)) tf.unregisterKernel(kernelName, 'wasm');
    for (const kernel of stock) tf.registerKernel(kernel);
  }
}
