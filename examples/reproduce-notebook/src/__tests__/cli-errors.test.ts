import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { cli, type Outcome } from './run-cli.js';

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mnist-kit-cli-'));
});
afterAll(() => rm(folder, { recursive: true }));

const run = (...args: string[]) => cli(args, folder);

/** What every mistake must end in: code 2, what is wrong, no stack trace, nothing on stdout. */
function expectMistake({ code, stdout, stderr }: Outcome, message: RegExp): void {
  expect(stderr).toMatch(message);
  expect(stderr).not.toMatch(/^\s+at /m);
  expect(stdout).toBe('');
  expect(code).toBe(2);
}

test('an unknown option is named, with the closest one there is', async () => {
  expectMistake(await run('--epoch', '3'), /unknown option '--epoch'[\s\S]*--epochs/);
});

test('an unknown experiment is answered with the ones there are', async () => {
  expectMistake(await run('--experiment', 'best'), /optimized, enhanced, advanced, all/);
});

test.each([
  ['--epochs', '0'],
  ['--epochs', '1.5'],
  ['--epochs', 'ten'],
  ['--train-samples', '50001'],
  ['--eval-samples', '10001'],
  ['--seed', '-1'],
  ['--seed', '4294967296'],
  ['--threads', '1e9'],
])('%s %s is refused with the range that is right', async (option, value) => {
  const outcome = await run(option, value);
  expectMistake(outcome, /whole number from \d+ to \d+/);
  expect(outcome.stderr).toContain(option);
  expect(outcome.stderr).toContain(value);
});

test('a stray argument is refused', async () => {
  expectMistake(await run('enhanced'), /too many arguments/);
});

test('an output folder that is a file is refused before anything is trained', async () => {
  const file = join(folder, 'file');
  await writeFile(file, '');
  expectMistake(await run('--out', join(file, 'run')), /--out[\s\S]*folder that can be written to/);
});

test.each([
  ['--out', ''],
  ['--out', ' '],
  ['--root', ''],
])(
  "%s '%s', as an unset variable of a shell gives, is refused and not the current folder",
  async (option, name) => {
    expectMistake(
      await run(option, name),
      new RegExp(`'${option} <dir>' argument '${name}' is invalid.*folder's name`),
    );
    expectMistake(await run(`${option}=${name}`), /folder's name; the current folder is '\.'/);
  },
);

test('a data folder that is not there is refused', async () => {
  expectMistake(await run('--root', join(folder, 'nowhere')), /`root`[\s\S]*nowhere/);
});

test('a truncated data file is refused by name', async () => {
  const data = await mkdtemp(join(folder, 'data-'));
  for (const name of ['train-images', 'train-labels', 't10k-images', 't10k-labels']) {
    await writeFile(join(data, `${name}-idx${name.endsWith('images') ? 3 : 1}-ubyte`), 'too short');
  }
  expectMistake(await run('--root', data), /train-(images|labels)-idx/);
});

test('--help lists every option on stdout', async () => {
  const { code, stdout } = await run('--help');
  for (const option of [
    'experiment',
    'epochs',
    'train-samples',
    'eval-samples',
    'seed',
    'engine',
    'threads',
    'out',
    'json',
  ]) {
    expect(stdout).toContain(`--${option}`);
  }
  expect(code).toBe(0);
});
