import { createHash } from 'node:crypto';
import type { Digest } from '../verify.js';

/** What torchvision compares too. */
export const md5: Digest = {
  name: 'MD5',
  of: (bytes) => createHash('md5').update(bytes).digest('hex'),
  expected: (file) => file.md5,
  again: 'Delete it and get it again',
};
