// TensorFlow.js cannot hold a weight without a backend. Its plain JavaScript one always works, and has the
// lowest priority, so that any other backend that a program registers is taken before it.
import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';

let greeted = false;

/**
 * Keeps TensorFlow.js's plain JavaScript backend from advising people, when it is first used in Node, to
 * install another one: it only holds the weights here. For code that makes layers of its own.
 *
 * @example
 * ```ts
 * import { skipGreeting } from '@mnist-kit/models';
 * import * as tf from '@tensorflow/tfjs-layers';
 *
 * skipGreeting();
 * const model = tf.sequential({ layers: [tf.layers.dense({ units: 10, inputShape: [4] })] });
 * ```
 */
export function skipGreeting(): void {
  if (greeted) return;
  // Starts the backend where none runs yet.
  tf.backend();
  if (tf.getBackend() !== 'cpu') return;
  greeted = true;
  const production = tf.env().getBool('PROD');
  tf.env().set('PROD', true);
  tf.scalar(0).dispose();
  tf.env().set('PROD', production);
}
