import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CheckpointError, EngineError, Generator, MnistKitError } from '@mnist-kit/core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { checkpointedFit } from './checkpointed-fit.js';

let root: string;
/** A folder with two good checkpoints. */
let good: string;
beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), 'damaged-'));
  good = join(root, 'good');
  await fit(good, 2);
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

async function fit(dir: string, epochs: number, resume?: string) {
  const { said, outcome } = await checkpointedFit({ epochs, resume, checkpoint: { dir } });
  return { ...outcome, notes: said };
}

const files = ['manifest.json', 'state.json', 'tensors.safetensors'];
const checkpoint = (dir: string, number: number) => join(dir, 'checkpoints', `checkpoint-00000${number}`);

function copy(): string {
  const dir = mkdtempSync(join(root, 'copy-'));
  cpSync(good, dir, { recursive: true });
  return dir;
}

/** Mutated contents of a file: every kind of damage, from a seed. */
function mutate(content: Buffer, generator: Generator): Buffer {
  const at = generator.randomUint32() % content.length;
  const mutated = Buffer.from(content);
  switch (generator.randomUint32() % 5) {
    case 0:
      mutated[at] ^= 1 << (generator.randomUint32() % 8);
      return mutated;
    case 1:
      return mutated.subarray(0, at);
    case 2:
      return Buffer.concat([mutated, Buffer.from([generator.randomUint32() & 0xff])]);
    case 3:
      return Buffer.concat([mutated.subarray(0, at), mutated.subarray(at + 1)]);
    default:
      mutated.fill(0, at, Math.min(at + 16, mutated.length));
      return mutated;
  }
}

test('2,100 mutated checkpoints are refused or read as they were, and say what to do', async () => {
  const generator = new Generator(2100);
  const path = join(copy(), 'checkpoints', 'checkpoint-000002');
  const whole = await fit(join(root, 'out'), 2, path);
  let refused = 0;
  for (let i = 0; i < 2100; i++) {
    const file = join(path, files[i % 3]);
    const content = readFileSync(file);
    const mutated = mutate(content, generator);
    writeFileSync(file, mutated);
    const outcome = await fit(join(root, 'out'), 2, path).catch((error: unknown) => error);
    if (outcome instanceof Error) {
      expect(outcome).toBeInstanceOf(CheckpointError);
      expect(outcome.message).toMatch(
        /Delete this folder and resume from an earlier one|Update it to resume/,
      );
      refused++;
    } else expect(outcome).toEqual(whole);
    writeFileSync(file, content);
  }
  // What is not refused did no harm: a space more in the manifest, zeros over zeros.
  expect(refused).toBeGreaterThan(2000);
});

test.each(files)('every single byte of %s counts', async (name) => {
  const path = join(copy(), 'checkpoints', 'checkpoint-000002');
  const file = join(path, name);
  const content = readFileSync(file);
  const whole = await fit(join(root, 'out'), 2, path);
  const random = new Generator(content.length);
  let refused = 0;
  for (let at = 0; at < content.length; at++) {
    const mutated = Buffer.from(content);
    mutated[at] ^= 1 << (random.randomUint32() % 8);
    writeFileSync(file, mutated);
    const outcome = await fit(join(root, 'out'), 2, path).catch((error: unknown) => error);
    if (outcome instanceof Error) {
      expect(outcome).toBeInstanceOf(CheckpointError);
      refused++;
    } else expect(outcome).toEqual(whole);
  }
  // A space of the manifest that became another one does no harm.
  expect(refused).toBeGreaterThanOrEqual(name === 'manifest.json' ? content.length * 0.9 : content.length);
});

