/**
 * Runs a layers model: a compiled WebAssembly plan with SIMD and threads, or TensorFlow.js op by op.
 *
 * @module
 */
export type { Executor, ExecutorOptions, StepOutput, StepTarget } from './executor.js';
