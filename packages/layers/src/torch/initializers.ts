import type { Generator } from '@mnist-kit/core';

/**
 * Draws a weight's initial value in PyTorch's layout.
 *
 * @param shape The weight's shape in PyTorch.
 * @param kernelShape Shape in PyTorch of the layer's `weight`.
 *
 * @example
 * ```ts
 * import type { TorchInitializer } from '@mnist-kit/layers';
 *
 * const ones: TorchInitializer = (_generator, shape) => new Float32Array(shape.reduce((a, b) => a * b, 1)).fill(1);
 * ```
 */
export type TorchInitializer = (
  generator: Generator,
  shape: readonly number[],
  kernelShape: readonly number[],
) => Float32Array;

const sizeOf = (shape: readonly number[]): number => shape.reduce((product, length) => product * length, 1);

/** Weights that one output reads. */
const fanIn = (kernelShape: readonly number[]): number => sizeOf(kernelShape.slice(1));

/**
 * `kaiming_uniform_` with `a = sqrt(5)`, the default of `nn.Conv2d` and `nn.Linear`.
 *
 * The bounds go through the same double-precision steps as `torch.nn.init`, because the two are equal only
 * on paper: https://pytorch.org/docs/stable/nn.init.html#torch.nn.init.kaiming_uniform_
 */
export const kaimingUniform: TorchInitializer = (generator, shape) => {
  const slope = Math.sqrt(5);
  const gain = Math.sqrt(2 / (1 + slope * slope));
  const bound = Math.sqrt(3) * (gain / Math.sqrt(fanIn(shape)));
  return generator.uniform(sizeOf(shape), -bound, bound);
};

/** `U(-1 / sqrt(fanIn), 1 / sqrt(fanIn))`, the default of the biases of `nn.Conv2d` and `nn.Linear`. */
export const biasUniform: TorchInitializer = (generator, shape, kernelShape) => {
  const bound = 1 / Math.sqrt(fanIn(kernelShape));
  return generator.uniform(sizeOf(shape), -bound, bound);
};

/** The same everywhere; draws nothing. */
export const constant =
  (value: number): TorchInitializer =>
  (_generator, shape) =>
    new Float32Array(sizeOf(shape)).fill(value);
