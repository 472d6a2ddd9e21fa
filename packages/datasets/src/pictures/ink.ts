import { DataError, InvalidArgumentError } from '@mnist-kit/core';
import { otsuThreshold } from './otsu.js';
import type { Picture } from './picture.js';

/**
 * Which of the two the digit is; `auto` looks at the picture.
 *
 * @example
 * ```ts
 * import { type InkColor } from '@mnist-kit/datasets';
 *
 * const ink: InkColor = 'dark';
 * ```
 */
export type InkColor = 'auto' | 'dark' | 'light';

/** A digit by itself: 1 where there is all of its ink, 0 where there is none. */
export interface Ink {
  readonly width: number;
  readonly height: number;
  readonly values: Float32Array;
  /** Whether the digit is darker than what it is on. */
  readonly dark: boolean;
  /** How much the background varies, as a part of the contrast: 0 in a clean drawing. */
  readonly noise: number;
}

/** Least difference between digit and background, of the whole range of 1. */
const LEAST_CONTRAST = 0.08;

/**
 * Separates a digit from what it is on.
 *
 * The two levels are told apart by Otsu's threshold. The background is the one that most of the frame and most of the
 * picture have; where these two disagree, or neither says it clearly, the picture is refused.
 *
 * @param name Name of the picture, for errors.
 * @throws DataError for a picture that is blank, or that does not say which is the digit.
 */
export function findInk(picture: Picture, name: string, color: InkColor = 'auto'): Ink {
  if (!['auto', 'dark', 'light'].includes(color))
    throw new InvalidArgumentError('ink', "must be 'auto', 'dark' or 'light'", color);
  const { width, height } = picture;
  const gray = onBackground(picture, color);
  const [low, high] = levels(gray);
  if (high - low < LEAST_CONTRAST)
    throw new DataError(
      picture.opacity?.every((value) => value === 0)
        ? `${name} shows nothing: all of it is transparent.`
        : `${name} shows nothing: it is blank, or nearly so (contrast ${(high - low).toFixed(2)} of 1).`,
    );
  const threshold = otsuThreshold(gray);
  const dark = color === 'auto' ? isDark(gray, { width, height, threshold }, name) : color === 'dark';
  const { background, ink } = twoLevels(gray, threshold, dark);
  const contrast = Math.abs(background.mean - ink);
  const values = gray.map((value) => clamp((value - background.mean) / (ink - background.mean)));
  return { width, height, values, dark, noise: background.deviation / contrast };
}

/** What is seen through it is white or black, whichever the drawing stands out from. */
function onBackground({ luminance, opacity }: Picture, color: InkColor): Float32Array {
  if (opacity === undefined) return luminance;
  const over = (ground: number) =>
    luminance.map((value, i) => value * opacity[i] + ground * (1 - opacity[i]));
  const white = over(1);
  const black = over(0);
  if (color !== 'auto') return color === 'dark' ? white : black;
  const contrast = (gray: Float32Array) => {
    const [low, high] = levels(gray);
    return high - low;
  };
  return contrast(white) >= contrast(black) ? white : black;
}

/** The darkest and lightest that are more than single pixels. */
function levels(gray: Float32Array): [number, number] {
  const sorted = gray.slice().sort();
  const cut = Math.floor(sorted.length * 0.002);
  return [sorted[cut], sorted[sorted.length - 1 - cut]];
}

interface Frame {
  readonly width: number;
  readonly height: number;
  readonly threshold: number;
}

/** Whether the digit is the darker of the two levels. */
function isDark(gray: Float32Array, { width, height, threshold }: Frame, name: string): boolean {
  let light = 0;
  let lightInFrame = 0;
  let inFrame = 0;
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      const isLight = gray[y * width + x] > threshold;
      if (isLight) light += 1;
      if (y > 0 && y < height - 1 && x > 0 && x < width - 1) continue;
      inFrame += 1;
      if (isLight) lightInFrame += 1;
    }
  const whole = light / gray.length;
  const frame = lightInFrame / inFrame;
  const clear = (share: number) => Math.abs(share - 0.5) > 0.1;
  if (clear(frame) && clear(whole) && frame > 0.5 !== whole > 0.5)
    throw new DataError(
      `${name} does not say which is the digit: its edge is ${frame > 0.5 ? 'light' : 'dark'}, most of it ` +
        `${frame > 0.5 ? 'dark' : 'light'}. Say it by ink: 'dark' or ink: 'light', or cut the frame off.`,
    );
  if (!clear(frame) && !clear(whole))
    throw new DataError(
      `${name} does not say which is the digit: half of it is dark and half light. Say it by ink: 'dark' or ink: 'light'.`,
    );
  return clear(frame) ? frame > 0.5 : whole > 0.5;
}

/** Level and spread of the background, and the level of the darkest (or lightest) tenth of the ink. */
function twoLevels(gray: Float32Array, threshold: number, dark: boolean) {
  const isInk = (value: number) => (dark ? value <= threshold : value > threshold);
  const inks = gray.filter(isInk).sort();
  const grounds = gray.filter((value) => !isInk(value));
  const middle = median(grounds);
  let squares = 0;
  let count = 0;
  for (const value of grounds) {
    // The soft edge of the digit is no noise: its values are between the two.
    if (Math.abs(value - middle) > Math.abs(threshold - middle) / 2) continue;
    squares += (value - middle) ** 2;
    count += 1;
  }
  const ink = inks[Math.floor((inks.length - 1) * (dark ? 0.1 : 0.9))];
  return { background: { mean: middle, deviation: Math.sqrt(squares / Math.max(1, count)) }, ink };
}

function median(values: Float32Array): number {
  const sorted = values.slice().sort();
  return sorted[sorted.length >> 1];
}

function clamp(value: number): number {
  return Math.min(1, Math.max(0, value));
}
