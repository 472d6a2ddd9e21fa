import { checkOptionNames } from '@mnist-kit/core';
import type * as tfl from '@tensorflow/tfjs-layers';
import { convNet, type NetOptions, netOptionNames } from './conv-net.js';

/**
 * The notebook's ConservativeImprovedNet: ImprovedNet without its last block, so 10, 20, 30, 40 and 40
 * channels with pools after the second and the fourth; 33,320 parameters with the default image and classes.
 *
 * @returns A `tf.LayersModel` from `n x height x width x channels` images to `n x classes` log-probabilities;
 * see {@link convNet}.
 * @throws InvalidArgumentError as {@link convNet} does.
 * @example
 * ```ts
 * import { Generator } from '@mnist-kit/core';
 * import { conservativeImprovedNet } from '@mnist-kit/models';
 *
 * const model = conservativeImprovedNet({ generator: new Generator(1) });
 * ```
 */
export function conservativeImprovedNet(options: NetOptions = {}): tfl.LayersModel {
  checkOptionNames<NetOptions>('conservativeImprovedNet', options, netOptionNames);
  const shape = { channels: [10, 20, 30, 40, 40], poolAfter: [2, 4] };
  return convNet({ name: 'conservativeImprovedNet', ...options, ...shape });
}
