/**
 * Base class of every error that mnist-kit throws on purpose.
 *
 * @example
 * ```ts
 * import { MnistKitError } from '@mnist-kit/core';
 *
 * process.on('uncaughtException', (error) => {
 *   // Mistakes of the caller get their message, everything else its stack.
 *   console.error(error instanceof MnistKitError ? error.message : error.stack);
 *   process.exitCode = 1;
 * });
 * ```
 */
export class MnistKitError extends Error {
  override readonly name: string = 'MnistKitError';
}

/**
 * An argument has a value that cannot work.
 *
 * The message names the argument, says what would be right and ends with what was received.
 *
 * @example
 * ```ts
 * import { InvalidArgumentError } from '@mnist-kit/core';
 *
 * function setWidth(width: number): void {
 *   // "`width` must be above 0. Received: width=-1"
 *   if (!(width > 0)) throw new InvalidArgumentError('width', 'must be above 0', width);
 * }
 * ```
 */
export class InvalidArgumentError extends MnistKitError {
  override readonly name = 'InvalidArgumentError';
  /** Name of the offending argument. */
  readonly argument: string;

  /**
   * @param argument Name of the argument, as the caller knows it.
   * @param expected What would be right, as a clause: "must be a positive integer".
   * @param received The value that came.
   */
  constructor(argument: string, expected: string, received: unknown) {
    super(`\`${argument}\` ${expected}. Received: ${argument}=${describe(received)}`);
    this.argument = argument;
  }
}

/** Data on disk or from the network is not what it should be: truncated, wrong magic, wrong checksum. */
export class DataError extends MnistKitError {
  override readonly name = 'DataError';
}

/** A model cannot be run as asked: its shapes do not fit, or it holds a layer that the engine does not know. */
export class ModelError extends MnistKitError {
  override readonly name = 'ModelError';
}

/** A checkpoint or state cannot be read or does not fit. */
export class CheckpointError extends MnistKitError {
  override readonly name = 'CheckpointError';
}

/** The machinery under a run failed: a worker died, memory ran out, a file could not be written. */
export class EngineError extends MnistKitError {
  override readonly name = 'EngineError';
}

function describe(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value);
  if (Array.isArray(value))
    return `[${value.slice(0, 8).map(describe).join(', ')}${value.length > 8 ? ', …' : ''}]`;
  // Its source would fill the screen.
  if (typeof value === 'function') return `function ${value.name}`.trimEnd();
  if (value !== null && typeof value === 'object') return value.constructor?.name ?? 'object';
  return String(value);
}
