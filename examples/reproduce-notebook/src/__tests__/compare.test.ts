import { expect, test } from 'vitest';
import { compare, formatComparison } from '../compare.js';

const epochs = Array.from({ length: 20 }, (_, index) => ({
  valAccuracy: 0.8 + index / 1000,
  valAccuracyClean: 0.9 + index / 1000,
}));

test("a whole run stands beside the notebook's two figures and PyTorch's test", () => {
  const rows = compare('optimized', { epochs, testAccuracy: 0.98 });
  expect(rows[0]).toMatchObject({ label: 'epoch 1', run: 0.8, notebook: 0.8849, pytorch: 0.8836 });
  expect(rows[19]).toMatchObject({ label: 'epoch 20', notebook: 0.9799, pytorch: 0.9764 });
  expect(rows[20]).toMatchObject({ label: 'best of 20', run: epochs[19].valAccuracy, pytorch: 0.9788 });
  expect(rows[21]).toMatchObject({ label: 'test', runClean: 0.98, pytorchClean: 0.986 });
});

test('a shorter run is compared with as many epochs, and its test with nothing', () => {
  const rows = compare('enhanced', { epochs: epochs.slice(0, 2), testAccuracy: 0.9 });
  expect(rows.map((row) => row.label)).toEqual(['epoch 1', 'epoch 2', 'best of 2', 'test']);
  expect(rows[2].pytorch).toBe(0.9759);
  expect(rows[3].pytorchClean).toBeNull();
});

test('a longer run leaves the columns of the others empty', () => {
  const longer = [...epochs, { valAccuracy: 0.99, valAccuracyClean: 0.99 }];
  expect(compare('advanced', { epochs: longer, testAccuracy: null })[20]).toMatchObject({
    run: 0.99,
    notebook: null,
    pytorch: null,
  });
});

test('the table shows per cent, right-aligned in columns of one width', () => {
  const lines = formatComparison(compare('optimized', { epochs, testAccuracy: 0.98 })).split('\n');
  expect(new Set(lines.map((line) => line.length)).size).toBe(1);
  expect(lines[2]).toMatch(/^epoch 1 +80\.00 +88\.49 +88\.36 +90\.00 +90\.47$/);
});
