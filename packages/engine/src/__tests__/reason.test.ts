import { createExecutor } from '@mnist-kit/engine';
import * as tfl from '@tensorflow/tfjs-layers';
import '@tensorflow/tfjs-backend-cpu';
import { expect, test } from 'vitest';

function model(...layers: tfl.layers.Layer[]): tfl.LayersModel {
  return tfl.sequential({ layers: [...layers, tfl.layers.flatten(), tfl.layers.dense({ units: 3 })] });
}

test('an executor that is not the fastest says which layer was in the way, and only then', async () => {
  const apart = tfl.layers.separableConv2d({
    name: 'apart',
    inputShape: [4, 4, 1],
    kernelSize: 1,
    filters: 2,
  });
  const slow = await createExecutor(model(apart));
  expect(slow.engine).toBe('eager');
  expect(slow.reason).toMatch(/"apart" \(SeparableConv2D\)/);
  expect(slow.description).toContain(slow.reason);
  await slow.dispose();

  const plain = () => model(tfl.layers.conv2d({ inputShape: [4, 4, 1], kernelSize: 1, filters: 2 }));
  for (const engine of ['auto', 'eager'] as const) {
    const executor = await createExecutor(plain(), { engine });
    expect(executor.reason).toBeUndefined();
    await executor.dispose();
  }
});
