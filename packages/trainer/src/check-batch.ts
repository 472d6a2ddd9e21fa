import { type Batch, className, DataError, ModelError } from '@mnist-kit/core';
import type { Executor } from '@mnist-kit/engine';

/** The Trainer measures accuracies, and its losses choose among classes. */
export function checkClasses({ classes }: Executor): void {
  if (classes < 2)
    throw new ModelError(
      'The Trainer trains classifiers: a model needs one output per class, at least 2. For two classes give it ' +
        'two outputs without a sigmoid, and crossEntropyLoss; regression is not supported. ' +
        `Received: a model with ${classes} output`,
    );
}

/**
 * Checks what can be wrong with any batch: what it is made of, its shape against the model's, its labels, its pixels.
 *
 * @param number Its place among the batches of the pass, from 1.
 * @throws DataError for a batch that is none, ModelError for one that the model cannot be trained on.
 */
export function checkBatch(batch: Batch, executor: Executor, number: number): void {
  checkParts(batch, executor);
  checkPixels(batch, number);
}

/**
 * Whether the pixels of a training batch are looked at before its step.
 *
 * They were written by another thread, and reading them takes over 1% of a step: the first batches of an epoch are looked
 * at, then every eighth. Others are where their loss is no number, before the update.
 *
 * @param number Its place among the batches of the epoch, from 1.
 */
export function isLookedAt(number: number): boolean {
  return number <= 8 || number % 8 === 0;
}

/**
 * Checks everything about a batch but its pixels.
 *
 * @throws DataError for a batch that is none, ModelError for one that the model cannot be trained on.
 */
export function checkParts(batch: Batch, { inputShape, classes }: Executor): void {
  if (batch === null || typeof batch !== 'object' || !('images' in batch && 'labels' in batch))
    throw new DataError(
      `A loader must yield batches { images, labels, size, shape, indices }. Received: ${describe(batch)}`,
    );
  const { shape, size, images, labels, indices } = batch;
  const [height, width, channels] = inputShape;
  if (shape?.length !== 3 || shape[0] !== height || shape[1] !== width || shape[2] !== channels)
    throw new ModelError(
      `The model takes images of [height, width, channels] = [${inputShape.join(', ')}]. ` +
        `Received: a batch of ${Array.isArray(shape) ? `[${shape.join(', ')}]` : `shape ${String(shape)}`}`,
    );
  if (!Number.isInteger(size) || size < 1)
    throw new DataError(`A batch needs a \`size\` of at least 1. Received: size=${String(size)}`);
  if (tagOf(images) !== 'Float32Array')
    throw new DataError(
      'The `images` of a batch must be a Float32Array, as normalised pixels are: ' +
        `Float32Array.from(bytes, (byte) => byte / 255). Received: images=${describe(images)}`,
    );
  if (tagOf(labels) !== 'Int32Array')
    throw new DataError(`${explainLabels(batch, classes)}. Received: labels=${describe(labels)}`);
  const pixels = height * width * channels;
  if (images.length < size * pixels || labels.length < size)
    throw new DataError(
      `A batch of ${size} samples needs ${size * pixels} pixels and ${size} labels. ` +
        `Received: ${images.length} pixels and ${labels.length} labels`,
    );
  if (indices !== undefined && tagOf(indices) !== 'Int32Array')
    throw new DataError(
      `The \`indices\` of a batch must be an Int32Array of positions. Received: indices=${describe(indices)}`,
    );
  if (isOneHot(batch, classes))
    throw new DataError(`${explainLabels(batch, classes)}. Received: labels=${describe(labels)}`);
  checkLabels(batch, classes);
}

/** Loaders may hand out longer arrays than a last batch needs, but not of labels alone. */
function isOneHot({ labels, size, indices }: Batch, classes: number): boolean {
  if (labels.length !== size * classes || (indices?.length ?? size) !== size) return false;
  for (let i = 0; i < size; i++) {
    const row = labels.subarray(i * classes, (i + 1) * classes);
    if (row.some((value) => value !== 0 && value !== 1) || row.reduce((sum, value) => sum + value) !== 1)
      return false;
  }
  return true;
}

