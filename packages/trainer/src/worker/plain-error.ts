import {
  CheckpointError,
  DataError,
  EngineError,
  InvalidArgumentError,
  MnistKitError,
  ModelError,
} from '@mnist-kit/core';
import { CallbackError } from '../callback-error.js';

/** Classes that an error keeps on its way, the most specific ones first; of another one it keeps the name. */
const classes: readonly (readonly [name: string, Class: { readonly prototype: Error }])[] = [
  ['CallbackError', CallbackError],
  ['InvalidArgumentError', InvalidArgumentError],
  ['DataError', DataError],
  ['ModelError', ModelError],
  ['CheckpointError', CheckpointError],
  ['EngineError', EngineError],
  ['MnistKitError', MnistKitError],
  ['TypeError', TypeError],
  ['RangeError', RangeError],
  ['SyntaxError', SyntaxError],
  ['ReferenceError', ReferenceError],
];

/** An error's causes have causes; who follows further than so many is lost anyway. */
const MOST_CAUSES = 8;

/** Something that was thrown, as plain data. */
export type PlainError =
  | {
      readonly kind: 'error';
      /** One of {@link classes}; undefined for another one. */
      readonly type: string | undefined;
      readonly name: string;
      readonly message: string;
      readonly stack: string | undefined;
      /** Its own fields besides, such as `argument`. */
      readonly fields: Readonly<Record<string, unknown>>;
      readonly cause: PlainError | undefined;
    }
  | { readonly kind: 'exception'; readonly name: string; readonly message: string }
  | { readonly kind: 'value'; readonly value: unknown };

/** Takes an error apart, so that it can be posted to another thread. */
export function toPlainError(thrown: unknown, depth = 0): PlainError {
  if (isDomException(thrown)) return { kind: 'exception', name: thrown.name, message: thrown.message };
  if (!(thrown instanceof Error)) return { kind: 'value', value: cloneable(thrown) };
  const { name, message, stack, cause } = thrown;
  const told = ['name', 'message', 'stack', 'cause'];
  return {
    kind: 'error',
    type: classes.find(([, { prototype }]) => Object.prototype.isPrototypeOf.call(prototype, thrown))?.[0],
    ...{ name, message, stack },
    fields: Object.fromEntries(
      Object.entries(thrown)
        .filter(([key]) => !told.includes(key))
        .map(([key, value]) => [key, cloneable(value)]),
    ),
    cause: cause === undefined || depth >= MOST_CAUSES ? undefined : toPlainError(cause, depth + 1),
  };
}

/** Puts an error together again: of the same class, with the same fields. */
export function fromPlainError(plain: PlainError): unknown {
  if (plain.kind === 'value') return plain.value;
  if (plain.kind === 'exception') return new DOMException(plain.message, plain.name);
  const { type, name, message, stack, fields, cause } = plain;
  const error = new Error(message, cause && { cause: fromPlainError(cause) });
  const prototype = classes.find(([known]) => known === type)?.[1].prototype;
  if (prototype !== undefined) Object.setPrototypeOf(error, prototype);
  if (error.name !== name) set(error, 'name', name);
  if (stack !== undefined) set(error, 'stack', stack);
  for (const [key, value] of Object.entries(fields)) set(error, key, value, true);
  return error;
}

function set(error: Error, key: string, value: unknown, enumerable = false): void {
  Object.defineProperty(error, key, { value, enumerable, configurable: true, writable: true });
}

function isDomException(thrown: unknown): thrown is DOMException {
  return typeof DOMException !== 'undefined' && thrown instanceof DOMException;
}

/** A value that can be posted, or its text. */
function cloneable(value: unknown): unknown {
  try {
    return structuredClone(value);
  } catch {
    return String(value);
  }
}
