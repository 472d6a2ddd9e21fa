import {
  crossEntropyLoss,
  type Loss,
  labelSmoothingCrossEntropy,
  mixupLoss,
  nllLoss,
  type Reduction,
} from '@mnist-kit/losses';
import * as tf from '@tensorflow/tfjs-core';
import { expect, test } from 'vitest';
import '@tensorflow/tfjs-layers';
import { fixture, withoutLeaks } from './fixtures.js';

/** A number, or the name of one that JSON cannot spell. */
type Spelled = number | string;

interface Case {
  name: string;
  kind: 'plain' | 'smoothed' | 'mixed';
  smoothing: number;
  lambda: number | null;
  reduction: Reduction;
  logits: Spelled[][];
  target: number[];
  partners: number[];
  loss: Spelled | Spelled[];
  weights: number | number[];
  grad: Spelled[][];
}

/** Every loss of this package that is the case's function. */
function lossesOf({ kind, smoothing, lambda, reduction, partners }: Case): Loss[] {
  const plain = [
    crossEntropyLoss({ reduction, labelSmoothing: smoothing }),
    kind === 'smoothed' ? labelSmoothingCrossEntropy({ reduction, smoothing }) : nllLoss({ reduction }),
  ];
  if (lambda === null) return plain;
  // Without soft targets, mixing adds two losses instead of their targets.
  const opaque = Object.assign((x: tf.Tensor2D, y: tf.Tensor1D) => plain[0](x, y), { reduction });
  const draw = { lambda, partners: Int32Array.from(partners) };
  return [...plain, opaque].map((loss) => mixupLoss(loss, draw));
}

/** Equal where not finite, and close elsewhere. */
function expectLike(actual: ArrayLike<number>, spelled: Spelled[], distance: number): void {
  const expected = spelled.map(Number);
  expect(actual.length).toBe(expected.length);
  for (const [i, value] of expected.entries())
    if (!Number.isFinite(value)) expect(actual[i]).toBe(value);
    else expect(Math.abs(actual[i] - value)).toBeLessThanOrEqual(distance * Math.max(1, Math.abs(value)));
}

test.each(fixture<Case[]>('extreme-logits.json'))(
  "PyTorch's loss and gradient, $kind, reduction $reduction: logits that are $name",
  (golden) => {
    const values = golden.logits.map((row) => row.map(Number));
    for (const loss of lossesOf(golden))
      withoutLeaks(() => {
        const labels = tf.tensor1d(golden.target, 'int32');
        const outputs = tf.tensor2d(values);
        expectLike(loss(outputs, labels).dataSync(), [golden.loss].flat(), 5e-6);
        const gradient = tf.grad((x) => loss(x as tf.Tensor2D, labels))(outputs, tf.tensor(golden.weights));
        expectLike(gradient.dataSync(), golden.grad.flat(), 2e-6);
      });
  },
);
