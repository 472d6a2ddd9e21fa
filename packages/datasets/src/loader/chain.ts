import { DataError, type Generator, InvalidArgumentError } from '@mnist-kit/core';
import type { ImageShape } from '../dataset.js';
import type { Pixels } from '../pixels.js';
import { type Image, type ImageSize, sizeOf } from '../transforms/image.js';
import { applyResample, type Resample } from '../transforms/resample.js';
import {
  type FlatTransform,
  flatten,
  type GeometricTransform,
  type NormalizeTransform,
  nameOf,
  type Transform,
} from '../transforms/transform.js';

const { fround } = Math;

/** A loader's transform, made ready for images of one shape. */
export class TransformChain {
  readonly size: ImageSize;
  /** The steps that move pixels. */
  readonly geometric: readonly GeometricTransform[];
  /** Channels x 256: the float32 value of each byte after the normalisations. */
  readonly table: Float32Array;
  /** Normalisations x channels x (mean, std). */
  readonly scaling: Float32Array;
  /** Whether there are functions, which cannot run in a worker. */
  readonly hasFunctions: boolean;
  readonly #steps: readonly FlatTransform[];

  /**
   * @throws InvalidArgumentError when the transform does not fit the images' channels or is none.
   */
  constructor(transform: Transform | undefined, [height, width, channels]: ImageShape) {
    this.size = { height, width, channels };
    this.#steps = flatten(transform);
    this.geometric = this.#steps.filter(
      (step) => typeof step !== 'function' && step.kind === 'geometric',
    ) as readonly GeometricTransform[];
    this.hasFunctions = this.#steps.some((step) => typeof step === 'function');
    const normalizations = this.#steps.filter(
      (step) => typeof step !== 'function' && step.kind === 'normalize',
    ) as NormalizeTransform[];
    this.scaling = Float32Array.from(normalizations.flatMap((step) => pairs(step, channels)));
    this.table = new Float32Array(channels * 256);
    for (let i = 0; i < this.table.length; i++) {
      const value = this.#scaled(fround((i % 256) / 255), i >> 8, 0, this.scaling.length);
      if (!Number.isFinite(value))
        throw new InvalidArgumentError(
          'transform',
          `must give values that float32 can hold, and ${normalizations.map(nameOf).join(', ')} does not`,
          `${value} for a byte of ${i % 256}`,
        );
      this.table[i] = value;
    }
  }

  /** Runs the whole chain on one image, on this thread, and writes the float32 result to `out`. */
  apply(data: Pixels, generator: Generator | undefined, out: Float32Array): void {
    const { width, height, channels } = this.size;
    let image: Image<Pixels> = { data, width, height, channels };
    let scaled = 0;
    const floats = (until: number) => {
      const source = image.data;
      // Bytes become fractions once, floats stay what they are.
      const divisor = source instanceof Uint8Array ? 255 : 1;
      const result = Float32Array.from(source, (value, i) =>
        this.#scaled(fround(value / divisor), i % channels, scaled, until),
      );
      scaled = until;
      return result;
    };
    for (const step of this.#steps) {
      if (typeof step === 'function') {
        // A function may write to its image, but not to the data set.
        if (image.data === data) image = { ...image, data: copyOf(data) };
        image = this.#checked(step, step(image, generator));
      } else if (step.kind === 'geometric')
        image = applyResample(image, drawResample(step, this.size, generator));
      else image = { ...image, data: floats(scaled + channels * 2) };
    }
    out.set(floats(scaled));
  }

  /** Normalises one value by the numbers from `from` to `until`, rounding as float32 does. */
  #scaled(value: number, channel: number, from: number, until: number): number {
    const { scaling } = this;
    let result = value;
    for (let s = from + channel * 2; s < until; s += this.size.channels * 2)
      result = fround(fround(result - scaling[s]) / scaling[s + 1]);
    return result;
  }

  #checked(step: FlatTransform, image: Image<Pixels>): Image<Pixels> {
    if (image === null || typeof image !== 'object')
      throw new InvalidArgumentError('transform', `must return an image from ${nameOf(step)}`, image);
    const { width, height, channels } = sizeOf(image);
    const { size } = this;
    if (width !== size.width || height !== size.height || channels !== size.channels)
      throw new DataError(
        `The transform ${nameOf(step)} must keep the size: expected ${size.width} x ${size.height} x ${size.channels}, ` +
          `received ${width} x ${height} x ${channels} (width x height x channels).`,
      );
    return image;
  }
}

/**
 * Draws the parameters of one image.
 *
 * @throws InvalidArgumentError when a transform of the user's own draws none.
 */
export function drawResample(
  step: GeometricTransform,
  size: ImageSize,
  generator: Generator | undefined,
): Resample {
  const drawn = step.draw(size, generator as Generator);
  const { mode, coefficients } = drawn ?? {};
  const fits = (mode === 0 || mode === 1 || mode === 2) && coefficients?.length === 6;
  // Of a place that is NaN every comparison is false, and the image would be black.
  if (fits && coefficients.every(Number.isFinite)) return drawn;
  throw new InvalidArgumentError(
    'transform',
    `must draw a mode of 0, 1 or 2 and six finite coefficients in ${nameOf(step)}`,
    coefficients ?? drawn,
  );
}

function copyOf(data: Pixels): Pixels {
  return data instanceof Float32Array ? new Float32Array(data) : new Uint8Array(data);
}

function pairs({ mean, std }: NormalizeTransform, channels: number): number[] {
  for (const [name, values] of [
    ['mean', mean],
    ['std', std],
  ] as const)
    if (values.length !== 1 && values.length !== channels)
      throw new InvalidArgumentError(
        name,
        `must have one value, or one for each of ${channels} channels`,
        values,
      );
  return Array.from({ length: channels }, (_, k) => [
    mean[mean.length === 1 ? 0 : k],
    std[std.length === 1 ? 0 : k],
  ]).flat();
}
