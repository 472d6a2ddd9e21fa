import { z } from 'zod';
import { positive, seed, share } from './numbers.js';

/** What is minimised. */
export const lossSchema = z
  .discriminatedUnion('kind', [
    z.strictObject({ kind: z.literal('nllLoss') }),
    z.strictObject({ kind: z.literal('crossEntropyLoss'), labelSmoothing: share.optional() }),
    z.strictObject({ kind: z.literal('labelSmoothingCrossEntropy'), smoothing: share.optional() }),
  ])
  .describe('What is minimised: see @mnist-kit/losses.');

/** Mixing of training images. */
export const mixupSchema = z
  .strictObject({
    alpha: positive.optional().describe('Parameter of the beta distribution; default 1.'),
    probability: share.optional().describe('Share of the batches that are mixed; default 1.'),
    seed: seed.optional().describe("Default: the run's seed."),
  })
  .describe('Mixes images of training batches. null: no.');
