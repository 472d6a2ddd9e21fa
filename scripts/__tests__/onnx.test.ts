import { useBackend } from '@mnist-kit/engine';
import { fromOnnx, toOnnx } from '@mnist-kit/onnx';
import { beforeAll, expect, test } from 'vitest';
import { differsInKind, inLayout, predict, sampleCases, variants } from '../onnx/cases.js';
import { digestOf, readGolden } from '../onnx/golden.js';

// `npm run test:onnx -- --fixtures` writes what onnxruntime gives, and tells whether it is right.
const golden = await readGolden();
const large = ['improvedNet', 'conservativeImprovedNet'];
const cases = [...sampleCases()].filter(({ name }) => !large.includes(name));

beforeAll(() => useBackend('cpu'));

const largest = (a: ArrayLike<number>, b: ArrayLike<number>) =>
  Array.from(a).reduce((most, value, i) => Math.max(most, Math.abs(value - b[i])), 0);

test.each(cases)('onnxruntime gives for $name what the model gives, from the very files', async (one) => {
  const { outputs: ours } = await predict(one.model, one.images, one.shape);
  const scale = Math.max(1, ...ours.map(Math.abs));
  for (const [variant, settings] of Object.entries(variants)) {
    const { digest, outputs } = golden[one.name][variant];
    expect(digestOf(toOnnx(one.model, settings)), variant).toBe(digest);
    expect(outputs).toHaveLength(ours.length);
    expect(largest(ours, outputs)).toBeLessThanOrEqual(1e-5 * scale);
  }
});

test.each(cases)('$name comes back as a model that gives the same bits', async (one) => {
  const before = await predict(one.model, one.images, one.shape);
  const { data, shape } = inLayout(one, 'NHWC');
  for (const [variant, settings] of Object.entries(variants)) {
    const back = fromOnnx(toOnnx(one.model, settings));
    const after = await predict(back, data, shape);
    const exact = variant !== 'folded' && after.engine === before.engine && !differsInKind(one);
    const tolerance = exact ? 0 : 1e-5 * Math.max(1, ...before.outputs.map(Math.abs));
    expect(largest(before.outputs, after.outputs)).toBeLessThanOrEqual(tolerance);
    back.dispose();
  }
});
