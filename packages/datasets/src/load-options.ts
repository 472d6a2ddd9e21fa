import type { ArrayDataset } from './dataset.js';
import type { DownloadOptions } from './download-options.js';
import type { DatasetSource, DatasetSplit } from './sources.js';

/**
 * How far the loading of a data set is; see `onProgress` of {@link MnistOptions}.
 *
 * @example
 * ```ts
 * import { type LoadProgress, mnist } from '@mnist-kit/datasets';
 *
 * const show = ({ loadedBytes, totalBytes }: LoadProgress) => {
 *   if (totalBytes !== undefined) console.log(`${Math.round((100 * loadedBytes) / totalBytes)}%`);
 * };
 * const digits = await mnist({ split: 'test', onProgress: show });
 * ```
 */
export interface LoadProgress {
  /** Bytes of both files that have come so far, packed where they come packed. */
  readonly loadedBytes: number;
  /** How many there are; undefined as long as that is not known. The last call has as many as have come. */
  readonly totalBytes: number | undefined;
}

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
   * In Node the folder with the IDX files, plain or `.gz`; else they are in its `MNIST/raw` (`FashionMNIST/raw`), which is
   * torchvision's layout, or in its `raw`. Both files of the split must be there, in the same one of these
   * folders; nothing is taken from elsewhere. Default: the cache folder, then the npm package.
   *
   * In a browser the URL of the folder with the IDX files, `.gz` or plain, which must be given: relative to the page, in a
   * worker to the worker's file.
   */
  root?: string;
  /**
   * Folder for downloads, where there is no `root`. Default: `mnist-kit` in `$XDG_CACHE_HOME` or `~/.cache`. Node only.
   */
  cacheDir?: string;
  /**
   * Whether, and how, to download what is not there: into `root` (its `MNIST/raw`) where that is given, else into
   * the cache folder. Default: true without `root`, false with it. Node only.
   */
  download?: boolean | DownloadOptions;
  /**
   * Whether files are kept in the browser's Cache Storage, under this name where it is one, so that they are there again
   * without a network. Where there is no such storage nothing is kept. Default: true, which is `'mnist-kit'`. Browser only.
   */
  cache?: boolean | string;
  /**
   * Whether the files' checksums must be right. Turn it off for files of your own, of any number and size of
   * images; in a browser the network is then asked before the cache. Default: true.
   */
  verify?: boolean;
  /** Called as bytes come, from the network or elsewhere; the last time when all have. */
  onProgress?: (progress: LoadProgress) => void;
}

/** What is done otherwise in Node than in a browser. package.json's `imports` says where which of the two is taken. */
export interface Platform {
  /**
   * Loads a split, with options of which those are checked that mean the same everywhere.
   *
   * @param owner The function that was called.
   */
  loadSplit(owner: string, source: DatasetSource, options: MnistOptions): Promise<ArrayDataset>;
}