describe('resume: auto', () => {
  test.each(files)(
    'goes on from the checkpoint before when %s of the newest is damaged, and says so',
    async (file) => {
      const dir = copy();
      const path = join(checkpoint(dir, 2), file);
      writeFileSync(path, readFileSync(path).subarray(0, -2));
      const whole = await fit(join(root, 'whole'), 3);
      const resumed = await fit(dir, 3, 'auto');
      expect(resumed.weights).toEqual(whole.weights);
      expect(resumed.notes).toEqual([
        expect.stringMatching(/checkpoint-000002 is damaged: .*Delete this folder/),
      ]);
    },
  );

  test('says what to do when all are damaged, and deletes none', async () => {
    const dir = copy();
    for (const number of [1, 2]) writeFileSync(join(checkpoint(dir, number), 'state.json'), '{}');
    await expect(fit(dir, 3, 'auto')).rejects.toThrow(CheckpointError);
    await expect(fit(dir, 3, 'auto')).rejects.toThrow(/Delete that folder to start over/);
    expect(readdirSync(join(dir, 'checkpoints'))).toHaveLength(2);
  });

  test('does not go back behind a checkpoint of a newer format', async () => {
    const dir = copy();
    const path = join(checkpoint(dir, 2), 'manifest.json');
    const manifest = JSON.parse(readFileSync(path, 'utf8'));
    writeFileSync(path, JSON.stringify({ ...manifest, version: 2 }));
    await expect(fit(dir, 3, 'auto')).rejects.toThrow(
      /has format version 2; .* reads up to 1\. Update it to resume/,
    );
    expect(readdirSync(join(dir, 'checkpoints'))).toHaveLength(2);
  });

  test('ignores and removes what a killed writer left behind', async () => {
    const dir = copy();
    const whole = await fit(join(root, 'whole2'), 3);
    mkdirSync(join(dir, 'checkpoints', '.tmp-checkpoint-000003.1-0'));
    writeFileSync(join(dir, '.lock'), JSON.stringify({ pid: 2 ** 22 + 1, host: 'elsewhere' }));
    expect((await fit(dir, 3, 'auto')).weights).toEqual(whole.weights);
    expect(readdirSync(join(dir, 'checkpoints'))).toEqual(['checkpoint-000002', 'checkpoint-000003']);
    expect(existsSync(join(dir, '.lock'))).toBe(false);
  });
});

test('a lock of a living process is respected', async () => {
  const dir = copy();
  const { hostname } = await import('node:os');
  writeFileSync(join(dir, '.lock'), JSON.stringify({ pid: process.ppid, host: hostname() }));
  await expect(fit(dir, 3, 'auto')).rejects.toThrow(
    new RegExp(`Process ${process.ppid} writes checkpoints to .*\\.lock if that process does no such thing`),
  );
});

/** A file system of 400 KB, where this process may mount one. */
function mountSmall(path: string): boolean {
  mkdirSync(path, { recursive: true });
  return spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=400k', 'tmpfs', path]).status === 0;
}

const small = join(tmpdir(), `small-${process.pid}`);
const mounted = mountSmall(small);
afterAll(() => {
  if (mounted) spawnSync('umount', [small]);
  rmSync(small, { recursive: true, force: true });
});

// Permissions do not bind the superuser, who in turn may mount.
const canForbid = mounted || process.getuid?.() !== 0;

test.skipIf(!canForbid)(
  'a read-only folder is found before anything is trained, and can still be resumed from',
  async () => {
    const dir = mounted ? join(small, 'kept') : join(root, 'kept');
    cpSync(good, dir, { recursive: true });
    const forbid = (flag: 'ro' | 'rw') => {
      if (mounted) spawnSync('mount', ['-o', `remount,${flag}`, small]);
      else chmodSync(dir, flag === 'ro' ? 0o555 : 0o755);
    };
    const whole = await fit(join(root, 'whole4'), 4);
    const before = readdirSync(dir, { recursive: true });
    forbid('ro');
    try {
      for (const resume of ['auto', undefined]) {
        const attempt = fit(dir, 4, resume);
        await expect(attempt).rejects.toThrow(EngineError);
        await expect(attempt).rejects.toThrow(/(read-only|permission denied)\. Choose (another|a) folder/);
      }
      const resumed = await fit(join(root, 'elsewhere'), 4, checkpoint(dir, 2));
      expect(resumed.weights).toEqual(whole.weights);
      expect(resumed.history).toEqual(whole.history);
    } finally {
      forbid('rw');
    }
    expect(readdirSync(dir, { recursive: true })).toEqual(before);
    rmSync(dir, { recursive: true });
  },
);

test.skipIf(!mounted)(
  'a full disk ends the fit with advice, and the last whole checkpoint resumes',
  async () => {
    const dir = join(small, 'run');
    const whole = await fit(join(root, 'whole3'), 6);
    await fit(dir, 2);
    const before = readdirSync(join(dir, 'checkpoints'));
    // Fill it up but for two blocks: enough for the lock, not for the next checkpoint.
    const filler = join(small, 'filler');
    let size = 400 * 1024;
    for (; size > 0; size -= 4096) {
      try {
        writeFileSync(filler, Buffer.alloc(size));
        break;
      } catch {}
    }
    const attempt = fit(dir, 6, 'auto');
    await expect(attempt).rejects.toThrow(EngineError);
    await expect(attempt).rejects.toThrow(MnistKitError);
    await expect(attempt).rejects.toThrow(/[Ff]ree some space/);
    expect(readdirSync(join(dir, 'checkpoints'))).toEqual(before);
    rmSync(filler);
    expect((await fit(dir, 6, 'auto')).weights).toEqual(whole.weights);
  },
);
