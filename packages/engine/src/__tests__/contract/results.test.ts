import { Generator } from '@mnist-kit/core';
import { optimizedNet, toTorchNames } from '@mnist-kit/models';
import { expect, test } from 'vitest';
import { batch, crossEntropy, golden, goldenGradients } from '../eager-golden.js';
import { describeEveryExecutor } from './executors.js';

describeEveryExecutor('results', (make) => {
  const name = 'OptimizedNet';
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
    const { images, labels } = batch(0);
    const { loss } = await executor.trainStep(images, 32, crossEntropy(labels));
    expect(Math.abs(loss / golden[name].runs.adam.losses[0] - 1)).toBeLessThan(1e-5);
    const gradients = executor.parameters.map(({ name, shape, gradient }) => [
      name,
      { shape, data: gradient },
    ]);
    const got = toTorchNames(model, Object.fromEntries(gradients));
    for (const [key, { data }] of Object.entries(goldenGradients(name))) {
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
