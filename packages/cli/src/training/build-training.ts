import { InvalidArgumentError } from '@mnist-kit/core';
import { crossEntropyLoss, type Loss, labelSmoothingCrossEntropy, mixup, nllLoss } from '@mnist-kit/losses';
import {
  Adam,
  AdamW,
  ConstantLR,
  CosineAnnealingLR,
  CosineAnnealingWarmRestarts,
  ExponentialLR,
  LinearLR,
  type LRScheduler,
  MultiStepLR,
  Muon,
  OneCycleLR,
  type Optimizer,
  ReduceLROnPlateau,
  SGD,
  StepLR,
} from '@mnist-kit/optim';
import { type Callback, ExponentialMovingAverage, StochasticWeightAveraging } from '@mnist-kit/trainer';
import type { Config } from '../config/schema.js';
import { without } from './build-model.js';

/** How long a training is. */
interface Length {
  readonly stepsPerEpoch: number;
}

/**
 * Loss, optimizer, scheduler, mixup and averages of a config.
 *
 * @throws InvalidArgumentError that names the field, for what the packages refuse.
 */
export function buildTraining(config: Config, length: Length) {
  const optimizer = inPart('optimizer', () => buildOptimizer(config.optimizer));
  return {
    optimizer,
    scheduler: inPart('scheduler', () => buildScheduler(config, optimizer, length)),
    loss: inPart('loss', () => buildLoss(config.loss)),
    mixup: inPart('mixup', () => config.mixup && mixup({ seed: config.seed, ...config.mixup })) ?? undefined,
    averaging: inPart('averaging', () => buildAveraging(config.averaging)),
  };
}

/** Errors of a part name its field: `scheduler.gamma`. */
export function inPart<T>(part: string, make: () => T): T {
  try {
    return make();
  } catch (error) {
    if (!(error instanceof InvalidArgumentError)) throw error;
    const named = error.message.replace(`\`${error.argument}\``, `\`${part}.${error.argument}\``);
    const renamed = new InvalidArgumentError(`${part}.${error.argument}`, '', undefined);
    renamed.message = named;
    throw renamed;
  }
}

function buildOptimizer({ decayAll, ...settings }: Config['optimizer']): Optimizer {
  const groups = decayAll ? [] : [{ match: /\/(bias|gamma|beta)$/, weightDecay: 0 }];
  switch (settings.kind) {
    case 'Adam':
      return new Adam({ ...without(settings), groups });
    case 'AdamW':
      return new AdamW({ ...without(settings), groups });
    case 'SGD':
      return new SGD({ ...without(settings), groups });
    case 'Muon':
      return new Muon({ ...without(settings), groups });
  }
}

function buildScheduler(
  { scheduler, epochs, optimizer: { lr }, trainer }: Config,
  optimizer: Optimizer,
  { stepsPerEpoch }: Length,
): LRScheduler | { scheduler: LRScheduler; monitor?: string } | undefined {
  if (scheduler === null) return undefined;
  const steps = Math.ceil(stepsPerEpoch / (trainer.accumulateGradBatches ?? 1));
  switch (scheduler.kind) {
    case 'StepLR':
      return new StepLR(optimizer, without(scheduler));
    case 'MultiStepLR':
      return new MultiStepLR(optimizer, without(scheduler));
    case 'ExponentialLR':
      return new ExponentialLR(optimizer, without(scheduler));
    case 'CosineAnnealingLR': {
      const whole = scheduler.interval === 'step' ? epochs * steps : epochs;
      return new CosineAnnealingLR(optimizer, { ...without(scheduler), tMax: scheduler.tMax ?? whole });
    }
    case 'CosineAnnealingWarmRestarts':
      return new CosineAnnealingWarmRestarts(optimizer, without(scheduler));
    case 'LinearLR':
      return new LinearLR(optimizer, without(scheduler));
    case 'ConstantLR':
      return new ConstantLR(optimizer, without(scheduler));
    case 'OneCycleLR': {
      const { maxLr = lr, ...options } = without(scheduler);
      return new OneCycleLR(optimizer, { ...options, maxLr, epochs, stepsPerEpoch: steps });
    }
    case 'ReduceLROnPlateau': {
      const { monitor, ...options } = without(scheduler);
      return { scheduler: new ReduceLROnPlateau(optimizer, options), ...(monitor && { monitor }) };
    }
  }
}

function buildLoss(loss: Config['loss']): Loss {
  switch (loss.kind) {
    case 'nllLoss':
      return nllLoss();
    case 'crossEntropyLoss':
      return crossEntropyLoss(without(loss));
    case 'labelSmoothingCrossEntropy':
      return labelSmoothingCrossEntropy(without(loss));
  }
}

function buildAveraging(averaging: Config['averaging']): Callback[] {
  if (averaging === null) return [];
  return averaging.kind === 'ExponentialMovingAverage'
    ? [new ExponentialMovingAverage(without(averaging))]
    : [new StochasticWeightAveraging(without(averaging))];
}
