import { needsGradient, type Stage, type WeightRef } from '../graph/stage.js';

/**
 * What happens to a raw value before the activation:
 * `none`, `y + bias`, or batch norm's `scale * y + shift`.
 *
 * A bias in front of a batch norm is never added: the norm takes it out again. It only moves the running mean,
 * and its gradient is exactly zero.
 */
export type Affine = 'none' | 'bias' | 'batchNorm';

export function affineOf(stage: Stage): Affine {
  if (stage.batchNorm) return 'batchNorm';
  return biasOf(stage) ? 'bias' : 'none';
}

export function biasOf(stage: Stage): WeightRef | undefined {
  const { producer } = stage;
  return 'bias' in producer ? producer.bias : undefined;
}

/** Whether the backward pass needs the stage's two sums per channel. */
export const needsSums = (stage: Stage): boolean => needsGradient(stage) && affineOf(stage) !== 'none';
