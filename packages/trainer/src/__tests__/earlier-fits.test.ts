import {
  chmodSync,
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
import { CheckpointError, InvalidArgumentError } from '@mnist-kit/core';
import {
  type Callback,
  CsvLogger,
  EarlyStopping,
  JsonlLogger,
  ModelCheckpoint,
  type Run,
  TensorBoardLogger,
} from '@mnist-kit/trainer';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { checkpointedFit } from './checkpointed-fit.js';
import { linearModel } from './linear-executor.js';

let root: string;
let dir: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'earlier-'));
  dir = join(root, 'run');
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

interface Settings {
  epochs?: number;
  resume?: string;
  lr?: number;
  callbacks?: Callback[];
  /** Ends the fit at this step. */
  until?: number;
}

/** A fit that keeps everything there is to keep in `dir`; three steps an epoch. */
function fit({ epochs = 2, resume, lr, callbacks = [], until }: Settings = {}) {
  const end = new AbortController();
  const said: string[] = [];
  return checkpointedFit({
    ...{ epochs, resume, lr, said, signal: end.signal, noise: 0.3 },
    checkpoint: { dir, saveTopK: 2, everyNSteps: 1 },
    callbacks: [
      { name: 'end', onOptimizerStepEnd: ({ step }) => void (step === until && end.abort()) },
      { name: 'epochs', onEpochStart: () => void said.push('training') },
      new CsvLogger({ path: join(dir, 'history.csv') }),
      new JsonlLogger({ path: join(dir, 'log.jsonl'), everyNSteps: 1 }),
      new TensorBoardLogger({ dir: join(dir, 'events'), everyNSteps: 1 }),
      ...callbacks,
    ],
  });
}

/** Content of every file of the folder and those below by name, but for hidden ones and `previous-…`. */
function contents(folder: string): Record<string, string> {
  const names = readdirSync(folder, { recursive: true, withFileTypes: true });
  const files = names.filter((entry) => entry.isFile()).map(({ parentPath, name }) => join(parentPath, name));
  const own = files.filter((file) => !/previous-|\/\.[^/]*$/.test(file.slice(folder.length)));
  return Object.fromEntries(own.map((file) => [file.slice(folder.length), readFileSync(file, 'base64')]));
}

test('a fit from the start that is interrupted in its first epoch leaves nothing of the one before among its files', async () => {
  await fit();
  const before = contents(dir);
  expect(Object.keys(before)).toHaveLength(2 + 2 + 4 + 6 + 2 + 1);
  const { said } = await fit({ until: 1, lr: 0.2 });
  expect(said[0]).toBe(`What an earlier fit left in ${dir} is in ${join(dir, 'previous-1')} now.`);
  expect(said.indexOf('training')).toBeGreaterThan(0);
  const mine = readdirSync(dir).filter((name) => name !== 'events');
  expect(mine.sort()).toEqual(['checkpoints', 'last.json', 'last.safetensors', 'log.jsonl', 'previous-1']);
  expect(readdirSync(join(dir, 'checkpoints'))).toEqual(['checkpoint-000001']);
  expect(readFileSync(join(dir, 'log.jsonl'), 'utf8').trimEnd().split('\n')).toHaveLength(1);
  // Everything is there, as it was; TensorBoard's files beside where they were.
  const aside = contents(join(dir, 'previous-1'));
  for (const [name, content] of Object.entries(contents(join(dir, 'events', 'previous-1'))))
    aside[`/events${name}`] = content;
  expect(aside).toEqual(before);
});

test('resume: auto goes on with the new fit and not with the one before, which can be gone on with where it is', async () => {
  const whole = await fit({ lr: 0.2 });
  rmSync(dir, { recursive: true });
  const former = await fit();
  await fit({ lr: 0.2, until: 1 });
  const resumed = await fit({ lr: 0.2, resume: 'auto' });
  expect(resumed.outcome).toEqual(whole.outcome);
  expect(resumed.said.filter((line) => line !== 'training')).toEqual([]);
  dir = join(dir, 'previous-1');
  const again = await fit({ resume: 'auto' });
  expect(again.outcome).toEqual(former.outcome);
});

test('resume: auto after a fit from the start that died before its first state does not go back to the one before', async () => {
  const whole = await fit({ lr: 0.2 });
  rmSync(dir, { recursive: true });
  await fit();
  const died = new Error('died');
  const die: Callback = {
    onBeforeOptimizerStep: () => {
      throw died;
    },
  };
  await expect(fit({ lr: 0.2, callbacks: [die] })).rejects.toThrow('died');
  expect((await fit({ lr: 0.2, resume: 'auto' })).outcome).toEqual(whole.outcome);
});

