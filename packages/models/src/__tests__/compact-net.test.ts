import { readFileSync } from 'node:fs';
import { Generator, InvalidArgumentError } from '@mnist-kit/core';
import { createExecutor } from '@mnist-kit/engine';
import { type CompactBlock, type CompactNetOptions, compactNet, parameterBreakdown } from '@mnist-kit/models';
import { expect, test } from 'vitest';

const golden: { parameters: number; outputs: number[][] } = JSON.parse(
  readFileSync(new URL('./fixtures/compact-net.json', import.meta.url), 'utf8'),
);
const blocks: CompactBlock[] = [
  { conv: 4 },
  'maxPool',
  { separable: 6, kernelSize: 5 },
  { separable: 6, residual: true },
  'averagePool',
  { conv: 6, residual: true },
  { separable: 8, padding: 'valid' },
];

test('has the parameters, the initial weights and the outputs of the same net in PyTorch', async () => {
  const model = compactNet({ blocks, generator: new Generator(3) });
  expect(parameterBreakdown(model).total).toBe(golden.parameters);
  const executor = await createExecutor(model, { engine: 'plan', threads: 1, batchSize: 2 });
  const images = Float32Array.from({ length: 2 * 28 * 28 }, (_, i) => ((i * 37) % 101) / 50 - 1);
  const outputs = await executor.predict(images, 2);
  for (const [i, expected] of golden.outputs.flat().entries())
    expect(Math.abs(outputs[i] - expected)).toBeLessThan(1e-5);
  await executor.dispose();
  model.dispose();
});

test('without scale only residual blocks have one', () => {
  const model = compactNet({ blocks, scale: false });
  const scaled = model.layers.filter((layer) => layer.getConfig().scale === true).map(({ name }) => name);
  expect(scaled).toEqual(['bn4', 'bn6']);
  expect(parameterBreakdown(model).total).toBe(golden.parameters - 4 - 6 - 8);
  model.dispose();
});

test('layers are named after the block that they belong to', () => {
  const model = compactNet({ blocks: [{ conv: 4 }, 'maxPool', { separable: 4, residual: true }] });
  expect(model.layers.map(({ name }) => name)).toEqual([
    ...['input', 'conv1', 'bn1', 'relu1', 'pool2', 'depth3', 'point3', 'bn3', 'add3', 'relu3'],
    ...['avgpool', 'fc', 'logsoftmax'],
  ]);
  model.dispose();
});

test.each<[string, unknown]>([
  ['blocks', []],
  ['blocks', undefined],
  ['blocks[1]', [{ conv: 4 }, 'pool']],
  ['blocks[0]', [{}]],
  ['blocks[0]', [null]],
  ['blocks[0].conv', [{ conv: 0 }]],
  ['blocks[0].separable', [{ separable: 2.5 }]],
  ['blocks[0].kernelSize', [{ conv: 4, kernelSize: 0 }]],
  ['blocks[0].padding', [{ conv: 4, padding: 'full' }]],
  ['blocks[1].residual', [{ conv: 4 }, { conv: 5, residual: true }]],
  ['blocks[1].residual', [{ conv: 4 }, { conv: 4, residual: true, padding: 'valid' }]],
  ['blocks[0].residual', [{ conv: 1, residual: 'yes' }]],
  ['blocks[5]', [{ conv: 4 }, 'maxPool', 'maxPool', 'maxPool', 'maxPool', 'maxPool']],
  ['blocks[0]', [{ conv: 4, kernelSize: 29, padding: 'valid' }]],
])('refuses %s of %o', (name, blocks) => {
  const call = () => compactNet({ blocks } as CompactNetOptions);
  expect(call).toThrow(InvalidArgumentError);
  expect(call).toThrow(`\`${name}\``);
});

test('a block with a key that does not exist, or two kinds at once, is refused by name', () => {
  const call = (block: object) => () => compactNet({ blocks: [block as CompactBlock] });
  expect(call({ conv: 4, kernelsize: 3 })).toThrow(
    'is not an option of blocks[0] (did you mean `kernelSize`?)',
  );
  expect(call({ conv: 4, separable: 3 })).toThrow('`conv`');
});
