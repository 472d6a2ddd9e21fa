import { readFileSync } from 'node:fs';
import * as tf from '@tensorflow/tfjs-core';
import { expect } from 'vitest';
import '@tensorflow/tfjs-backend-cpu';

export function fixture<T>(name: string): T {
  return JSON.parse(readFileSync(new URL(`./fixtures/${name}`, import.meta.url), 'utf8')) as T;
}

/** Runs a check and holds it to leaving no tensor behind. */
export function withoutLeaks(check: () => void): void {
  const before = tf.memory().numTensors;
  tf.tidy(check);
  expect(tf.memory().numTensors).toBe(before);
}

/** Each number within an absolute distance of the expected one. */
export function expectClose(actual: ArrayLike<number>, expected: readonly number[], distance: number): void {
  expect(actual.length).toBe(expected.length);
  for (const [i, value] of expected.entries()) expect(Math.abs(actual[i] - value)).toBeLessThan(distance);
}
