import { z } from 'zod';
import { count, nonNegative, positive, rate } from './numbers.js';

const betas = z
  .tuple([rate, rate])
  .optional()
  .describe('Decay rates of the running averages; default [0.9, 0.999].');
const lr = (value: number) => positive.default(value).describe('Learning rate.');
const decay = (value: number) => nonNegative.default(value).describe('Weight decay.');
const shared = {
  decayAll: z.boolean().default(true).describe('Whether biases and batch norms decay as well as kernels.'),
};
const adam = {
  betas,
  eps: positive.optional().describe('Added to the denominator; default 1e-8.'),
  amsgrad: z.boolean().optional(),
  ...shared,
};

/** How weights are updated. */
export const optimizerSchema = z
  .discriminatedUnion('kind', [
    z.strictObject({ kind: z.literal('Adam'), lr: lr(1e-3), weightDecay: decay(0), ...adam }),
    z.strictObject({ kind: z.literal('AdamW'), lr: lr(1e-3), weightDecay: decay(1e-2), ...adam }),
    z.strictObject({
      kind: z.literal('SGD'),
      lr: lr(1e-2),
      weightDecay: decay(0),
      momentum: nonNegative.default(0),
      dampening: z.number().optional(),
      nesterov: z.boolean().optional(),
      ...shared,
    }),
    z.strictObject({
      kind: z.literal('Muon'),
      lr: lr(1e-2),
      weightDecay: decay(0.1),
      momentum: rate.optional().describe('Of the matrices; default 0.95.'),
      nesterov: z.boolean().optional(),
      nsSteps: count.optional(),
      eps: positive.optional(),
      adjustLr: z.enum(['matchRmsAdamW', 'original']).optional(),
      betas,
      adamEps: positive.optional(),
      ...shared,
    }),
  ])
  .describe('The optimizer: see @mnist-kit/optim.');
