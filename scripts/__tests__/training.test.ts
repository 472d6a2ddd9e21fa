import { existsSync, readdirSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ProgramFolder, replaceOnce, root, typeScriptBlocks } from './programs.js';

const folder = new ProgramFolder('training');
beforeAll(() => folder.create());
afterAll(() => folder.remove());

const blocks = await typeScriptBlocks('docs/training.md');
const program = blocks.join('\n');

test('the guide to training runs, cut down to a few batches', async () => {
  const shorter = replaceOnce(program, [
    ['epochs: 20', 'epochs: 2'],
    ['totalSteps: 20 *', 'totalSteps: 2 *'],
    ['[50_000, 10_000]', '[1_280, 256, 58_464]'],
  ]);
  const printed = await folder.run(shorter);
  expect(printed).toMatch(/epoch: [12], value: 0\.\d+/);
  expect(printed).toMatch(/start from [\d.e-]+/);
  expect(printed).toMatch(/slowest step: [\d.]+ ms/);
  expect(printed).toMatch(/testEce: 0\.\d+/);
  for (const file of ['best.safetensors', 'last.json', 'history.csv', 'log.jsonl'])
    expect(existsSync(join(folder.path, 'runs/second', file))).toBe(true);
  expect(readdirSync(join(folder.path, 'runs/second/checkpoints'))).toHaveLength(2);
  expect(readdirSync(join(folder.path, 'runs/second/tensorboard'))).toHaveLength(1);
  expect(existsSync(join(folder.path, 'learning-rate.svg'))).toBe(true);
}, 120_000);

test('the guide to training names every option and every callback', async () => {
  const guide = await readFile(join(root, 'docs', 'training.md'), 'utf8');
  const source = await readFile(join(root, 'packages/trainer/src/options.ts'), 'utf8');
  const options = [...source.matchAll(/^ {2}(\w+)\??:/gm)].map(([, name]) => name);
  const callbacks = readdirSync(join(root, 'packages/trainer/src/callbacks'));
  const hooks = [
    ...(await readFile(join(root, 'packages/trainer/src/contracts/callback.ts'), 'utf8')).matchAll(
      /^ {2}(on\w+)\?/gm,
    ),
  ];
  expect(options.length).toBeGreaterThan(25);
  expect(callbacks.length).toBeGreaterThan(15);
  const exported = Object.keys(await import('@mnist-kit/trainer'));
  for (const name of [
    ...options,
    ...hooks.map(([, hook]) => hook),
    ...exported.filter((name) => name !== 'History'),
  ])
    expect(guide, name).toMatch(new RegExp(`\\b${name}\\b`));
});
