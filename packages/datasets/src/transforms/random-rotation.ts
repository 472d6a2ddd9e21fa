import { rotation } from './geometry.js';
import { angleRange } from './ranges.js';
import type { GeometricTransform } from './transform.js';

/**
 * Rotates each image by a random angle about its centre (`torchvision.transforms.RandomRotation` on PIL
 * images: nearest pixel, 0 outside).
 *
 * One float32 is drawn for each image, evenly between the bounds.
 *
 * @param degrees Largest angle to both sides, at least 0; or [smallest, largest], counter-clockwise.
 * @throws InvalidArgumentError when `degrees` is negative, not finite or no range.
 *
 * @example
 * ```ts
 * import { transforms } from '@mnist-kit/datasets';
 *
 * const slight = transforms.randomRotation(10);
 * const oneWay = transforms.randomRotation([0, 45]);
 * ```
 */
export function randomRotation(degrees: number | readonly [number, number]): GeometricTransform {
  const [low, high] = angleRange('degrees', degrees);
  return {
    kind: 'geometric',
    name: `randomRotation([${low}, ${high}])`,
    draw: (size, generator) => rotation(generator.uniform1(low, high), size),
  };
}
