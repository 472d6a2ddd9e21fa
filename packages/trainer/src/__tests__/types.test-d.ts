// Checked by `npm test`'s type-check; nothing here runs. A line under `@ts-expect-error` must not compile.
import type { Batch } from '@mnist-kit/core';
import { DataLoader, type Dataset } from '@mnist-kit/datasets';
import { createExecutor } from '@mnist-kit/engine';
import { crossEntropyLoss, mixup, nllLoss } from '@mnist-kit/losses';
import { Adam, OneCycleLR, ReduceLROnPlateau, StepLR } from '@mnist-kit/optim';
import {
  accuracy,
  type Callback,
  calibrationError,
  confusionMatrix,
  type EventStream,
  type History,
  LearningRateMonitor,
  type LoaderLike,
  type Metric,
  type MetricValue,
  type OptimizerStepReport,
  perClassAccuracy,
  type Run,
  TerminateOnNaN,
  Trainer,
  type TrainerOptions,
  topKAccuracy,
} from '@mnist-kit/trainer';
import * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { expectTypeOf } from 'vitest';

declare const model: LayersModel;
declare const dataset: Dataset;
const optimizer = new Adam({ lr: 1e-3 });
const loader = new DataLoader(dataset, { batchSize: 32 });

export async function whatTheProjectsOwnPartsAre(): Promise<void> {
  new Trainer({ model, optimizer, loss: nllLoss(), scheduler: new StepLR(optimizer, { stepSize: 1 }) });
  new Trainer({ model, optimizer, loss: crossEntropyLoss(), mixup: mixup({ alpha: 1 }) });
  const plateau = new ReduceLROnPlateau(optimizer, { mode: 'max' });
  new Trainer({ model, scheduler: { scheduler: plateau, monitor: 'valAccuracy' } });
  new Trainer({
    model,
    scheduler: new OneCycleLR(optimizer, { maxLr: 1, totalSteps: 9 }),
    executor: createExecutor,
  });
  expectTypeOf(loader).toExtend<LoaderLike>();
  for await (const batch of loader) expectTypeOf(batch).toEqualTypeOf<Batch>();
  new Trainer({
    model,
    loss: (outputs, labels) => {
      expectTypeOf(outputs).toEqualTypeOf<tf.Tensor2D>();
      expectTypeOf(labels).toEqualTypeOf<tf.Tensor1D>();
      return tf.sum(outputs);
    },
  });
}

export async function resultsAndHistoryFollowFromTheMetrics(): Promise<void> {
  const top: Metric<number> = topKAccuracy({ k: 3 });
  const trainer = new Trainer({
    model,
    metrics: {
      top3: top,
      ece: calibrationError(),
      perClass: perClassAccuracy(),
      confusion: confusionMatrix(),
    },
  });
  const history = await trainer.fit(loader, { val: loader, epochs: 2 });
  expectTypeOf(history.last!.trainLoss).toEqualTypeOf<number>();
  expectTypeOf(history.last!.valLoss).toEqualTypeOf<number | undefined>();
  expectTypeOf(history.last!.valTop3).toEqualTypeOf<number | undefined>();
  expectTypeOf(history.last!.valEce).toEqualTypeOf<number | undefined>();
  expectTypeOf(history.epochs[0].valPerClass).toEqualTypeOf<number[] | undefined>();
  expectTypeOf(history.validations[0].valConfusion).toEqualTypeOf<number[][] | undefined>();
  expectTypeOf(history.last!.cleanLoss).toEqualTypeOf<MetricValue | undefined>();
  expectTypeOf(history.best('valEce')).toEqualTypeOf<{ epoch: number; value: number } | undefined>();
  expectTypeOf(history.better('valEce')).toEqualTypeOf<'higher' | 'lower' | undefined>();
  // @ts-expect-error One of two.
  history.best('valEce', 'lower');
  expectTypeOf(history.stopReason).toEqualTypeOf<'epochs' | 'stopped' | 'interrupted'>();
  expectTypeOf(history).toExtend<History>();

  const result = await trainer.test(loader);
  expectTypeOf(result.testTop3).toEqualTypeOf<number>();
  expectTypeOf(result.testPerClass).toEqualTypeOf<number[]>();
  // @ts-expect-error There is no such metric.
  result.testTop5;
  // @ts-expect-error Results of a test are called so.
  result.valLoss;
  // @ts-expect-error A list has no decimals.
  history.last?.valPerClass?.toFixed(2);

  const plain = await new Trainer({ model }).validate(loader);
  expectTypeOf(plain.valAccuracy).toEqualTypeOf<number>();
  expectTypeOf<keyof typeof plain>().toEqualTypeOf<'valLoss' | 'valAccuracy'>();
  const { lrs, suggestion, reason } = await trainer.findLearningRate(loader);
  expectTypeOf(lrs).toEqualTypeOf<readonly number[]>();
  expectTypeOf(suggestion).toEqualTypeOf<number | undefined>();
  expectTypeOf(reason).toEqualTypeOf<string | undefined>();
}

