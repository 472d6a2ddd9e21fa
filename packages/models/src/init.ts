import type { Generator } from '@mnist-kit/core';

/** Weights of one layer in PyTorch's layout. */
export interface LayerInit {
  readonly weight: Float32Array;
  readonly bias: Float32Array;
}

/**
 * Draws the initial weight and bias of an `nn.Conv2d` or `nn.Linear` as PyTorch does: `kaiming_uniform_` with
 * `a = sqrt(5)` for the weight, then U(-1/sqrt(fanIn), 1/sqrt(fanIn)) for the bias.
 *
 * The bounds go through the same double-precision steps as `torch.nn.init`, because the two are equal only
 * on paper: https://pytorch.org/docs/stable/nn.init.html#torch.nn.init.kaiming_uniform_
 */
export function defaultInit(
  generator: Generator,
  outputs: number,
  weightsPerOutput: number,
  fanIn = weightsPerOutput,
): LayerInit {
  const slope = Math.sqrt(5);
  const gain = Math.sqrt(2 / (1 + slope * slope));
  const bound = Math.sqrt(3) * (gain / Math.sqrt(fanIn));
  const weight = generator.uniform(outputs * weightsPerOutput, -bound, bound);
  const biasBound = 1 / Math.sqrt(fanIn);
  return { weight, bias: generator.uniform(outputs, -biasBound, biasBound) };
}
