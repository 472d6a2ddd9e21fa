import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { EngineError } from '@mnist-kit/core';
import { writeFileAtomic } from '@mnist-kit/core/node';
import { afterEach, beforeEach, expect, test } from 'vitest';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'atomic-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

test('text and bytes are written and replaced, and nothing else stays in the folder', async () => {
  const path = join(folder, 'a.txt');
  await writeFileAtomic(path, 'höher');
  expect(await readFile(path, 'utf8')).toBe('höher');
  await writeFileAtomic(path, new Uint8Array([1, 2, 3]));
  expect([...(await readFile(path))]).toEqual([1, 2, 3]);
  expect(await readdir(folder)).toEqual(['a.txt']);
});

test('many writers at once leave one whole content', async () => {
  const path = join(folder, 'a.txt');
  const contents = Array.from({ length: 20 }, (_, i) => String(i).repeat(50_000));
  await Promise.all(contents.map((content) => writeFileAtomic(path, content)));
  expect(contents).toContain(await readFile(path, 'utf8'));
  expect(await readdir(folder)).toEqual(['a.txt']);
});

test('a process that is killed while it writes leaves the old or a new content', async () => {
  const path = join(folder, 'a.txt');
  await writeFile(path, 'x'.repeat(300_000));
  const script = `import { writeFileAtomic } from ${JSON.stringify(
    fileURLToPath(new URL('../../dist/node.js', import.meta.url)),
  )};
    console.log('ready');
    for (let i = 0; ; i++) await writeFileAtomic(${JSON.stringify(path)}, String(i % 10).repeat(300_000));`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script]);
  await once(child.stdout, 'data');
  for (let i = 0; i < 20; i++) {
    const seen = await readFile(path, 'utf8');
    expect(seen.length).toBe(300_000);
    expect(new Set(seen).size).toBe(1);
  }
  child.kill('SIGKILL');
  await once(child, 'exit');
  const seen = await readFile(path, 'utf8');
  expect([seen.length, new Set(seen).size]).toEqual([300_000, 1]);
});

test.each([
  ['a folder that does not exist', 'no/a.txt', /folder does not exist\. Create it/],
  ['a file where a folder should be', 'file/a.txt', /is a file, not a folder/],
  ['a folder of that name', 'full', /there is a folder of that name/],
])('%s is an EngineError with advice', async (_, name, message) => {
  await writeFile(join(folder, 'file'), 'kept');
  await mkdir(join(folder, 'full', 'inner'), { recursive: true });
  const path = join(folder, name);
  const failure = await writeFileAtomic(path, 'new').catch((error: unknown) => error);
  expect(failure).toBeInstanceOf(EngineError);
  expect((failure as EngineError).message).toMatch(message);
  expect((failure as EngineError).message).toContain(path);
  expect((await readdir(folder)).sort()).toEqual(['file', 'full']);
  expect(await readFile(join(folder, 'file'), 'utf8')).toBe('kept');
});

test.runIf(process.platform === 'linux')('a read-only file system is an EngineError', async () => {
  await expect(writeFileAtomic('/proc/mnist-kit.txt', 'x')).rejects.toThrow(EngineError);
});
