/**
 * One setting, or a list of them: plain JSON, and the numbers that JSON has not.
 *
 * @example
 * ```ts
 * import type { Setting } from '@mnist-kit/core';
 *
 * const betas: Setting = [0.9, 0.999];
 * ```
 */
export type Setting = null | boolean | number | string | readonly Setting[] | Settings;

/**
 * How a part of a fit was set, as plain values by name: what decides the numbers that it computes, and nothing that
 * changes while it does. Kept in checkpoints, and compared when a fit resumes.
 *
 * A setting that was left out has its default value, so that spelling a default out changes nothing.
 *
 * @example
 * ```ts
 * import type { Settings } from '@mnist-kit/core';
 *
 * class Cutout {
 *   readonly #size = 8;
 *   get settings(): Settings {
 *     return { size: this.#size };
 *   }
 * }
 * ```
 */
export interface Settings {
  readonly [name: string]: Setting | undefined;
}

/** Longest text of a function that is kept whole. */
const LONGEST = 120;

/**
 * What a function is, for {@link Settings}: its text, the end of a long one as a checksum. Values that it takes from
 * outside of itself are not in its text.
 *
 * @param value A function or regular expression of the user's own.
 *
 * @example
 * ```ts
 * import { describeFunction } from '@mnist-kit/core';
 *
 * describeFunction((epoch: number) => 0.95 * epoch); // (epoch) => 0.95 * epoch
 * ```
 */
export function describeFunction(value: object): string {
  const text = String(value).replace(/\s+/g, ' ');
  return text.length <= LONGEST ? text : `${text.slice(0, LONGEST - 20)}… #${checksum(text)}`;
}

/** FNV-1a, http://www.isthe.com/chongo/tech/comp/fnv/, over UTF-16 units. */
function checksum(text: string): string {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return (hash >>> 0).toString(16).padStart(8, '0');
}
