import { Generator, type NamedTensor, type TensorDict } from '@mnist-kit/core';
import type { Executor, StepTarget } from '@mnist-kit/engine';
import * as tf from '@tensorflow/tfjs-core';
import type * as tfl from '@tensorflow/tfjs-layers';
import { buildModel } from './build.js';
import type { Architecture } from './spec.js';

/** The numbers that a random net starts from: `images`, `targets`, and `weights/` by TensorFlow.js's names. */
export type Inputs = TensorDict;

/**
 * One training step, and an inference with the statistics that it left behind.
 *
 * @returns `loss`, `outputs`, `gradients/` and `statistics/` (the batch norms' running ones) by TensorFlow.js's
 * names, and `inference`.
 */
export async function runArchitecture(
  architecture: Architecture,
  inputs: Inputs,
  make: (model: tfl.LayersModel) => Executor | Promise<Executor>,
): Promise<TensorDict> {
  const { batchSize, classes } = architecture;
  const model = buildModel(architecture);
  writeWeights(model, inputs);
  let executor: Executor | undefined;
  try {
    executor = await make(model);
    executor.drawMasks(batchSize, new Generator(1));
    const images = inputs.images.data;
    const { loss, outputs } = await executor.trainStep(images, batchSize, targetOf(architecture, inputs));
    const results: TensorDict = {
      loss: tensor([1], Float32Array.of(loss)),
      outputs: tensor([batchSize, classes], outputs.slice()),
    };
    for (const { name, shape, gradient } of executor.parameters)
      results[`gradients/${name}`] = tensor(shape, gradient.slice());
    for (const [name, { shape, data }] of Object.entries(await executor.readWeights()))
      if (/\/moving_(mean|variance)$/.test(name)) results[`statistics/${name}`] = tensor(shape, data);
    const inference = await executor.predict(images, batchSize);
    results.inference = tensor([batchSize, classes], inference.slice());
    return results;
  } finally {
    await executor?.dispose();
    model.dispose();
  }
}

const tensor = (shape: readonly number[], data: Float32Array): NamedTensor => ({ shape, data });

function writeWeights(model: tfl.LayersModel, inputs: Inputs): void {
  tf.tidy(() => {
    for (const weight of model.weights) {
      const { shape, data } = inputs[`weights/${weight.originalName}`];
      weight.write(tf.tensor(data.slice(), [...shape]));
    }
  });
}

function targetOf({ loss, batchSize, classes }: Architecture, { targets }: Inputs): StepTarget {
  if (loss.kind === 'softTargets')
    return { kind: 'softTargets', probabilities: targets.data, scale: loss.scale };
  return {
    kind: 'function',
    loss: (outputs) =>
      tf.mean(tf.squaredDifference(outputs, tf.tensor2d(targets.data.slice(), [batchSize, classes]))),
  };
}
