import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

interface Run {
  net: string;
  steps: number;
  batch: number;
  sha256: string;
}

/**
 * SHA-256 of the trained weights; `node scripts/bits/train.mjs --update` writes them anew. To be done only when
 * the arithmetic was changed on purpose: users' runs then give other bits too, which a changeset must say.
 * `npm run test:runtimes` holds other runtimes and architectures to the same file.
 */
const golden: Run[] = JSON.parse(
  readFileSync(new URL('./fixtures/golden-bits.json', import.meta.url), 'utf8'),
);

const program = fileURLToPath(new URL('../../../../scripts/bits/train.mjs', import.meta.url));

interface Settings {
  flags?: string[];
  env?: Record<string, string>;
  vectors?: 'auto' | 256;
}

/** Trains in a process of its own, once for each number of threads. */
async function trainedHashes(
  { net, steps, batch }: Run,
  threads: number[],
  { flags = [], env = {}, vectors = 'auto' }: Settings = {},
): Promise<[number, string][]> {
  const args = [program, '--net', net, '--steps', steps, '--batch', batch, '--threads', threads.join()];
  args.push('--vectors', vectors);
  const { stdout } = await promisify(execFile)(process.execPath, [...flags, ...args.map(String)], {
    env: { ...process.env, ...env },
  });
  const lines: { threads: number; sha256: string }[] = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  return lines.map(({ threads, sha256 }) => [threads, sha256]);
}

test('the golden hashes cover 200 steps, and differ from run to run', () => {
  expect(golden).toContainEqual(expect.objectContaining({ net: 'optimizedNet', steps: 200, batch: 32 }));
  expect(new Set(golden.map(({ sha256 }) => sha256)).size).toBe(golden.length);
});

test.each(golden)(
  '$net, $steps steps of batch $batch: the golden bits with 1, 2, 3 and 8 threads',
  async (run) => {
    const threads = [1, 2, 3, 8];
    expect(await trainedHashes(run, threads)).toEqual(threads.map((count) => [count, run.sha256]));
  },
);

const canPack = Number(process.versions.node.split('.')[0]) >= 22 && process.arch === 'x64';
const pretend = new URL('./processes/pretend-packing.mjs', import.meta.url).href;

test.each(golden.filter(({ net, steps }) => steps < 10 && net !== 'conservativeImprovedNet'))(
  '$net, $steps steps of batch $batch: the golden bits with 256-bit vectors, packed where V8 can',
  async (run) => {
    const unpacked: Settings = { flags: ['--import', pretend], env: { PRETEND_PACKING: '1' } };
    const threads = [1, 2];
    const hashes = await trainedHashes(run, threads, { ...(canPack ? {} : unpacked), vectors: 256 });
    expect(hashes).toEqual(threads.map((count) => [count, run.sha256]));
  },
);
