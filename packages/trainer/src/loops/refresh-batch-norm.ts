import { DataError, type Generator, type TensorDict } from '@mnist-kit/core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { checkBatch } from '../check-batch.js';
import type { LoaderLike } from '../contracts/parts.js';
import { Breather } from '../event-loop.js';
import type { LossRunner } from '../loss.js';
import type { RunState } from '../run-state.js';
import { exactly } from './evaluate.js';
import { checkAnswer, openLoader } from './open-loader.js';

/**
 * Measures the batch-norm statistics anew: one pass over the training loader in training mode, without updates.
 * The result is the plain mean of the batches' statistics, as PyTorch's `update_bn` gives.
 *
 * @param limit Most batches of the pass, as of an epoch.
 */
export async function refreshBatchNorm(
  run: RunState,
  train: LoaderLike,
  loss: LossRunner,
  generator: Generator,
  limit = Number.POSITIVE_INFINITY,
): Promise<void> {
  const { executor } = run;
  const momenta = momentaOf(run.model, await executor.readWeights());
  if (momenta.size === 0) return;
  const sums = new Map<string, Float64Array>();
  const zeros: TensorDict = {};
  for (const [name, tensor] of Object.entries(await executor.readWeights())) {
    if (!momenta.has(name)) continue;
    zeros[name] = { shape: tensor.shape, data: new Float32Array(tensor.data.length) };
    sums.set(name, new Float64Array(tensor.data.length));
  }
  const breather = new Breather();
  const iterator = openLoader(train);
  let batches = 0;
  let finished = false;
  try {
    while (batches < limit) {
      const next = await iterator.next();
      checkAnswer(next);
      if (next.done) {
        finished = true;
        break;
      }
      checkBatch(next.value, executor, batches + 1);
      const { images, labels, size } = next.value;
      // From zero a step leaves (1 - momentum) times the batch's own statistics.
      await executor.writeWeights(zeros);
      executor.drawMasks(size, generator);
      await executor.trainStep(images, size, loss.target(exactly(labels, size), size, undefined));
      const weights = await executor.readWeights();
      for (const [name, sum] of sums) {
        const scale = 1 / (1 - momenta.get(name)!);
        const { data } = weights[name];
        for (let i = 0; i < sum.length; i++) sum[i] += data[i] * scale;
      }
      batches++;
      await breather.breathe();
    }
  } finally {
    if (!finished) await iterator.return?.();
  }
  if (batches === 0)
    throw new DataError('The training loader yielded no batch to measure the batch-norm statistics on');
  const means: TensorDict = {};
  for (const [name, sum] of sums)
    means[name] = { shape: zeros[name].shape, data: Float32Array.from(sum, (value) => value / batches) };
  await executor.writeWeights(means);
}

/** Momentum of every running statistic, by weight name. */
function momentaOf(model: LayersModel, weights: TensorDict): Map<string, number> {
  const momenta = new Map<string, number>();
  for (const layer of model.layers) {
    if (layer.getClassName() !== 'BatchNormalization') continue;
    const { momentum } = layer.getConfig() as { momentum?: number };
    for (const variable of layer.nonTrainableWeights)
      if (variable.originalName in weights) momenta.set(variable.originalName, momentum ?? 0.99);
  }
  return momenta;
}
