import { readFileSync } from 'node:fs';
import { Generator } from '@mnist-kit/core';
import { createEagerExecutor, createPlanExecutor, useBackend } from '@mnist-kit/engine';
import * as tfl from '@tensorflow/tfjs-layers';
import { describe, expect, test } from 'vitest';
import { CLASSES } from './compare-executors.js';
import { crossEntropy, noise } from './eager-golden.js';

/** A small net and what PyTorch makes of it; `fixtures/make_batch_norm_digits.py` writes them. */
interface Case {
  name: string;
  shape: [number, number, number];
  size: number;
  /** Images are uniform noise of this mean, between `mean - std` and `mean + std`. */
  mean: number;
  std: number;
  layers: [keyof typeof tfl.layers, object][];
  expected: Record<string, { values: number[]; float32Error: number }>;
}

const cases: Case[] = JSON.parse(
  readFileSync(new URL('./fixtures/batch-norm-digits.json', import.meta.url), 'utf8'),
);

function modelOf({ shape, layers }: Case): tfl.LayersModel {
  const make = tfl.layers as unknown as Record<string, (config: object) => tfl.layers.Layer>;
  return tfl.sequential({
    layers: layers.map(([kind, config], i) =>
      make[kind]({ ...config, name: `l${i}`, ...(i === 0 ? { inputShape: shape } : {}) }),
    ),
  });
}

/** Weights as the fixture's script makes them. */
function weightsOf(model: tfl.LayersModel) {
  const trained = model.trainableWeights.map(({ originalName, shape }, i) => {
    const kind = originalName.split('/')[1];
    const scale = kind === 'bias' || kind === 'beta' ? 0.25 : 0.5;
    const size = (shape as number[]).reduce((product, side) => product * side, 1);
    const data = noise(size, i + 1).map((value) => value * scale + (kind === 'gamma' ? 1 : 0));
    return [originalName, { shape: shape as number[], data }] as const;
  });
  return Object.fromEntries(trained);
}

/** One training step; tensors by the fixture's names. */
async function stepOf(one: Case, make: typeof createPlanExecutor): Promise<Record<string, Float32Array>> {
  const { shape, size, mean, std } = one;
  const model = modelOf(one);
  const executor = await make(model, { threads: 2, batchSize: size });
  await executor.writeWeights(weightsOf(model));
  const values = noise(size * shape[0] * shape[1] * shape[2], 99);
  const images = values.map((value) => Math.fround(value * std) + mean);
  executor.drawMasks(size, new Generator(1));
  const labels = Int32Array.from({ length: size }, (_, i) => i % CLASSES);
  const { outputs } = await executor.trainStep(images, size, crossEntropy(labels, CLASSES));
  const after = await executor.readWeights();
  const result = Object.fromEntries([
    ['outputs', outputs.slice()],
    ...Object.entries(after).map(([name, { data }]) => [name, data]),
    ...executor.parameters.map((p) => [p.name, p.gradient.slice()]),
  ]);
  await executor.dispose();
  model.dispose();
  return result;
}

const executors = [
  ['the plan', 'cpu', createPlanExecutor],
  ['eager on wasm', 'wasm', createEagerExecutor],
  ['eager on cpu', 'cpu', createEagerExecutor],
] as const;

describe.each(executors)('%s', (_, backend, make) => {
  test.each(cases)(
    '$name: every tensor is within 1e-4 of its largest value or 10 times the error of PyTorch in float32',
    async (one) => {
      await useBackend(backend);
      const actual = await stepOf(one, make);
      for (const [name, { values, float32Error }] of Object.entries(one.expected)) {
        expect(actual[name], name).toHaveLength(values.length);
        const top = Math.max(...values.map(Math.abs));
        const error = Math.max(...values.map((value, i) => Math.abs(actual[name][i] - value)));
        expect(error / top, name).toBeLessThan(Math.max(1e-4, 10 * float32Error));
      }
    },
  );
});
