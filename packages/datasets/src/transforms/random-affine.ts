import { checkOptionNames, type Generator, InvalidArgumentError } from '@mnist-kit/core';
import { areFinite } from '../check-values.js';
import { type AffineParameters, affineResample } from './geometry.js';
import type { ImageSize } from './image.js';
import { angleRange, angleRanges, checkRange, roundHalfEven } from './ranges.js';
import type { GeometricTransform } from './transform.js';

/**
 * Options of {@link randomAffine}.
 *
 * @example
 * ```ts
 * import { transforms } from '@mnist-kit/datasets';
 *
 * const options: transforms.RandomAffineOptions = { degrees: 10, translate: [0.1, 0.1] };
 * const jitter = transforms.randomAffine(options);
 * ```
 */
export interface RandomAffineOptions {
  /** Largest rotation to both sides in degrees, at least 0; or [smallest, largest]. 0: no rotation. */
  degrees: number | readonly [number, number];
  /** Largest shift as fractions of width and height, each from 0 to 1. Default: no shift. */
  translate?: readonly [number, number];
  /** Smallest and largest factor, above 0. Default: no scaling. */
  scale?: readonly [number, number];
  /**
   * Largest shear along x to both sides in degrees; or [smallest, largest] along x; or
   * [smallest x, largest x, smallest y, largest y]. Default: no shear.
   */
  shear?: number | readonly [number, number] | readonly [number, number, number, number];
}

/**
 * A {@link GeometricTransform} that also shows the parameters it draws.
 *
 * @example
 * ```ts
 * import { Generator } from '@mnist-kit/core';
 * import { transforms } from '@mnist-kit/datasets';
 *
 * const jitter: transforms.RandomAffineTransform = transforms.randomAffine({ degrees: 10 });
 * const { angle } = jitter.drawParameters({ width: 28, height: 28, channels: 1 }, new Generator(1));
 * ```
 */
export interface RandomAffineTransform extends GeometricTransform {
  /** Draws the parameters for one image, in torchvision's order: angle, x, y, scale, shear. */
  drawParameters(size: ImageSize, generator: Generator): Required<AffineParameters>;
}

/**
 * Rotates, moves, scales and shears each image at random (`torchvision.transforms.RandomAffine` on PIL
 * images: nearest pixel, 0 outside).
 *
 * One float32 is drawn for the angle (even when `degrees` is 0), then two for the shift, one for the scale
 * and one or two for the shear, where those are asked for. Shifts are rounded to whole pixels, halves to
 * even.
 *
 * @throws InvalidArgumentError when an option is out of its range.
 *
 * @example
 * ```ts
 * import { transforms } from '@mnist-kit/datasets';
 *
 * const jitter = transforms.randomAffine({ degrees: 0, translate: [0.1, 0.1] });
 * const strong = transforms.randomAffine({ degrees: 15, scale: [0.9, 1.1], shear: 10 });
 * ```
 */
export function randomAffine(options: RandomAffineOptions): RandomAffineTransform {
  checkOptionNames<RandomAffineOptions>('randomAffine', options, {
    degrees: true,
    translate: true,
    scale: true,
    shear: true,
  });
  const angles = angleRange('degrees', options?.degrees);
  const { translate, scale } = options;
  if (translate !== undefined) {
    const fits = areFinite(translate) && translate.length === 2 && translate.every((t) => t >= 0 && t <= 1);
    if (!fits)
      throw new InvalidArgumentError('translate', 'must be two fractions from 0 to 1, [x, y]', translate);
  }
  if (scale !== undefined) {
    checkRange('scale', scale);
    if (!(Math.fround(scale[0]) > 0)) throw new InvalidArgumentError('scale', 'must be above 0', scale);
  }
  const shear = options.shear === undefined ? undefined : angleRanges('shear', options.shear);

  const drawParameters = ({ width, height }: ImageSize, generator: Generator) => {
    const draw = (low: number, high: number) => generator.uniform1(low, high);
    const angle = draw(angles[0], angles[1]);
    let x = 0;
    let y = 0;
    if (translate !== undefined) {
      const largestX = translate[0] * width;
      const largestY = translate[1] * height;
      x = roundHalfEven(draw(-largestX, largestX));
      y = roundHalfEven(draw(-largestY, largestY));
    }
    const factor = scale === undefined ? 1 : draw(scale[0], scale[1]);
    const shearX = shear === undefined ? 0 : draw(shear[0], shear[1]);
    const shearY = shear?.length === 4 ? draw(shear[2], shear[3]) : 0;
    return { angle, translate: [x, y], scale: factor, shear: [shearX, shearY] } as const;
  };
  return {
    kind: 'geometric',
    name: `randomAffine(degrees=[${angles}]${translate ? `, translate=[${translate}]` : ''}${scale ? `, scale=[${scale}]` : ''}${shear ? `, shear=[${shear}]` : ''})`,
    drawParameters,
    draw: (size, generator) => affineResample(drawParameters(size, generator), size),
  };
}
