import { MnistKitError } from '@mnist-kit/core';

/**
 * A callback threw something that is not one of this project's own errors.
 *
 * The message names the callback and the hook; `cause` holds what it threw.
 *
 * @example
 * ```ts
 * import { CallbackError } from '@mnist-kit/trainer';
 *
 * const failed = new CallbackError('announce', 'onEpochEnd', new Error('no speaker'));
 * console.log(failed.message); // Callback announce failed in onEpochEnd: no speaker
 * ```
 */
export class CallbackError extends MnistKitError {
  override readonly name = 'CallbackError';
  /** Name of the callback. */
  readonly callback: string;
  /** Hook that threw, e.g. `onEpochEnd`. */
  readonly hook: string;

  constructor(callback: string, hook: string, cause: unknown) {
    super(
      `Callback ${callback} failed in ${hook}: ${cause instanceof Error ? cause.message : String(cause)}`,
    );
    this.cause = cause;
    this.callback = callback;
    this.hook = hook;
  }
}
