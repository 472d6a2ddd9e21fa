import { z } from 'zod';
import { count, nonNegative, positive, share } from './numbers.js';

const interval = {
  interval: z.enum(['epoch', 'step']).optional().describe('When it steps. Default: after each epoch.'),
};
const gamma = positive.default(0.1).describe('Factor of each decay.');

/** How the learning rate moves. */
export const schedulerSchema = z
  .discriminatedUnion('kind', [
    z.strictObject({
      kind: z.literal('StepLR'),
      stepSize: count.describe('Epochs between decays.'),
      gamma,
      ...interval,
    }),
    z.strictObject({
      kind: z.literal('MultiStepLR'),
      milestones: z.array(count).min(1).describe('Epochs at which the rate decays.'),
      gamma,
      ...interval,
    }),
    z.strictObject({
      kind: z.literal('ExponentialLR'),
      gamma: positive.describe('Factor of each epoch.'),
      ...interval,
    }),
    z.strictObject({
      kind: z.literal('CosineAnnealingLR'),
      tMax: count.optional().describe('Epochs down to etaMin. Default: the whole training.'),
      etaMin: nonNegative.optional(),
      ...interval,
    }),
    z.strictObject({
      kind: z.literal('CosineAnnealingWarmRestarts'),
      t0: count.describe('Epochs until the first restart.'),
      tMult: count.optional(),
      etaMin: nonNegative.optional(),
      ...interval,
    }),
    z.strictObject({
      kind: z.literal('LinearLR'),
      startFactor: positive.optional(),
      endFactor: nonNegative.optional(),
      totalIters: count.optional(),
      ...interval,
    }),
    z.strictObject({
      kind: z.literal('ConstantLR'),
      factor: positive.optional(),
      totalIters: count.optional(),
      ...interval,
    }),
    z.strictObject({
      kind: z.literal('OneCycleLR'),
      maxLr: positive.optional().describe("Highest learning rate. Default: the optimizer's."),
      pctStart: share.optional().describe('Share of the training in which the rate rises; default 0.3.'),
      annealStrategy: z.enum(['cos', 'linear']).optional(),
      cycleMomentum: z.boolean().optional(),
      baseMomentum: nonNegative.optional(),
      maxMomentum: nonNegative.optional(),
      divFactor: positive.optional(),
      finalDivFactor: positive.optional(),
      threePhase: z.boolean().optional(),
    }),
    z.strictObject({
      kind: z.literal('ReduceLROnPlateau'),
      monitor: z
        .string()
        .optional()
        .describe('What is watched. Default: valAccuracy for mode max, else valLoss.'),
      mode: z.enum(['min', 'max']).optional(),
      factor: positive.optional(),
      patience: z.int().nonnegative().optional(),
      threshold: nonNegative.optional(),
      thresholdMode: z.enum(['rel', 'abs']).optional(),
      cooldown: z.int().nonnegative().optional(),
      minLr: nonNegative.optional(),
      eps: nonNegative.optional(),
    }),
  ])
  .describe('How the learning rate moves: see @mnist-kit/optim. null: not at all.');
