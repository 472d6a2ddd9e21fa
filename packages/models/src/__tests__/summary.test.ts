import { InvalidArgumentError } from '@mnist-kit/core';
import { convNet, optimizedNet, parameterBreakdown, summary } from '@mnist-kit/models';
import { expect, test } from 'vitest';
import { golden, nets } from './golden.js';

test.each(nets)("the breakdown of %s adds up to PyTorch's count", (name, build) => {
  const { total, trainable, layers } = parameterBreakdown(build());
  expect(total).toBe(golden[name].params);
  expect(trainable).toBe(total);
  expect(layers.reduce((sum, { parameters }) => sum + parameters, 0)).toBe(total);
  expect(layers.reduce((sum, { share }) => sum + share, 0)).toBeCloseTo(1, 12);
});

test('the breakdown names each layer that has parameters', () => {
  const { layers } = parameterBreakdown(optimizedNet());
  expect(layers[0]).toEqual({ layer: 'conv1', type: 'Conv2d', parameters: 80, share: 80 / 17_994 });
  expect(layers[1]).toMatchObject({ layer: 'bn1', type: 'BatchNorm2d', parameters: 16 });
  expect(layers.map(({ parameters }) => parameters)).toEqual([
    80, 16, 1168, 32, 2320, 32, 4640, 64, 9248, 64, 330,
  ]);
});

test('the table has a row per layer, images channels first as torchsummary prints them', () => {
  const lines = summary(optimizedNet())
    .split('\n')
    .map((line) => line.trim().replace(/\s{2,}/g, '  '));
  expect(lines).toContain('Layer (type)  Output Shape (NCHW)  Param #');
  expect(lines).toContain('conv2 (Conv2d)  [-1, 16, 28, 28]  1,168');
  expect(lines).toContain('drop4 (Dropout2d)  [-1, 32, 14, 14]  0');
  expect(lines).toContain('pool2 (MaxPool2d)  [-1, 32, 7, 7]  0');
  expect(lines).toContain('fc (Linear)  [-1, 10]  330');
  expect(lines).toContain('Total params: 17,994');
  expect(lines).toContain('Non-trainable params: 0');
});

test('the sizes are those that torchsummary computes', () => {
  const lines = summary(optimizedNet()).split('\n');
  // 4 blocks of tensors per convolution, the pools, the pooled features twice, and twice the classes;
  // each counted twice, at 4 bytes.
  const values =
    4 * (8 + 16) * 784 + 4 * (16 + 32) * 196 + 4 * 32 * 49 + 16 * 196 + 32 * 49 + 2 * 32 + 2 * 10;
  const megabytes = (bytes: number) => (bytes / 2 ** 20).toFixed(2);
  expect(lines).toContain(`Input size (MB): ${megabytes(784 * 4)}`);
  expect(lines).toContain(`Forward/backward pass size (MB): ${megabytes(values * 2 * 4)}`);
  expect(lines).toContain(`Params size (MB): ${megabytes(17_994 * 4)}`);
  expect(lines).toContain(`Estimated Total Size (MB): ${megabytes(784 * 4 + values * 2 * 4 + 17_994 * 4)}`);
});

test("the model's own layout can be asked for, and nothing else", () => {
  expect(summary(optimizedNet(), { layout: 'NHWC' })).toMatch(/conv1 \(Conv2d\) +\[-1, 28, 28, 8\] +80/);
  expect(() => summary(optimizedNet(), { layout: 'CHWN' as 'NCHW' })).toThrow(InvalidArgumentError);
});

test('frozen layers count as non-trainable', () => {
  const model = convNet({ channels: [4], classes: 2, inputShape: [4, 4, 1] });
  model.getLayer('fc').trainable = false;
  expect(summary(model)).toContain('Non-trainable params: 10');
  expect(parameterBreakdown(model).trainable).toBe(40 + 8);
});
