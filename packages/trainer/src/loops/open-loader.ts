import { type Batch, className, DataError } from '@mnist-kit/core';
import type { BatchIterator, LoaderLike } from '../contracts/parts.js';

/**
 * Begins a pass over a loader.
 *
 * @throws DataError for a loader of somebody's own that gives something that is no iterator.
 */
export function openLoader(loader: LoaderLike): BatchIterator {
  const iterator = loader[Symbol.asyncIterator]();
  if (typeof iterator?.next === 'function') return iterator;
  throw new DataError(
    `A loader's [Symbol.asyncIterator]() must return an iterator with \`next\`. Received: ${describe(iterator)}`,
  );
}

/** @throws DataError for an answer of an iterator that is none. */
export function checkAnswer(answer: IteratorResult<Batch, unknown>): void {
  if (answer === null || typeof answer !== 'object')
    throw new DataError(`A loader's \`next()\` must give { done, value }. Received: ${describe(answer)}`);
}

function describe(value: unknown): string {
  return typeof value === 'object' && value !== null ? (className(value) ?? 'an object') : String(value);
}
