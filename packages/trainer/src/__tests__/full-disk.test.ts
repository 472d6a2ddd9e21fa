import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { loggedSteps } from './event-files.js';

const program = fileURLToPath(new URL('children/fill-logs.mjs', import.meta.url));
const canTest = existsSync('/bin/bash') && process.platform === 'linux';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mnist-kit-full-'));
});
afterAll(() => rm(folder, { recursive: true }));

/** Trains in a process whose files may grow to 4 KiB: as on a full disk, what fits of the last write is written. */
async function fill(kind: string): Promise<{ dir: string; said: string; file: Buffer }> {
  const dir = await mkdtemp(join(folder, `${kind}-`));
  const said = await new Promise<string>((resolve) => {
    const command = `ulimit -f 4; exec '${process.execPath}' '${program}' '${dir}' ${kind}`;
    execFile('/bin/bash', ['-c', command], (_error, stdout) => resolve(stdout.trim()));
  });
  const names = await readdir(dir);
  expect(names).toHaveLength(1);
  return { dir, said, file: await readFile(join(dir, names[0])) };
}

test.skipIf(!canTest)('a JSONL log that cannot grow ends the fit by name, and in a whole line', async () => {
  const { dir, said, file } = await fill('jsonl');
  expect(said).toBe(
    `EngineError: Cannot write ${join(dir, 'log.jsonl')}: the file is larger than this file system allows. Choose another disk.`,
  );
  const lines = file.toString().split('\n');
  expect(lines.pop()).toBe('');
  const steps = lines.map((line) => JSON.parse(line)).filter(({ event }) => event === 'step');
  expect(steps.map(({ step }) => step)).toEqual(Array.from({ length: steps.length }, (_, i) => i + 1));
  expect(steps.length).toBeGreaterThan(7);
});

test.skipIf(!canTest)('a TensorBoard log ends in a whole record', async () => {
  const { dir, said, file } = await fill('tensorboard');
  expect(said).toMatch(/^EngineError: Cannot write .*tfevents.*: the file is larger than/);
  let at = 0;
  while (at < file.length) at += 16 + Number(file.readBigUInt64LE(at));
  expect(at).toBe(file.length);
  const steps = loggedSteps(dir, 'step/loss');
  expect(steps).toEqual(Array.from({ length: steps.length }, (_, i) => i + 1));
  expect(steps.length).toBeGreaterThan(7);
});

test.skipIf(!canTest)('a CSV log keeps the rows it had', async () => {
  const { said, file } = await fill('csv');
  expect(said).toMatch(/^EngineError: Cannot write .*history\.csv: the file is larger than/);
  const [header, ...rows] = file.toString().trimEnd().split('\n');
  expect(rows.length).toBeGreaterThan(10);
  for (const row of rows) expect(row.split(',')).toHaveLength(header.split(',').length);
});
