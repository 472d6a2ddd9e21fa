import { InvalidArgumentError } from '@mnist-kit/core';
import { arePositiveIntegers } from './check-values.js';
import { type ArrayDataset, allocate, arrayDataset } from './dataset.js';

/**
 * The middle part of every image of a data set: less to compute where the border says nothing.
 *
 * The pixels are those of torchvision's `CenterCrop`
 * (https://pytorch.org/vision/stable/generated/torchvision.transforms.CenterCrop.html), which pads images that are
 * smaller than the part; here these are refused. A loader's transforms then see the parts only: what they turn or move
 * in comes from outside of the image, and is 0.
 *
 * @param dataset What {@link arrayDataset}, `mnist` or `fashionMnist` made. It is not changed.
 * @param size Height and width of the part in pixels: one number for a square, or `[height, width]`.
 * @returns A data set of its own, with the same labels and classes.
 * @throws InvalidArgumentError when `size` is not one or two positive integers, or larger than the images.
 *
 * @example
 * ```ts
 * import { centerCrop, mnist } from '@mnist-kit/datasets';
 *
 * const digits = centerCrop(await mnist({ split: 'test' }), 24);
 * console.log(digits.shape); // [24, 24, 1]
 * ```
 */
export function centerCrop(
  dataset: ArrayDataset,
  size: number | readonly [height: number, width: number],
): ArrayDataset {
  if (!ArrayBuffer.isView(dataset?.images) || !Array.isArray(dataset.shape))
    throw new InvalidArgumentError('dataset', 'must be a data set of arrays, as arrayDataset makes', dataset);
  const sides = typeof size === 'number' ? [size, size] : size;
  const [height, width, channels] = dataset.shape;
  if (!arePositiveIntegers(sides) || sides.length !== 2 || sides[0] > height || sides[1] > width)
    throw new InvalidArgumentError(
      'size',
      `must be one or two positive integers within the images' ${height} x ${width}`,
      size,
    );
  const { images, length, labels, classes } = dataset;
  const [top, left] = [half(height - sides[0]), half(width - sides[1])];
  const row = sides[1] * channels;
  const parts = allocate(images, length * sides[0] * row);
  let to = 0;
  for (let i = 0; i < length; i++)
    for (let y = top; y < top + sides[0]; y++) {
      const from = ((i * height + y) * width + left) * channels;
      // Rows are too short for `set`, which costs more than they do.
      for (let k = 0; k < row; k++) parts[to + k] = images[from + k];
      to += row;
    }
  return arrayDataset({ images: parts, labels, shape: [...sides, channels], classes });
}

/** Rounded to the even one of two neighbours, as Python rounds the offset in torchvision. */
function half(pixels: number): number {
  const down = Math.floor(pixels / 2);
  return pixels % 2 === 1 && down % 2 === 1 ? down + 1 : down;
}
