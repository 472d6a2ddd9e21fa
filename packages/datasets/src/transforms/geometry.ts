import { checkOptionNames, InvalidArgumentError, math } from '@mnist-kit/core';
import { areFinite } from '../check-values.js';
import type { Pixels } from '../pixels.js';
import { type Image, type ImageSize, sizeOf } from './image.js';
import { applyResample, type Matrix, type Resample, resampleBy, unchanged } from './resample.js';

const { cos, sin } = math;

/**
 * Parameters of {@link affine}.
 *
 * @example
 * ```ts
 * import { affine, type AffineParameters } from '@mnist-kit/datasets';
 *
 * const parameters: AffineParameters = { angle: 10, translate: [2, -1], scale: 1.1, shear: [5, 0] };
 * const moved = affine({ data: new Uint8Array(28 * 28), width: 28, height: 28 }, parameters);
 * ```
 */
export interface AffineParameters {
  /** Rotation in degrees, clockwise. Default: 0. */
  angle?: number;
  /** Pixels to the right and down. Default: [0, 0]. */
  translate?: readonly [number, number];
  /** Factor, above 0. Default: 1. */
  scale?: number;
  /** Degrees along x and y, clockwise. Default: [0, 0]. */
  shear?: readonly [number, number];
}

/**
 * Rotates an image about its centre: nearest pixel, 0 outside, the size stays.
 *
 * The pixels are those of torchvision's `rotate` on a PIL image (`Image.rotate`).
 *
 * @param image The image; it is not changed.
 * @param angle Degrees, counter-clockwise.
 * @throws InvalidArgumentError when `angle` is not finite.
 *
 * @example
 * ```ts
 * import { mnist, rotate } from '@mnist-kit/datasets';
 *
 * const { image } = (await mnist({ split: 'test' })).get(0);
 * const turned = rotate({ data: image, width: 28, height: 28 }, 10);
 * ```
 */
export function rotate<P extends Pixels>(image: Image<P>, angle: number): Image<P> {
  return applyResample(image, rotation(angle, sizeOf(image)));
}

/**
 * Rotates, moves, scales and shears an image about its centre: nearest pixel, 0 outside, the size stays.
 *
 * The pixels are those of torchvision's `affine` on a PIL image. Note that its angle is clockwise and that of
 * {@link rotate} counter-clockwise, as in torchvision.
 *
 * @param image The image; it is not changed.
 * @throws InvalidArgumentError when a parameter is not finite or `scale` is not above 0.
 *
 * @example
 * ```ts
 * import { affine } from '@mnist-kit/datasets';
 *
 * const image = { data: new Uint8Array(28 * 28).fill(9), width: 28, height: 28 };
 * const moved = affine(image, { translate: [2, -1] });
 * ```
 */
export function affine<P extends Pixels>(image: Image<P>, parameters: AffineParameters = {}): Image<P> {
  checkOptionNames<AffineParameters>('affine', parameters, {
    angle: true,
    translate: true,
    scale: true,
    shear: true,
  });
  return applyResample(image, affineResample(parameters, sizeOf(image)));
}

/** The operation that {@link rotate} carries out. */
export function rotation(angle: number, size: ImageSize): Resample {
  checkNumber('angle', angle);
  const { width, height } = size;
  const turn = modulo(angle, 360);
  // Pillow moves pixels exactly for quarter turns where the shape allows it.
  if (turn === 0) return unchanged;
  if (turn === 180) return resampleBy([-1, 0, width, 0, -1, height], size);
  if (turn === 90 && width === height) return resampleBy([0, -1, width, 1, 0, 0], size);
  if (turn === 270 && width === height) return resampleBy([0, 1, 0, -1, 0, height], size);
  const radians = -turn * degree;
  const a = round15(cos(radians));
  const b = round15(sin(radians));
  const d = -b;
  const x = width / 2;
  const y = height / 2;
  return resampleBy([a, b, a * -x + b * -y + x, d, a, d * -x + a * -y + y], size);
}

/** The operation that {@link affine} carries out: the inverse of T C R(angle) S(scale) Shear C^-1. */
export function affineResample(parameters: AffineParameters, size: ImageSize): Resample {
  const { angle = 0, translate = [0, 0], scale = 1, shear = [0, 0] } = parameters;
  checkNumber('angle', angle);
  checkPair('translate', translate);
  checkPair('shear', shear);
  checkNumber('scale', scale);
  if (scale <= 0) throw new InvalidArgumentError('scale', 'must be above 0', scale);
  const matrix = inverseAffine(angle, translate, scale, shear, size);
  if (!matrix.every(Number.isFinite))
    throw new InvalidArgumentError('scale', 'must be large enough for coordinates to be finite', scale);
  return resampleBy(matrix, size);
}

function inverseAffine(
  angle: number,
  translate: readonly [number, number],
  scale: number,
  shear: readonly [number, number],
  { width, height }: ImageSize,
): Matrix {
  const [a, b, c, d] = linearPart(angle * degree, shear[0] * degree, shear[1] * degree);
  // The determinant is 1, so the inverse only swaps and negates.
  const [m0, m1, m3, m4] = [d / scale, -b / scale, -c / scale, a / scale];
  const x = width * 0.5;
  const y = height * 0.5;
  const [tx, ty] = translate;
  return [m0, m1, m0 * (-x - tx) + m1 * (-y - ty) + x, m3, m4, m3 * (-x - tx) + m4 * (-y - ty) + y];
}

/** Rotation and shear as [a, b, c, d], row by row; its determinant is 1. */
function linearPart(turn: number, shearX: number, shearY: number): [number, number, number, number] {
  // Most often there is only a shift, and this is done for every sample.
  if (turn === 0 && shearX === 0 && shearY === 0) return [1, 0, 0, 1];
  const tanX = sin(shearX) / cos(shearX);
  const cosY = cos(shearY);
  const cosTurn = cos(turn - shearY);
  const sinTurn = sin(turn - shearY);
  return [
    cosTurn / cosY,
    (-cosTurn * tanX) / cosY - sin(turn),
    sinTurn / cosY,
    (-sinTurn * tanX) / cosY + cos(turn),
  ];
}

const degree = Math.PI / 180;

/** The remainder with the sign of the divisor. */
function modulo(value: number, divisor: number): number {
  const rest = value % divisor;
  return rest < 0 ? rest + divisor : rest;
}

/** Rounds to 15 decimals, correctly, as Pillow does to get rid of 6e-17 where 0 is meant. */
function round15(value: number): number {
  return Number(value.toFixed(15));
}

function checkNumber(name: string, value: number): void {
  if (!Number.isFinite(value)) throw new InvalidArgumentError(name, 'must be a finite number', value);
}

function checkPair(name: string, pair: readonly [number, number]): void {
  if (!areFinite(pair) || pair.length !== 2)
    throw new InvalidArgumentError(name, 'must be two finite numbers, [x, y]', pair);
}
