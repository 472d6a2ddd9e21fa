import { DataError, InvalidArgumentError } from '@mnist-kit/core';

/**
 * Class indices: numbers, or the BigInts of a 64-bit integer array.
 *
 * @example
 * ```ts
 * import type { Labels } from '@mnist-kit/datasets';
 *
 * const labels: Labels = BigInt64Array.of(7n, 2n); // or any array of whole numbers
 * ```
 */
export type Labels = ArrayLike<number> | ArrayLike<bigint>;

/** A label as a number; what is no class index is left as it is. */
function toNumber(label: unknown): number {
  return typeof label === 'bigint' ? Number(label) : (label as number);
}

/** '0', '1', … up to the largest label. */
export function numberedClasses(labels: Labels): string[] {
  let largest = 0;
  for (let i = 0; i < labels.length; i++) {
    const label = toNumber(labels[i]);
    if (label > largest) largest = label;
  }
  return Array.from({ length: Math.min(Math.floor(largest), 65_535) + 1 }, (_, i) => String(i));
}

/** A label as the index of one of `classes` classes; undefined where it is none. */
export function toClassIndex(label: unknown, classes: number): number | undefined {
  const index = toNumber(label);
  return Number.isInteger(index) && index >= 0 && index < classes ? index : undefined;
}

/** Labels as int32. */
export function toClassIndices(labels: Labels, classes: number): Int32Array {
  const out = new Int32Array(labels.length);
  for (let i = 0; i < out.length; i++) {
    const index = toClassIndex(labels[i], classes);
    if (index === undefined)
      throw new DataError(
        `Label ${i} is ${describeLabel(labels[i])}, but there are ${classes} classes: ` +
          `labels must be integers from 0 to ${classes - 1}.${labelHint(labels[i])}`,
      );
    out[i] = index;
  }
  return out;
}

/**
 * Throws unless `labels` is an array with as many entries as there are images.
 *
 * @param count Number of images; undefined where their array fits no number of them.
 */
export function checkLabelCount(
  labels: Labels | undefined,
  count: number | undefined,
): asserts labels is Labels {
  if (
    labels === undefined ||
    labels === null ||
    typeof labels !== 'object' ||
    !Number.isInteger(labels.length)
  )
    throw new InvalidArgumentError(
      'labels',
      `must be an array of class indices${tensorHint(labels)}`,
      labels,
    );
  if (count === undefined || labels.length === count || !isOneHot(labels, count)) return;
  throw new InvalidArgumentError(
    'labels',
    `must be ${count} class indices, one for each image; of one-hot rows take the position of the 1`,
    `${labels.length} values, which look like ${count} one-hot rows of ${labels.length / count}`,
  );
}

/** Whether there is exactly one 1 among zeros for each image. */
function isOneHot(labels: Labels, count: number): boolean {
  const width = labels.length / count;
  if (!Number.isInteger(width) || width < 2) return false;
  for (let start = 0; start < labels.length; start += width) {
    let ones = 0;
    for (let c = 0; c < width; c++) {
      const value = toNumber(labels[start + c]);
      if (value === 1) ones++;
      else if (value !== 0) return false;
    }
    if (ones !== 1) return false;
  }
  return true;
}

/** A label as messages show it. */
export function describeLabel(label: unknown): string {
  return Array.isArray(label) ? `[${label.join(', ')}]` : String(label);
}

/** What to give instead of a label that is no class index, as a sentence; empty where nothing is to be said. */
export function labelHint(label: unknown): string {
  if (typeof label === 'string') return ' Give the position of the name in `classes`.';
  if (typeof label === 'object' && label !== null && 'length' in label)
    return ' Of a one-hot row take the position of the 1: row.indexOf(1).';
  return '';
}

/** What to do with a TensorFlow.js tensor, as the end of a clause. */
export function tensorHint(value: unknown): string {
  const isTensor = typeof (value as { dataSync?: unknown } | null)?.dataSync === 'function';
  return isTensor ? '; of a tensor give `await tensor.data()`' : '';
}
