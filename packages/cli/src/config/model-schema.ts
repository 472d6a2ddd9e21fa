import { z } from 'zod';
import { count, rate } from './numbers.js';

const ends = {
  inputShape: z
    .tuple([count, count, count])
    .optional()
    .describe("[height, width, channels] of an image. Default: the data set's."),
  classes: z.array(z.string()).min(2).optional().describe("Names of the classes. Default: the data set's."),
};

const dropout = {
  ...ends,
  dropout: rate.default(0.1).describe('Probability that a channel is dropped after each block.'),
  fcDropout: rate.default(0.2).describe('Probability of dropping a feature before the last layer.'),
};

const convOptions = {
  kernelSize: count.optional().describe('Side of the window; default 3.'),
  padding: z.enum(['same', 'valid']).optional(),
  residual: z.boolean().optional().describe('Whether the input is added to the output.'),
};

const block = z.union([
  z.enum(['maxPool', 'averagePool']),
  z.strictObject({ conv: count, ...convOptions }),
  z.strictObject({ separable: count, ...convOptions }),
]);

/** Which net is trained. */
export const modelSchema = z
  .discriminatedUnion('kind', [
    z.strictObject({ kind: z.literal('optimizedNet'), ...dropout }),
    z.strictObject({ kind: z.literal('improvedNet'), ...dropout }),
    z.strictObject({ kind: z.literal('conservativeImprovedNet'), ...dropout }),
    z.strictObject({
      kind: z.literal('convNet'),
      channels: z.array(count).min(1).describe('Output channels of each block.'),
      poolAfter: z
        .array(count)
        .default([])
        .describe('Blocks, counted from 1, that a 2 x 2 max-pool follows.'),
      ...dropout,
    }),
    z.strictObject({
      kind: z.literal('compactNet'),
      blocks: z
        .array(block)
        .min(1)
        .describe("{ conv: channels }, { separable: channels }, 'maxPool' or 'averagePool'."),
      scale: z.boolean().default(true).describe('Whether batch norms have a scale.'),
      ...ends,
    }),
  ])
  .describe('The net: see @mnist-kit/models.');
