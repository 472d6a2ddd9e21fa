// What the programs beside it have in common.
import { Generator } from '@mnist-kit/core';
import { createExecutor } from '@mnist-kit/engine';
import { optimizedNet } from '@mnist-kit/models';

const size = 16;
const generator = new Generator(1);
const images = generator.uniform(size * 784, -1, 1);
const probabilities = new Float32Array(size * 10).fill(0.1);

export const makeExecutor = (options) =>
  createExecutor(optimizedNet({ generator: new Generator(2) }), { engine: 'plan', ...options });

export function trainStep(executor) {
  executor.drawMasks(size, generator);
  return executor.trainStep(images, size, { kind: 'softTargets', probabilities, scale: 1 / size });
}
