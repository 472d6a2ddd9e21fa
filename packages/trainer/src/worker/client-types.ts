import type { TrainingHost } from './host-options.js';

/**
 * A host of which the compiler knows nothing: any settings, any calls.
 *
 * @example
 * ```ts
 * import type { TrainingClient, UntypedHost } from '@mnist-kit/trainer/worker';
 *
 * const epochOf = (client: TrainingClient<UntypedHost>) => client.call('epoch');
 * ```
 */
export type UntypedHost = TrainingHost<unknown, Readonly<Record<string, (argument: unknown) => unknown>>>;

/**
 * The settings that a host's `prepare` takes.
 *
 * @example
 * ```ts
 * import type { HostSettings, TrainingHost } from '@mnist-kit/trainer/worker';
 *
 * const settings: HostSettings<TrainingHost<{ epochs: number }>> = { epochs: 3 };
 * ```
 */
export type HostSettings<Host> = Host extends TrainingHost<infer Settings, infer _> ? Settings : never;

/**
 * The calls of a host, by name.
 *
 * @example
 * ```ts
 * import type { HostCalls, TrainingHost } from '@mnist-kit/trainer/worker';
 *
 * type Host = TrainingHost<unknown, { double: (n: number) => number }>;
 * const name: keyof HostCalls<Host> = 'double';
 * ```
 */
export type HostCalls<Host> = Host extends TrainingHost<infer _, infer Calls> ? Calls : never;

/**
 * Options of `client.call`.
 *
 * @example
 * ```ts
 * import type { CallOptions } from '@mnist-kit/trainer/worker';
 *
 * const pixels = new Float32Array(784);
 * const options: CallOptions = { transfer: [pixels.buffer] };
 * ```
 */
export interface CallOptions {
  /** What of the argument moves to the worker instead of being copied. */
  transfer?: readonly Transferable[];
}

/**
 * What `client.call` takes after the name: the argument, which may be left out where the worker's function has none, and
 * {@link CallOptions}.
 *
 * @example
 * ```ts
 * import type { CallArguments } from '@mnist-kit/trainer/worker';
 *
 * const rest: CallArguments<(n: number) => number> = [21];
 * ```
 */
export type CallArguments<Call> = Call extends () => unknown
  ? [argument?: undefined, options?: CallOptions]
  : Call extends (...all: infer All extends readonly unknown[]) => unknown
    ? undefined extends All[0]
      ? [argument?: All[0], options?: CallOptions]
      : [argument: All[0], options?: CallOptions]
    : never;

/**
 * What `client.call` comes to.
 *
 * @example
 * ```ts
 * import type { CallAnswer } from '@mnist-kit/trainer/worker';
 *
 * const answer: CallAnswer<(n: number) => Promise<number>> = 42;
 * ```
 */
export type CallAnswer<Call> = Call extends (...all: never) => infer Answer ? Awaited<Answer> : never;
