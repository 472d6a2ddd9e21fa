/**
 * Training in a worker: the worker's side, and the side of the page that watches it.
 *
 * @module @mnist-kit/trainer/worker
 */
export { TrainingClient, type TrainingClientOptions } from './worker/client.js';
export type {
  CallAnswer,
  CallArguments,
  CallOptions,
  HostCalls,
  HostSettings,
  UntypedHost,
} from './worker/client-types.js';
export type { TrainingWorker } from './worker/connection.js';
export { hostTraining } from './worker/host.js';
export type { CallTable, HostContext, HostOptions, TrainingHost } from './worker/host-options.js';
export type { HostedFit, HostedTrainer, PreparedFit } from './worker/hosted.js';
export type { ExecutorFacts, MergedSteps, WorkerTrainingEvent } from './worker/training-event.js';
export type { TrainingFit } from './worker/training-fit.js';
