import type { Executor } from '@mnist-kit/engine';
import * as tf from '@tensorflow/tfjs-core';
import type { LayersModel, SymbolicTensor } from '@tensorflow/tfjs-layers';
import type { LossLike, OptimizerLike } from './contracts/parts.js';
import type { TrainerOptions } from './options.js';

/** Why a model runs slowly and what to do about it; `undefined` where it does not. */
export function slowEngine(
  executor: Executor,
  { engine, executor: own }: TrainerOptions,
): string | undefined {
  if (executor.engine !== 'eager') return undefined;
  const sentences: string[] = [];
  // Who asked for it knows.
  if (engine !== 'eager' && executor.reason !== undefined)
    sentences.push(
      `The model runs on the eager engine, which is slower than the plan: ${withoutStop(executor.reason)}. ` +
        "docs/engine.md lists what the plan runs; engine: 'eager' says that eager is meant.",
    );
  // An executor of one's own need not use TensorFlow.js.
  if (own === undefined && tf.getBackend() === 'cpu')
    sentences.push(
      'TensorFlow.js runs on its slow cpu backend: install @tensorflow/tfjs-backend-wasm, about ten times faster.',
    );
  return sentences.length === 0 ? undefined : sentences.join(' ');
}

/** What is wrong with a model that ends in probabilities under a loss that takes logits. */
export function probabilitiesUnderLogits(model: LayersModel, loss: LossLike): string | undefined {
  if (loss.softTargets === undefined) return undefined;
  const ending = lastActivation(model.outputs?.[0]);
  if (ending !== 'softmax' && !/sigmoid/i.test(ending ?? '')) return undefined;
  return (
    `The model ends in ${ending}, and ${loss.name || 'its loss'} takes logits or log-probabilities: it applies ` +
    'a softmax of its own, so that the model learns slowly and its losses are no cross-entropies. Drop the ' +
    `${ending}, or use logSoftmax in its place.`
  );
}

/** Which parameter groups no weight of the model is in, trained or frozen. */
export function emptyGroups({ weights }: LayersModel, optimizer: OptimizerLike): string | undefined {
  const { groups = [] } = optimizer;
  if (optimizer.groupOf === undefined || groups.length < 2) return undefined;
  const names = weights.map(({ originalName }) => originalName);
  const used = new Set(names.map((name) => optimizer.groupOf?.(name)));
  const empty = groups.flatMap((_, i) => (i === 0 || used.has(i) ? [] : [`groups[${i - 1}]`]));
  if (empty.length === 0) return undefined;
  return (
    `No weight of the model is in ${empty.join(' and ')} of the optimizer: what it sets is for nothing. The first group ` +
    `whose \`match\` takes a name counts; names are such as ${names.slice(0, 2).join(' and ')}.`
  );
}

/** The part of an epoch's record that is looked at. */
type Losses = Readonly<Record<string, unknown>> & { readonly epoch: number };

/** What is wrong with a fit whose loss was NaN or infinite; `losses` are the names of its losses in the records. */
export function badLoss(records: readonly Losses[], losses: readonly string[]): string | undefined {
  for (const record of records) {
    const key = losses.find((name) => record[name] !== undefined && !Number.isFinite(record[name]));
    if (key === undefined) continue;
    return (
      `${key} became ${record[key]} in epoch ${record.epoch}: what was trained since is of no use. Lower the ` +
      'learning rate or clip gradients (gradientClip: { norm: 1 }); detectAnomaly: true names the tensor that ' +
      'goes bad first, and the callback TerminateOnNaN ends a fit before it does harm.'
    );
  }
  return undefined;
}

/** Layers that hand on what they get, as far as its values go. */
const passive: readonly string[] = ['Dropout', 'Flatten', 'Reshape', 'Permute', 'InputLayer'];

/** The activation that makes a tensor what it is. */
function lastActivation(tensor: SymbolicTensor | undefined): string | undefined {
  const layer = tensor?.sourceLayer;
  if (layer === undefined) return undefined;
  // A model as a layer of another one.
  if ('outputs' in layer) return lastActivation((layer.outputs as SymbolicTensor[])[0]);
  const name = layer.getClassName();
  if (name === 'Softmax') return 'softmax';
  const { activation } = layer.getConfig();
  if (activation !== undefined && activation !== null && activation !== 'linear') return String(activation);
  return passive.includes(name) || name === 'Activation' ? lastActivation(tensor?.inputs[0]) : undefined;
}

function withoutStop(text: string): string {
  return text.replace(/\.$/, '');
}
