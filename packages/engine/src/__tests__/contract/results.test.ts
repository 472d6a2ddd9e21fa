import { Generator } from '@mnist-kit/core';
import { optimizedNet, toTorchNames } from '@mnist-kit/models';
import { expect, test } from 'vitest';
import { batch, crossEntropy, firstStep, golden } from '../eager-golden.js';
import { describeEveryExecutor } from './executors.js';

describeEveryExecutor('results', (make, kind) => {
  const name = 'OptimizedNet';
  // TensorFlow.js's cpu backend takes half a second for an image.
  const count = kind === 'eager, cpu' ? 4 : 32;
  const build = () => optimizedNet({ generator: new Generator(1), dropout: 0, fcDropout: 0 });

  test('log-probabilities of OptimizedNet are PyTorch’s', async () => {
    const executor = await make(build());
    const outputs = await executor.predict(batch(0).images, 4);
    golden[name].eval_logprobs_first4.flat().forEach((value, i) => {
      expect(Math.abs(outputs[i] - value)).toBeLessThan(1e-5);
    });
  });

  test('loss and gradients of the first step of OptimizedNet are PyTorch’s', async () => {
    const model = build();
    const executor = await make(model, { batchSize: 32 });
    const images = batch(0).images.subarray(0, count * 784);
    const labels = batch(0).labels.subarray(0, count);
    const { loss } = await executor.trainStep(images, count, crossEntropy(labels));
    const expected = firstStep(name, count);
    expect(Math.abs(loss / expected.loss - 1)).toBeLessThan(1e-5);
    const gradients = executor.parameters.map(({ name, shape, gradient }) => [
      name,
      { shape, data: gradient },
    ]);
    const got = toTorchNames(model, Object.fromEntries(gradients));
    for (const [key, { data }] of Object.entries(expected.gradients)) {
      // A bias in front of a batch norm is taken out again, so its gradient is rounding.
      const largest = /conv\d\.bias/.test(key)
        ? 1
        : data.reduce((max, value) => Math.max(max, Math.abs(value)), 0);
      // PyTorch's own sum over 25,088 pixels is up to 1.7e-4 from the gradient in float64.
      const tolerance = key === 'conv1.weight' ? 3e-4 : 1e-4;
      const off = data.reduce((most, value, i) => Math.max(most, Math.abs(got[key].data[i] - value)), 0);
      expect(off / largest, key).toBeLessThan(tolerance);
    }
  });
});
