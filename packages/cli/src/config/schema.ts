import { z } from 'zod';
import { augmentationSchema, dataSchema, normalizeSchema } from './data-schema.js';
import { lossSchema, mixupSchema } from './loss-schema.js';
import { modelSchema } from './model-schema.js';
import { count, path, seed } from './numbers.js';
import { optimizerSchema } from './optimizer-schema.js';
import { schedulerSchema } from './scheduler-schema.js';
import { averagingSchema, checkpointSchema, earlyStoppingSchema, trainerSchema } from './trainer-schema.js';

/** A training, as a config file has it: every field may be left out. */
export const configSchema = z
  .strictObject({
    $schema: z.string().optional().describe('For editors: the path of schema.json.'),
    data: dataSchema.default(() => dataSchema.parse({ kind: 'mnist' })),
    augmentation: augmentationSchema.default([
      { kind: 'randomRotation', degrees: 10 },
      { kind: 'randomAffine', degrees: 0, translate: [0.1, 0.1] },
    ]),
    normalize: normalizeSchema.optional(),
    model: modelSchema.default({ kind: 'optimizedNet', dropout: 0.1, fcDropout: 0.2 }),
    loss: lossSchema.default({ kind: 'nllLoss' }),
    mixup: mixupSchema.nullable().default(null),
    optimizer: optimizerSchema.default({ kind: 'Adam', lr: 1e-3, weightDecay: 1e-4, decayAll: true }),
    scheduler: schedulerSchema.nullable().default({ kind: 'StepLR', stepSize: 7, gamma: 0.1 }),
    epochs: count.default(20).describe('Passes over the training images.'),
    batchSize: count.default(128).describe('Images of a training step.'),
    evalBatchSize: count.default(500).describe('Images of a step of validation and test.'),
    seed: seed.default(1).describe('Initial weights, order, augmentation, dropout.'),
    earlyStopping: earlyStoppingSchema.nullable().default(null),
    checkpoint: checkpointSchema.default({}),
    averaging: averagingSchema.nullable().default(null),
    trainer: trainerSchema.default({ engine: 'auto' }),
    tensorBoard: z.boolean().default(false).describe('Whether event files for TensorBoard are written.'),
    jsonl: z
      .boolean()
      .default(false)
      .describe('Whether log.jsonl is written, with a line for every 50 steps.'),
    test: z
      .boolean()
      .default(true)
      .describe('Whether the best weights are measured on the test images at the end.'),
    report: z.boolean().default(true).describe('Whether curves and report.html are written.'),
    out: path
      .optional()
      .describe('Folder of the run. Default: runs/<model>. In a file: from where the file is.'),
  })
  .describe('A training of mnist-kit.');

/**
 * What a config file may say.
 *
 * @example
 * ```ts
 * import { type ConfigInput } from '@mnist-kit/cli';
 *
 * const config: ConfigInput = { model: { kind: 'improvedNet' }, optimizer: { kind: 'AdamW', lr: 2e-3 } };
 * console.log(JSON.stringify(config)); // what a file says
 * ```
 */
export type ConfigInput = z.input<typeof configSchema>;
/**
 * The same with every default filled in.
 *
 * @example
 * ```ts
 * import { type Config, readConfig } from '@mnist-kit/cli';
 *
 * const config: Config = await readConfig();
 * console.log(config.epochs); // 20
 * ```
 */
export type Config = z.output<typeof configSchema>;
