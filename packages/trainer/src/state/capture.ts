import { CheckpointError, type Generator } from '@mnist-kit/core';
import { callbackName, type Dispatcher } from '../callbacks/dispatcher.js';
import type { LoaderLike, MixupLike, SchedulerLike } from '../contracts/parts.js';
import type {
  Configuration,
  GeneratorStates,
  LoaderPosition,
  RunSnapshot,
} from '../contracts/run-snapshot.js';
import type { Meter } from '../loops/meter.js';
import type { RunState } from '../run-state.js';

/** The parts of a fit that have state. */
export interface StatefulParts {
  readonly run: RunState;
  readonly meter: Meter;
  readonly scheduler: SchedulerLike | undefined;
  readonly mixup: MixupLike | undefined;
  readonly callbacks: Dispatcher;
  readonly generator: Generator;
  readonly train: LoaderLike;
  readonly val: Readonly<Record<string, LoaderLike>>;
  readonly configuration: Configuration;
}

/** Seconds of the current epoch so far. */
interface Elapsed {
  readonly seconds: number;
  readonly trainSeconds: number;
}

/** Takes a snapshot of a fit. */
export async function capture(
  parts: StatefulParts,
  elapsed: Elapsed,
  loader: LoaderPosition,
): Promise<RunSnapshot> {
  const { run, meter, scheduler, mixup, callbacks } = parts;
  const { epoch, batch, validatedAt, step, lr, epochFinished, history, finalStop: stop } = run;
  const lrs = [...run.lrs];
  return {
    position: { epoch, batch, validatedAt, step, lr, lrs, stop, epochFinished, ...elapsed },
    meter: { lossSum: meter.lossSum, hits: meter.hits, count: meter.count },
    history: structuredClone(history.toJSON()),
    weights: await run.executor.readWeights(),
    optimizer: run.optimizer.state(),
    scheduler: scheduler?.state(),
    mixup: mixup?.state?.(),
    callbacks: Object.fromEntries(
      namedCallbacks(callbacks).flatMap(([name, callback]) =>
        callback.state === undefined ? [] : [[name, callback.state()]],
      ),
    ),
    generators: generatorStates(parts),
    loader,
    configuration: parts.configuration,
  };
}

/**
 * Puts a snapshot back.
 *
 * @returns Names of callbacks whose state the snapshot has and the fit has no use for.
 * @throws CheckpointError when it does not fit.
 */
export async function restore(parts: StatefulParts, snapshot: RunSnapshot): Promise<string[]> {
  const { run, meter, scheduler, mixup, callbacks } = parts;
  checkWeights(snapshot, await run.executor.readWeights());
  if ((snapshot.scheduler === undefined) !== (scheduler === undefined))
    throw new CheckpointError(
      `The checkpoint was written ${scheduler === undefined ? 'with' : 'without'} a scheduler; make the Trainer as it was.`,
    );
  await run.executor.writeWeights(snapshot.weights);
  run.optimizer.loadState(snapshot.optimizer);
  scheduler?.loadState(snapshot.scheduler);
  if (snapshot.mixup !== undefined) mixup?.loadState?.(snapshot.mixup);
  const { epoch, batch, validatedAt, step, lr, lrs, epochFinished } = snapshot.position;
  Object.assign(run, { epoch, batch, validatedAt, step, lr, lrs: [...lrs], epochFinished });
  Object.assign(meter, snapshot.meter);
  setGenerators(parts, snapshot.generators);
  const unused = new Set(Object.keys(snapshot.callbacks));
  for (const [name, callback] of namedCallbacks(callbacks)) {
    if (!unused.delete(name)) continue;
    callback.loadState?.(snapshot.callbacks[name]);
  }
  return [...unused];
}

/** Where every generator of a fit stands, by what it is for. */
export function generatorStates(parts: StatefulParts): GeneratorStates {
  return Object.fromEntries(generators(parts).map(([role, generator]) => [role, generator.state()]));
}

/** Puts the generators where {@link generatorStates} found them. */
export function setGenerators(parts: StatefulParts, states: GeneratorStates): void {
  for (const [role, generator] of generators(parts)) {
    if (states[role] === undefined)
      throw new CheckpointError(
        `The checkpoint has no generator for ${role}; make the loaders as they were.`,
      );
    generator.setState(states[role]);
  }
}

function generators({ generator, train, val }: StatefulParts): [string, Generator][] {
  const roles: [string, Generator | undefined][] = [
    ['trainer', generator],
    ['train', train.generator],
    ...Object.entries(val).map(([name, loader]): [string, Generator | undefined] => [
      `val.${name}`,
      loader.generator,
    ]),
  ];
  return roles.filter((role): role is [string, Generator] => role[1] !== undefined);
}

/** Callbacks by name; a second one of the same name gets a number. */
function namedCallbacks({ callbacks }: Dispatcher): [string, Dispatcher['callbacks'][number]][] {
  const seen = new Map<string, number>();
  return callbacks.map((callback) => {
    const name = callbackName(callback);
    const count = (seen.get(name) ?? 0) + 1;
    seen.set(name, count);
    return [count === 1 ? name : `${name}#${count}`, callback];
  });
}

function checkWeights({ weights }: RunSnapshot, own: RunSnapshot['weights']): void {
  for (const [name, { shape }] of Object.entries(own)) {
    const saved = weights[name];
    if (saved === undefined)
      throw new CheckpointError(`The checkpoint is of another model: it has no weight ${name}.`);
    if (saved.shape.join() !== shape.join())
      throw new CheckpointError(
        `The checkpoint is of another model: its ${name} is [${saved.shape.join(', ')}], the model's ` +
          `[${shape.join(', ')}].`,
      );
  }
}