test('earlier fits are numbered on, and files of somebody else stay where they are', async () => {
  mkdirSync(join(dir, 'previous-07', 'x'), { recursive: true });
  mkdirSync(join(dir, 'checkpoints'));
  const foreign = ['notes.txt', 'best.pt', 'epoch-1.safetensors', 'previous-x', 'checkpoints/model.pt'];
  for (const name of foreign) writeFileSync(join(dir, name), name);
  await fit();
  expect(existsSync(join(dir, 'previous-8'))).toBe(false);
  const { said } = await fit();
  expect(said[0]).toMatch(/previous-8 now\.$/);
  expect((await fit()).said[0]).toMatch(/previous-9 now\.$/);
  for (const name of foreign.slice(0, 4)) expect(readFileSync(join(dir, name), 'utf8')).toBe(name);
  // It lay among our own, and went with them.
  expect(readFileSync(join(dir, 'previous-8', foreign[4]), 'utf8')).toBe(foreign[4]);
});

test('a folder of somebody else that is called checkpoints stays where it is', async () => {
  mkdirSync(join(dir, 'checkpoints', 'checkpoint-000001'), { recursive: true });
  writeFileSync(join(dir, 'checkpoints', 'checkpoint-000001', 'manifest.json'), '{"format":"another"}');
  writeFileSync(join(dir, 'best.json'), '{}');
  expect((await fit()).said[0]).toMatch(/previous-1 now\.$/);
  expect(readdirSync(join(dir, 'previous-1'))).toEqual(['best.json']);
  expect(existsSync(join(dir, 'checkpoints', 'checkpoint-000001', 'manifest.json'))).toBe(true);
});

test('a fit that is refused at its start moves nothing', async () => {
  await fit();
  const before = contents(dir);
  await expect(fit({ callbacks: [new EarlyStopping({ monitor: 'no', patience: 1 })] })).rejects.toThrow(
    InvalidArgumentError,
  );
  expect(contents(dir)).toEqual(before);
  expect(readdirSync(dir).filter((name) => name.startsWith('previous'))).toEqual([]);
});

test('a fit that is refused the folder of a living one leaves its logs alone', async () => {
  const second: Callback = {
    onOptimizerStepEnd: async ({ step }) => {
      if (step !== 4) return;
      for (const resume of [undefined, 'auto'])
        await expect(fit({ resume })).rejects.toThrow(CheckpointError);
    },
  };
  await fit({ callbacks: [second] });
  const lines = readFileSync(join(dir, 'log.jsonl'), 'utf8').trimEnd().split('\n');
  expect(lines.map((line) => JSON.parse(line).step)).toEqual([1, 2, 3, 3, 4, 5, 6, 6]);
  expect(readdirSync(join(dir, 'events'))).toHaveLength(1);
});

test('a callback of your own has its files set aside with the others, and may say so only at the start', async () => {
  const own = (): Callback => ({
    onFitStart: (run) => void (run.step === 0 && run.replaces(dir, ['own.json', 'not there'])),
    onFitEnd: () => writeFileSync(join(dir, 'own.json'), 'mine'),
  });
  await fit({ callbacks: [own()] });
  await fit({ callbacks: [own()], until: 1, epochs: 3 });
  expect(readFileSync(join(dir, 'previous-1', 'own.json'), 'utf8')).toBe('mine');
  expect(existsSync(join(dir, 'previous-1', 'best.safetensors'))).toBe(true);
  // A fit that goes on replaces nothing.
  await fit({ callbacks: [own()], resume: 'auto' });
  expect(existsSync(join(dir, 'previous-2'))).toBe(false);
  const late: Callback = { onEpochEnd: (run: Run) => run.replaces(dir, ['own.json']) };
  await expect(fit({ callbacks: [late] })).rejects.toThrow(/must be called in onFitStart/);
});

test('a fit that goes on in another folder says that the best weights stayed behind, and loadBest why it has none', async () => {
  await fit({ until: 4 });
  const state = join(dir, 'checkpoints', 'checkpoint-000005');
  dir = join(root, 'elsewhere');
  const { said } = await fit({ resume: state, until: 5 });
  expect(said[0]).toMatch(/^The best epoch so far is 1, and its weights are not in .*elsewhere but where/);
  expect(said.filter((line) => line.startsWith('Best weights'))).toEqual([]);
  const none = new ModelCheckpoint({ dir }).loadBest(linearModel());
  await expect(none).rejects.toThrow(CheckpointError);
  await expect(none).rejects.toThrow(/best\.safetensors cannot be read \(ENOENT\)/);
  // The second epoch is better, and from then on they are here.
  await fit({ resume: 'auto' });
  await new ModelCheckpoint({ dir }).loadBest(linearModel());
});

// Permissions do not hold for root.
test.skipIf(process.platform === 'win32' || process.getuid?.() === 0)(
  'an earlier fit that cannot be set aside is left where it is, and nothing beside it',
  async () => {
    await fit();
    chmodSync(join(dir, 'checkpoints'), 0o555);
    const before = readdirSync(dir);
    await expect(fit()).rejects.toThrow(/^Cannot set aside what an earlier fit left in/);
    chmodSync(join(dir, 'checkpoints'), 0o755);
    expect(readdirSync(dir)).toEqual(before);
  },
);
