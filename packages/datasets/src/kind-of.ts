import { className } from '@mnist-kit/core';

/**
 * What an object of a class of ours is called in settings: `name`, whatever a bundler calls the class, or the name of
 * the subclass that it is of.
 */
export function kindOf(
  object: object,
  Class: abstract new (...args: never[]) => object,
  name: string,
): string {
  return object.constructor === Class ? name : (className(object) ?? name);
}
