import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Generator, MnistKitError } from '@mnist-kit/core';
import { loadModel } from '@mnist-kit/models/node';
import { ModelCheckpoint } from '@mnist-kit/trainer';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { loggedSteps } from './event-files.js';
import { type Ended, keepEverything } from './keep-everything.js';
import { digestOf, type FolderState, readFolder, statesAfterPowerCuts, writeFolder } from './power-cut.js';
import { type Fault, type FileOperation, WatchedFiles } from './watched-files.js';

// Syncs cost nothing in memory. `npm run test:faults` goes through every point, npm test through a sample.
const all = process.env.FAULTS === 'all';
const root = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'faults-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const FORMER = { lr: 0.1 };
/** What an earlier fit left, and what the operations of the fit under test are, with the first one that follows a step. */
let former: FolderState;
let operations: FileOperation[];
let firstAfterStep: number;
/** How it ends when nothing fails, and what it leaves. */
let whole: Ended;
let left: FolderState;

beforeAll(async () => {
  const dir = join(root, 'whole');
  await keepEverything(dir, FORMER);
  former = readFolder(dir);
  const files = new WatchedFiles(dir);
  firstAfterStep = Infinity;
  const onStep = () => {
    firstAfterStep = Math.min(firstAfterStep, files.operations.length);
  };
  whole = await files.watch(() => keepEverything(dir, { onStep }));
  operations = files.operations;
  left = readFolder(dir);
});

/** JSON without what depends on the time. */
function withoutTimes(content: Buffer): string {
  return content.toString().replace(/"(seconds|itPerSecond)": ?[^,}]*/g, '');
}

