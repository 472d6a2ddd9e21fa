import { checkOptionNames, InvalidArgumentError, type OptionNames } from '@mnist-kit/core';
import type { OnnxGraph } from './graph-builder.js';

/**
 * How {@link toOnnx} writes.
 *
 * @example
 * ```ts
 * import { optimizedNet } from '@mnist-kit/models';
 * import { toOnnx, type ToOnnxOptions } from '@mnist-kit/onnx';
 *
 * const options: ToOnnxOptions = { batchNorm: 'fold', layout: 'NCHW', normalization: { mean: 0.1307, std: 0.3081 } };
 * const bytes = toOnnx(optimizedNet(), options);
 * ```
 */
export interface ToOnnxOptions {
  /**
   * `keep` (default) writes every batch norm as a node of its own, so that the model can be read back and trained
   * further; `fold` puts those that follow a convolution or dense layer into its weights, which changes the last
   * digits. onnxruntime folds them itself when it loads a model.
   */
  batchNorm?: 'keep' | 'fold';
  /** How images lie in the graph's inputs and outputs: `NCHW` (default), as PyTorch has them, or `NHWC`. */
  layout?: 'NCHW' | 'NHWC';
  /** Number of images that the graph takes at once. Default: any number. */
  batchSize?: number;
  /** What people read about the model, e.g. in Netron. */
  docString?: string;
  /** Names of the classes in the order of the outputs, kept as JSON in the metadata under `classes`. */
  classes?: readonly string[];
  /** How images are normalised before the model gets them, kept in the metadata under `mean` and `std`. */
  normalization?: { readonly mean: number | readonly number[]; readonly std: number | readonly number[] };
  /** More text for the metadata. */
  metadata?: Readonly<Record<string, string>>;
}

const optionNames: OptionNames<ToOnnxOptions> = {
  batchNorm: true,
  layout: true,
  batchSize: true,
  docString: true,
  classes: true,
  normalization: true,
  metadata: true,
};

/** Keys of the metadata that the writer fills in. */
const ownKeys = ['parameters', 'classes', 'mean', 'std'];

/** @throws InvalidArgumentError that names the option. */
export function checkOptions(options: ToOnnxOptions): void {
  checkOptionNames<ToOnnxOptions>('toOnnx', options, optionNames);
  const {
    batchNorm = 'keep',
    layout = 'NCHW',
    batchSize,
    docString,
    classes,
    normalization,
    metadata,
  } = options;
  if (batchNorm !== 'keep' && batchNorm !== 'fold')
    throw new InvalidArgumentError('batchNorm', 'must be "keep" or "fold"', batchNorm);
  if (layout !== 'NCHW' && layout !== 'NHWC')
    throw new InvalidArgumentError('layout', 'must be "NCHW" or "NHWC"', layout);
  if (batchSize !== undefined && !(Number.isSafeInteger(batchSize) && batchSize > 0))
    throw new InvalidArgumentError('batchSize', 'must be a positive integer', batchSize);
  if (docString !== undefined && typeof docString !== 'string')
    throw new InvalidArgumentError('docString', 'must be text', docString);
  if (classes !== undefined && !(Array.isArray(classes) && classes.every((name) => typeof name === 'string')))
    throw new InvalidArgumentError('classes', 'must be an array of names', classes);
  if (normalization !== undefined) checkNormalization(normalization);
  if (metadata !== undefined) checkMetadata(metadata);
}

function checkNormalization(normalization: NonNullable<ToOnnxOptions['normalization']>): void {
  checkOptionNames<typeof normalization>('normalization', normalization, { mean: true, std: true });
  for (const key of ['mean', 'std'] as const) {
    const value: unknown = normalization[key];
    const values: unknown[] = Array.isArray(value) ? value : [value];
    const fits = (one: unknown) => Number.isFinite(one) && (key === 'mean' || (one as number) > 0);
    if (values.length === 0 || !values.every(fits))
      throw new InvalidArgumentError(
        `normalization.${key}`,
        `must be ${key === 'std' ? 'positive' : 'finite'}, a number or one for each channel`,
        value,
      );
  }
}

function checkMetadata(metadata: Readonly<Record<string, string>>): void {
  if (typeof metadata !== 'object' || metadata === null || Array.isArray(metadata))
    throw new InvalidArgumentError('metadata', 'must be an object of text', metadata);
  for (const [key, value] of Object.entries(metadata)) {
    if (typeof value !== 'string')
      throw new InvalidArgumentError('metadata', `must map text to text, also at "${key}"`, value);
    if (ownKeys.includes(key))
      throw new InvalidArgumentError(
        'metadata',
        `must not have the key "${key}", which is written anyway`,
        value,
      );
  }
}

/** The pairs of the file's metadata. */
export function metadataOf(options: ToOnnxOptions, parameters: number): Record<string, string> {
  const { classes, normalization, metadata } = options;
  return {
    parameters: String(parameters),
    ...(classes && { classes: JSON.stringify(classes) }),
    ...(normalization && {
      mean: JSON.stringify(normalization.mean),
      std: JSON.stringify(normalization.std),
    }),
    ...metadata,
  };
}

/** @throws InvalidArgumentError for classes and normalisations that are not the model's. */
export function checkFit({ inputs, outputs }: OnnxGraph, options: ToOnnxOptions): void {
  const { classes, normalization, layout = 'NCHW' } = options;
  const count = outputs[0].shape.at(-1);
  if (classes !== undefined && typeof count === 'number' && classes.length !== count)
    throw new InvalidArgumentError('classes', `must be ${count} names, one for each output`, classes);
  const [{ shape }] = inputs;
  const channels = shape.length === 4 && layout === 'NCHW' ? shape[1] : shape.at(-1);
  for (const key of ['mean', 'std'] as const) {
    const value = normalization?.[key];
    if (Array.isArray(value) && value.length !== 1 && value.length !== channels)
      throw new InvalidArgumentError(
        `normalization.${key}`,
        `must be one number or ${channels}, one for each channel`,
        value,
      );
  }
}
