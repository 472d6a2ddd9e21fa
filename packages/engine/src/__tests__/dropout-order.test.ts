import { Generator } from '@mnist-kit/core';
import { createEagerExecutor, createPlanExecutor, useBackend } from '@mnist-kit/engine';
import * as tfl from '@tensorflow/tfjs-layers';
import { beforeAll, expect, test } from 'vitest';

beforeAll(async () => {
  await useBackend('cpu');
});

const bits = (text: string) => [...text.replaceAll(' ', '')].map(Number);

// PyTorch 1.13: `torch.manual_seed(5)`, then nn.Dropout(0.4) of ones, of three flattened images of 3 channels and
// 2 x 2 pixels, and of three such images: which values it kept. Images are listed pixel by pixel here.
const keptFlat = bits('011110100111 011111010111 011110001101');
const keptImages = bits('101011101101 101110011111 110001010101');

/** Flatten and dropout, in one of the two orders, and nothing else: its outputs are the mask. */
function model(order: 'flatten first' | 'dropout first'): tfl.LayersModel {
  const flatten = tfl.layers.flatten();
  const dropout = tfl.layers.dropout({ rate: 0.4 });
  const [first, second] = order === 'flatten first' ? [flatten, dropout] : [dropout, flatten];
  const input = tfl.input({ shape: [2, 2, 3] });
  return tfl.model({ inputs: input, outputs: second.apply(first.apply(input)) as tfl.SymbolicTensor });
}

/** Takes values that stand pixel by pixel to channel by channel, as PyTorch flattens images. */
const channelsFirst = (values: number[]) =>
  values.map((_, i) => {
    const [image, place] = [Math.floor(i / 12), i % 12];
    return values[image * 12 + (place % 4) * 3 + Math.floor(place / 4)];
  });

test.each([
  ['plan', createPlanExecutor],
  ['eager', createEagerExecutor],
])('%s: dropout draws in the order that features and images have in PyTorch', async (_, make) => {
  const generator = new Generator(5);
  const kept = async (order: Parameters<typeof model>[0]) => {
    const executor = await make(model(order), { threads: 1, batchSize: 3 });
    executor.drawMasks(3, generator);
    const target = { kind: 'softTargets' as const, probabilities: new Float32Array(36), scale: 1 };
    const { outputs } = await executor.trainStep(new Float32Array(36).fill(1), 3, target);
    const result = Array.from(outputs, (value) => (value > 0 ? 1 : 0));
    await executor.dispose();
    return result;
  };
  expect(channelsFirst(await kept('flatten first'))).toEqual(keptFlat);
  expect(await kept('dropout first')).toEqual(keptImages);
});
