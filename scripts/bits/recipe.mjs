// @ts-check
// The training that `mnist-kit doctor` tries a machine with, for longer. Nothing here is Node's.
import { trainedBits } from '@mnist-kit/cli/bits';

/** @typedef {Required<Omit<import('@mnist-kit/cli/bits').TrainedBitsOptions, 'onStep'>>} Training */

/** The nets that `--net` takes. @type {Training['net'][]} */
export const nets = ['optimizedNet', 'improvedNet', 'conservativeImprovedNet'];

/** What `trainedHash` does when nothing else is said. @type {Training} */
export const defaults = {
  net: 'optimizedNet',
  steps: 200,
  batch: 32,
  threads: 2,
  vectors: 'auto',
  seed: 1,
};

/**
 * Trains a net on synthetic digits and hashes its weights.
 *
 * @param {Partial<Training>} options
 * @param {(step: number) => void} [onStep] Called after each step.
 * @returns {Promise<string>} SHA-256 over the weights' bytes in the model's order, float32 little-endian.
 */
export async function trainedHash(options = {}, onStep) {
  const all = { ...defaults, ...options };
  const { sha256, description } = await trainedBits({ ...all, onStep });
  // Where memory cannot be shared there is one thread, and the comparison would compare nothing.
  if (!description.includes(`${all.threads} thread`))
    throw new Error(`${all.threads} threads were asked for and this is ${description}`);
  return sha256;
}
