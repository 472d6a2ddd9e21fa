import { InvalidArgumentError } from '@mnist-kit/core';
import { type ComposedTransform, checkTransform, nameOf, type Transform } from './transform.js';

/**
 * Several transforms, applied in order (`torchvision.transforms.Compose`). Each draws its random numbers
 * just before the next one does, image by image.
 *
 * @param list Transforms and functions of your own; `normalize` comes after those that move pixels.
 * @throws InvalidArgumentError when an entry is not a transform.
 *
 * @example
 * ```ts
 * import { transforms as T } from '@mnist-kit/datasets';
 *
 * const augment = T.compose([
 *   T.randomRotation(10),
 *   T.randomAffine({ degrees: 0, translate: [0.1, 0.1] }),
 *   T.normalize({ mean: 0.1307, std: 0.3081 }),
 * ]);
 * ```
 */
export function compose(list: readonly Transform[]): ComposedTransform {
  if (!Array.isArray(list)) throw new InvalidArgumentError('list', 'must be an array of transforms', list);
  const transforms = list.map((transform, i) => checkTransform(`list[${i}]`, transform));
  return { kind: 'compose', name: `compose([${transforms.map(nameOf).join(', ')}])`, transforms };
}
