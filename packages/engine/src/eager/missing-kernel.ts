import { EngineError } from '@mnist-kit/core';
import * as tf from '@tensorflow/tfjs-core';

/**
 * Runs `work` and says what to do when TensorFlow.js finds that its backend cannot run an operation.
 *
 * @throws EngineError for a missing kernel; anything else as it comes.
 */
export function explainMissingKernel<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    const match = /[Kk]ernel '?(\w+)'? not registered for backend '?(\w+)'?/.exec(String(error));
    if (match === null) throw error;
    throw new EngineError(
      `TensorFlow.js's ${tf.getBackend()} backend has no kernel "${match[1]}", which this model needs. ` +
        'Choose another backend, e.g. `await tf.setBackend("cpu")`.',
      { cause: error },
    );
  }
}
