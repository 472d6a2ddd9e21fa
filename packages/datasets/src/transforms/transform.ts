import { type Generator, InvalidArgumentError } from '@mnist-kit/core';
import { areFinite } from '../check-values.js';
import type { Pixels } from '../pixels.js';
import type { Image, ImageSize } from './image.js';
import type { Resample } from './resample.js';

/**
 * A transform that moves pixels. Its random part and its pixel part are apart: `draw` takes what it needs
 * from the generator on the calling thread, and a worker can move the pixels later.
 *
 * @example
 * ```ts
 * import { Generator } from '@mnist-kit/core';
 * import { type GeometricTransform, transforms } from '@mnist-kit/datasets';
 *
 * const rotation: GeometricTransform = transforms.randomRotation(10);
 * const drawn = rotation.draw({ width: 28, height: 28, channels: 1 }, new Generator(1));
 * ```
 */
export interface GeometricTransform {
  readonly kind: 'geometric';
  /** Name and parameters, as error messages show them. */
  readonly name: string;
  /** Draws the parameters for one image of this size. */
  draw(size: ImageSize, generator: Generator): Resample;
}

/**
 * A transform of values: bytes become v / 255, then (v - mean) / std, in float32.
 *
 * @example
 * ```ts
 * import { type NormalizeTransform, transforms } from '@mnist-kit/datasets';
 *
 * const normalize: NormalizeTransform = transforms.normalize({ mean: 0.1307, std: 0.3081 });
 * console.log(normalize.mean); // [0.1307]
 * ```
 */
export interface NormalizeTransform {
  readonly kind: 'normalize';
  readonly name: string;
  /** One value, or one for each channel. */
  readonly mean: readonly number[];
  /** One value, or one for each channel. */
  readonly std: readonly number[];
}

/**
 * Several transforms, one after the other.
 *
 * @example
 * ```ts
 * import { type ComposedTransform, transforms } from '@mnist-kit/datasets';
 *
 * const augment: ComposedTransform = transforms.compose([
 *   transforms.randomRotation(10),
 *   transforms.normalize({ mean: 0.1307, std: 0.3081 }),
 * ]);
 * ```
 */
export interface ComposedTransform {
  readonly kind: 'compose';
  readonly name: string;
  readonly transforms: readonly Transform[];
}

/**
 * A transform of your own: takes an image, gives one of the same size.
 *
 * It gets bytes before `normalize` and float32 after it. It runs on the calling thread, and so does the
 * rest of the chain. Take random numbers only from `generator`, which is the loader's (undefined when the
 * loader has none).
 *
 * @example
 * ```ts
 * import type { ImageFunction } from '@mnist-kit/datasets';
 *
 * // White becomes black, for bytes.
 * const invert: ImageFunction = (image) => {
 *   for (let i = 0; i < image.data.length; i++) image.data[i] = 255 - image.data[i];
 *   return image;
 * };
 * ```
 */
export type ImageFunction = (image: Image<Pixels>, generator: Generator | undefined) => Image<Pixels>;

/**
 * Whatever a `DataLoader` takes as `transform`.
 *
 * @example
 * ```ts
 * import { type Transform, transforms } from '@mnist-kit/datasets';
 *
 * const flip: Transform = ({ data, ...image }) => ({ ...image, data: data.slice().reverse() });
 * const augment: Transform = transforms.compose([flip, transforms.normalize({ mean: 0.5, std: 0.5 })]);
 * ```
 */
export type Transform = GeometricTransform | NormalizeTransform | ComposedTransform | ImageFunction;

/** A chain without nesting. */
export type FlatTransform = Exclude<Transform, ComposedTransform>;

/** Takes a transform apart into its steps, and checks their order. */
export function flatten(transform: Transform | undefined): FlatTransform[] {
  const steps: FlatTransform[] = [];
  const visit = (step: Transform): void => {
    const known = checkTransform('transform', step);
    if (typeof known !== 'function' && known.kind === 'compose') known.transforms.forEach(visit);
    else steps.push(known as FlatTransform);
  };
  if (transform !== undefined) visit(transform);
  const normalized = steps.findIndex((step) => typeof step !== 'function' && step.kind === 'normalize');
  const late = steps.find(
    (step, i) => i > normalized && normalized >= 0 && typeof step !== 'function' && step.kind === 'geometric',
  );
  // On normalised values torchvision rotates tensors, with other pixels, and 0 is not the background.
  if (late !== undefined)
    throw new InvalidArgumentError(
      'transform',
      'must have its normalize after the transforms that move pixels',
      steps.map(nameOf),
    );
  return steps;
}

/** Throws unless `value` is a transform. */
export function checkTransform(argument: string, value: Transform): Transform {
  const known =
    typeof value === 'function' ||
    (value?.kind === 'normalize' && areFinite(value.mean) && areFinite(value.std)) ||
    (value?.kind === 'compose' && Array.isArray(value.transforms)) ||
    (value?.kind === 'geometric' && typeof value.draw === 'function');
  if (!known)
    throw new InvalidArgumentError(
      argument,
      'must be one of `transforms` or a function from image to image',
      value,
    );
  return value;
}

/** What to call a transform in a message. */
export function nameOf(transform: Transform): string {
  return typeof transform === 'function' ? transform.name || 'function' : transform.name;
}
