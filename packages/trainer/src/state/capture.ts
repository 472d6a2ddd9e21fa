import { CheckpointError, type Generator, type Settings } from '@mnist-kit/core';
import { callbackName, type Dispatcher } from '../callbacks/dispatcher.js';
import type { Callback } from '../contracts/callback.js';
import type { LoaderLike, MixupLike } from '../contracts/parts.js';
import type {
  Configuration,
  GeneratorStates,
  LoaderPosition,
  RunSnapshot,
} from '../contracts/run-snapshot.js';
import type { Meter } from '../loops/meter.js';
import type { RunState } from '../run-state.js';
import type { Schedule } from '../schedule.js';
import { covers } from './overrides.js';

/** The parts of a fit that have state. */
export interface StatefulParts {
  readonly run: RunState;
  readonly meter: Meter;
  readonly schedule: Schedule | undefined;
  readonly mixup: MixupLike | undefined;
  readonly callbacks: Dispatcher;
  readonly generator: Generator;
  readonly train: LoaderLike;
  readonly val: Readonly<Record<string, LoaderLike>>;
  readonly configuration: Configuration;
  readonly settings: Settings;
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
  const { run, meter, schedule, mixup, callbacks } = parts;
  const { epoch, batch, validatedAt, step, lr, epochFinished, history, finalStop: stop } = run;
  const lrs = [...run.lrs];
  return {
    position: { epoch, batch, validatedAt, step, lr, lrs, stop, epochFinished, ...elapsed },
    meter: { lossSum: meter.lossSum, hits: meter.hits, count: meter.count },
    history: structuredClone(history.toJSON()),
    weights: await run.executor.readWeights(),
    optimizer: run.optimizer.state(),
    scheduler: schedule?.scheduler.state(),
    mixup: mixup?.state?.(),
    callbacks: Object.fromEntries(
      namedCallbacks(callbacks.callbacks).flatMap(([name, callback]) =>
        callback.state === undefined ? [] : [[name, callback.state()]],
      ),
    ),
    generators: generatorStates(parts),
    loader,
    configuration: parts.configuration,
    settings: parts.settings,
  };
}

/** Where every generator of a fit stands, by what it is for. */
export function generatorStates(parts: StatefulParts): GeneratorStates {
  return Object.fromEntries(generators(parts).map(([role, generator]) => [role, generator.state()]));
}

/**
 * Puts the generators where {@link generatorStates} found them.
 *
 * @param overridden Names of the settings that a resumed fit has otherwise: a generator with another seed stays as it is.
 */
export function setGenerators(
  parts: StatefulParts,
  states: GeneratorStates,
  overridden: readonly string[] = [],
): void {
  const left = new Set<Generator>();
  for (const [role, generator] of generators(parts)) {
    const name = generatorName(role);
    if (covers(overridden, name) || overridden.includes(`${name}.seed`)) left.add(generator);
    // A shared one belongs to the role that has it first.
    if (left.has(generator)) continue;
    if (states[role] === undefined)
      throw new CheckpointError(
        `The checkpoint has no generator for ${role}; make the loaders as they were.`,
      );
    generator.setState(states[role]);
  }
}

/** What the generator of a role is called in settings. */
export function generatorName(role: string): string {
  return role === 'trainer' ? 'generator' : `${role}.generator`;
}

/** The generators of a fit by what they are for: `trainer`, `train`, `val.val`. */
export function generators({
  generator,
  train,
  val,
}: Pick<StatefulParts, 'generator' | 'train' | 'val'>): [role: string, Generator][] {
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
export function namedCallbacks(callbacks: readonly Callback[]): [string, Callback][] {
  const seen = new Map<string, number>();
  return callbacks.map((callback) => {
    const name = callbackName(callback);
    const count = (seen.get(name) ?? 0) + 1;
    seen.set(name, count);
    return [count === 1 ? name : `${name}#${count}`, callback];
  });
}
