/** Runs a model op by op with TensorFlow.js. */
export { useBackend } from './backends.js';
export { createEagerExecutor } from './create-eager-executor.js';
