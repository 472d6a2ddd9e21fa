/**
 * How to download; see `download` of {@link mnist}.
 *
 * @example
 * ```ts
 * import { type DownloadOptions, mnist } from '@mnist-kit/datasets';
 *
 * const download: DownloadOptions = { mirrors: ['https://example.org/mnist/'], attempts: 2, timeout: 30_000 };
 * const digits = await mnist({ split: 'test', download });
 * ```
 */
export interface DownloadOptions {
  /** Addresses of folders with the `.gz` files, tried in order. Default: the data set's usual mirrors. */
  mirrors?: readonly string[];
  /** Attempts per mirror and file before the next mirror is tried. Default: 3. */
  attempts?: number;
  /** Pause before the second attempt in milliseconds; doubled before each further one. Default: 500. */
  backoff?: number;
  /** Milliseconds without any data after which an attempt is given up. Default: 30,000. */
  timeout?: number;
}
