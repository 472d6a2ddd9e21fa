import { type MaybePromise, MnistKitError } from '@mnist-kit/core';
import { CallbackError } from '../callback-error.js';
import type { Callback } from '../contracts/callback.js';
import type { Run } from '../contracts/run.js';

type HookName = Exclude<
  { [K in keyof Callback]-?: K extends `on${string}` ? K : never }[keyof Callback],
  never
>;
type HookArguments<K extends HookName> =
  Parameters<NonNullable<Callback[K]>> extends [Run, ...infer Rest] ? Rest : never;
type Handler = (run: Run, ...rest: unknown[]) => MaybePromise<void>;

/** How a callback is called in messages: its name, or its class. */
export function callbackName(callback: Callback): string {
  if (callback.name !== undefined) return callback.name;
  const className = callback.constructor?.name;
  return className === undefined || className === 'Object' ? 'callback' : className;
}

/** Calls hooks in their order, without allocating or waiting where nobody listens or nothing is async. */
export class Dispatcher {
  /** The callbacks in the order in which their hooks run. */
  readonly callbacks: readonly Callback[];
  readonly #run: Run;
  readonly #listeners = new Map<HookName, readonly Callback[]>();

  constructor(callbacks: readonly Callback[], run: Run) {
    this.callbacks = [...callbacks.filter((c) => !c.runsLast), ...callbacks.filter((c) => c.runsLast)];
    this.#run = run;
  }

  /** Whether any callback has this hook. */
  has(hook: HookName): boolean {
    return this.#for(hook).length > 0;
  }

  /** Runs one hook of every callback; a promise only where one of them returned one. */
  emit<K extends HookName>(hook: K, ...rest: HookArguments<K>): MaybePromise<void> {
    return this.#emitFrom(0, hook, rest);
  }

  /** Runs a hook of every callback even if some throw; returns the errors. */
  async emitAll<K extends HookName>(hook: K, ...rest: HookArguments<K>): Promise<unknown[]> {
    const errors: unknown[] = [];
    for (const callback of this.#for(hook)) {
      try {
        await (callback[hook] as Handler).call(callback, this.#run, ...rest);
      } catch (error) {
        errors.push(named(callback, hook, error));
      }
    }
    return errors;
  }

  #emitFrom(start: number, hook: HookName, rest: readonly unknown[]): MaybePromise<void> {
    const listeners = this.#for(hook);
    for (let i = start; i < listeners.length; i++) {
      const callback = listeners[i];
      let pending: MaybePromise<void>;
      try {
        pending = (callback[hook] as Handler).call(callback, this.#run, ...rest);
      } catch (error) {
        throw named(callback, hook, error);
      }
      if (isPromise(pending))
        return pending.then(
          () => this.#emitFrom(i + 1, hook, rest),
          (error) => Promise.reject(named(callback, hook, error)),
        );
    }
  }

  #for(hook: HookName): readonly Callback[] {
    let listeners = this.#listeners.get(hook);
    if (listeners === undefined) {
      listeners = this.callbacks.filter((callback) => typeof callback[hook] === 'function');
      this.#listeners.set(hook, listeners);
    }
    return listeners;
  }
}

/** Whether a hook or an engine answered with a promise. */
export function isPromise(value: unknown): value is Promise<unknown> {
  return value !== undefined && value !== null && typeof (value as Promise<unknown>).then === 'function';
}

function named(callback: Callback, hook: HookName, error: unknown): unknown {
  // Errors of our own keep their class: "unwritable folder" must stay what it is.
  return error instanceof MnistKitError ? error : new CallbackError(callbackName(callback), hook, error);
}
