import { readdirSync, readFileSync } from 'node:fs';
import { ModelError } from '@mnist-kit/core';
import { createEagerExecutor, createPlanExecutor, useBackend } from '@mnist-kit/engine';
import { readSafetensors, readSafetensorsMetadata } from '@mnist-kit/models';
import { beforeAll, expect, test } from 'vitest';
import { runArchitecture } from './architectures/run.js';
import type { Architecture } from './architectures/spec.js';

// A sample of what `npm run test:architectures` makes: random nets with PyTorch's results in float64, and how
// far each may be off: 1e-4 of its largest value, or ten times PyTorch's own error in float32. `npm run test:architectures -- --fixtures` writes another one.

const folder = new URL('./fixtures/architectures/', import.meta.url);

/** The nets of the fixtures. */
const nets = readdirSync(folder).map((file) => {
  const bytes = readFileSync(new URL(file, folder));
  const { architecture, tolerance } = readSafetensorsMetadata(bytes);
  return {
    architecture: JSON.parse(architecture) as Architecture,
    tolerance: JSON.parse(tolerance) as Record<string, number>,
    tensors: readSafetensors(bytes),
  };
});
type Net = (typeof nets)[number];
const cases = nets.map((net) => [net.architecture.seed, kindsOf(net), net] as const);

function kindsOf({ architecture }: Net): string {
  return [...new Set(architecture.layers.map(({ kind }) => kind))].join(', ');
}

const isDilated = ({ architecture }: Net) =>
  architecture.layers.some((layer) => 'dilation' in layer && Math.max(...layer.dilation) > 1);

const largest = (values: Iterable<number>) => Math.max(...[...values].map(Math.abs), 0);

async function expectResultsOfPyTorch(net: Net, make: Parameters<typeof runArchitecture>[2]): Promise<void> {
  const { architecture, tensors, tolerance } = net;
  const actual = await runArchitecture(architecture, tensors, make);
  expect(Object.keys(actual).sort()).toEqual(Object.keys(tolerance).sort());
  for (const [name, most] of Object.entries(tolerance)) {
    const expected = tensors[`results/${name}`].data;
    const { data } = actual[name];
    expect(data.length, name).toBe(expected.length);
    expect(largest(data.map((value, i) => value - expected[i])), name).toBeLessThanOrEqual(most);
  }
}

beforeAll(async () => {
  await useBackend('cpu');
});

test.each(cases)('net %i (%s) has the results of PyTorch in float64 on the plan', async (_, __, net) => {
  const { batchSize } = net.architecture;
  const run = () =>
    expectResultsOfPyTorch(net, (model) => createPlanExecutor(model, { threads: 2, batchSize }));
  // TensorFlow.js runs these.
  if (isDilated(net)) await expect(run()).rejects.toThrow(ModelError);
  else await run();
});

for (const backend of ['cpu', 'wasm'])
  test.each(cases)(`net %i (%s) has the results of PyTorch in float64 eagerly on ${backend}`, (_, __, net) =>
    expectResultsOfPyTorch(net, (model) => createEagerExecutor(model, { backend })),
  );
