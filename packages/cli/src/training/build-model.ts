import type { Generator } from '@mnist-kit/core';
import { compactNet, conservativeImprovedNet, convNet, improvedNet, optimizedNet } from '@mnist-kit/models';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import type { Config } from '../config/schema.js';

/**
 * The net of a config.
 *
 * @param model Its images and classes default to MNIST's.
 * @param generator Where its initial weights are drawn from. Default: `new Generator(0)`.
 * @throws InvalidArgumentError for a net that cannot be.
 */
export function buildModel(
  { inputShape, classes, ...model }: Config['model'],
  generator?: Generator,
): LayersModel {
  const more = { inputShape, classes: classes?.length, generator };
  switch (model.kind) {
    case 'optimizedNet':
      return optimizedNet({ ...without(model), ...more });
    case 'improvedNet':
      return improvedNet({ ...without(model), ...more });
    case 'conservativeImprovedNet':
      return conservativeImprovedNet({ ...without(model), ...more });
    case 'convNet':
      return convNet({ ...without(model), ...more });
    case 'compactNet':
      return compactNet({ ...without(model), ...more });
  }
}

/** The options of a part, without what it is. */
export function without<T extends { kind: string }>({ kind: _, ...options }: T): Omit<T, 'kind'> {
  return options;
}
