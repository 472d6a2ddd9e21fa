import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { findPython } from '../runners/python.js';
import { inFolder, runBench, withoutPyTorch } from './run-bench.js';

const python = await findPython();

test.skipIf(typeof python === 'string')(
  "the first steps have PyTorch's pixels bit for bit and its losses to rounding, dropout and augmentation on",
  async () => {
    await inFolder(async (folder) => {
      const { code, stdout, stderr } = await runBench([
        'fidelity',
        '--steps',
        '6',
        '--seed',
        '7',
        '--out',
        folder,
      ]);
      expect(stderr).toBe('');
      expect(stdout).toContain('bit for bit: 6 of 6');
      expect(code).toBe(0);
      const { differences, losses, samePixels } = JSON.parse(
        await readFile(join(folder, 'fidelity.json'), 'utf8'),
      );
      expect(samePixels).toBe(6);
      expect(losses.pytorch).toHaveLength(6);
      // The first step has no history: only the order of sums differs.
      expect(differences[0]).toBeLessThan(1e-6);
      expect(Math.max(...differences)).toBeLessThan(1e-4);
      expect(await readFile(join(folder, 'fidelity.svg'), 'utf8')).toMatch(/^<svg[\s>]/);
      expect([...(await readFile(join(folder, 'fidelity.png'))).subarray(1, 4)]).toEqual([0x50, 0x4e, 0x47]);
    });
  },
  120_000,
);

test('without PyTorch the comparison is left out, and says so', async () => {
  const { code, stdout } = await runBench(['fidelity'], withoutPyTorch);
  expect(code).toBe(0);
  expect(stdout).toMatch(/PyTorch is left out/);
});
