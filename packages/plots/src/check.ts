import { InvalidArgumentError, type OptionNames } from '@mnist-kit/core';
import type { PlotOptions } from './svg.js';

/** Throws unless `value` is a whole number of at least `minimum`. */
export function checkInteger(argument: string, value: number, minimum: number): void {
  if (!Number.isInteger(value) || value < minimum) {
    throw new InvalidArgumentError(argument, `must be an integer of at least ${minimum}`, value);
  }
}

/** Throws unless `value` is an array of at least `least` elements; `what` names them. */
export function checkArray(argument: string, value: unknown, least: number, what: string): void {
  if (!Array.isArray(value) || value.length < least) {
    throw new InvalidArgumentError(argument, `must be an array of at least ${least} ${what}`, value);
  }
}

/** Throws unless `value` is an object; `what` says of which kind. */
export function checkObject(argument: string, value: unknown, what: string): void {
  if (value === null || typeof value !== 'object' || Array.isArray(value))
    throw new InvalidArgumentError(argument, `must be ${what}`, value);
}

/** Throws unless `value` is a text. */
export function checkText(argument: string, value: unknown): void {
  if (typeof value !== 'string') throw new InvalidArgumentError(argument, 'must be a string', value);
}

/** Throws unless `value` is an array of texts. */
export function checkTexts(argument: string, value: unknown): void {
  checkArray(argument, value, 0, 'strings');
  for (const [i, text] of (value as unknown[]).entries()) checkText(`${argument}[${i}]`, text);
}

/** Throws unless `value` is an array or a typed array of numbers, NaN and infinities included. */
export function checkNumbers(argument: string, value: unknown): void {
  const list =
    Array.isArray(value) || (ArrayBuffer.isView(value) && !(value instanceof DataView)) ? value : undefined;
  if (list === undefined) throw new InvalidArgumentError(argument, 'must be an array of numbers', value);
  if (!Array.isArray(list)) return;
  const at = list.findIndex((item) => typeof item !== 'number');
  if (at !== -1) throw new InvalidArgumentError(`${argument}[${at}]`, 'must be a number', list[at]);
}

/** What every plot takes, for `checkOptionNames`. */
export const plotOptionNames: OptionNames<PlotOptions> = {
  title: true,
  width: true,
  height: true,
  theme: true,
};

/** Options with the defaults of one plot filled in, checked. */
export function withDefaults(
  options: PlotOptions,
  defaults: { title: string; width: number; height: number },
): Required<PlotOptions> {
  const {
    title = defaults.title,
    width = defaults.width,
    height = defaults.height,
    theme = 'auto',
  } = options;
  for (const [argument, value] of [
    ['width', width],
    ['height', height],
  ] as const) {
    if (!Number.isFinite(value) || value < 100 || value > 10_000) {
      throw new InvalidArgumentError(argument, 'must be a number of pixels from 100 to 10000', value);
    }
  }
  if (theme !== 'auto' && theme !== 'light' && theme !== 'dark') {
    throw new InvalidArgumentError('theme', "must be 'auto', 'light' or 'dark'", theme);
  }
  if (typeof title !== 'string') throw new InvalidArgumentError('title', 'must be a string', title);
  return { title, width, height, theme };
}

/** Throws unless `counts` is a square matrix of non-negative whole numbers. */
export function checkCounts(counts: readonly (readonly number[])[], classNames?: readonly string[]): void {
  checkArray('counts', counts, 1, 'rows');
  for (const [row, values] of counts.entries()) {
    if (!Array.isArray(values) || values.length !== counts.length) {
      throw new InvalidArgumentError(
        `counts[${row}]`,
        `must hold ${counts.length} counts, one for each predicted class`,
        values,
      );
    }
    for (const [column, count] of values.entries()) {
      if (!Number.isSafeInteger(count) || count < 0) {
        throw new InvalidArgumentError(
          `counts[${row}][${column}]`,
          'must be a count: an integer of at least 0',
          count,
        );
      }
    }
  }
  if (classNames !== undefined) checkTexts('classNames', classNames);
  if (classNames !== undefined && classNames.length !== counts.length) {
    throw new InvalidArgumentError('classNames', `must hold ${counts.length} names`, classNames);
  }
}
