import { DataError, InvalidArgumentError } from '@mnist-kit/core';
import type { Executor } from '@mnist-kit/engine';
import { checkBatch, checkPixels } from '../check-batch.js';
import type { LoaderLike } from '../contracts/parts.js';
import { Breather } from '../event-loop.js';
import { argmaxRows } from '../metrics/metric.js';
import { checkAnswer, openLoader } from './open-loader.js';

/** Most images given to the executor at once. */
const CHUNK = 512;

/**
 * What a model says about some images.
 *
 * @example
 * ```ts
 * import type { Predictions } from '@mnist-kit/trainer';
 *
 * const accuracyOf = ({ predictions, labels, size }: Predictions) =>
 *   labels.filter((label, i) => label === predictions[i]).length / size;
 * ```
 */
export interface Predictions {
  /** The model's outputs (log-probabilities for this project's models), `size x classes`, row-major. */
  readonly outputs: Float32Array;
  /** Class with the largest output of each image, `size`. */
  readonly predictions: Int32Array;
  /** True classes, when they came from a loader; empty otherwise. */
  readonly labels: Int32Array;
  /** Positions in the loader's data set, or in the array of images. */
  readonly indices: Int32Array;
  readonly size: number;
  readonly classes: number;
}

/** Runs the model over a loader or over pixels. */
export async function predict(executor: Executor, input: LoaderLike | Float32Array): Promise<Predictions> {
  const { classes } = executor;
  const parts: { outputs: Float32Array; labels: Int32Array; indices: Int32Array }[] = [];
  const batches = input instanceof Float32Array ? chunks(input, executor) : fromLoader(input, executor);
  const breather = new Breather();
  for await (const { images, labels, indices, size } of batches) {
    const outputs = await executor.predict(images, size);
    parts.push({
      outputs: outputs.slice(0, size * classes),
      labels: labels.slice(0, size),
      indices: indices.slice(0, size),
    });
    await breather.breathe();
  }
  const outputs = concat(
    Float32Array,
    parts.map((part) => part.outputs),
  );
  const size = outputs.length / classes;
  const predictions = new Int32Array(size);
  argmaxRows(outputs, size, classes, predictions);
  return {
    outputs,
    predictions,
    labels: concat(
      Int32Array,
      parts.map((part) => part.labels),
    ),
    indices: concat(
      Int32Array,
      parts.map((part) => part.indices),
    ),
    size,
    classes,
  };
}

interface Chunk {
  readonly images: Float32Array;
  readonly labels: Int32Array;
  readonly indices: Int32Array;
  readonly size: number;
}

function* chunks(images: Float32Array, executor: Executor): Generator<Chunk> {
  const pixels = executor.inputShape[0] * executor.inputShape[1] * executor.inputShape[2];
  if (images.length === 0 || images.length % pixels !== 0)
    throw new InvalidArgumentError(
      'images',
      `must hold whole images of ${executor.inputShape.join(' x ')} = ${pixels} pixels`,
      `${images.length} pixels`,
    );
  for (let from = 0; from < images.length / pixels; from += CHUNK) {
    const chunk = images.subarray(from * pixels, (from + CHUNK) * pixels);
    const size = chunk.length / pixels;
    const indices = Int32Array.from({ length: size }, (_, i) => from + i);
    checkPixels({ images: chunk, size, shape: executor.inputShape, indices }, from / CHUNK + 1);
    yield { images: chunk, size, labels: new Int32Array(0), indices };
  }
}

async function* fromLoader(loader: LoaderLike, executor: Executor): AsyncGenerator<Chunk> {
  const iterator = openLoader(loader);
  let batches = 0;
  let finished = false;
  try {
    while (true) {
      const next = await iterator.next();
      checkAnswer(next);
      if (next.done) {
        finished = true;
        break;
      }
      checkBatch(next.value, executor, ++batches);
      if (!(next.value.indices?.length >= next.value.size) || !ArrayBuffer.isView(next.value.indices))
        throw new DataError(
          'Predictions need the `indices` of a batch: where its samples are in their data set',
        );
      iterator.prefetch?.();
      yield next.value;
    }
  } finally {
    if (!finished) await iterator.return?.();
  }
  if (batches === 0) throw new DataError('The loader yielded no batch; check its data set and dropLast');
}

function concat<T extends Float32Array | Int32Array>(Type: new (length: number) => T, parts: T[]): T {
  const whole = new Type(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
