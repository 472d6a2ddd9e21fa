/**
 * A Trainer with callbacks, checkpoints and metrics for small convolutional networks.
 *
 * @module @mnist-kit/trainer
 */
export { CallbackError } from './callback-error.js';
export { CsvLogger, type CsvLoggerOptions } from './callbacks/csv-logger.js';
export { EarlyStopping, type EarlyStoppingOptions } from './callbacks/early-stopping.js';
export { EventStream, type TrainingEvent } from './callbacks/event-stream.js';
export {
  ExponentialMovingAverage,
  type ExponentialMovingAverageOptions,
} from './callbacks/exponential-moving-average.js';
export { GradientClipping, type GradientClippingOptions } from './callbacks/gradient-clipping.js';
export { JsonlLogger, type JsonlLoggerOptions } from './callbacks/jsonl-logger.js';
export {
  type LearningRateEntry,
  LearningRateMonitor,
  type LearningRateMonitorOptions,
} from './callbacks/learning-rate-monitor.js';
export { ModelCheckpoint, type ModelCheckpointOptions } from './callbacks/model-checkpoint.js';
export { ProgressBar, type ProgressBarOptions } from './callbacks/progress-bar.js';
export {
  StochasticWeightAveraging,
  type StochasticWeightAveragingOptions,
} from './callbacks/stochastic-weight-averaging.js';
export { TensorBoardLogger, type TensorBoardLoggerOptions } from './callbacks/tensorboard-logger.js';
export { TerminateOnNaN } from './callbacks/terminate-on-nan.js';
export {
  type ThroughputEntry,
  ThroughputMonitor,
  type ThroughputMonitorOptions,
} from './callbacks/throughput-monitor.js';
export { type Duration, Timer, type TimerOptions } from './callbacks/timer.js';
export { checkpointStorage } from './checkpoint-storage.js';
export type {
  Callback,
  OptimizerStepReport,
  TrainBatchReport,
  ValidationResult,
} from './contracts/callback.js';
export type {
  BatchIterator,
  Described,
  LoaderLike,
  LossLike,
  Mixed,
  MixupLike,
  OptimizerLike,
  SchedulerLike,
} from './contracts/parts.js';
export type { Run, StopOptions } from './contracts/run.js';
export type { Configuration, FinalStop, LoaderPosition, RunSnapshot } from './contracts/run-snapshot.js';
export { type DistillationOptions, distillation } from './distillation.js';
export {
  type EpochRecord,
  History,
  type HistoryRecords,
  type Measured,
  type StopReason,
  type ValidationRecord,
} from './history.js';
export type {
  LearningRateCurve,
  LearningRateFinderOptions,
} from './learning-rate-finder/find-learning-rate.js';
export {
  type LearningRateSuggestion,
  type SuggestLearningRateOptions,
  suggestLearningRate,
} from './learning-rate-finder/suggest-learning-rate.js';
export type { Predictions } from './loops/predict.js';
export { accuracy } from './metrics/accuracy.js';
export { type CalibrationErrorOptions, calibrationError } from './metrics/calibration-error.js';
export { confusionMatrix } from './metrics/confusion-matrix.js';
export type { Better, Metric, MetricBatch, Metrics, MetricValue } from './metrics/metric.js';
export { perClassAccuracy } from './metrics/per-class-accuracy.js';
export { type TopKAccuracyOptions, topKAccuracy } from './metrics/top-k-accuracy.js';
export type { ExecutorFactory, FitOptions, ResumeOptions, TrainerOptions } from './options.js';
export type { Results } from './results.js';
export type { SchedulerOptions } from './schedule.js';
export type { CheckpointStorage, StorageEntry, StorageStat } from './storage/checkpoint-storage.js';
export type { Hyperparameter } from './tensorboard/events.js';
export { Trainer } from './trainer.js';
