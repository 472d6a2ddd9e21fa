import { expect, test } from 'vitest';
import { findBest } from '../rounds/tune.js';
import { type Choice, environmentOf, PLAIN, type PyTorchSettings } from '../runners/pytorch-settings.js';

const choices: Choice[] = [
  { name: 'format', values: ['channels-last', 'nchw'] },
  { name: 'allocator', values: ['glibc', 'tcmalloc', 'jemalloc'] },
  { name: 'openmp', values: ['gnu'] },
  { name: 'adam', values: ['loop', 'foreach'] },
];

test("settings are chosen one after the other, each measured beside the others' best so far", async () => {
  const asked: PyTorchSettings[][] = [];
  const time = ({ format, allocator, adam }: PyTorchSettings): number => {
    // A setting that fails has no time.
    if (allocator === 'tcmalloc') return Number.POSITIVE_INFINITY;
    return (
      10 - (format === 'nchw' ? 3 : 0) - (allocator === 'jemalloc' ? 1 : 0) + (adam === 'foreach' ? 2 : 0)
    );
  };
  const best = await findBest(choices, async (candidates) => {
    asked.push([...candidates]);
    return candidates.map(time);
  });
  expect(best).toEqual({ ...PLAIN, format: 'nchw', allocator: 'jemalloc' });
  // What leaves no choice is not measured.
  expect(asked.map((candidates) => candidates.length)).toEqual([2, 3, 2]);
  expect(asked[1].every(({ format }) => format === 'nchw')).toBe(true);
  expect(asked[2].every(({ allocator }) => allocator === 'jemalloc')).toBe(true);
});

test('where every candidate fails, the plain settings stay', async () => {
  const best = await findBest(choices, async (candidates) => candidates.map(() => Number.POSITIVE_INFINITY));
  expect(best).toEqual(PLAIN);
});

test('as it is installed, PyTorch gets no variable of ours', () => {
  expect(environmentOf({ ...PLAIN, allocator: 'installed' })).toEqual({});
  expect(environmentOf(PLAIN)).toHaveProperty('MALLOC_TRIM_THRESHOLD_');
});
