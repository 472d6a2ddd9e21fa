import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { readSafetensors } from '@mnist-kit/models';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Children } from './children/start.js';

let dir: string;
const children = new Children();
const start: Children['start'] = (options, onLine) =>
  children.start({ dir: join(dir, 'run'), ...options }, onLine);
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'processes-'));
});
afterEach(() => {
  children.killAll();
  rmSync(dir, { recursive: true, force: true });
});

test.each([
  ['SIGINT', 130],
  ['SIGTERM', 143],
  ['SIGHUP', 129],
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

test('the SIGHUPs of a terminal that is closed, and of a session that ends, do not cut the ending short', async () => {
  for (const [first, code] of [
    ['SIGHUP', 129],
    ['SIGTERM', 143],
  ] as const) {
    let sent = 0;
    const options = { engine: 'plan', epochs: 1000, everyNSteps: 1, stall: true };
    const ended = await start({ ...options, dir: join(dir, first), stallFor: 300 }, (line, child) => {
      if (line !== 'stalling' || sent > 0) return;
      sent++;
      child.kill(first);
      for (const delay of [50, 100]) setTimeout(() => child.kill('SIGHUP'), delay);
    });
    expect(ended).toMatchObject({ code, signal: null, stderr: '' });
    expect(ended.stdout).toMatch(new RegExp(`^Interrupted \\(${first}\\)`, 'm'));
    expect(existsSync(join(dir, first, '.lock'))).toBe(false);
  }
});

test('a process that trained ends by itself, without dispose', async () => {
  const ended = await start({ engine: 'plan', epochs: 1, everyNSteps: 0, exitAfterFit: true });
  expect(ended).toMatchObject({ code: 0, signal: null, stderr: '' });
});

test('a second process is refused the folder of a living one, and not that of a dead one', async () => {
  const options = { engine: 'plan', epochs: 2, everyNSteps: 1, resume: 'auto' };
  const out = join(dir, 'out.json');
  expect(await start({ ...options, dir: join(dir, 'whole'), out })).toMatchObject({ code: 0 });
  const whole = readFileSync(out, 'utf8');
  let second: ReturnType<typeof start> | undefined;
  const first = await start({ ...options, stall: true }, (line, child) => {
    if (line !== 'stalling') return;
    second = start(options);
    void second.then(() => child.kill('SIGKILL'));
  });
  expect(first.signal).toBe('SIGKILL');
  const { code, stderr, stdout } = await second!;
  expect(code).toBe(1);
  expect(stderr).toMatch(
    /CheckpointError: .*Process \d+ writes checkpoints to .*\. Give this fit a folder of its own/,
  );
  expect(stdout).not.toMatch(/step/);
  expect(await start({ ...options, out })).toMatchObject({ code: 0, stderr: '' });
  expect(readFileSync(out, 'utf8')).toBe(whole);
});

test('of processes that ask for a folder at the same time one gets it', async () => {
  mkdirSync(join(dir, 'run'));
  // Left behind by a process that is gone.
  writeFileSync(join(dir, 'run', '.lock'), JSON.stringify({ pid: 2 ** 22 + 1, host: hostname() }));
  let refused = 0;
  // The one that gets it is held up by a callback until the others are through.
  const options = { engine: 'plan', epochs: 1, everyNSteps: 1, stall: true };
  const attempts = Array.from({ length: 4 }, async () => {
    const ended = await start(options);
    if (ended.signal !== null) return;
    expect(ended.stderr).toMatch(/CheckpointError: .*writes checkpoints to/);
    expect(ended.stdout).not.toMatch(/step/);
    refused++;
    if (refused === 3) children.killAll();
  });
  await Promise.all(attempts);
  expect(refused).toBe(3);
  expect(readdirSync(join(dir, 'run')).filter((name) => name.startsWith('.lock.'))).toEqual([]);
});
