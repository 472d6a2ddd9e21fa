import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { checkpointStorage } from '@mnist-kit/trainer';
import { afterEach, beforeEach, describe, test } from 'vitest';
import { storageCases } from './storage-suite.js';

describe('in Node', () => {
  let dir: string;
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'storage-'));
  });
  afterEach(() => rmSync(dir, { recursive: true, force: true }));

  test.each(Object.entries(storageCases))('%s', (_, run) => run(checkpointStorage, dir));
});