export const callback: Callback = {
  onBeforeOptimizerStep: (run, loss) => {
    expectTypeOf(run).toEqualTypeOf<Run>();
    expectTypeOf(loss).toEqualTypeOf<number>();
  },
  onOptimizerStepEnd: (_run, report) => {
    expectTypeOf(report).toEqualTypeOf<OptimizerStepReport>();
    // @ts-expect-error Reports are read.
    report.step = 0;
  },
  onTrainBatchEnd: (run, report) => {
    expectTypeOf(report.meanAccuracy).toEqualTypeOf<number>();
    expectTypeOf(run.lrs).toEqualTypeOf<readonly number[]>();
    // @ts-expect-error The Trainer's to write.
    run.epoch = 3;
    // @ts-expect-error Reports are read.
    report.loss = 0;
  },
  onValidationEnd: async (_run, result, name) => {
    expectTypeOf(result.valLoss).toEqualTypeOf<MetricValue>();
    expectTypeOf(name).toEqualTypeOf<string>();
  },
  onEpochEnd: (_run, record) => {
    expectTypeOf(record.valAccuracy).toEqualTypeOf<number | undefined>();
    expectTypeOf(record.seconds).toEqualTypeOf<number>();
  },
  onException: (_run, error) => {
    expectTypeOf(error).toEqualTypeOf<unknown>();
  },
};

export async function eventsAreToldApartByTheirType(events: EventStream): Promise<void> {
  for await (const event of events) {
    if (event.type === 'step') expectTypeOf(event.meanLoss).toEqualTypeOf<number>();
    if (event.type === 'epoch') expectTypeOf(event.record.trainLoss).toEqualTypeOf<number>();
    if (event.type === 'end') expectTypeOf(event.history).toEqualTypeOf<History>();
    // @ts-expect-error Only steps have a loss.
    if (event.type === 'epoch') event.meanLoss;
    // @ts-expect-error No event is called so.
    if (event.type === 'batch') return;
  }
}

export function whatIsRefused(): void {
  // @ts-expect-error A trainer needs a model.
  new Trainer({ optimizer });
  // @ts-expect-error Not a loss.
  new Trainer({ model, loss: 'nll' });
  // @ts-expect-error One of three.
  new Trainer({ model, engine: 'gpu' });
  // @ts-expect-error A misspelt option.
  new Trainer({ model, accumulateGradientBatches: 2 });
  // @ts-expect-error A length of time has a unit.
  new Trainer({ model, maxTime: 60 });
  // @ts-expect-error A metric computes numbers.
  new Trainer({ model, metrics: { name: { reset() {}, update() {}, compute: () => 'good' } } });
  // @ts-expect-error One of two.
  new Trainer({ model, metrics: { name: { better: 'up', reset() {}, update() {}, compute: () => 1 } } });
  // @ts-expect-error A misspelt hook.
  new Trainer({ model, callbacks: [{ onEpochFinished: () => {} }] });
  // @ts-expect-error A misspelt hook of another framework.
  new Trainer({ model, callbacks: [{ onBatchEnd: () => {} }] });
  // @ts-expect-error Gradients are limited by norm or by value.
  new Trainer({ model, gradientClip: 1 });
  // @ts-expect-error Warnings are lines.
  new Trainer({ model, warn: (line: number) => line });
  // @ts-expect-error Has no options.
  accuracy({ normalize: true });
  // @ts-expect-error A misspelt option.
  calibrationError({ bin: 10 });
  // @ts-expect-error Has no options.
  new TerminateOnNaN({ patience: 3 });
  // @ts-expect-error Epochs are counted.
  new Trainer({ model }).fit(loader, { epochs: '3' });
  // @ts-expect-error Numbers are no loader.
  new Trainer({ model }).fit([1, 2, 3]);
  // @ts-expect-error One of two.
  new LearningRateMonitor({ interval: 'batch' });
  expectTypeOf<TrainerOptions['metrics']>().not.toBeAny();
  expectTypeOf(accuracy()).toEqualTypeOf<Metric<number>>();
}
