import type { Settings } from '../settings/settings.js';

/** Mean and standard deviation of the training images, as everybody takes them. */
export function normalizationOf(data: Settings['data']): { mean: number; std: number } {
  return data === 'fashionMnist' ? { mean: 0.286, std: 0.353 } : { mean: 0.1307, std: 0.3081 };
}

/** Ink from 0 to 1 as a net gets it: in the steps of a byte, as in the data set, and then normalised. */
export function normalized(ink: Float32Array, data: Settings['data']): Float32Array {
  const { mean, std } = normalizationOf(data);
  return ink.map((value) => (Math.round(value * 255) / 255 - mean) / std);
}
