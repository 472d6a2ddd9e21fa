import { createHash } from 'node:crypto';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CheckpointError, Generator } from '@mnist-kit/core';
import { EarlyStopping, ModelCheckpoint, Trainer } from '@mnist-kit/trainer';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { LinearExecutor, linearModel } from './linear-executor.js';
import { ListLoader, threeClasses } from './list-loader.js';
import { momentum, nll } from './parts.js';

// Checkpoints whose checksums are right and whose contents are none that a fit wrote.

let root: string;
beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), 'lying-'));
  await fit(1, undefined, join(root, 'good'));
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

async function fit(epochs: number, resume?: string, dir?: string): Promise<void> {
  const model = linearModel();
  const generator = new Generator(9);
  const trainer = new Trainer({
    ...{ model, executor: new LinearExecutor(model), generator, optimizer: momentum(0.1), loss: nll },
    callbacks: [
      new EarlyStopping({ monitor: 'trainLoss', patience: 9 }),
      ...(dir === undefined ? [] : [new ModelCheckpoint({ dir, monitor: 'trainLoss' })]),
    ],
    log: () => {},
  });
  await trainer.fit(new ListLoader(threeClasses(12), { generator }), { epochs, resume });
}

type Json = Record<string, unknown>;

/** A copy of the good checkpoint with another state.json or manifest.json. */
function forge(name: 'state.json' | 'manifest.json', change: (content: Json) => unknown): string {
  const folder = mkdtempSync(join(root, 'forged-'));
  cpSync(join(root, 'good', 'checkpoints', 'checkpoint-000001'), folder, { recursive: true });
  const read = (file: string) => JSON.parse(readFileSync(join(folder, file), 'utf8')) as Json;
  const text = (value: unknown) => (typeof value === 'string' ? value : JSON.stringify(value));
  const sha256 = (value: string) => createHash('sha256').update(value).digest('hex');
  const { sha256: _, ...manifest } = read('manifest.json');
  if (name === 'state.json') {
    const content = text(change(read('state.json')));
    writeFileSync(join(folder, name), content);
    const files = manifest.files as Json;
    files[name] = { bytes: Buffer.byteLength(content), sha256: sha256(content) };
  } else change(manifest);
  writeFileSync(
    join(folder, 'manifest.json'),
    JSON.stringify({ ...manifest, sha256: sha256(JSON.stringify(manifest)) }),
  );
  return folder;
}

const put = (path: string, value: unknown) => (content: Json) => {
  const keys = path.split('.');
  const last = keys.pop() as string;
  const holder = keys.reduce((held, key) => held[key] as Json, content);
  holder[last] = value;
  return content;
};

test.each<[string, (content: Json) => unknown, RegExp]>([
  ['no JSON', () => '{"position":', /state.json is not JSON/],
  ['null', () => null, /it has no `position`/],
  ['an epoch below zero', put('position.epoch', -1), /position.epoch must be a whole number. Received: -1/],
  ['a batch of text', put('position.batch', '1'), /position.batch must be a whole number/],
  ['rates that are none', put('position.lrs', 'x'), /position.lrs must be an array/],
  ['a rate of text', put('position.lr', '0.1'), /its lr must be a number/],
  ['a loss of null', put('meter.lossSum', null), /its lossSum must be a number/],
  ['a history without epochs', put('history.epochs', undefined), /history.epochs must be an array/],
  ['a history of numbers', put('history.epochs', [1]), /it has no `history.epochs`/],
  [
    'weights without shapes',
    put('weights.fc/bias.shape', undefined),
    /its weight fc\/bias is no Float32Array/,
  ],
  ['a loader of no kind', put('loader.kind', 'x'), /its loader has no kind/],
  ['settings that are none', put('settings', 3), /it has no `settings`/],
  [
    'a callback without its state',
    put('callbacks.EarlyStopping', null),
    /state of EarlyStopping is damaged: its `bestEpoch`/,
  ],
  ['an array without values', put('meter.hits', { $array: 'Float64Array' }), /Float64Array without values/],
  ['entries that are none', put('meter.hits', { $entries: [1] }), /unknown mark \$entries/],
  [
    'nesting without end',
    (content) => JSON.stringify(content).replace(/}$/, `,"a":${'['.repeat(100_000)}${']'.repeat(100_000)}}`),
    /nested at most 100 levels deep/,
  ],
])('a state that no fit wrote is a CheckpointError: %s', async (_, change, message) => {
  const error = await fit(2, forge('state.json', change)).catch((caught) => caught);
  expect(error).toBeInstanceOf(CheckpointError);
  expect(error.message).toMatch(message);
});

test.each<[string, (content: Json) => unknown]>([
  ['no files', put('files', undefined)],
  ['no such file', put('files', {})],
  ['a file of null', put('files', { 'state.json': null, 'tensors.safetensors': null })],
])('a manifest that no fit wrote is a CheckpointError: %s', async (_, change) => {
  const error = await fit(2, forge('manifest.json', change)).catch((caught) => caught);
  expect(error).toBeInstanceOf(CheckpointError);
  expect(error.message).toMatch(/manifest.json lacks (state.json|tensors.safetensors)/);
});
