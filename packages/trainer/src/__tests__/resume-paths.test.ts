import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CheckpointError } from '@mnist-kit/core';
import { saveModel } from '@mnist-kit/models/node';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { checkpointedFit } from './checkpointed-fit.js';
import { linearModel } from './linear-executor.js';

let root: string;
/** The folder of a run with checkpoints after epochs 1 to 3, of three steps each. */
let run: string;
beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), 'paths-'));
  run = join(root, 'run');
  await fit(run);
  for (const number of [1, 2, 3]) utimesSync(join(checkpoint(number), 'manifest.json'), number, number);
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

const checkpoint = (number: number) => join(run, 'checkpoints', `checkpoint-00000${number}`);

function fit(dir: string, resume?: string) {
  return checkpointedFit({ epochs: 3, resume, checkpoint: { dir, keepStates: 9 } });
}

/** The message of a fit that is refused, which must leave everything as it is. */
async function refusal(resume: string): Promise<string> {
  const before = readdirSync(root, { recursive: true });
  const error = await fit(run, resume).then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(CheckpointError);
  expect(readdirSync(root, { recursive: true })).toEqual(before);
  return (error as Error).message;
}

const newestFirst = /3 {2}epoch 3, step 9\n.*2 {2}epoch 2, step 6\n.*1 {2}epoch 1, step 3$/;

test.each([
  ["a run's folder", () => run],
  ['its folder of checkpoints', () => join(run, 'checkpoints')],
  ['a folder of runs', () => root],
])('%s is called what it is, and its checkpoints are listed, the newest first', async (_, path) => {
  const message = await refusal(path());
  expect(message).toContain(`no checkpoint at ${path()}: it is a folder with checkpoints in it`);
  expect(message).toContain(`Write resume: ${JSON.stringify(checkpoint(3))}, or 'auto' with `);
  expect(message).toContain(`new ModelCheckpoint({ dir: ${JSON.stringify(run)} })`);
  expect(message).toMatch(newestFirst);
  expect(message).not.toMatch(/[Dd]elete|damaged/);
});

test('a folder that does not exist, with the checkpoints beside it', async () => {
  expect(await refusal(join(root, 'a', 'b'))).toMatch(
    /it does not exist\. Give the path of a folder checkpoint-…/,
  );
  const message = await refusal(checkpoint(7));
  expect(message).toMatch(/checkpoint-000007: it does not exist\. Write resume: /);
  expect(message).toMatch(newestFirst);
});

test('files: weights, those of a checkpoint, others', async () => {
  const file = (name: string) => {
    const path = join(root, 'files', name);
    mkdirSync(join(root, 'files'), { recursive: true });
    writeFileSync(path, 'x');
    return path;
  };
  expect(await refusal(file('net.pth'))).toMatch(
    /net\.pth: it is a file of weights, .*leave out `resume` and load them before the fit: loadStateDict\(model, readTorchFile\(bytes\)\)\.$/,
  );
  const best = await refusal(join(run, 'best.safetensors'));
  expect(best).toContain('it is a file of weights');
  expect(best).toContain('loadStateDict(model, readSafetensors(bytes)). To go on: Write resume: ');
  expect(await refusal(file('notes.txt'))).toMatch(/notes\.txt: it is a file\. Give the path/);
  for (const name of ['manifest.json', 'state.json', 'tensors.safetensors'])
    expect(await refusal(join(checkpoint(2), name))).toContain(
      `it is a file of one. Give its folder: resume: ${JSON.stringify(checkpoint(2))}.`,
    );
});

test('folders: empty, a saved model, somebody else’s', async () => {
  const folder = join(root, 'folder');
  mkdirSync(folder);
  expect(await refusal(folder)).toMatch(/folder: it is an empty folder\. Give the path/);
  const saved = join(root, 'saved');
  await saveModel(linearModel(), saved);
  expect(await refusal(saved)).toContain(
    `it is a saved model, without the optimizer and the rest of a fit. To start from it, leave out \`resume\` and ` +
      `give the Trainer the model: await loadModel(${JSON.stringify(saved)}).`,
  );
  for (let i = 0; i < 10; i++) writeFileSync(join(folder, `photo-${i}.jpg`), '');
  writeFileSync(join(folder, 'manifest.json'), '{"name": "a web app"}');
  const message = await refusal(folder);
  expect(message).toMatch(
    /a folder with manifest\.json, photo-0\.jpg, .*, and 3 more in it, and no checkpoint/,
  );
  expect(message).not.toMatch(/[Dd]elete/);
  rmSync(folder, { recursive: true });
});

test('a damaged checkpoint may be deleted only where there is nothing else in its folder', async () => {
  const path = join(root, 'copy');
  cpSync(checkpoint(2), path, { recursive: true });
  writeFileSync(join(path, 'state.json'), '{}');
  expect(await refusal(path)).toMatch(
    /copy is damaged: state\.json has .*\. Delete this folder and resume from/,
  );
  writeFileSync(join(path, 'thesis.tex'), '');
  expect(await refusal(path)).toMatch(/copy is damaged: state\.json has .*\. Resume from an earlier one\.$/);
  rmSync(join(path, 'state.json'));
  rmSync(join(path, 'tensors.safetensors'));
  expect(await refusal(path)).toMatch(/copy is damaged: state\.json cannot be read \(ENOENT\)\. Resume from/);
  writeFileSync(join(path, 'manifest.json'), '{}');
  expect(await refusal(path)).toMatch(
    /it is a folder with manifest\.json, thesis\.tex in it, and no checkpoint/,
  );
  rmSync(path, { recursive: true });
});

test('auto does not advise to delete a folder that holds what no fit wrote', async () => {
  const dir = join(root, 'other');
  const inside = join(dir, 'checkpoints', 'checkpoint-000500');
  mkdirSync(inside, { recursive: true });
  writeFileSync(join(inside, 'weights.bin'), 'x');
  const error = await fit(dir, 'auto').catch((reason: Error) => reason);
  expect(error).toBeInstanceOf(CheckpointError);
  expect((error as Error).message).toMatch(
    /No checkpoint in .* can be read:\n.*checkpoint-000500: it is a folder with weights\.bin in it.*\nGive this fit a folder/s,
  );
  expect((error as Error).message).not.toMatch(/[Dd]elete/);
  expect(existsSync(join(inside, 'weights.bin'))).toBe(true);
  rmSync(dir, { recursive: true });
});

test('a run that was moved resumes from where it is now', async () => {
  const moved = join(root, 'moved');
  cpSync(run, join(root, 'moving'), { recursive: true });
  renameSync(join(root, 'moving'), moved);
  await fit(join(root, 'out'), join(moved, 'checkpoints', 'checkpoint-000001'));
  rmSync(moved, { recursive: true });
  rmSync(join(root, 'out'), { recursive: true });
});

test.skipIf(process.getuid?.() === 0)('a folder that may not be read', async () => {
  const path = join(root, 'locked');
  mkdirSync(path);
  chmodSync(path, 0);
  expect(await refusal(path)).toMatch(/locked/);
  chmodSync(path, 0o700);
});
