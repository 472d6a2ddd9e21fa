import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Generator } from '@mnist-kit/core';
import { readSafetensors } from '@mnist-kit/models';
import { afterEach, beforeEach, expect, test } from 'vitest';

const script = fileURLToPath(new URL('children/train.mjs', import.meta.url));

let dir: string;
let children: ChildProcess[];
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'processes-'));
  children = [];
});
afterEach(() => {
  for (const child of children) child.kill('SIGKILL');
  rmSync(dir, { recursive: true, force: true });
});

interface Ended {
  readonly code: number | null;
  readonly signal: string | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Starts a training process; `onLine` sees what it prints. */
function start(
  options: object,
  onLine: (line: string, child: ChildProcess) => void = () => {},
): Promise<Ended> {
  const child = spawn(process.execPath, [script, JSON.stringify({ dir: join(dir, 'run'), ...options })]);
  children.push(child);
  let stdout = '';
  let stderr = '';
  let rest = '';
  child.stdout.on('data', (chunk) => {
    stdout += chunk;
    rest += chunk;
    const lines = rest.split('\n');
    rest = lines.pop()!;
    for (const line of lines) onLine(line, child);
  });
  child.stderr.on('data', (chunk) => {
    stderr += chunk;
  });
  return new Promise((resolve) => {
    child.on('close', (code, signal) => resolve({ code, signal, stdout, stderr }));
  });
}

test.each([
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const)('%s ends a fit after the step, keeps the best, and says what was kept', async (signal, code) => {
  let steps = 0;
  const ended = await start({ engine: 'plan', epochs: 1000, everyNSteps: 0 }, (line, child) => {
    if (!line.startsWith('step')) return;
    steps++;
    if (steps === 25) child.kill(signal);
  });
  expect(ended.stderr).toBe('');
  expect({ code: ended.code, signal: ended.signal }).toEqual({ code, signal: null });
  expect(ended.stdout).toMatch(
    new RegExp(`^Interrupted \\(${signal}\\) in epoch \\d+ after batch \\d+ of 10\\.$`, 'm'),
  );
  expect(ended.stdout).toMatch(
    /^Best weights \(valAccuracy \d+\.\d\d%, epoch \d+\) kept in .*best\.safetensors\.$/m,
  );
  expect(ended.stdout).toMatch(/"interrupted":true/);
  const best = readSafetensors(readFileSync(join(dir, 'run', 'best.safetensors')));
  expect(best['conv1.weight'].shape).toEqual([4, 1, 3, 3]);
  expect(existsSync(join(dir, 'run', '.lock'))).toBe(false);
});

test('a second SIGINT stops at once and leaves the last whole checkpoint', async () => {
  let kills = 0;
  const ended = await start({ engine: 'plan', epochs: 1000, everyNSteps: 1, stall: true }, (line, child) => {
    if (line === 'stalling') {
      kills++;
      child.kill('SIGINT');
    }
    if (line === 'still stalling') {
      kills++;
      child.kill('SIGINT');
    }
  });
  expect(kills).toBe(2);
  expect(ended).toMatchObject({ code: null, signal: 'SIGINT' });
  expect(readdirSync(join(dir, 'run', 'checkpoints'))).toHaveLength(2);
  const resumed = await start({ engine: 'plan', epochs: 2, everyNSteps: 0, resume: 'auto' });
  expect(resumed).toMatchObject({ code: 0, stderr: '' });
});

test('a process that trained ends by itself, without dispose', async () => {
  const ended = await start({ engine: 'plan', epochs: 1, everyNSteps: 0, exitAfterFit: true });
  expect(ended).toMatchObject({ code: 0, signal: null, stderr: '' });
});

test.each([
  ['plan', 40],
  ['eager', 10],
] as const)(
  'a process killed again and again ends with the same bits (%s, %i kills)',
  async (engine, kills) => {
    const options = { engine, epochs: 3, everyNSteps: 1, resume: 'auto' };
    const wholeFile = join(dir, 'whole.json');
    const file = join(dir, 'resumed.json');
    expect(await start({ ...options, dir: join(dir, 'whole'), out: wholeFile })).toMatchObject({ code: 0 });
    const whole = readFileSync(wholeFile, 'utf8');
    const delays = new Generator(kills).uniform(10_000, 0, engine === 'plan' ? 120 : 400);
    let killed = 0;
    let finished = 0;
    for (let attempt = 0; killed < kills || finished === 0; attempt++) {
      const ended = await start({ ...options, out: file }, (line, child) => {
        if (line === 'started' && killed < kills) setTimeout(() => child.kill('SIGKILL'), delays[attempt]);
      });
      expect(ended.stderr).toBe('');
      if (ended.signal === 'SIGKILL') killed++;
      if (!existsSync(file)) continue;
      expect(readFileSync(file, 'utf8')).toBe(whole);
      finished++;
      rmSync(file);
      rmSync(join(dir, 'run'), { recursive: true });
    }
    expect(finished).toBeGreaterThan(0);
  },
  240_000,
);
