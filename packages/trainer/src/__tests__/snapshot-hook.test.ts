import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CheckpointError, EngineError } from '@mnist-kit/core';
import {
  type Callback,
  JsonlLogger,
  ModelCheckpoint,
  type RunSnapshot,
  TensorBoardLogger,
  Trainer,
} from '@mnist-kit/trainer';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { loggedSteps } from './event-files.js';
import { LinearExecutor, linearModel } from './linear-executor.js';
import { ListLoader, threeClasses } from './list-loader.js';
import { nll, sgd } from './parts.js';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'snapshot-'));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

function fit(callbacks: Callback[], resume?: 'auto') {
  const model = linearModel();
  const executor = new LinearExecutor(model);
  const trainer = new Trainer({ model, executor, optimizer: sgd(0.5), loss: nll, callbacks, log: () => {} });
  return trainer.fit(new ListLoader(threeClasses(20), { batchSize: 4 }), { epochs: 2, resume });
}

/** Steps in the file, without the lines of epochs. */
function stepsIn(path: string): number[] {
  const lines = readFileSync(path, 'utf8').split('\n').slice(0, -1);
  return lines.map((line) => JSON.parse(line)).flatMap(({ event, step }) => (event === 'step' ? [step] : []));
}

test('what was logged is in the files before a state is saved, wherever the loggers stand', async () => {
  const path = join(dir, 'log.jsonl');
  const events = join(dir, 'events');
  const loggers = () => [
    new JsonlLogger({ path, everyNSteps: 1 }),
    new TensorBoardLogger({ dir: events, everyNSteps: 1 }),
  ];
  const found: number[][] = [];
  const look: Callback = {
    runsLast: true,
    onSafePoint: ({ step, epochFinished }) => {
      if (!epochFinished && step % 2 === 0)
        found.push([step, stepsIn(path).length, loggedSteps(events, 'step/loss').length]);
    },
  };
  for (const first of [true, false]) {
    rmSync(dir, { recursive: true });
    found.length = 0;
    const checkpoint = new ModelCheckpoint({ dir: join(dir, 'run'), everyNSteps: 2 });
    await fit([...(first ? loggers() : []), checkpoint, ...(first ? [] : loggers()), look]);
    expect(found).toEqual([2, 4, 6, 8, 10].map((step) => [step, step, step]));
  }
});

test('a snapshot of one’s own asks for it too, and has the states of callbacks from after it', async () => {
  const snapshots: RunSnapshot[] = [];
  let held = 0;
  let written = 0;
  const buffer: Callback = {
    name: 'buffer',
    onOptimizerStepEnd: () => void held++,
    onBeforeSnapshot: async () => {
      await new Promise((resolve) => setTimeout(resolve, 1));
      written += held;
      held = 0;
    },
    state: () => ({ held, written }),
  };
  const keep: Callback = {
    name: 'keep',
    onSafePoint: async (run) => {
      if (run.step === 3) snapshots.push(await run.snapshot());
    },
  };
  await fit([keep, buffer]);
  expect(snapshots.map(({ callbacks }) => callbacks)).toEqual([{ buffer: { held: 0, written: 3 } }]);
});

test('a hook that asks for a snapshot itself is refused', async () => {
  const error = await fit([
    { name: 'nosy', onBeforeSnapshot: async (run) => void (await run.snapshot()) },
    new ModelCheckpoint({ dir }),
  ]).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(CheckpointError);
});

test('a log that cannot be written ends the fit, and no state is saved that knows more than it', async () => {
  const logs = join(dir, 'logs');
  const path = join(logs, 'log.jsonl');
  const callbacks = (...more: Callback[]) => [
    new JsonlLogger({ path, everyNSteps: 1 }),
    new ModelCheckpoint({ dir: join(dir, 'run'), everyNSteps: 2 }),
    ...more,
  ];
  const vanish: Callback = {
    onOptimizerStepEnd: ({ step }) => {
      if (step === 3) rmSync(logs, { recursive: true });
    },
  };
  const error = await fit(callbacks(vanish)).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(EngineError);
  expect((error as EngineError).message).toContain(`Cannot write ${path}: the folder does not exist`);
  await fit(callbacks(), 'auto');
  // The lines of steps 1 and 2 went with the folder.
  expect(stepsIn(path)).toEqual([3, 4, 5, 6, 7, 8, 9, 10]);
});
