import { InvalidArgumentError, ModelError } from '@mnist-kit/core';
import {
  accuracy,
  calibrationError,
  confusionMatrix,
  type Metric,
  type MetricBatch,
  type MetricValue,
  perClassAccuracy,
  topKAccuracy,
} from '@mnist-kit/trainer';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

function toBatch(rows: readonly (readonly number[])[], labels: readonly number[]): MetricBatch {
  return {
    outputs: Float32Array.from(rows.flat()),
    labels: Int32Array.from(labels),
    predictions: Int32Array.from(rows, (row) => row.indexOf(Math.max(...row))),
    size: rows.length,
    classes: rows[0].length,
  };
}

function measure<T extends MetricValue>(metric: Metric<T>, ...batches: MetricBatch[]): T {
  metric.reset();
  for (const batch of batches) metric.update(batch);
  return metric.compute();
}

const rows = [
  [3, 2, 1],
  [1, 3, 2],
  [2, 3, 1],
  [1, 2, 3],
];
const labels = [0, 2, 2, 2];

describe('on four samples counted by hand', () => {
  const halves = [toBatch(rows.slice(0, 3), labels.slice(0, 3)), toBatch(rows.slice(3), labels.slice(3))];

  test('accuracy', () => expect(measure(accuracy(), ...halves)).toBe(0.5));

  test('top-k accuracy', () => {
    expect(measure(topKAccuracy({ k: 1 }), ...halves)).toBe(0.5);
    expect(measure(topKAccuracy({ k: 2 }), ...halves)).toBe(0.75);
    expect(measure(topKAccuracy({ k: 3 }), ...halves)).toBe(1);
  });

  test('confusion matrix and per-class accuracy', () => {
    const expected = [
      [1, 0, 0],
      [0, 0, 0],
      [0, 2, 1],
    ];
    expect(measure(confusionMatrix(), ...halves)).toEqual(expected);
    expect(measure(perClassAccuracy(), ...halves)).toEqual([1, Number.NaN, 1 / 3]);
  });
});

test('calibration error of four known confidences', () => {
  // Two classes, confidences 0.95, 0.95, 0.65, 0.55, hits 1, 0, 1, 0. In five bins: (0.8, 1] holds the first
  // two, (0.6, 0.8] the third, (0.4, 0.6] the last.
  const confidences = [0.95, 0.95, 0.65, 0.55];
  const batch = toBatch(
    confidences.map((p) => [Math.log(p), Math.log(1 - p)]),
    [0, 1, 0, 1],
  );
  const expected = (Math.abs(1 - 1.9) + Math.abs(1 - 0.65) + Math.abs(0 - 0.55)) / 4;
  expect(measure(calibrationError({ bins: 5 }), batch)).toBeCloseTo(expected, 6);
});

test('calibrationError refuses probabilities, whose softmax is no confidence', () => {
  const rows = [
    [0.9, 0.1, 0],
    [0.2, 0.2, 0.6],
  ];
  expect(() => measure(calibrationError(), toBatch(rows, [0, 2]))).toThrow(ModelError);
  const logits = rows.map((row) => row.map((p) => Math.log(Math.max(p, 1e-9))));
  expect(measure(calibrationError({ bins: 5 }), toBatch(logits, [0, 2]))).toBeCloseTo((0.1 + 0.4) / 2, 5);
});

const batches = fc
  .record({ classes: fc.integer({ min: 2, max: 6 }), size: fc.integer({ min: 1, max: 20 }) })
  .chain(({ classes, size }) =>
    fc.record({
      rows: fc.array(
        fc.array(fc.float({ min: -5, max: 5, noNaN: true }), { minLength: classes, maxLength: classes }),
        { minLength: size, maxLength: size },
      ),
      labels: fc.array(fc.integer({ min: 0, max: classes - 1 }), { minLength: size, maxLength: size }),
      cut: fc.integer({ min: 1, max: size }),
    }),
  );

test('metrics do not depend on how samples are batched, and agree with each other', () => {
  fc.assert(
    fc.property(batches, ({ rows, labels, cut }) => {
      const whole = [toBatch(rows, labels)];
      const parts = [toBatch(rows.slice(0, cut), labels.slice(0, cut))];
      if (cut < rows.length) parts.push(toBatch(rows.slice(cut), labels.slice(cut)));
      const matrix = measure(confusionMatrix(), ...whole);
      expect(measure(confusionMatrix(), ...parts)).toEqual(matrix);
      expect(matrix.flat().reduce((sum, count) => sum + count)).toBe(rows.length);
      const hits = matrix.reduce((sum, row, i) => sum + row[i], 0);
      const plain = measure(accuracy(), ...parts);
      expect(plain).toBe(hits / rows.length);
      expect(measure(topKAccuracy({ k: 1 }), ...parts)).toBe(plain);
      expect(measure(topKAccuracy({ k: rows[0].length }), ...parts)).toBe(1);
      const ece = measure(calibrationError(), ...parts);
      expect(ece).toBeCloseTo(measure(calibrationError(), ...whole), 9);
      expect(ece).toBeGreaterThanOrEqual(0);
      expect(ece).toBeLessThanOrEqual(1);
    }),
  );
});

test('bad options are named', () => {
  expect(() => topKAccuracy({ k: 0 })).toThrow(InvalidArgumentError);
  expect(() => topKAccuracy({ k: 0 })).toThrow('`k` must be a positive integer. Received: k=0');
  expect(() => calibrationError({ bins: 1.5 })).toThrow('`bins` must be a positive integer');
});
