/**
 * Runs a layers model: a compiled WebAssembly plan with SIMD and threads, or TensorFlow.js op by op.
 *
 * @module @mnist-kit/engine
 */
export { createExecutor } from './create-executor.js';
export { createPredictor } from './create-predictor.js';
export { createEagerExecutor, useBackend } from './eager/index.js';
export type {
  DisposableExecutor,
  DisposablePredictor,
  EagerExecutorOptions,
  Executor,
  ExecutorOptions,
  Predictor,
  PredictorOptions,
  StepOutput,
  StepTarget,
} from './executor.js';
export { createPlanExecutor } from './plan/plan-executor.js';
export { enableWideVectors } from './plan/vectors/choose-vectors.js';
