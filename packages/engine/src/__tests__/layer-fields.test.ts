import { ModelError } from '@mnist-kit/core';
import { createEagerExecutor, createPlanExecutor, useBackend } from '@mnist-kit/engine';
import * as tfl from '@tensorflow/tfjs-layers';
import { beforeAll, describe, expect, test } from 'vitest';
import { CLASSES, expectSame, type Measured, measure } from './compare-executors.js';
import { fieldCases, type LayerCase } from './layer-field-cases.js';

beforeAll(async () => {
  await useBackend('cpu');
});

const SIZE = 4;

/** A net with the layer in its middle. */
function build({ make, vector, logits, head, inputs = 1 }: LayerCase, config: object): tfl.LayersModel {
  const input = tfl.input({ shape: [6, 6, 3] });
  const conv = (i: number) =>
    tfl.layers
      .conv2d({ name: `source${i}`, filters: 4, kernelSize: 3, padding: 'same' })
      .apply(input) as tfl.SymbolicTensor;
  const flat = (x: tfl.SymbolicTensor) =>
    (x.shape.length === 2 ? x : tfl.layers.flatten().apply(x)) as tfl.SymbolicTensor;
  const sources = Array.from({ length: inputs }, (_, i) => (vector ? flat(conv(i)) : conv(i)));
  if (logits)
    sources[0] = tfl.layers.dense({ name: 'fc', units: CLASSES }).apply(sources[0]) as tfl.SymbolicTensor;
  let x = make({ name: 'tested', ...config } as never).apply(
    inputs === 1 ? sources[0] : sources,
  ) as tfl.SymbolicTensor;
  if (!head) x = tfl.layers.dense({ name: 'fc', units: CLASSES }).apply(flat(x)) as tfl.SymbolicTensor;
  return tfl.model({ inputs: input, outputs: x });
}

const onEager = (layer: LayerCase, config: object) =>
  measure(build(layer, config), createEagerExecutor, { size: SIZE });

/** Whether any number differs by more than rounding. */
function differs(a: Measured, b: Measured): boolean {
  try {
    expectSame(a, b);
    return false;
  } catch {
    return true;
  }
}

/** What became of a net: its numbers, or the error that names the field. */
async function outcome(
  layer: LayerCase,
  config: object,
  field: string,
  make: typeof createPlanExecutor,
): Promise<Measured | 'refused'> {
  try {
    return await measure(build(layer, config), make, { size: SIZE });
  } catch (error) {
    expect(error).toBeInstanceOf(ModelError);
    expect((error as Error).message).toContain(field);
    return 'refused';
  }
}

describe.each(fieldCases)('$name', (layer) => {
  test('every field of the configuration is tried', () => {
    const fields = Object.keys(layer.make(layer.base as never).getConfig());
    const tried = new Set([...layer.mutations.map(({ field }) => field), ...(layer.fixed ?? [])]);
    expect(fields.filter((field) => !tried.has(field))).toEqual([]);
  });

  test.each(layer.mutations)('$field = $label', async ({ field, value, effect = 'numbers' }) => {
    const config = { ...layer.base, [field]: value };
    const eager = await outcome(layer, config, field, createEagerExecutor);
    const plan = await outcome(layer, config, field, createPlanExecutor);
    // Eager runs whatever TensorFlow.js can; the plan may leave it to eager, by name.
    expect([eager === 'refused', plan === 'refused']).toEqual([
      effect === 'refused',
      effect === 'refused' || effect === 'eager' || effect === 'eagerOnly',
    ]);
    if (plan !== 'refused') expectSame(plan, eager as Measured);
    // A value that changes nothing would show nothing.
    if (effect === 'numbers' || effect === 'eager')
      expect(differs(eager as Measured, await onEager(layer, layer.base))).toBe(true);
  });
});
