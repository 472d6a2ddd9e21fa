import { checkOptionNames, InvalidArgumentError } from '@mnist-kit/core';
import type { DownloadOptions } from '../download-options.js';
import type { Platform } from '../load-options.js';
import type { DatasetSource } from '../sources.js';
import { loadFiles } from './load-files.js';

export const platform: Platform = {
  async loadSplit(_owner, source, options) {
    const {
      split,
      root,
      cacheDir,
      download = root === undefined,
      cache,
      verify = true,
      onProgress,
    } = options;
    for (const [name, value] of Object.entries({ root, cacheDir }))
      if (value !== undefined && (typeof value !== 'string' || value === ''))
        throw new InvalidArgumentError(name, 'must be the path of a folder', value);
    if (cache !== undefined)
      throw new InvalidArgumentError('cache', 'is for browsers: in Node files are kept in `cacheDir`', cache);
    return loadFiles(source, {
      ...{ split, root, cacheDir, verify, onProgress },
      download: checkDownload(source, download),
    });
  },
};

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
