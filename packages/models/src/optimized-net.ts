import { checkOptionNames } from '@mnist-kit/core';
import type * as tfl from '@tensorflow/tfjs-layers';
import { convNet, type NetOptions, netOptionNames } from './conv-net.js';

/**
 * The notebook's OptimizedNet: blocks of 8, 16, 16, 32 and 32 channels with pools after the second and the
 * fourth; 17,994 parameters with the default image and classes.
 *
 * @returns A `tf.LayersModel` from `n x height x width x channels` images to `n x classes` log-probabilities;
 * see {@link convNet}.
 * @throws InvalidArgumentError as {@link convNet} does.
 * @example
 * ```ts
 * import { Generator } from '@mnist-kit/core';
 * import { optimizedNet } from '@mnist-kit/models';
 *
 * const model = optimizedNet({ generator: new Generator(1) });
 * ```
 */
export function optimizedNet(options: NetOptions = {}): tfl.LayersModel {
  checkOptionNames<NetOptions>('optimizedNet', options, netOptionNames);
  return convNet({ name: 'optimizedNet', ...options, channels: [8, 16, 16, 32, 32], poolAfter: [2, 4] });
}
