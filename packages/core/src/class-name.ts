/**
 * What the class of an object is called, for messages and for {@link Settings}: the same in a bundle, where a class that
 * speaks of itself has a bar before its name.
 *
 * @param object Of anybody's class.
 * @returns `undefined` for an object without a class.
 *
 * @example
 * ```ts
 * import { className, Generator } from '@mnist-kit/core';
 *
 * className(new Generator(1)); // Generator
 * ```
 */
export function className(object: object): string | undefined {
  return object.constructor?.name.replace(/^_+/, '');
}
