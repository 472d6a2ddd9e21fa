import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ProgramFolder, replaceOnce, typeScriptBlocks } from './programs.js';

const folder = new ProgramFolder('readme');
beforeAll(() => folder.create());
afterAll(() => folder.remove());

const [program] = await typeScriptBlocks('README.md');

test('the first program of the README runs, cut down to ten batches', async () => {
  // One epoch. The rest of the training images goes to a third subset.
  const shorter = replaceOnce(program, [
    ['epochs: 20', 'epochs: 1'],
    ['[50_000, 10_000]', '[1_280, 512, 58_208]'],
  ]);
  const printed = await folder.run(shorter);
  const accuracy = Number(/testAccuracy: ([\d.]+)/.exec(printed)?.[1]);
  // After ten steps little is learned: what matters is that ten thousand images were judged.
  expect(accuracy).toBeGreaterThan(0.02);
  expect(accuracy).toBeLessThan(1);
  expect(existsSync(join(folder.path, 'runs/first/best.safetensors'))).toBe(true);
}, 120_000);

test('the guide explains the lines of that program and no others', async () => {
  const lines = new Set(program.split('\n'));
  const blocks = (await typeScriptBlocks('docs/getting-started.md')).map((block) => block.trimEnd());
  expect(blocks.length).toBeGreaterThan(3);
  expect(blocks.flatMap((block) => block.split('\n')).filter((line) => !lines.has(line))).toEqual([]);
});
