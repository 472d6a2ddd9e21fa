/** Runs a model op by op with TensorFlow.js. */
export { useBackend } from './backends.js';
export { createEagerExecutor, type EagerExecutorOptions } from './create-eager-executor.js';
