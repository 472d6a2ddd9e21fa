import { InvalidArgumentError } from '@mnist-kit/core';
import {
  crossEntropyLoss,
  type Loss,
  labelSmoothingCrossEntropy,
  mixupLoss,
  nllLoss,
  type Reduction,
} from '@mnist-kit/losses';
import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import '@tensorflow/tfjs-layers';
import { expectClose, fixture, withoutLeaks } from './fixtures.js';

interface Golden {
  logits: number[][];
  target: number[];
  target_b: number[];
  label_smoothing: { smoothing: number; loss: number; grad: number[][] }[];
  mixup_label_smoothing_0_1: { lam: number; loss: number; grad: number[][] }[];
  nll: { mean: number; sum: number; none: number[] };
}
interface CrossEntropy {
  smoothing: number;
  reduction: Reduction;
  logits: number[][];
  target: number[];
  loss: number | number[];
  weights: number | number[];
  grad: number[][];
}

const golden = fixture<Golden>('losses.json');

/** `weights` is what the loss is multiplied by: one number, or one per sample. */
function valueAndGradient(loss: Loss, logits: number[][], labels: number[], weights: number | number[] = 1) {
  const outputs = tf.tensor2d(logits);
  const targets = tf.tensor1d(labels, 'int32');
  const differentiate = tf.grad((x) => loss(x as tf.Tensor2D, targets));
  return {
    value: loss(outputs, targets).dataSync<'float32'>(),
    gradient: differentiate(outputs, tf.tensor(weights)).dataSync<'float32'>(),
  };
}

test.each(golden.label_smoothing)(
  "the notebook's label smoothing $smoothing",
  ({ smoothing, loss, grad }) => {
    withoutLeaks(() => {
      const own = labelSmoothingCrossEntropy({ smoothing });
      const { value, gradient } = valueAndGradient(own, golden.logits, golden.target);
      expectClose(value, [loss], 2e-6);
      expectClose(gradient, grad.flat(), 2e-7);
    });
  },
);

test.each(golden.mixup_label_smoothing_0_1)(
  "the notebook's mixup with weight $lam",
  ({ lam, loss, grad }) => {
    // Twice the batch, so that the second labels are in it; the partner of each row is the same row's copy.
    const n = golden.target.length;
    const rows = [...golden.logits, ...golden.logits];
    const labels = [...golden.target, ...golden.target_b];
    const partners = Int32Array.from(rows, (_, i) => (i + n) % (2 * n));
    withoutLeaks(() => {
      const draw = { lambda: lam, partners };
      const perSample = mixupLoss(labelSmoothingCrossEntropy({ smoothing: 0.1, reduction: 'none' }), draw);
      const { value } = valueAndGradient(
        perSample,
        rows,
        labels,
        labels.map(() => 1),
      );
      expectClose([value.slice(0, n).reduce((a, b) => a + b) / n], [loss], 2e-6);
      const mean = mixupLoss(labelSmoothingCrossEntropy({ smoothing: 0.1 }), draw);
      const { gradient } = valueAndGradient(mean, rows, labels);
      expectClose(
        gradient.slice(0, n * 10).map((g) => 2 * g),
        grad.flat(),
        2e-7,
      );
    });
  },
);

test.each(['none', 'mean', 'sum'] as const)(
  'nll with reduction %s, of logits and log-probabilities',
  (reduction) => {
    withoutLeaks(() => {
      const loss = nllLoss({ reduction });
      const expected = [golden.nll[reduction]].flat();
      const outputs = tf.tensor2d(golden.logits);
      const labels = tf.tensor1d(golden.target, 'int32');
      expectClose(loss(outputs, labels).dataSync(), expected, 4e-6);
      expectClose(loss(tf.logSoftmax(outputs), labels).dataSync(), expected, 4e-6);
    });
  },
);

test.each(fixture<CrossEntropy[]>('cross-entropy.json'))(
  'cross-entropy of PyTorch, smoothing $smoothing, reduction $reduction',
  ({ smoothing, reduction, logits, target, loss, weights, grad }) => {
    withoutLeaks(() => {
      const own = crossEntropyLoss({ labelSmoothing: smoothing, reduction });
      const { value, gradient } = valueAndGradient(own, logits, target, weights);
      expectClose(value, [loss].flat(), 5e-6);
      expectClose(gradient, grad.flat(), 2e-6);
    });
  },
);

const rows = (classes: number) =>
  fc.array(fc.double({ min: -8, max: 8, noNaN: true }), { minLength: classes, maxLength: classes });
const losses = [
  nllLoss(),
  crossEntropyLoss({ labelSmoothing: 0.2, reduction: 'sum' }),
  labelSmoothingCrossEntropy({ smoothing: 0.3 }),
];

