import { DataError } from '@mnist-kit/core';
import type { Ink } from './ink.js';
import { labelParts, type Part } from './parts.js';

/** How a digit is put into a model's image. */
export interface FitOptions {
  /** Height and width of the model's image. Default 28. */
  readonly size?: number;
  /** Longest side of the digit in it. Default 20 of 28. */
  readonly box?: number;
}

/** A digit as a model sees it. */
export interface FittedDigit {
  /** Ink of each pixel, 0 to 1, `size x size`. */
  readonly values: Float32Array;
  readonly size: number;
  /** What looked doubtful, for people. */
  readonly notes: readonly string[];
}

/** Least ink that is no noise, where the background is clean. */
const LEAST_INK = 0.04;
/** Parts that are smaller than this, measured by the largest one, are specks. */
const SPECK = 0.02;
/** Least length of a digit in pixels. */
const LEAST_LENGTH = 5;

/**
 * Puts a digit where MNIST's digits are: fitted with its aspect into a box of 20 x 20 pixels with soft edges, and its
 * centre of mass in the middle of 28 x 28 (LeCun, Cortes, Burges, http://yann.lecun.com/exdb/mnist/). In the data set that
 * middle is pixel 14, counted from 0: the centres of mass lie between 14 and 15.
 *
 * @param name Name of the picture, for errors.
 * @throws DataError for a digit of less than 5 pixels.
 */
export function fitDigit(
  ink: Ink,
  name: string,
  { size = 28, box = (20 * size) / 28 }: FitOptions = {},
): FittedDigit {
  const { width } = ink;
  const least = Math.max(LEAST_INK, 4 * ink.noise);
  const parts = labelParts(ink, Math.max(least, Math.min(0.5, least * 2)));
  const largest = parts.reduce((most, { mass }) => Math.max(most, mass), 0);
  const kept = parts.filter(({ mass }) => mass >= SPECK * largest);
  const notes: string[] = [];
  const digits = besideEachOther(kept);
  if (digits > 1)
    notes.push(`there seem to be ${digits} digits beside each other: a picture of each by itself is needed`);

  const reach = growBox(kept);
  const clean = new Float32Array(ink.values.length);
  for (let y = reach.top; y < reach.bottom; y++)
    for (let x = reach.left; x < reach.right; x++) {
      const value = ink.values[y * width + x];
      if (value > least) clean[y * width + x] = value;
    }
  const cut = tightBox(clean, ink);
  const long = Math.max(cut.right - cut.left, cut.bottom - cut.top);
  if (long < LEAST_LENGTH)
    throw new DataError(
      `${name} shows too little: what is drawn is ${cut.right - cut.left} x ${cut.bottom - cut.top} pixels, ` +
        `and a digit needs ${LEAST_LENGTH}.`,
    );
  return { values: place(clean, width, cut, size, box), size, notes };

  /** What the parts cover, and one pixel more for their soft edges. */
  function growBox(list: readonly Part[]) {
    return {
      left: Math.max(0, Math.min(...list.map((part) => part.left)) - 1),
      top: Math.max(0, Math.min(...list.map((part) => part.top)) - 1),
      right: Math.min(ink.width, Math.max(...list.map((part) => part.right)) + 1),
      bottom: Math.min(ink.height, Math.max(...list.map((part) => part.bottom)) + 1),
    };
  }
}

interface Box {
  readonly left: number;
  readonly top: number;
  /** Behind the last column, and below the last row. */
  readonly right: number;
  readonly bottom: number;
}

function tightBox(values: Float32Array, { width, height }: Ink): Box {
  let [left, top, right, bottom] = [width, height, 0, 0];
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      if (values[y * width + x] === 0) continue;
      left = Math.min(left, x);
      right = Math.max(right, x + 1);
      top = Math.min(top, y);
      bottom = Math.max(bottom, y + 1);
    }
  return { left, top, right, bottom };
}

/** Groups of tall parts whose columns do not touch. */
function besideEachOther(parts: readonly Part[]): number {
  const height = Math.max(...parts.map(({ bottom }) => bottom)) - Math.min(...parts.map(({ top }) => top));
  const tall = parts.filter(({ top, bottom }) => bottom - top > 0.6 * height).sort((a, b) => a.left - b.left);
  let groups = 0;
  let end = Number.NEGATIVE_INFINITY;
  for (const { left, right } of tall) {
    // Strokes of one digit are close to each other, or lie over each other.
    if (left > end + 0.15 * height) groups += 1;
    end = Math.max(end, right);
  }
  return groups;
}

/** Scales by area, so that every pixel counts as much as it covers, and moves the centre of mass into the middle. */
function place(values: Float32Array, width: number, cut: Box, size: number, box: number): Float32Array {
  const scale = box / Math.max(cut.right - cut.left, cut.bottom - cut.top);
  const wide = Math.max(1, Math.round((cut.right - cut.left) * scale));
  const high = Math.max(1, Math.round((cut.bottom - cut.top) * scale));
  const small = resample(values, width, cut, wide, high);
  let mass = 0;
  let sumX = 0;
  let sumY = 0;
  for (let y = 0; y < high; y++)
    for (let x = 0; x < wide; x++) {
      const value = small[y * wide + x];
      mass += value;
      sumX += value * (x + 0.5);
      sumY += value * (y + 0.5);
    }
  // The whole digit stays inside, where a very uneven one would leave the image.
  const offset = (sum: number, length: number) =>
    Math.min(size - length, Math.max(0, Math.floor(size / 2 + 1 - sum / mass)));
  const left = offset(sumX, wide);
  const top = offset(sumY, high);
  const image = new Float32Array(size * size);
  for (let y = 0; y < high; y++)
    for (let x = 0; x < wide; x++) image[(top + y) * size + left + x] = Math.min(1, small[y * wide + x]);
  return image;
}

/** Shrinks by the mean of what a pixel covers; grows by linear interpolation. */
function resample(values: Float32Array, width: number, cut: Box, wide: number, high: number): Float32Array {
  const columns = weights(cut.left, cut.right, wide);
  const rows = weights(cut.top, cut.bottom, high);
  const small = new Float32Array(wide * high);
  for (const [y, row] of rows.entries())
    for (const [x, column] of columns.entries()) {
      let sum = 0;
      for (const [sy, wy] of row) for (const [sx, wx] of column) sum += wx * wy * values[sy * width + sx];
      small[y * wide + x] = sum;
    }
  return small;
}

/** For each of `count` places the source positions from `from` to `to` that it is made of, and their shares. */
function weights(from: number, to: number, count: number): [number, number][][] {
  const step = (to - from) / count;
  return Array.from({ length: count }, (_, i) => {
    const start = from + i * step;
    const weight = step >= 1 ? covered(start, start + step) : linear(start + step / 2);
    const list: [number, number][] = [];
    for (let at = Math.max(from, Math.floor(start) - 1); at < Math.min(to, Math.ceil(start + step) + 1); at++)
      if (weight(at) > 0) list.push([at, weight(at)]);
    const total = list.reduce((sum, [, one]) => sum + one, 0);
    return list.map(([at, one]) => [at, one / total]);
  });
}

/** How much of a source pixel lies between two places. */
const covered = (start: number, end: number) => (at: number) => Math.min(end, at + 1) - Math.max(start, at);

/** Linear interpolation between the middles of two source pixels. */
const linear = (center: number) => (at: number) => 1 - Math.abs(at + 0.5 - center);
