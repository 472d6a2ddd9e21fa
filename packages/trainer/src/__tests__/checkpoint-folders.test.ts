import { spawnSync } from 'node:child_process';
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
import { CheckpointError } from '@mnist-kit/core';
import type { Callback, ModelCheckpointOptions } from '@mnist-kit/trainer';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { checkpointedFit } from './checkpointed-fit.js';

let dir: string;
let states: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'folders-'));
  states = join(dir, 'checkpoints');
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

/** Three steps and a state after each, and one after the epoch. */
async function fit(
  epochs: number,
  resume?: string,
  options: Partial<ModelCheckpointOptions> = {},
  callbacks: Callback[] = [],
) {
  const checkpoint = { dir, everyNSteps: 1, ...options };
  return (await checkpointedFit({ epochs, resume, checkpoint, callbacks, noise: 0.3 })).outcome;
}

const numbers = () => readdirSync(states).sort();

test('what is not ours is not pruned, whatever its name, and does not change how states are numbered', async () => {
  mkdirSync(join(states, 'checkpoint-000001'), { recursive: true });
  mkdirSync(join(states, 'checkpoint-000003'));
  writeFileSync(join(states, 'checkpoint-000003', 'thesis.tex'), 'the only copy');
  writeFileSync(join(states, 'checkpoint-000500'), 'a file');
  writeFileSync(join(states, 'checkpoint-999999999999999999999'), 'beyond exact numbers');
  writeFileSync(join(states, 'checkpoint-7'), 'without zeros');
  mkdirSync(join(states, '.tmp-mine'));
  const foreign = numbers();
  await fit(2);
  expect(numbers().filter((name) => !foreign.includes(name))).toEqual([
    'checkpoint-000009',
    'checkpoint-000010',
  ]);
  expect(numbers()).toEqual([...foreign, 'checkpoint-000009', 'checkpoint-000010'].sort());
  expect(readFileSync(join(states, 'checkpoint-000003', 'thesis.tex'), 'utf8')).toBe('the only copy');
  // And states are found among them.
  const resumed = await fit(4, 'auto');
  rmSync(dir, { recursive: true });
  expect(resumed).toEqual(await fit(4));
});

test('a file with the name of a state does not keep a fit from starting', async () => {
  mkdirSync(states);
  writeFileSync(join(states, 'checkpoint-000500'), 'a file');
  const begun = await fit(2, 'auto');
  expect(numbers()).toEqual(['checkpoint-000007', 'checkpoint-000008', 'checkpoint-000500']);
  rmSync(dir, { recursive: true });
  expect(begun).toEqual(await fit(2));
});

test('a state into which somebody has put a file of their own is not pruned', async () => {
  await fit(1);
  writeFileSync(join(states, 'checkpoint-000004', 'notes.txt'), 'good one');
  await fit(2, 'auto');
  expect(numbers()).toEqual(['checkpoint-000004', 'checkpoint-000007', 'checkpoint-000008']);
});

test('a damaged state does not take the place of a whole one', async () => {
  await fit(1);
  writeFileSync(join(states, 'checkpoint-000004', 'state.json'), '{}');
  const again = (at: number) => fit(1 + at, 'auto', { keepStates: 2, everyNSteps: 0 });
  await again(1);
  // 3 was whole, and stays beside the new ones until there are two.
  expect(numbers()).toEqual(['checkpoint-000005', 'checkpoint-000006']);
  writeFileSync(join(states, 'checkpoint-000006', 'state.json'), '{}');
  await again(0).catch(() => {});
  expect(numbers()).toContain('checkpoint-000005');
});

test('what processes that are gone left behind is removed at once, and what others write is not', async () => {
  await fit(1);
  const dead = 2 ** 22 + 1;
  const left = [
    `.best.safetensors.${dead}-0-7.tmp`,
    `.last.json.${dead}-0-1.tmp`,
    `.epoch-0001.safetensors.${process.pid}-0-999999.tmp`,
    `.lock.${dead}-0-1.tmp`,
    `..writable.${dead}-0-1.tmp`,
    `checkpoints/.tmp-checkpoint-000009.${dead}-0`,
  ];
  // The lock is ours then: nobody else can be writing weights, though a process has this number.
  left.push(`.best.json.${process.ppid}-0-1.tmp`);
  const others = [`.lock.${process.ppid}-0-1.tmp`, `.mine.${dead}-0-1.tmp`, '.best.safetensors.tmp', '.tmp'];
  for (const name of [...left, ...others]) writeFileSync(join(dir, name), 'half');
  await fit(2, 'auto');
  for (const name of left) expect([name, existsSync(join(dir, name))]).toEqual([name, false]);
  for (const name of others) expect([name, existsSync(join(dir, name))]).toEqual([name, true]);
});

