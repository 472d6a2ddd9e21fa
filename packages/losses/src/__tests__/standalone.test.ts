import { mixupLoss, nllLoss } from '@mnist-kit/losses';
import * as tf from '@tensorflow/tfjs-core';
import { expect, test } from 'vitest';
import { expectClose, withoutLeaks } from './fixtures.js';

// A file of its own: nothing here loads @tensorflow/tfjs-layers, which registers the gradients of operations.
test('losses are differentiable with nothing but tfjs-core and a backend', () => {
  withoutLeaks(() => {
    expect(() => tf.grad((x) => tf.sum(tf.square(x)))(tf.tensor1d([1]))).toThrow(
      /gradient function not found/,
    );
    const labels = tf.tensor1d([0, 1], 'int32');
    const outputs = tf.zeros([2, 2]);
    const plain = tf.grad((x) => nllLoss()(x as tf.Tensor2D, labels));
    expectClose(plain(outputs).dataSync(), [-0.25, 0.25, 0.25, -0.25], 1e-7);
    const loss = mixupLoss(nllLoss(), { lambda: 0.75, partners: Int32Array.of(1, 0) });
    const mixed = tf.grad((x) => loss(x as tf.Tensor2D, labels));
    expectClose(mixed(outputs).dataSync(), [-0.125, 0.125, 0.125, -0.125], 1e-7);
  });
});
