import { Generator, type TensorDict } from '@mnist-kit/core';
import { buildModel } from '../../packages/engine/src/__tests__/architectures/build.js';
import type { Generated } from './generate.js';

/** Random images, targets and weights of a net: the numbers that every implementation starts from. */
export function drawInputs({ architecture, gains }: Generated): TensorDict {
  const { seed, input, batchSize, classes, mean, std } = architecture;
  // Another stream than the one that drew the net.
  const generator = new Generator(seed + 2 ** 31);
  const pixels = batchSize * input[0] * input[1] * input[2];
  const inputs: TensorDict = {
    images: {
      shape: [batchSize, ...input],
      data: generator.randn(pixels).map((value) => mean + std * value),
    },
    targets: { shape: [batchSize, classes], data: drawTargets(generator, batchSize, classes) },
  };
  const model = buildModel(architecture);
  for (const { originalName, shape } of model.weights) {
    const data = drawWeight(generator, originalName, shape as number[], gains);
    inputs[`weights/${originalName}`] = { shape: shape as number[], data };
  }
  model.dispose();
  return inputs;
}

/** Labels in most rows, mixtures of two classes in some. */
function drawTargets(generator: Generator, rows: number, classes: number): Float32Array {
  const targets = new Float32Array(rows * classes);
  for (let row = 0; row < rows; row++) {
    const share = generator.random() < 0.7 ? 1 : Math.fround(generator.random());
    const label = () => row * classes + (generator.randomUint32() % classes);
    targets[label()] += share;
    targets[label()] += 1 - share;
  }
  return targets;
}

function drawWeight(
  generator: Generator,
  name: string,
  shape: readonly number[],
  gains: ReadonlyMap<string, number>,
): Float32Array {
  const size = shape.reduce((product, length) => product * length, 1);
  const [layer, weight] = name.split('/');
  const gain = gains.get(layer) ?? 1;
  switch (weight) {
    case 'kernel':
    case 'depthwise_kernel': {
      const fanIn = weight === 'kernel' ? size / shape.at(-1)! : shape[0] * shape[1];
      const bound = gain * Math.sqrt(3 / fanIn);
      return generator.uniform(size, -bound, bound);
    }
    case 'gamma': {
      const values = generator.uniform(size, 0.5, 1.5);
      return values.map((value) => (generator.random() < 0.2 ? -value : value));
    }
    case 'moving_mean':
      return generator.uniform(size, -1, 1);
    case 'moving_variance':
      return generator.uniform(size, 0.5, 2);
    default:
      return generator.uniform(size, -0.4, 0.4);
  }
}
