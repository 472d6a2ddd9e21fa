import { checkOptionNames, InvalidArgumentError, type OptionNames } from '@mnist-kit/core';
import { crossEntropyLoss, labelSmoothingCrossEntropy, nllLoss } from '@mnist-kit/losses';
import { GradientClipping } from './callbacks/gradient-clipping.js';
import { Timer } from './callbacks/timer.js';
import { checkCallbacks } from './check-callbacks.js';
import { checkExecutor, checkGenerator, checkMethods, checkMetrics, checkOptimizer } from './check-parts.js';
import type { OptimizerLike } from './contracts/parts.js';
import type { TrainerOptions } from './options.js';
import { schedulerOptions } from './schedule.js';

const names: OptionNames<TrainerOptions> = {
  model: true,
  optimizer: true,
  loss: true,
  scheduler: true,
  generator: true,
  mixup: true,
  callbacks: true,
  metrics: true,
  accumulateGradBatches: true,
  gradientClip: true,
  limitTrainBatches: true,
  limitValBatches: true,
  overfitBatches: true,
  fastDevRun: true,
  valEvery: true,
  numSanityValSteps: true,
  maxSteps: true,
  maxTime: true,
  detectAnomaly: true,
  profiler: true,
  engine: true,
  threads: true,
  vectors: true,
  reproducible: true,
  deterministic: true,
  executor: true,
  handleSignals: true,
  log: true,
  warn: true,
};

/** What makes losses and is none itself. */
const factories: readonly unknown[] = [crossEntropyLoss, labelSmoothingCrossEntropy, nllLoss];

/** Options that are on or off. */
const switches = ['detectAnomaly', 'profiler', 'reproducible', 'deterministic', 'handleSignals'] as const;

/** Options for executors that the Trainer makes. */
const executorOptions = ['engine', 'threads', 'vectors', 'reproducible', 'deterministic'] as const;

/**
 * Checks a Trainer's options as far as that is possible without data.
 *
 * @throws InvalidArgumentError that names the first one that cannot work.
 */
export function checkOptions(options: TrainerOptions): void {
  checkOptionNames<TrainerOptions>('Trainer', options, names);
  const { model, optimizer, loss, callbacks = [], metrics = {}, executor } = options ?? {};
  if (typeof model?.getWeights !== 'function')
    throw new InvalidArgumentError('model', 'must be a tf.LayersModel', model);
  if (optimizer !== undefined) checkOptimizer(optimizer);
  if (loss !== undefined && typeof loss !== 'function')
    throw new InvalidArgumentError('loss', 'must be a function of outputs and labels', loss);
  if (factories.includes(loss))
    throw new InvalidArgumentError('loss', `must be called: ${loss?.name}()`, `the function ${loss?.name}`);
  checkScheduler(options);
  if (options.generator !== undefined) checkGenerator(options.generator);
  if (options.mixup !== undefined)
    checkMethods('mixup', options.mixup, ['mix'], ', as what mixup({ alpha: 1 }) returns');
  if (executor !== undefined && typeof executor !== 'function') checkExecutor(executor);
  checkCallbacks(callbacks);
  checkMetrics(metrics);
  checkNumbers(options);
  checkSwitches(options);
}

/** A scheduler writes into its own optimizer, which must be the one that trains. */
function checkScheduler({ scheduler: option, optimizer }: TrainerOptions): void {
  if (option === undefined) return;
  if (option === null || typeof option !== 'object')
    throw new InvalidArgumentError('scheduler', 'must be a scheduler or { scheduler, monitor }', option);
  const { scheduler } = schedulerOptions(option);
  checkMethods('scheduler', scheduler, ['step', 'state', 'loadState']);
  // Not part of SchedulerLike, where a scheduler's own private field would be in its way.
  const { optimizer: own } = scheduler as { optimizer?: Partial<OptimizerLike> };
  if (own === undefined || optimizer === undefined || own === optimizer) return;
  // An optimizer that wraps another one shows the groups of that one.
  if (own.groups !== undefined && own.groups === optimizer.groups) return;
  throw new InvalidArgumentError(
    'scheduler',
    "must be made for the Trainer's own `optimizer`, and was made for another one",
    scheduler,
  );
}

function checkNumbers(options: TrainerOptions): void {
  const { valEvery, gradientClip, maxTime, fastDevRun } = options;
  for (const name of ['accumulateGradBatches', 'overfitBatches', 'maxSteps', 'threads'] as const)
    checkCount(name, options[name], 1);
  checkCount('numSanityValSteps', options.numSanityValSteps, 0);
  if (fastDevRun !== undefined && typeof fastDevRun !== 'boolean') checkCount('fastDevRun', fastDevRun, 1);
  for (const name of ['limitTrainBatches', 'limitValBatches'] as const) {
    const limit: unknown = options[name];
    if (limit !== undefined && typeof limit !== 'number')
      throw new InvalidArgumentError(name, 'must be a number of batches, or a fraction below 1', limit);
  }
  if (valEvery !== undefined && !(valEvery > 0 && (valEvery < 1 || Number.isInteger(valEvery))))
    throw new InvalidArgumentError('valEvery', 'must be a number of epochs, or a fraction below 1', valEvery);
  if (typeof gradientClip === 'number')
    throw new InvalidArgumentError(
      'gradientClip',
      `must be { norm: ${gradientClip} } or { value: ${gradientClip} }`,
      gradientClip,
    );
  if (gradientClip !== undefined) new GradientClipping(gradientClip);
  if (typeof maxTime === 'number')
    throw new InvalidArgumentError('maxTime', `must have a unit: { seconds: ${maxTime} }`, maxTime);
  if (maxTime !== undefined) new Timer({ maxTime });
}

function checkSwitches(options: TrainerOptions): void {
  for (const name of switches)
    if (options[name] !== undefined && typeof options[name] !== 'boolean')
      throw new InvalidArgumentError(name, 'must be true or false', options[name]);
  const { vectors } = options;
  if (vectors !== undefined && vectors !== 'auto' && vectors !== 128 && vectors !== 256)
    throw new InvalidArgumentError('vectors', "must be 'auto', 128 or 256", vectors);
  for (const name of ['log', 'warn'] as const)
    if (options[name] !== undefined && typeof options[name] !== 'function')
      throw new InvalidArgumentError(name, 'must be a function of a line', options[name]);
  const { reproducible, deterministic } = options;
  if (reproducible !== undefined && deterministic !== undefined && reproducible !== deterministic)
    throw new InvalidArgumentError('deterministic', 'must not differ from `reproducible`', deterministic);
  if (typeof options.executor !== 'object') return;
  for (const name of executorOptions)
    if (options[name] !== undefined)
      throw new InvalidArgumentError(name, 'must be left out beside a ready-made executor', options[name]);
}

function checkCount(name: string, value: number | undefined, least: number): void {
  if (value !== undefined && !(Number.isInteger(value) && value >= least))
    throw new InvalidArgumentError(name, `must be an integer of at least ${least}`, value);
}
