import { readFile } from 'node:fs/promises';
import { InvalidArgumentError } from '@mnist-kit/core';
import { type PreparedPicture, type PreparePictureOptions, preparePicture } from '@mnist-kit/datasets';
import { Trainer } from '@mnist-kit/trainer';
import type { OpenModel } from '../run/open-model.js';
import { decodePicture } from './decode-picture.js';

/** What a model says of a picture. */
export interface PicturePrediction {
  readonly file: string;
  /** Name of the likeliest class. */
  readonly prediction: string;
  /** Its probability, 0 to 1. */
  readonly probability: number;
  /** Of every class, in the model's order. */
  readonly probabilities: readonly { readonly name: string; readonly probability: number }[];
  /** Whether the digit was taken to be darker than what it is on. */
  readonly ink: 'dark' | 'light';
  /** What looked doubtful. */
  readonly notes: readonly string[];
}

/**
 * What a model says of pictures.
 *
 * @param onPicture Told of each picture, and what the model saw of it.
 * @throws InvalidArgumentError for a model of other images than square grey ones; DataError for a file that cannot be
 * read, before anything is predicted.
 */
export async function predictFiles(
  { model, config, classes }: OpenModel,
  files: readonly string[],
  { ink, fit }: PreparePictureOptions = {},
  onPicture: (prediction: PicturePrediction, seen: PreparedPicture) => void = () => {},
): Promise<PicturePrediction[]> {
  const [height, width, channels] = config.model.inputShape ?? [28, 28, 1];
  if (channels !== 1 || height !== width)
    throw new InvalidArgumentError(
      'model',
      'must take square grey images to predict pictures',
      `[${height}, ${width}, ${channels}]`,
    );
  const seen: PreparedPicture[] = [];
  for (const file of files) {
    seen.push(preparePicture(decodePicture(await readPicture(file), file), file, height, { ink, fit }));
  }
  const { mean, std } = config.normalize as NonNullable<typeof config.normalize>;
  const [m, s] = [mean, std].map((value) => (typeof value === 'number' ? value : value[0]));
  const pixels = new Float32Array(files.length * height * width);
  // Bytes, as in the data set, before they are normalised.
  for (const [i, { values }] of seen.entries())
    pixels.set(
      values.map((value) => (Math.round(value * 255) / 255 - m) / s),
      i * height * width,
    );
  const trainer = new Trainer({ model, threads: 1, log: () => {} });
  try {
    const { outputs } = await trainer.predict(pixels);
    return files.map((file, i) => {
      const { ink: tone, notes } = seen[i];
      const shares = probabilitiesOf(outputs.subarray(i * classes.length, (i + 1) * classes.length));
      const best = shares.indexOf(Math.max(...shares));
      const prediction: PicturePrediction = {
        file,
        prediction: classes[best],
        probability: shares[best],
        probabilities: classes.map((name, c) => ({ name, probability: shares[c] })),
        ink: tone,
        notes,
      };
      onPicture(prediction, seen[i]);
      return prediction;
    });
  } finally {
    await trainer.dispose();
  }
}

async function readPicture(file: string): Promise<Uint8Array> {
  return readFile(file).catch((error: NodeJS.ErrnoException) => {
    const reasons: Record<string, string> = { ENOENT: 'there is no such file', EISDIR: 'that is a folder' };
    const reason = reasons[error.code ?? ''] ?? error.message;
    throw new InvalidArgumentError('files', `must be PNG or JPEG files, and ${reason}`, file);
  });
}

/** Of logits or log-probabilities; a model that ends in a softmax has said them itself. */
function probabilitiesOf(outputs: Float32Array): number[] {
  const sum = outputs.reduce((total, value) => total + value, 0);
  if (outputs.every((value) => value >= 0) && Math.abs(sum - 1) < 1e-3) return [...outputs];
  return softmax(outputs);
}

function softmax(outputs: Float32Array): number[] {
  const largest = Math.max(...outputs);
  const powers = [...outputs].map((value) => Math.exp(value - largest));
  const sum = powers.reduce((total, value) => total + value, 0);
  return powers.map((value) => value / sum);
}
