import { EngineError } from '@mnist-kit/core';
import * as tf from '@tensorflow/tfjs-core';

/**
 * Runs `work` and says what to do when TensorFlow.js finds that its backend cannot run an operation, or that it
 * cannot differentiate it.
 *
 * @throws EngineError for a missing kernel or gradient; anything else as it comes.
 */
export function explainMissing<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    const text = String(error);
    if (/^Error: (Error in gradient|Cannot compute gradient)/.test(text))
      throw new EngineError(`TensorFlow.js cannot differentiate a layer of this model: ${text.slice(7)}`, {
        cause: error,
      });
    const match = /[Kk]ernel '?(\w+)'? not registered for backend '?(\w+)'?/.exec(text);
    if (match === null) throw error;
    throw new EngineError(
      `TensorFlow.js's ${tf.getBackend()} backend has no kernel "${match[1]}", which this model needs. ` +
        'Choose another backend, e.g. `await tf.setBackend("cpu")`.',
      { cause: error },
    );
  }
}
