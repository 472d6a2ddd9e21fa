import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { MnistKitError } from '@mnist-kit/core';
import {
  readSafetensors,
  readTorchFile,
  readTorchValue,
  type StateDict,
  writeSafetensors,
  writeTorchFile,
} from '@mnist-kit/models';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { hostilePickles, hostileSafetensors, hostileTorchFile, safetensorsFile } from './hostile-files.js';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hostile-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const models = fileURLToPath(new URL('../../dist/index.js', import.meta.url));
/** Reads a file, once its functions have run, and says by how much the process grew. */
const child = `
  const [models, name, path] = process.argv.slice(1);
  const { readFileSync } = await import('node:fs');
  const { readSafetensors, readTorchValue, writeSafetensors, writeTorchFile } = await import(models);
  const read = name === 'safetensors' ? readSafetensors : readTorchValue;
  read(name === 'safetensors' ? writeSafetensors({}) : writeTorchFile({}));
  const file = new Uint8Array(readFileSync(path));
  const before = process.resourceUsage().maxRSS;
  let outcome = 'parsed';
  try { read(file); } catch (error) { outcome = error.name; }
  console.log(JSON.stringify({ outcome, mebibytes: (process.resourceUsage().maxRSS - before) / 1024 }));
`;

test.each([
  ...['nested arrays', 'nested objects', 'a long shape', 'many tensors', 'much metadata'].map(
    (name) => ['safetensors', name] as const,
  ),
  ...['ordered dicts', 'dicts of one', 'different names', 'memos far apart'].map(
    (name) => ['pth', name] as const,
  ),
])('a hostile %s file costs at most 64 MiB more than it has: %s', async (format, name) => {
  const file = format === 'safetensors' ? hostileSafetensors[name](1) : hostileTorchFile(name, 1);
  const path = join(folder, 'file');
  await writeFile(path, file);
  const run = promisify(execFile);
  const { stdout } = await run(process.execPath, ['--input-type=module', '-e', child, models, format, path]);
  const { outcome, mebibytes } = JSON.parse(stdout);
  expect(outcome).toMatch(/^(DataError|CheckpointError|parsed)$/);
  expect(mebibytes).toBeLessThan(64);
});

function outcomeOf(read: () => unknown): string {
  try {
    read();
    return 'parsed';
  } catch (error) {
    return error instanceof MnistKitError ? 'refused' : `${error}`;
  }
}

test.each(Object.keys(hostileSafetensors))('a hostile header is read or a typed error: %s', (name) => {
  expect(outcomeOf(() => readSafetensors(hostileSafetensors[name](0.05)))).toMatch(/^(parsed|refused)$/);
});

test.each(Object.keys(hostilePickles))('a hostile pickle is read or a typed error: %s', (name) => {
  const file = hostileTorchFile(name, 0.05);
  expect(outcomeOf(() => readTorchValue(file))).toMatch(/^(parsed|refused)$/);
  expect(outcomeOf(() => readTorchFile(file))).toMatch(/^(parsed|refused)$/);
});

test('what is unpacked from the header is bounded before it is', () => {
  const refused = (header: string) => expect(() => readSafetensors(safetensorsFile(header)));
  refused(`{"a":{"shape":[[]]}}`).toThrow(/at most 3 levels deep/);
  refused(`{"a":${'['.repeat(100)}`).toThrow(/at most 3 levels deep/);
  refused(`{"a":{"shape":[${'1,'.repeat(1_500_000)}1]}}`).toThrow(/at most 1500000 values/);
  refused(`{${Array.from({ length: 65_001 }, (_, i) => `"${i}":1`).join(',')}}`).toThrow(
    /at most 65000 entries/,
  );
  refused(`{${' '.repeat(16_000_000)}}`).toThrow(/at most 16 MB. Received: 16000002/);
});

test('brackets, commas and colons within text do not count', () => {
  const odd = { [`${'[{'.repeat(50)}":,\\`]: { shape: [1], data: Float32Array.of(1) } };
  expect(readSafetensors(writeSafetensors(odd, { '{[': '[[[[[{"a":' }))).toEqual(odd);
});

test('a state dict of 50,000 tensors is read from both formats', () => {
  const dict: StateDict = Object.fromEntries(
    Array.from({ length: 50_000 }, (_, i) => [
      `layers.${i}.weight`,
      { shape: [1], data: Float32Array.of(i) },
    ]),
  );
  for (const read of [readSafetensors(writeSafetensors(dict)), readTorchFile(writeTorchFile(dict))]) {
    expect(Object.keys(read)).toHaveLength(50_000);
    expect(read['layers.49999.weight'].data[0]).toBe(49_999);
  }
});
