import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ProgramFolder, replaceOnce, typeScriptBlocks } from './programs.js';

const folder = new ProgramFolder('coming-from-pytorch');
beforeAll(() => folder.create());
afterAll(() => folder.remove());

const blocks = await typeScriptBlocks('docs/coming-from-pytorch.md');
const program = blocks.join('\n');

test('the TypeScript side of the guide for PyTorch users runs, cut down to ten batches', async () => {
  const shorter = replaceOnce(program, [
    ['epochs: 20', 'epochs: 1'],
    ['[50_000, 10_000]', '[1_280, 256, 58_464]'],
  ]);
  const printed = await folder.run(shorter);
  const losses = printed.split('\n').filter((line) => /^\d\.\d+$/.test(line));
  // The loop by hand is an epoch of ten batches.
  expect(losses).toHaveLength(10);
  for (const loss of losses) expect(Math.abs(Number(loss) - Math.LN10)).toBeLessThan(1);
  const accuracy = Number(/testAccuracy: ([\d.]+)/.exec(printed)?.[1]);
  expect(accuracy).toBeGreaterThan(0.02);
  expect(accuracy).toBeLessThan(1);
  expect(existsSync(join(folder.path, 'runs/advanced/best.safetensors'))).toBe(true);
  expect(existsSync(join(folder.path, 'trained.pth'))).toBe(true);
}, 120_000);
