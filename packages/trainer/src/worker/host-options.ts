import type { MaybePromise } from '@mnist-kit/core';
import type { HostedFit, PreparedFit } from './hosted.js';

/**
 * What `prepare` is given besides the settings.
 *
 * @example
 * ```ts
 * import type { HostContext } from '@mnist-kit/trainer/worker';
 *
 * async function digits(url: string, { signal, send }: HostContext): Promise<ArrayBuffer> {
 *   const response = await fetch(url, { signal });
 *   send({ loaded: url }); // the page sees { type: 'message', message: { loaded: … } }
 *   return response.arrayBuffer();
 * }
 * ```
 */
export interface HostContext {
  /** Aborts when the page aborts the fit, also before it has begun. */
  readonly signal: AbortSignal;
  /** For the Trainer's `log`: the page gets its lines as events. */
  readonly log: (line: string) => void;
  /** For the Trainer's `warn`, likewise. */
  readonly warn: (line: string) => void;
  /**
   * Sends a copy of plain data to the page, as an event of type `message`.
   *
   * @throws InvalidArgumentError for something that cannot be copied.
   */
  readonly send: (message: unknown) => void;
}

/**
 * What the page may call in the worker, by name: functions of one argument and the fit.
 *
 * @example
 * ```ts
 * import type { CallTable, HostedFit } from '@mnist-kit/trainer/worker';
 *
 * const calls: CallTable = { epoch: (_argument: undefined, fit: HostedFit) => fit.run?.epoch };
 * ```
 */
export type CallTable<Settings = unknown, Own = unknown> = Readonly<
  Record<string, (argument: never, fit: HostedFit<Settings, Own>) => unknown>
>;

/**
 * Options of {@link hostTraining}.
 *
 * @example
 * ```ts
 * import type { HostOptions } from '@mnist-kit/trainer/worker';
 *
 * const options: HostOptions = {
 *   prepare: () => {
 *     throw new Error('There is nothing to train yet');
 *   },
 * };
 * ```
 */
export interface HostOptions<Settings = unknown, Own = unknown, Calls = CallTable<Settings, Own>> {
  /** Makes the parts of a fit from what the page gave to `client.fit`. */
  prepare(settings: Settings, context: HostContext): MaybePromise<PreparedFit<Own>>;
  /**
   * What the page may ask for by `client.call`: answered one after the other, between two steps of the fit or batches of
   * its validation, while it pauses, and after it. The fit waits for the answer, which must be plain data.
   */
  calls?: Calls & CallTable<Settings, Own>;
}

/**
 * What runs in a worker, for the type of its {@link TrainingClient}: `new TrainingClient<typeof host>(…)`.
 *
 * @example
 * ```ts
 * import type { TrainingHost } from '@mnist-kit/trainer/worker';
 *
 * type Host = TrainingHost<{ epochs: number }, { epoch: () => number }>;
 * ```
 */
export interface TrainingHost<Settings = unknown, Calls = unknown> {
  /** For the compiler alone; there is nothing here. */
  readonly types?: { readonly settings: Settings; readonly calls: Calls };
}
