import type { Generator } from '@mnist-kit/core';
import { labelSmoothingCrossEntropy, mixup, nllLoss } from '@mnist-kit/losses';
import { improvedNet, optimizedNet } from '@mnist-kit/models';
import { Adam, AdamW, ReduceLROnPlateau, StepLR } from '@mnist-kit/optim';
import type { Experiment } from './experiments.js';

/** What an experiment's settings stand for. */
export function build(experiment: Experiment, seed: number, generator: Generator) {
  const model =
    experiment.model === 'optimizedNet' ? optimizedNet({ generator }) : improvedNet({ generator });

  const { lr, weightDecay } = experiment.optimizer;
  const optimizer =
    experiment.optimizer.kind === 'adam' ? new Adam({ lr, weightDecay }) : new AdamW({ lr, weightDecay });

  const { scheduler: settings } = experiment;
  const scheduler =
    settings.kind === 'step'
      ? new StepLR(optimizer, { stepSize: settings.stepSize, gamma: settings.gamma })
      : new ReduceLROnPlateau(optimizer, {
          mode: 'max',
          factor: settings.factor,
          patience: settings.patience,
          minLr: settings.minLr,
        });

  const loss =
    experiment.labelSmoothing === undefined
      ? nllLoss()
      : labelSmoothingCrossEntropy({ smoothing: experiment.labelSmoothing });
  const mixing = experiment.mixup && mixup({ ...experiment.mixup, seed });
  return { model, optimizer, scheduler, loss, mixup: mixing };
}
