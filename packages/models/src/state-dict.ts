import { CheckpointError, checkOptionNames, InvalidArgumentError, type TensorDict } from '@mnist-kit/core';
import * as tf from '@tensorflow/tfjs-core';
import type * as tfl from '@tensorflow/tfjs-layers';
import { checkDict } from './check-arguments.js';
import type { StateDict, StateTensor } from './state-tensor.js';
import { checkTensor, fromTorchNames, torchRules, toTorchNames } from './torch-names.js';

/**
 * How {@link loadStateDict} treats names that do not match.
 *
 * @example
 * ```ts
 * import { loadStateDict, type LoadStateDictOptions, optimizedNet } from '@mnist-kit/models';
 *
 * const options: LoadStateDictOptions = { strict: false };
 * loadStateDict(optimizedNet(), {}, options); // no weight is there, and that is all right
 * ```
 */
export interface LoadStateDictOptions {
  /** Throw when a tensor is missing or does not belong to the model. Default true. */
  strict?: boolean;
}

/**
 * What {@link loadStateDict} found.
 *
 * @example
 * ```ts
 * import { loadStateDict, type LoadStateDictResult, optimizedNet } from '@mnist-kit/models';
 *
 * const result: LoadStateDictResult = loadStateDict(optimizedNet(), {}, { strict: false });
 * console.log(result.missingKeys.includes('fc.bias')); // true
 * ```
 */
export interface LoadStateDictResult {
  /** Tensors of the model that the dict lacks; they keep their values. */
  readonly missingKeys: readonly string[];
  /** Tensors of the dict that the model lacks; they were ignored. */
  readonly unexpectedKeys: readonly string[];
}

// PyTorch's BatchNorm counts its batches in `num_batches_tracked`; a layers model has no place for that.
const batchCounts = new WeakMap<tfl.LayersModel, Map<string, StateTensor>>();

/**
 * The model's weights under PyTorch's names and in PyTorch's layouts, in the order of
 * `torch.nn.Module.state_dict()`: `conv1.weight` (out x in x height x width), `conv1.bias`, `bn1.weight`,
 * `bn1.bias`, `bn1.running_mean`, `bn1.running_var`, `bn1.num_batches_tracked` (an int64 scalar), …,
 * `fc.weight` (out x in), `fc.bias`.
 *
 * A layers model does not count batches: `num_batches_tracked` is what {@link loadStateDict} last read, or 0.
 * PyTorch itself reads it only when `momentum=None`.
 *
 * @param model Any model whose weights sit in Conv2D, DepthwiseConv2D, Dense, BatchNormalization and
 * LayerNormalization layers.
 * @returns Copies of the weights.
 * @throws ModelError when another layer has weights.
 * @throws InvalidArgumentError when `model` is no layers model, or was disposed.
 * @example
 * ```ts
 * import { optimizedNet, stateDict, writeSafetensors } from '@mnist-kit/models';
 *
 * const bytes = writeSafetensors(stateDict(optimizedNet()));
 * ```
 */
export function stateDict(model: tfl.LayersModel): StateDict {
  const layers = torchRules(model);
  const weights: TensorDict = Object.fromEntries(
    layers.flatMap(({ layer }) =>
      layer.weights.map((weight) => {
        const data = weight.read().dataSync().slice() as Float32Array;
        return [weight.originalName, { shape: weight.shape as number[], data }];
      }),
    ),
  );
  const tensors = toTorchNames(model, weights);
  const counts = batchCounts.get(model);
  return Object.fromEntries(
    layers.flatMap(({ weights, counterName }) => {
      const entries = weights.map(({ torchName }) => [torchName, tensors[torchName]] as const);
      if (counterName === undefined) return entries;
      const counter = copyCounter(counts?.get(counterName) ?? { shape: [], data: new Float32Array(1) });
      return [...entries, [counterName, counter] as const];
    }),
  );
}

/**
 * Replaces a model's weights by those of a PyTorch state dict. Nothing is changed when anything does not fit.
 *
 * @param model The model to write to.
 * @param dict Tensors by PyTorch name, e.g. from `readSafetensors`. `num_batches_tracked` may be missing, as
 * in files from before PyTorch 0.4.1.
 * @param options See {@link LoadStateDictOptions}.
 * @returns The names that did not match; both lists are empty when `strict`.
 * @throws CheckpointError when `strict` and a name is missing or unexpected, and always when a tensor has
 * another shape than the model's.
 * @throws ModelError when the model has a layer whose weights have no counterpart in PyTorch.
 * @throws InvalidArgumentError when an argument has the wrong type, or the model was disposed.
 * @example
 * ```ts
 * import { loadStateDict, optimizedNet, stateDict } from '@mnist-kit/models';
 *
 * const teacher = optimizedNet();
 * const student = optimizedNet();
 * loadStateDict(student, stateDict(teacher));
 * ```
 */
export function loadStateDict(
  model: tfl.LayersModel,
  dict: TensorDict,
  options: LoadStateDictOptions = {},
): LoadStateDictResult {
  checkOptionNames<LoadStateDictOptions>('loadStateDict', options, { strict: true });
  const { strict = true } = options;
  if (typeof strict !== 'boolean') throw new InvalidArgumentError('strict', 'must be true or false', strict);
  checkDict('dict', dict);
  const layers = torchRules(model);
  const names = layers.flatMap((layer) => layer.weights.map((rule) => rule.torchName));
  const counters = layers.flatMap((layer) => layer.counterName ?? []);
  const known = new Set([...names, ...counters]);
  const missingKeys = names.filter((name) => !Object.hasOwn(dict, name));
  const unexpectedKeys = Object.keys(dict).filter((name) => !known.has(name));
  if (strict && missingKeys.length + unexpectedKeys.length > 0)
    throw new CheckpointError(
      `The state dict does not fit the model.${list(' Missing', missingKeys)}${list(' Unexpected', unexpectedKeys)}` +
        ' Pass `strict: false` to load what fits.',
    );

  const fitting = Object.fromEntries(Object.entries(dict).filter(([name]) => known.has(name)));
  const weights = fromTorchNames(model, fitting);
  const counts = new Map(batchCounts.get(model));
  for (const name of counters) {
    if (!Object.hasOwn(dict, name)) continue;
    checkTensor(name, dict[name], []);
    counts.set(name, copyCounter(dict[name]));
  }

  for (const { layer } of layers)
    for (const weight of layer.weights) {
      const tensor = weights[weight.originalName];
      if (tensor !== undefined)
        tf.tidy(() => void weight.write(tf.tensor(tensor.data, [...tensor.shape], 'float32')));
    }
  batchCounts.set(model, counts);
  return { missingKeys, unexpectedKeys };
}

function list(title: string, names: readonly string[]): string {
  if (names.length === 0) return '';
  const shown = names.slice(0, 8).join(', ');
  return `${title}: ${shown}${names.length > 8 ? `, and ${names.length - 8} more` : ''}.`;
}

/** With the exact value where float32 does not hold it. */
function copyCounter({ data, int64 }: StateTensor): StateTensor {
  return { shape: [], data: data.slice(), dtype: 'I64', ...(int64 && { int64: int64.slice() }) };
}
