import { math } from '@mnist-kit/core';

/** Softmax probability of the largest of `outputs[at .. at + classes)`; logits and log-probabilities both work. */
export function softmaxOfLargest(outputs: Float32Array, at: number, classes: number): number {
  return 1 / sumOfExponentials(outputs, at, classes, largest(outputs, at, classes));
}

function largest(outputs: Float32Array, at: number, classes: number): number {
  let top = outputs[at];
  for (let c = 1; c < classes; c++) if (outputs[at + c] > top) top = outputs[at + c];
  return top;
}

function sumOfExponentials(outputs: Float32Array, at: number, classes: number, shift: number): number {
  let sum = 0;
  for (let c = 0; c < classes; c++) sum += math.exp(outputs[at + c] - shift);
  return sum;
}
