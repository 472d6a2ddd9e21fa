import { InvalidArgumentError, sha256 } from '@mnist-kit/core';
import type { Platform } from '../platform.js';
import { opfsStorage } from './opfs-storage.js';
import { paths } from './paths.js';

export const platform: Platform = {
  storage: opfsStorage,
  paths,
  sha256,
  runtime: { browser: globalThis.navigator?.userAgent ?? 'unknown' },
  // A page is not told before it ends; `signal` ends a fit.
  listenForSignals: () => () => {},
  async progressBar(wanted) {
    if (wanted !== true) return undefined;
    throw new InvalidArgumentError('bar', 'must be left out in a browser, which has no terminal', wanted);
  },
};
