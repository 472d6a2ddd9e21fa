// @ts-check
// Stands for @mnist-kit/datasets where the documentation's programs run: the same package, with fewer images.
//
// A split of 50,000 and 10,000 becomes one of as many shares of what there is; nothing in the programs changes.
import {
  arrayDataset,
  mnist as everything,
  fashionMnistClasses,
  randomSplit as split,
} from '@mnist-kit/datasets/whole';

export * from '@mnist-kit/datasets/whole';

const SIZES = { train: 1280, test: 512 };

/** @param {import('@mnist-kit/datasets').MnistOptions} options @param {readonly string[]} [classes] */
async function first(options, classes) {
  const whole = await everything(options);
  const size = SIZES[options.split];
  const images = new Uint8Array(size * 28 * 28);
  const labels = new Uint8Array(size);
  for (let i = 0; i < size; i++) {
    const { image, label } = whole.get(i);
    images.set(image, i * 28 * 28);
    labels[i] = label;
  }
  return arrayDataset({ images, labels, shape: [28, 28, 1], classes: classes ?? whole.classes });
}

/** @param {import('@mnist-kit/datasets').MnistOptions} options */
export const mnist = (options) => first(options);

/** Digits with the names of clothes: the files of Fashion-MNIST come from no package. @param {import('@mnist-kit/datasets').MnistOptions} options */
export const fashionMnist = ({ split }) => first({ split }, fashionMnistClasses);

/**
 * @param {import('@mnist-kit/datasets').Dataset} dataset
 * @param {number[]} lengths
 * @param {import('@mnist-kit/core').Generator} generator
 */
export function randomSplit(dataset, lengths, generator) {
  const asked = lengths.reduce((sum, length) => sum + length, 0);
  const shares = lengths.map((length) => Math.floor((length * dataset.length) / asked));
  shares[0] += dataset.length - shares.reduce((sum, share) => sum + share, 0);
  return split(dataset, shares, generator);
}
