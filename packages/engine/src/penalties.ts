import type { Parameter } from '@mnist-kit/core';

/** A weight with what its regularizer adds to the loss: `l1 * sum(|w|) + l2 * sum(w^2)`. */
export interface PenalizedWeight {
  readonly value: Float32Array;
  /** Absent for a weight that training leaves alone. */
  readonly gradient: Parameter['gradient'] | undefined;
  readonly l1: number;
  readonly l2: number;
}

/**
 * Adds the regularizers' part to the gradients, and returns what they add to the loss.
 *
 * The slope of `|w|` at 0 is 0, as in PyTorch; TensorFlow.js has -1 there.
 */
export function addPenalties(weights: Iterable<PenalizedWeight>): number {
  let total = 0;
  for (const { value, gradient, l1, l2 } of weights) {
    let sizes = 0;
    let squares = 0;
    for (let i = 0; i < value.length; i++) {
      sizes += Math.abs(value[i]);
      squares += value[i] * value[i];
      if (gradient) gradient[i] += l1 * Math.sign(value[i]) + 2 * l2 * value[i];
    }
    total += l1 * sizes + l2 * squares;
  }
  return total;
}
