import { className } from './class-name.js';

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

/**
 * Data on disk or from the network is not what it should be: truncated, wrong magic, wrong checksum.
 *
 * @example
 * ```ts
 * import { DataError } from '@mnist-kit/core';
 * import { mnist } from '@mnist-kit/datasets';
 *
 * try {
 *   await mnist({ split: 'test', root: 'no/such/folder' });
 * } catch (error) {
 *   if (error instanceof DataError) console.log(error.message); // which files were looked for, and where
 * }
 * ```
 */
export class DataError extends MnistKitError {
  override readonly name = 'DataError';
}

/**
 * A model cannot be run as asked: its shapes do not fit, or it holds a layer that the engine does not know.
 *
 * @example
 * ```ts
 * import { ModelError } from '@mnist-kit/core';
 * import { createPlanExecutor } from '@mnist-kit/engine';
 * import * as tf from '@tensorflow/tfjs-layers';
 *
 * const dilated = tf.layers.conv2d({ inputShape: [28, 28, 1], filters: 8, kernelSize: 3, dilationRate: 2 });
 * const model = tf.sequential({ layers: [dilated, tf.layers.flatten(), tf.layers.dense({ units: 10 })] });
 * try {
 *   await createPlanExecutor(model);
 * } catch (error) {
 *   if (error instanceof ModelError) console.log(error.message); // names the layer
 * }
 * ```
 */
export class ModelError extends MnistKitError {
  override readonly name = 'ModelError';
}

/**
 * A checkpoint or state cannot be read or does not fit.
 *
 * @example
 * ```ts
 * import { CheckpointError, Generator } from '@mnist-kit/core';
 *
 * try {
 *   Generator.fromState(JSON.parse('{}'));
 * } catch (error) {
 *   if (error instanceof CheckpointError) console.log(error.message); // what is wrong with the state
 * }
 * ```
 */
export class CheckpointError extends MnistKitError {
  override readonly name = 'CheckpointError';
}

/**
 * The machinery under a run failed: a worker died, memory ran out, a file could not be written.
 *
 * @example
 * ```ts
 * import { EngineError } from '@mnist-kit/core';
 * import { createExecutor } from '@mnist-kit/engine';
 * import { optimizedNet } from '@mnist-kit/models';
 *
 * const executor = await createExecutor(optimizedNet());
 * await executor.dispose();
 * try {
 *   await executor.predict(new Float32Array(784), 1);
 * } catch (error) {
 *   if (error instanceof EngineError) console.log(error.message); // says that it was disposed of
 * }
 * ```
 */
export class EngineError extends MnistKitError {
  override readonly name = 'EngineError';
}

function describe(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value);
  if (Array.isArray(value))
    return `[${value.slice(0, 8).map(describe).join(', ')}${value.length > 8 ? ', …' : ''}]`;
  // Its source would fill the screen.
  if (typeof value === 'function') return `function ${value.name}`.trimEnd();
  if (value !== null && typeof value === 'object') return className(value) ?? 'object';
  return String(value);
}