/** Checks what is in a folder after the fit that followed a fault. */
async function expectWhole(dir: string, ended: Ended): Promise<void> {
  expect(ended).toEqual(whole);
  const found = readFolder(dir);
  const current = [...found.keys()].filter((path) => !path.includes('previous-'));
  for (const path of found.keys()) expect(path).not.toMatch(/(^|\/)\./);
  const kept = (state: FolderState, pattern: RegExp) =>
    [...state.keys()].filter((path) => pattern.test(path) && !path.includes('previous-')).sort();
  const files = /^(best|last|epoch-\d+)\.|^(history|results|log)\.|^model(\/|$)/;
  // A second saving of a model puts the digest into the name of its weights.
  const name = (path: string) => path.replace(/(bin|of1)\.[0-9a-f]{16}/, '$1');
  expect(kept(found, files).map(name)).toEqual(kept(left, files).map(name));
  for (const path of kept(found, /\.(safetensors|json)$/).filter((path) => !/checkpoint-|model\//.test(path)))
    expect([path, withoutTimes(found.get(path)!)]).toEqual([path, withoutTimes(left.get(path)!)]);
  const states = kept(found, /^checkpoints\/[^/]*$/);
  // One that could not be pruned goes with the next that is saved.
  expect([2, 3]).toContain(states.length);
  const lines = (state: FolderState) => withoutTimes(state.get('log.jsonl')!).split('\n');
  expect(lines(found)).toEqual(lines(left));
  expect(found.get('history.csv')!.toString().split('\n')).toHaveLength(4);
  expect(loggedSteps(join(dir, 'events'), 'step/loss')).toEqual([1, 2, 3, 4, 5, 6]);
  const model = await loadModel(join(dir, 'model'));
  expect(model.getWeights().map((weight) => Array.from(weight.dataSync()))).toEqual(whole.weights);
  model.dispose();
  // What the earlier fit left is all there, if in another place.
  const contents = new Set([...found.values()].map((content) => content?.toString('base64')));
  for (const [path, content] of former)
    expect([path, contents.has(content?.toString('base64'))]).toEqual([path, true]);
  expect(current.length).toBeGreaterThan(0);
}

/** The state that a fit would go on from. */
async function latestStep(dir: string): Promise<number> {
  const latest = await new ModelCheckpoint({ dir }).latestCheckpoint();
  return latest?.position.step ?? 0;
}

/** Steps whose states were saved for certain by the first so many operations. */
function savedSteps(done: readonly FileOperation[]): number {
  let saved = 0;
  let renamed = 0;
  for (const operation of done) {
    if (operation.kind === 'rename' && /^checkpoints\/checkpoint-\d+$/.test(operation.to)) renamed++;
    if (operation.kind === 'sync' && operation.path === 'checkpoints') saved = renamed;
  }
  // A state after each step, and one more after each epoch.
  return saved - Math.floor(saved / 4);
}

function sample<T>(items: readonly T[], count: number): T[] {
  if (all || items.length <= count) return [...items];
  const order = new Generator(items.length).randperm(items.length);
  return Array.from(order.slice(0, count), (at) => items[at]);
}

const codes: Record<FileOperation['kind'], readonly Fault['code'][]> = {
  create: ['ENOSPC', 'EMFILE', 'EIO'],
  open: ['EMFILE', 'EIO'],
  mkdir: ['ENOSPC', 'EIO'],
  link: ['ENOSPC', 'EIO'],
  rename: ['EIO', 'ENOSPC'],
  write: ['ENOSPC', 'EIO'],
  sync: ['EIO', 'ENOSPC'],
  truncate: ['EIO'],
  unlink: ['EIO'],
  rmdir: ['EIO'],
  close: ['EIO'],
};

test('whichever operation on files fails, the fit says so by type and the next one ends with the same bits and files', async () => {
  const faults = operations.flatMap(({ kind }, at): Fault[] => codes[kind].map((code) => ({ at, code })));
  const table: Record<
    string,
    { points: number; 'fit failed': number; 'last state': number; 'one before': number }
  > = {};
  const failures: string[] = [];
  for (const fault of sample(faults, 40)) {
    const dir = join(root, `fault-${fault.at}-${fault.code}`);
    writeFolder(dir, former);
    const files = new WatchedFiles(dir, fault);
    let trained = 0;
    const onStep = () => {
      trained++;
    };
    let saved = 0;
    const onSaved = (step: number) => {
      saved = step;
    };
    const error = await files
      .watch(() => keepEverything(dir, { onStep, onSaved }))
      .then(
        () => undefined,
        (thrown: unknown) => thrown,
      );
    const { kind } = operations[fault.at];
    table[kind] ??= { points: 0, 'fit failed': 0, 'last state': 0, 'one before': 0 };
    const row = table[kind];
    try {
      expect(files.failed?.kind).toBe(kind);
      if (error !== undefined) expect(error).toBeInstanceOf(MnistKitError);
      if (trained > 0) {
        const found = await latestStep(dir);
        expect(found).toBeGreaterThanOrEqual(Math.max(saved, trained - 1));
        if (found >= trained) row['last state']++;
        else row['one before']++;
      }
      await expectWhole(dir, await keepEverything(dir, trained > 0 ? { resume: 'auto' } : {}));
    } catch (failure) {
      failures.push(
        `${fault.code} in ${kind} ${fault.at} ${JSON.stringify(operations[fault.at]).slice(0, 120)}: ${(failure as Error).stack?.slice(0, 1500)}`,
      );
    }
    row.points++;
    if (error !== undefined) row['fit failed']++;
    rmSync(dir, { recursive: true });
  }
  if (all) console.table(table);
  if (failures.length > 0)
    throw new Error(`${failures.length} of ${faults.length}:\n${failures.slice(0, 5).join('\n')}`);
}, 1_200_000);

test('whatever a power cut leaves, the next fit ends with the same bits and files', async () => {
  const states = [...statesAfterPowerCuts(former, operations)];
  const seen = new Map<string, (typeof states)[number]>();
  for (const each of states) seen.set(`${digestOf(each.state)} ${each.after >= firstAfterStep}`, each);
  const failures: string[] = [];
  const chosen = sample([...seen.values()], 40);
  for (const [i, { after, state }] of chosen.entries()) {
    const dir = join(root, `cut-${i}`);
    // The process is gone, and this one is not.
    const lock = state.get('.lock');
    const gone = new Map(state);
    if (lock)
      gone.set('.lock', Buffer.from(lock.toString().replace(`"pid":${process.pid}`, `"pid":${2 ** 22 + 1}`)));
    writeFolder(dir, gone);
    try {
      const done = operations.slice(0, after);
      const trained = after >= firstAfterStep;
      if (trained) {
        const found = await latestStep(dir);
        expect(found).toBeGreaterThanOrEqual(savedSteps(done));
      }
      await expectWhole(dir, await keepEverything(dir, trained ? { resume: 'auto' } : {}));
    } catch (failure) {
      failures.push(
        `after ${after} (${JSON.stringify(operations[after - 1])?.slice(0, 120)}): ${(failure as Error).stack?.slice(0, 1500)}`,
      );
    }
    rmSync(dir, { recursive: true });
  }
  if (all)
    console.log(
      `${operations.length + 1} moments, ${states.length} states, ${chosen.length} of them different`,
    );
  if (failures.length > 0)
    throw new Error(`${failures.length} of ${chosen.length}:\n${failures.slice(0, 5).join('\n')}`);
}, 1_200_000);

test('what the watcher sees is the whole of it', () => {
  // Every file that is there was made under watch, and every name that is gone was taken away under watch.
  expect(readdirSync(join(root, 'whole')).length).toBeGreaterThan(8);
  expect(operations.filter(({ kind }) => kind === 'sync').length).toBeGreaterThan(50);
});
