import { expect, test } from 'vitest';
import { toWorstSample, worstSamples } from '../worker/worst-samples.js';

const logs = (...probabilities: number[]) => probabilities.map(Math.log);

test('the wrong answers with the least probability of the right class, over all batches', () => {
  const metric = worstSamples(2);
  metric.reset();
  const batch = (rows: number[][], labels: number[]) => ({
    outputs: Float32Array.from(rows.flat()),
    labels: Int32Array.from(labels),
    predictions: Int32Array.from(rows, (row) => row.indexOf(Math.max(...row))),
    size: rows.length,
    classes: 3,
  });
  metric.update(batch([logs(0.9, 0.05, 0.05), logs(0.5, 0.3, 0.2)], [0, 1]));
  // Logits that are no log-probabilities: 0.7, 0.2 and 0.1 after a softmax.
  metric.update(batch([logs(7, 2, 1), logs(0.98, 0.01, 0.01)], [2, 1]));
  const found = metric.compute().map(toWorstSample);
  expect(found.map(({ position, label, prediction }) => [position, label, prediction])).toEqual([
    [3, 1, 0],
    [2, 2, 0],
  ]);
  expect(found[0].right).toBeCloseTo(0.01);
  expect(found[1].right).toBeCloseTo(0.1);
  expect(found[1].answer).toBeCloseTo(0.7);
  metric.reset();
  expect(metric.compute()).toEqual([]);
});
