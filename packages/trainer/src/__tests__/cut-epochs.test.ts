import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CheckpointError, Generator } from '@mnist-kit/core';
import { arrayDataset, DataLoader } from '@mnist-kit/datasets';
import { type Callback, ModelCheckpoint, type Run, type RunSnapshot, Trainer } from '@mnist-kit/trainer';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { LinearExecutor, linearModel } from './linear-executor.js';
import { momentum, nll } from './parts.js';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'cut-'));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const pixels = new Generator(3).rand(4 * 24);
const dataset = arrayDataset({
  images: pixels,
  labels: Array.from({ length: 24 }, (_, i) => i % 3),
  shape: [2, 2, 1],
});

interface Settings {
  dir: string;
  cut?: (cut: () => void) => Callback;
  resume?: string | RunSnapshot;
}

/** Six steps an epoch for two epochs, from a DataLoader. */
async function fit({ dir, cut, resume }: Settings) {
  const generator = new Generator(9);
  const model = linearModel();
  const executor = new LinearExecutor(model);
  const end = new AbortController();
  const trainer = new Trainer({
    ...{ model, executor, generator, optimizer: momentum(0.1), loss: nll },
    callbacks: [
      new ModelCheckpoint({ dir: join(root, dir), monitor: 'trainLoss', everyNEpochs: 0 }),
      ...(cut === undefined ? [] : [cut(() => end.abort())]),
    ],
    log: () => {},
  });
  const train = new DataLoader(dataset, { batchSize: 4, shuffle: true, generator });
  const history = await trainer.fit(train, { epochs: 2, resume, signal: end.signal });
  return [history.withoutTimings(), Array.from(executor.parameters[0].value), generator.state()];
}

const after = (steps: number, act: () => void) => (run: Run) => {
  if (run.step === steps) act();
};
const fail = () => {
  throw new Error('mine');
};

// ModelCheckpoint has had its turn in the step when these have theirs.
test.each<[string, (cut: () => void) => Callback]>([
  ['interrupted after a step', (cut) => ({ name: 'cut', runsLast: true, onSafePoint: after(2, cut) })],
  ['ended by a callback that fails after a step', () => ({ name: 'cut', onTrainBatchEnd: after(2, fail) })],
  [
    'ended by a callback that fails when the step is done',
    () => ({ name: 'cut', runsLast: true, onSafePoint: after(2, fail) }),
  ],
])('an epoch %s is trained to its end when it is resumed', async (_, cut) => {
  await fit({ dir: 'cut', cut }).catch(() => {});
  expect(readdirSync(join(root, 'cut', 'checkpoints'))).toHaveLength(1);
  const resumed = await fit({ dir: 'cut', resume: 'auto' });
  expect(resumed).toEqual(await fit({ dir: 'whole' }));
});

test('a snapshot inside an epoch that does not say where the loader stood is refused', async () => {
  let snapshot: RunSnapshot | undefined;
  await fit({
    dir: 'whole',
    cut: () => ({
      name: 'cut',
      async onSafePoint(run) {
        if (run.step === 2) snapshot = await run.snapshot();
      },
    }),
  });
  const resume = { ...snapshot!, loader: { kind: 'state', state: null } as const };
  const resumed = fit({ dir: 'cut', resume });
  await expect(resumed).rejects.toThrow(CheckpointError);
  await expect(resumed).rejects.toThrow(
    /after batch 2 of an epoch of 6, and has no state of the training loader/,
  );
});