const lock = (content: object) => writeFileSync(join(dir, '.lock'), JSON.stringify(content));

test.runIf(process.platform === 'linux')(
  'a lock whose process number another program has by now is taken over',
  async () => {
    await fit(1);
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    const ticks = Number(
      readFileSync(`/proc/${process.ppid}/stat`, 'utf8').split(') ').pop()!.split(' ')[19],
    );
    const pid = process.ppid;
    const host = hostname();
    lock({ pid, host, started: `${boot} ${ticks}`, id: 'a' });
    await expect(fit(2, 'auto')).rejects.toThrow(CheckpointError);
    lock({ pid, host, started: `${boot} ${ticks - 1}`, id: 'a' });
    await fit(2, 'auto');
    // The same number of ticks after another start of the machine.
    lock({ pid, host, started: `00000000-0000-0000-0000-000000000000 ${ticks}`, id: 'a' });
    await fit(3, 'auto');
    expect(existsSync(join(dir, '.lock'))).toBe(false);
  },
);

test.each(['', 'null', '5', '[]', '{"pid":0}', '{"pid":-1,"host":"x"}', '{"pid":"1"}'])(
  'a lock that says %j is taken over',
  async (content) => {
    writeFileSync(join(dir, '.lock'), content.replace('"x"', JSON.stringify(hostname())));
    await fit(1);
    expect(existsSync(join(dir, '.lock'))).toBe(false);
  },
);

test.each([
  ['process.exit', 'process.exit(3)', 3],
  ['an exception that nobody catches', "setImmediate(() => { throw new Error('mine') })", 1],
])('%s gives the folder back', (_, code, status) => {
  const script = `
    import { Generator } from '@mnist-kit/core';
    import { crossEntropyLoss } from '@mnist-kit/losses';
    import { SGD } from '@mnist-kit/optim';
    import * as tfl from '@tensorflow/tfjs-layers';
    import { existsSync } from 'node:fs';
    import { ModelCheckpoint, Trainer } from '@mnist-kit/trainer';
    const layers = [tfl.layers.flatten({ inputShape: [2, 2, 1] }), tfl.layers.dense({ units: 3 })];
    const batch = { images: new Float32Array(4), labels: Int32Array.of(0), indices: Int32Array.of(0), size: 1, shape: [2, 2, 1] };
    const trainer = new Trainer({
      model: tfl.sequential({ layers }), optimizer: new SGD({ lr: 0.1 }), loss: crossEntropyLoss(),
      callbacks: [
        new ModelCheckpoint({ dir: ${JSON.stringify(dir)} }),
        { async onEpochEnd() { console.log(existsSync(${JSON.stringify(join(dir, '.lock'))})); ${code}; await new Promise((r) => setTimeout(r, 60_000)); } },
      ],
    });
    await trainer.fit({ async *[Symbol.asyncIterator]() { yield batch; } });`;
  const file = new URL('children/', import.meta.url);
  const ended = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
    cwd: file.pathname,
    encoding: 'utf8',
  });
  expect([ended.stdout.trim(), ended.status]).toEqual(['true', status]);
  expect(existsSync(join(dir, '.lock'))).toBe(false);
});

test('a process that ends while no fit runs leaves no listener behind', async () => {
  const before = process.listenerCount('exit');
  await Promise.all([fit(1), fit(1, undefined, { dir: join(dir, 'other') })]);
  expect(process.listenerCount('exit')).toBe(before);
});

test.each([
  ['had none', 0, 2],
  ['had some', 1, 2],
])(
  'a fit that begins while another one, in a folder that %s, trains to its end is refused',
  async (_, before, epochs) => {
    if (before > 0) await fit(before);
    const other = { name: 'other', onFitStart: () => fit(epochs, 'auto').then(() => {}) };
    const late = fit(epochs, 'auto', {}, [other]);
    await expect(late).rejects.toThrow(CheckpointError);
    await expect(late).rejects.toThrow(
      /^Another fit wrote to .*checkpoints while this one began\. Start this one again/,
    );
    expect(existsSync(join(dir, '.lock'))).toBe(false);
    expect(readdirSync(dir).filter((name) => name.startsWith('previous'))).toEqual([]);
    const again = await fit(4, 'auto');
    rmSync(dir, { recursive: true });
    expect(again).toEqual(await fit(4));
  },
);
