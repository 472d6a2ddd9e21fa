import { checkOptionNames } from '@mnist-kit/core';
import type * as tfl from '@tensorflow/tfjs-layers';
import { convNet, type NetOptions, netOptionNames } from './conv-net.js';

/**
 * The notebook's ImprovedNet: blocks of 10, 20, 30, 40, 40 and 40 channels with pools after the second and
 * the fourth; 47,840 parameters with the default image and classes.
 *
 * @returns A `tf.LayersModel` from `n x height x width x channels` images to `n x classes` log-probabilities;
 * see {@link convNet}.
 * @throws InvalidArgumentError as {@link convNet} does.
 * @example
 * ```ts
 * import { Generator } from '@mnist-kit/core';
 * import { improvedNet } from '@mnist-kit/models';
 *
 * const model = improvedNet({ generator: new Generator(1) });
 * ```
 */
export function improvedNet(options: NetOptions = {}): tfl.LayersModel {
  checkOptionNames<NetOptions>('improvedNet', options, netOptionNames);
  return convNet({ name: 'improvedNet', ...options, channels: [10, 20, 30, 40, 40, 40], poolAfter: [2, 4] });
}
