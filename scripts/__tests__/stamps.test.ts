import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, expect, test } from 'vitest';
import { hashFiles } from '../lib/stamps.mjs';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mnist-kit-stamps-'));
  await writeFile(join(folder, 'a'), 'one');
  await writeFile(join(folder, 'b'), 'two');
  return () => rm(folder, { recursive: true });
});

const hash = (...names: string[]) => hashFiles(names.map((name) => join(folder, name)));

test('the same files have the same hash, in any order', () => {
  expect(hash('b', 'a')).toBe(hash('a', 'b'));
});

test('a changed, a moved and a missing byte each change the hash', async () => {
  const before = hash('a', 'b');
  await writeFile(join(folder, 'a'), 'onf');
  expect(hash('a', 'b')).not.toBe(before);
  // The same bytes, split differently over the two files.
  await writeFile(join(folder, 'a'), 'on');
  await writeFile(join(folder, 'b'), 'etwo');
  expect(hash('a', 'b')).not.toBe(before);
  await rm(join(folder, 'b'));
  expect(hash('a', 'b')).not.toBe(before);
});
