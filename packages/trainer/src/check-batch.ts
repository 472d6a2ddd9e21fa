import { type Batch, DataError, ModelError } from '@mnist-kit/core';
import type { Executor } from '@mnist-kit/engine';

/** Checks what can be wrong with any batch: the number and range of its labels. */
export function checkLabels(batch: Batch, classes: number): void {
  const { labels, size } = batch;
  for (let i = 0; i < size; i++) {
    const label = labels[i];
    if (label < 0 || label >= classes)
      throw new ModelError(
        `The model has ${classes} outputs, so labels must be 0 to ${classes - 1}. ` +
          `Received: label ${label} of sample ${batch.indices?.[i] ?? i}`,
      );
  }
}

/** Checks the first batch of a pass: its shape against the model's, and its pixels for NaN and infinity. */
export function checkFirstBatch(batch: Batch, executor: Executor): void {
  const [height, width, channels] = executor.inputShape;
  const { shape, size, images, labels } = batch;
  if (shape[0] !== height || shape[1] !== width || shape[2] !== channels)
    throw new ModelError(
      `The model takes images of [height, width, channels] = [${executor.inputShape.join(', ')}]. ` +
        `Received: a batch of [${shape.join(', ')}]`,
    );
  const pixels = height * width * channels;
  if (size < 1 || images.length < size * pixels || labels.length < size)
    throw new DataError(
      `A batch of ${size} samples needs ${size * pixels} pixels and ${size} labels. ` +
        `Received: ${images.length} pixels and ${labels.length} labels`,
    );
  checkPixels(batch);
}

/** Throws at the first pixel that is NaN or infinite. */
export function checkPixels({ images, size, shape, indices }: Batch): void {
  const pixels = shape[0] * shape[1] * shape[2];
  // A sum is not finite if any of its terms is not: one pass without branches for batches that are fine.
  let sum = 0;
  for (let i = 0; i < size * pixels; i++) sum += images[i] * 0;
  if (sum === 0) return;
  const at = images.findIndex((pixel) => !Number.isFinite(pixel));
  const sample = Math.floor(at / pixels);
  throw new DataError(
    `Pixels must be finite numbers. Received: ${images[at]} at pixel ${at % pixels} of sample ` +
      `${indices?.[sample] ?? sample}; check the data and the transform's division by a standard deviation of 0`,
  );
}
