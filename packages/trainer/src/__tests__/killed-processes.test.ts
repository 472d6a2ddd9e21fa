import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Generator } from '@mnist-kit/core';
import { afterAll, expect, test } from 'vitest';
import { Children } from './children/start.js';
import { loggedSteps } from './event-files.js';

const root = mkdtempSync(join(tmpdir(), 'killed-'));
const children = new Children();
afterAll(() => {
  children.killAll();
  rmSync(root, { recursive: true, force: true });
});

/** What a process was at when it died, by the last thing it said. */
const moments = {
  written: 'training',
  validated: 'training',
  writing: 'writing',
  validating: 'validating',
} as const;
type Moment = (typeof moments)[keyof typeof moments];

function momentOf(stdout: string): Moment {
  const said = stdout
    .split('\n')
    .filter((line): line is keyof typeof moments => Object.hasOwn(moments, line));
  return moments[said.at(-1) ?? 'written'];
}

/** Names of files and folders that were being written. */
function tornFiles(dir: string): string[] {
  if (!existsSync(dir)) return [];
  return readdirSync(dir, { recursive: true, encoding: 'utf8' }).filter((name) => /\.tmp\b/.test(name));
}

// Real digits, mixup, augmentation, dropout, an average of the weights, ReduceLROnPlateau, EarlyStopping that
// restores, validation inside epochs, a checkpoint after every step. `npm run test:kills` does fifty; every test run
// a sample that has died at each kind of moment at least once.
const all = Number(process.env.KILLS ?? 8);
test.concurrent.each([
  ['plan', Math.ceil(all * 0.7)],
  ['eager', Math.floor(all * 0.3)],
] as const)(
  'a process on the %s engine killed %i times, mid-epoch, mid-write and mid-validation, ends with the same bytes',
  async (engine, kills) => {
    const dir = join(root, engine);
    // Op by op an epoch takes many times as long.
    const options = { engine, epochs: engine === 'plan' ? 3 : 2, everyNSteps: 1, resume: 'auto' };
    const wholeFile = join(root, `${engine}-whole.json`);
    const file = join(root, `${engine}-resumed.json`);
    expect(await children.start({ ...options, dir: `${dir}-whole`, out: wholeFile })).toMatchObject({
      code: 0,
    });
    const whole = readFileSync(wholeFile, 'utf8');

    const random = new Generator(kills);
    const killed = { training: 0, writing: 0, validating: 0 };
    let torn = 0;
    let finished = 0;
    const enough = () =>
      killed.training + killed.writing + killed.validating >= kills &&
      Math.min(killed.training, killed.writing, killed.validating, torn, finished) > 0;
    for (let attempt = 0; !enough(); attempt++) {
      // A third each: any time after the start, while writing, while validating.
      const trigger = ['started', 'writing', 'validating'][attempt % 3];
      const nth = 1 + (attempt % 3 === 0 ? 0 : random.randomUint32() % 4);
      const [delay] = random.uniform(1, 0, attempt % 3 === 0 ? (engine === 'plan' ? 150 : 500) : 5);
      let seen = 0;
      const before = new Set(tornFiles(dir));
      const ended = await children.start({ ...options, dir, out: file }, (line, child) => {
        if (line === trigger && ++seen === nth) setTimeout(() => child.kill('SIGKILL'), delay);
      });
      expect(ended.stderr).toBe('');
      if (ended.signal === 'SIGKILL') {
        killed[momentOf(ended.stdout)]++;
        if (tornFiles(dir).some((name) => !before.has(name))) torn++;
      }
      if (!existsSync(file)) continue;
      expect(readFileSync(file, 'utf8')).toBe(whole);
      finished++;
      rmSync(file);
      rmSync(dir, { recursive: true });
    }
    console.log(
      `${engine}: killed ${JSON.stringify(killed)}, ${torn} times with a file half written; ${finished} runs`,
    );
  },
  400_000,
);

/** What a log says, but for times. */
function logIn(dir: string): object[] {
  const lines = readFileSync(join(dir, 'log.jsonl'), 'utf8').trimEnd().split('\n');
  return lines.map((line) => {
    const { seconds: _, itPerSecond: __, ...rest } = JSON.parse(line);
    return rest;
  });
}

test('a process killed after a state was saved has logged every step up to it', async () => {
  const run = (name: string) => ({ dir: join(root, name), logs: join(root, name, 'logs') });
  const options = { engine: 'plan', epochs: 2, everyNSteps: 1, resume: 'auto' };
  expect(await children.start({ ...options, ...run('logged') })).toMatchObject({ code: 0 });
  const killed = run('logged-killed');
  for (const saves of [4, 3, 9]) {
    let seen = 0;
    const ended = await children.start({ ...options, ...killed }, (line, child) => {
      if (line === 'written' && ++seen === saves) child.kill('SIGKILL');
    });
    expect(ended).toMatchObject({ signal: 'SIGKILL', stderr: '' });
  }
  expect(await children.start({ ...options, ...killed })).toMatchObject({ code: 0 });
  expect(logIn(killed.logs)).toEqual(logIn(run('logged').logs));
  const steps = Array.from({ length: 20 }, (_, i) => i + 1);
  expect(loggedSteps(join(killed.logs, 'events'), 'step/loss')).toEqual(steps);
}, 60_000);
