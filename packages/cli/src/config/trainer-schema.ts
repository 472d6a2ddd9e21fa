import { z } from 'zod';
import { count, nonNegative, positive, share } from './numbers.js';

const limit = positive.describe('A number of batches, or a fraction below 1.');
const mode = z.enum(['min', 'max']).optional().describe('Default: as the metric says.');

/** Options of the Trainer. */
export const trainerSchema = z
  .strictObject({
    accumulateGradBatches: count.optional().describe('Batches of one update; default 1.'),
    gradientClip: z
      .strictObject({ norm: positive.optional(), value: positive.optional() })
      .refine(({ norm, value }) => (norm === undefined) !== (value === undefined), {
        message: '{ norm } or { value }, one of the two',
      })
      .optional()
      .describe('{ norm } or { value }.'),
    limitTrainBatches: limit.optional(),
    limitValBatches: limit.optional(),
    overfitBatches: limit.optional(),
    fastDevRun: z
      .union([z.boolean(), count])
      .optional()
      .describe('One epoch of so many batches, without files.'),
    valEvery: positive.optional().describe('Validates every so many epochs, or fractions of one.'),
    numSanityValSteps: z.int().nonnegative().optional(),
    maxSteps: count.optional(),
    maxTime: z
      .strictObject({
        hours: nonNegative.optional(),
        minutes: nonNegative.optional(),
        seconds: nonNegative.optional(),
      })
      .optional(),
    detectAnomaly: z.boolean().optional(),
    profiler: z.boolean().optional(),
    engine: z.enum(['auto', 'plan', 'eager']).default('auto').describe('What the model runs on.'),
    threads: count
      .max(256)
      .optional()
      .describe('Threads of the plan. Default: the number of cores, at most 8.'),
    vectors: z
      .union([z.literal('auto'), z.literal(128), z.literal(256)])
      .optional()
      .describe("Bits of the plan's vectors; the results are the same. Default: auto."),
    reproducible: z.boolean().optional().describe('The same bits on every machine; default true.'),
  })
  .describe('See the options of the Trainer in @mnist-kit/trainer.');

/** When a training ends early. */
export const earlyStoppingSchema = z
  .strictObject({
    monitor: z.string().optional().describe('Default: valAccuracy with a target, else valLoss.'),
    mode,
    patience: count.optional().describe('Ends after so many epochs without improvement.'),
    minDelta: nonNegative.optional(),
    target: z.number().optional().describe('Ends as soon as the value is this good, e.g. 0.994.'),
    restoreBest: z.boolean().optional(),
  })
  .describe('Ends the training early. null: no.');

/** What is kept. */
export const checkpointSchema = z
  .strictObject({
    monitor: z.string().optional().describe('What the best epoch is the best of. Default: valAccuracy.'),
    mode,
    saveTopK: z.int().nonnegative().optional(),
    everyNEpochs: z.int().nonnegative().optional(),
    everyNSteps: z.int().nonnegative().optional(),
    everyNMinutes: nonNegative.optional(),
    keepStates: count.optional(),
  })
  .describe('Which weights and states are kept: see ModelCheckpoint.');

/** Averages of the weights. */
export const averagingSchema = z
  .discriminatedUnion('kind', [
    z.strictObject({
      kind: z.literal('ExponentialMovingAverage'),
      decay: share.optional(),
      warmUp: z.boolean().optional(),
    }),
    z.strictObject({
      kind: z.literal('StochasticWeightAveraging'),
      start: positive.optional(),
      lr: positive.optional(),
    }),
  ])
  .describe('Averages of the weights. null: none.');
