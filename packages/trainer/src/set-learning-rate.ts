import type { OptimizerLike } from './contracts/parts.js';

/** Sets an optimizer's learning rate; those of its parameter groups keep their proportion to it. */
export function setLearningRate(optimizer: OptimizerLike, lr: number): void {
  const { lr: before, groups = [] } = optimizer;
  for (const group of groups) group.lr = before === 0 ? lr : (group.lr / before) * lr;
  // An optimizer of @mnist-kit/optim takes what is written here for what the user wants.
  if (optimizer.lr !== lr) optimizer.lr = lr;
}
