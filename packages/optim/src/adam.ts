import { AdamBase, type AdamOptions, adamOptionNames } from './adam-base.js';
import { checkOptimizerOptions, type ParameterGroup } from './optimizer.js';

/**
 * Adam (Kingma and Ba, 2014, https://arxiv.org/abs/1412.6980) with weight decay as an L2 penalty on the
 * gradient, as in https://pytorch.org/docs/stable/generated/torch.optim.Adam.html.
 *
 * @throws InvalidArgumentError when an option is out of range.
 *
 * @example
 * ```ts
 * import { Adam } from '@mnist-kit/optim';
 *
 * const optimizer = new Adam({ lr: 1e-3, weightDecay: 1e-4 });
 * ```
 */
export class Adam extends AdamBase {
  readonly kind = 'Adam';

  constructor(options: AdamOptions) {
    if (new.target === Adam) checkOptimizerOptions('Adam', options, adamOptionNames);
    super(options);
  }

  protected decay({ weightDecay }: ParameterGroup): { shrink: number; penalty: number } {
    return { shrink: 1, penalty: weightDecay };
  }
}