function checkLabels({ labels, size, indices }: Batch, classes: number): void {
  for (let i = 0; i < size; i++) {
    const label = labels[i];
    if (label < 0 || label >= classes)
      throw new ModelError(
        `The model has ${classes} outputs, so labels must be 0 to ${classes - 1}. ` +
          `Received: label ${label} of sample ${indices?.[i] ?? i}`,
      );
  }
}

/** What labels should be, for somebody who has them in another form. */
function explainLabels({ labels, size }: Batch, classes: number): string {
  const expected = 'The `labels` of a batch must be an Int32Array of class indices';
  const values = ArrayBuffer.isView(labels) || Array.isArray(labels) ? (labels as ArrayLike<unknown>) : [];
  if (size > 0 && values.length === size * classes) return `${expected}, one per sample and not one-hot rows`;
  if (Array.isArray(values[0])) return `${expected}, one per sample and not one-hot rows`;
  if (typeof values[0] === 'bigint') return `${expected}: Int32Array.from(labels, Number)`;
  const odd = Array.from(values).find((label) => !Number.isInteger(label));
  if (odd !== undefined)
    return `${expected}, and ${typeof odd === 'string' ? JSON.stringify(odd) : String(odd)} is none`;
  return values.length > 0 ? `${expected}: Int32Array.from(labels)` : expected;
}

/** What {@link checkPixels} looks at. */
type Pixels = Pick<Batch, 'images' | 'size' | 'shape'> & Partial<Pick<Batch, 'indices'>>;

/**
 * Checks that pixels are numbers.
 *
 * @throws DataError that names the batch, the image, the place in it and the value.
 */
export function checkPixels({ images, size, shape, indices }: Pixels, batch: number): void {
  const [height, width, channels] = shape;
  const count = size * height * width * channels;
  if (areFinite(images, count)) return;
  const pixels = images.subarray(0, count);
  const at = pixels.findIndex((pixel) => !Number.isFinite(pixel));
  const image = Math.floor(at / (height * width * channels));
  const [y, x, c] = [
    Math.floor(at / (width * channels)) % height,
    Math.floor(at / channels) % width,
    at % channels,
  ];
  throw new DataError(
    `Pixels must be finite numbers. Received: ${pixels[at]} at row ${y}, column ${x}, channel ${c} of sample ` +
      `${indices?.[image] ?? image}, in batch ${batch}; check the data and the transform's division by a standard deviation of 0`,
  );
}

/** Whether the first `count` values are finite: a float64 sum of float32 values is, unless one of them is not. */
function areFinite(values: Float32Array, count: number): boolean {
  // Eight sums do not wait for each other.
  let [a, b, c, d, e, f, g, h] = [0, 0, 0, 0, 0, 0, 0, 0];
  let i = 0;
  for (; i + 7 < count; i += 8) {
    a += values[i];
    b += values[i + 1];
    c += values[i + 2];
    d += values[i + 3];
    e += values[i + 4];
    f += values[i + 5];
    g += values[i + 6];
    h += values[i + 7];
  }
  for (; i < count; i++) a += values[i];
  return Number.isFinite(a + b + c + d + e + f + g + h);
}

/** Kind of a typed array, also of one from another realm (a worker, a test runner's sandbox). */
function tagOf(value: unknown): string | undefined {
  return ArrayBuffer.isView(value)
    ? (value as unknown as { [Symbol.toStringTag]: string })[Symbol.toStringTag]
    : undefined;
}

function describe(value: unknown): string {
  if (Array.isArray(value)) return `an array of ${value.length}`;
  if (ArrayBuffer.isView(value)) return `${tagOf(value)} of ${(value as Float32Array).length}`;
  if (value === null || typeof value !== 'object')
    return typeof value === 'string' ? JSON.stringify(value) : String(value);
  const keys = Object.keys(value).join(', ');
  return keys === '' ? (className(value) ?? 'an object') : `{ ${keys} }`;
}
