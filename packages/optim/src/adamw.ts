import { AdamBase, type AdamOptions, adamOptionNames } from './adam-base.js';
import { checkOptimizerOptions, type ParameterGroup } from './optimizer.js';

/**
 * Adam with decoupled weight decay: the value shrinks by `lr * weightDecay` before the update
 * (Loshchilov and Hutter, 2017, https://arxiv.org/abs/1711.05101;
 * https://pytorch.org/docs/stable/generated/torch.optim.AdamW.html). `weightDecay` defaults to 0.01.
 *
 * @throws InvalidArgumentError when an option is out of range.
 *
 * @example
 * ```ts
 * import { AdamW } from '@mnist-kit/optim';
 *
 * const optimizer = new AdamW({
 *   lr: 1e-3,
 *   weightDecay: 1e-3,
 *   groups: [{ match: /bias|gamma|beta/, weightDecay: 0 }],
 * });
 * ```
 */
export class AdamW extends AdamBase {
  readonly kind = 'AdamW';

  constructor(options: AdamOptions) {
    if (new.target === AdamW) checkOptimizerOptions('AdamW', options, adamOptionNames);
    super({ ...options, weightDecay: options.weightDecay === undefined ? 1e-2 : options.weightDecay });
  }

  protected decay({ lr, weightDecay }: ParameterGroup): { shrink: number; penalty: number } {
    return { shrink: 1 - lr * weightDecay, penalty: 0 };
  }
}