describe('properties', () => {
  test('the gradient is the slope of the loss', () => {
    fc.assert(
      fc.property(
        fc.array(rows(3), { minLength: 2, maxLength: 4 }),
        fc.constantFrom(...losses),
        (logits, loss) => {
          withoutLeaks(() => {
            const labels = logits.map((_, i) => i % 3);
            const { gradient } = valueAndGradient(loss, logits, labels);
            const h = 1e-2;
            const at = (change: number) =>
              valueAndGradient(
                loss,
                [[logits[0][0] + change, ...logits[0].slice(1)], ...logits.slice(1)],
                labels,
              ).value[0];
            expect(Math.abs((at(h) - at(-h)) / (2 * h) - gradient[0])).toBeLessThan(2e-3);
          });
        },
      ),
      { numRuns: 30 },
    );
  });

  test('soft targets give the loss, sum to one per row, and rows of the gradient sum to zero', () => {
    fc.assert(
      fc.property(
        fc.array(rows(5), { minLength: 1, maxLength: 4 }),
        fc.constantFrom(...losses),
        (logits, loss) => {
          withoutLeaks(() => {
            const labels = logits.map((_, i) => (3 * i) % 5);
            const targets = loss.softTargets!(Int32Array.from(labels), 5);
            const { value, gradient } = valueAndGradient(loss, logits, labels);
            let total = 0;
            for (const [i, row] of logits.entries()) {
              const norm = Math.log(row.reduce((sum, x) => sum + Math.exp(x), 0));
              let mass = 0;
              let slope = 0;
              for (const [c, x] of row.entries()) {
                total += targets[i * 5 + c] * (norm - x);
                mass += targets[i * 5 + c];
                slope += gradient[i * 5 + c];
              }
              expect(mass).toBeCloseTo(1, 6);
              expect(slope).toBeCloseTo(0, 5);
            }
            const expected = loss.reduction === 'mean' ? total / logits.length : total;
            expect(Math.abs(value[0] - expected)).toBeLessThan(1e-5 * (1 + Math.abs(expected)));
          });
        },
      ),
      { numRuns: 30 },
    );
  });

  test('smoothing of zero is no smoothing, and full weight or oneself as partner is no mixup', () => {
    fc.assert(
      fc.property(fc.array(rows(4), { minLength: 2, maxLength: 5 }), (logits) => {
        withoutLeaks(() => {
          const labels = logits.map((_, i) => i % 4);
          const plain = valueAndGradient(nllLoss(), logits, labels);
          expect(valueAndGradient(crossEntropyLoss({ labelSmoothing: 0 }), logits, labels)).toEqual(plain);
          const reversed = Int32Array.from(labels, (_, i) => labels.length - 1 - i);
          const whole = mixupLoss(nllLoss(), { lambda: 1, partners: reversed });
          expect(valueAndGradient(whole, logits, labels).value).toEqual(plain.value);
          const alone = mixupLoss(nllLoss(), { lambda: 0.5, partners: Int32Array.from(labels, (_, i) => i) });
          expect(valueAndGradient(alone, logits, labels).value[0]).toBeCloseTo(plain.value[0], 5);
        });
      }),
      { numRuns: 30 },
    );
  });
});

test('a mixed loss has the mixture of the soft targets, and a name that says so', () => {
  const mixed = mixupLoss(labelSmoothingCrossEntropy({ smoothing: 0.1, reduction: 'sum' }), {
    lambda: 0.25,
    partners: Int32Array.of(1, 0),
  });
  expect(mixed.name).toBe('mixup(labelSmoothingCrossEntropy)');
  expect(mixed.reduction).toBe('sum');
  expectClose(mixed.softTargets!(Int32Array.of(0, 1), 2), [0.275, 0.725, 0.725, 0.275], 1e-6);
  expect(() => mixed.softTargets!(Int32Array.of(0), 2)).toThrow(/must be those of the 2 mixed samples/);
});

test('a loss of your own can be mixed, and is differentiated by TensorFlow.js', () => {
  withoutLeaks(() => {
    const squares = Object.assign(
      (x: tf.Tensor2D, y: tf.Tensor1D) => tf.mean(tf.square(tf.sub(x, tf.oneHot(y, 2)))),
      { reduction: 'mean' as const },
    );
    const mixed = mixupLoss(squares, { lambda: 0.75, partners: Int32Array.of(1, 0) });
    expect(mixed.softTargets).toBeUndefined();
    const { value, gradient } = valueAndGradient(mixed, [[1, 0], [1, 0]], [0, 1]); // biome-ignore format: rows
    // Labels 0 and 1; the first row fits its own label, the second that of its partner.
    expectClose(value, [(0.25 * 2 + 0.75 * 2) / 4], 1e-6);
    expectClose(gradient, [0.25 / 2, -0.25 / 2, 0.75 / 2, -0.75 / 2], 1e-6);
  });
});

test('large logits neither overflow nor lose the gradient', () => {
  withoutLeaks(() => {
    const { value, gradient } = valueAndGradient(nllLoss(), [[1e4, -1e4]], [1]);
    expectClose(value, [2e4], 1);
    expectClose(gradient, [1, -1], 1e-6);
  });
});

test.each<[string, () => unknown]>([
  ['reduction', () => nllLoss({ reduction: 'average' as 'mean' })],
  ['smoothing', () => labelSmoothingCrossEntropy({ smoothing: 1.5 })],
  ['labelSmoothing', () => crossEntropyLoss({ labelSmoothing: Number.NaN })],
  ['outputs', () => nllLoss()(tf.tensor1d([0, 0]) as tf.Tensor as tf.Tensor2D, tf.tensor1d([0, 0], 'int32'))],
  ['outputs', () => nllLoss()(tf.zeros([0, 3]), tf.tensor1d([], 'int32'))],
  ['outputs', () => nllLoss()([[1, 2]] as unknown as tf.Tensor2D, tf.tensor1d([0], 'int32'))],
  ['labels', () => nllLoss()(tf.zeros([2, 3]), tf.tensor1d([0], 'int32'))],
  ['labels', () => nllLoss()(tf.zeros([1, 3]), tf.tensor1d([0]))],
  ['labels[1]', () => nllLoss()(tf.zeros([2, 3]), tf.tensor1d([0, 3], 'int32'))],
  ['labels[0]', () => nllLoss()(tf.zeros([1, 3]), tf.tensor1d([-1], 'int32'))],
])('a wrong %s is refused with its name', (argument, call) => {
  withoutLeaks(() => {
    expect(call).toThrow(InvalidArgumentError);
    expect(call).toThrow(expect.objectContaining({ argument }));
  });
});
