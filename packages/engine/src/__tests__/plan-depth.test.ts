import { createEagerExecutor, createPlanExecutor } from '@mnist-kit/engine';
import * as tfl from '@tensorflow/tfjs-layers';
import { expect, test } from 'vitest';
import '@tensorflow/tfjs-backend-cpu';
import { crossEntropy, noise } from './eager-golden.js';

const { layers } = tfl;

/** Small steps away from the identity, so that rounding does not grow from layer to layer. */
function deepNet(blocks: number): tfl.LayersModel {
  const input = tfl.input({ shape: [4, 4, 2] });
  let x = input;
  for (let i = 0; i < blocks; i++) {
    const conv = layers.conv2d({ filters: 2, kernelSize: 3, padding: 'same' }).apply(x);
    const gammaInitializer = tfl.initializers.constant({ value: 0.05 });
    const step = layers.batchNormalization({ gammaInitializer }).apply(conv) as tfl.SymbolicTensor;
    x = layers.add().apply([x, step]) as tfl.SymbolicTensor;
  }
  const features = layers.flatten().apply(x);
  return tfl.model({
    inputs: input,
    outputs: layers.dense({ units: 3 }).apply(features) as tfl.SymbolicTensor,
  });
}

test('a model of 100 convolutions with batch norms runs on the plan as it does op by op', async () => {
  const model = deepNet(100);
  const images = noise(4 * 32, 1);
  const target = crossEntropy([0, 1, 2, 0], 3);
  const plan = await createPlanExecutor(model, { threads: 2, batchSize: 4 });
  const eager = await createEagerExecutor(model, { backend: 'cpu' });
  const actual = await plan.trainStep(images, 4, target);
  const expected = await eager.trainStep(images, 4, target);
  expect(actual.loss).toBeCloseTo(expected.loss, 4);
  for (const [i, { name, gradient }] of eager.parameters.entries()) {
    const off = gradient.reduce(
      (most, value, j) => Math.max(most, Math.abs(plan.parameters[i].gradient[j] - value)),
      0,
    );
    expect(off, name).toBeLessThan(1e-3);
  }
  await plan.dispose();
  await eager.dispose();
});
