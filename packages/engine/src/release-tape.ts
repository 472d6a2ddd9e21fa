import * as tf from '@tensorflow/tfjs-core';

/**
 * Frees what TensorFlow.js's tape kept for a backward pass that failed. It does so itself only when all goes
 * well; a loss that throws would leave every intermediate result of the step behind.
 */
export function releaseTape(): void {
  const { state } = tf.engine();
  // Inside somebody's own gradient the tape is theirs.
  if (state.gradientDepth > 0 || !state.activeTape) return;
  for (const { saved } of state.activeTape) if (saved) tf.dispose(saved);
  state.activeTape = [];
}
