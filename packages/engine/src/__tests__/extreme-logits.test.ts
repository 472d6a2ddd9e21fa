import { readFileSync } from 'node:fs';
import { createEagerExecutor, createPlanExecutor, type Executor } from '@mnist-kit/engine';
import { crossEntropyLoss, mixupLoss } from '@mnist-kit/losses';
import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import { expect, test } from 'vitest';
import '@tensorflow/tfjs-backend-cpu';

/** A number, or the name of one that JSON cannot spell. */
type Spelled = number | string;

/** PyTorch's loss of one row of logits, and its gradient. */
interface Row {
  name: string;
  logits: Spelled[];
  smoothing: number;
  lambda: number;
  label: number;
  partner: number;
  loss: Spelled;
  grad: Spelled[];
}

const rows: Row[] = JSON.parse(
  readFileSync(new URL('./fixtures/extreme-logits.json', import.meta.url), 'utf8'),
);

/** A model whose logits are its bias. */
function biasModel(logits: number[], head: 'linear' | 'logSoftmax'): tfl.LayersModel {
  const model = tfl.sequential({
    layers: [
      tfl.layers.flatten({ inputShape: [1, 1, 1] }),
      tfl.layers.dense({ name: 'fc', units: logits.length, kernelInitializer: 'zeros' }),
      tfl.layers.activation({ activation: head as 'softmax' }),
    ],
  });
  const weights = [tf.zeros([1, logits.length]), tf.tensor1d(logits)];
  model.setWeights(weights);
  tf.dispose(weights);
  return model;
}

/** Soft targets of one row: smoothed, and mixed with those of the partner's label. */
function targetsOf({ smoothing, lambda, label, partner }: Row): Float32Array {
  const loss = mixupLoss(crossEntropyLoss({ labelSmoothing: smoothing }), { lambda, partners: [1, 0] });
  return loss.softTargets!(Int32Array.of(label, partner), 4).slice(0, 4);
}

/** Equal where not finite, and close elsewhere. */
function expectLike(actual: ArrayLike<number>, spelled: Spelled[], distance: number, what: string): void {
  for (const [i, value] of spelled.map(Number).entries())
    if (!Number.isFinite(value)) expect(actual[i], what).toBe(value);
    else
      expect(Math.abs(actual[i] - value), what).toBeLessThanOrEqual(distance * Math.max(1, Math.abs(value)));
}

const executors: [string, (model: tfl.LayersModel) => Promise<Executor>][] = [
  ['plan', (model) => createPlanExecutor(model, { threads: 1, batchSize: 1 })],
  ['eager on cpu', (model) => createEagerExecutor(model, { backend: 'cpu' })],
  ['eager on wasm', (model) => createEagerExecutor(model, { backend: 'wasm' })],
];

test.each(executors)(
  "PyTorch's loss and gradient of infinite, NaN and very large logits: %s",
  async (_, make) => {
    for (const row of rows)
      for (const head of ['linear', 'logSoftmax'] as const) {
        const model = biasModel(row.logits.map(Number), head);
        const executor = await make(model);
        const target = { kind: 'softTargets', probabilities: targetsOf(row), scale: 1 } as const;
        const { loss } = await executor.trainStep(Float32Array.of(0), 1, target);
        const what = `${head}: ${row.name}`;
        expectLike([loss], [row.loss], 5e-6, what);
        expectLike(executor.parameters[1].gradient, row.grad, 2e-6, what);
        await executor.dispose();
        model.dispose();
      }
  },
);
