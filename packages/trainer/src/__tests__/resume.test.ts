import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CheckpointError, Generator, InvalidArgumentError } from '@mnist-kit/core';
import {
  type Callback,
  EarlyStopping,
  type History,
  LearningRateMonitor,
  ModelCheckpoint,
  type Run,
  type RunSnapshot,
  type SchedulerLike,
  Trainer,
} from '@mnist-kit/trainer';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { LinearExecutor, linearModel } from './linear-executor.js';
import { ListLoader, threeClasses } from './list-loader.js';
import { momentum, nll } from './parts.js';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'resume-'));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const EPOCHS = 4;
/** Batches per epoch. */
const BATCHES = 3;

interface Outcome {
  readonly history: ReturnType<History['withoutTimings']>;
  readonly weights: number[][];
  readonly optimizer: unknown;
  readonly generator: unknown;
  readonly rates: unknown;
  readonly stopReason: string;
}

/** Everything new, as a process that is started anew has it. */
function setup({ stateful = true, callbacks = [] as Callback[], keepStates = 2, everyNSteps = 0 } = {}) {
  const generator = new Generator(3);
  const model = linearModel();
  const executor = new LinearExecutor(model);
  const optimizer = momentum(0.2);
  const scheduler = plateau(optimizer);
  const rates = new LearningRateMonitor({ interval: 'step' });
  const trainer = new Trainer({
    ...{ model, executor, optimizer, scheduler, generator, loss: nll },
    callbacks: [
      rates,
      new EarlyStopping({ monitor: 'valLoss', patience: 50, restoreBest: true }),
      ...callbacks,
      new ModelCheckpoint({ dir, monitor: 'valLoss', keepStates, everyNSteps }),
    ],
    log: () => {},
  });
  // Noise makes every batch depend on the random stream.
  const train = new ListLoader(threeClasses(11), { batchSize: 4, generator, noise: 0.3, stateful });
  const val = new ListLoader(threeClasses(6), { generator, noise: 0.3, stateful });
  const fit = async (
    options: { resume?: string | RunSnapshot; signal?: AbortSignal; epochs?: number } = {},
  ): Promise<Outcome> => {
    const history = await trainer.fit(train, { val, epochs: EPOCHS, ...options });
    return {
      history: history.withoutTimings(),
      weights: executor.parameters.map(({ value }) => Array.from(value)),
      optimizer: optimizer.state(),
      generator: generator.state(),
      rates: rates.entries,
      stopReason: history.stopReason,
    };
  };
  return { trainer, fit };
}

/** Halves the learning rate whenever the metric gets worse, so that its state matters. */
function plateau(optimizer: { lr: number }): SchedulerLike {
  let best = Number.POSITIVE_INFINITY;
  return {
    mode: 'min',
    get lr() {
      return optimizer.lr;
    },
    step(metric = Number.NaN) {
      if (metric < best * 0.9) best = metric;
      else optimizer.lr /= 2;
    },
    state: () => ({ best }),
    loadState: (state) => {
      best = (state as { best: number }).best;
    },
  };
}

/** Aborts when the run gets to a point. */
function abortAt(controller: AbortController, at: (run: Run) => boolean, hook: keyof Callback): Callback {
  return {
    name: 'abort',
    [hook]: (run: Run) => {
      if (at(run)) controller.abort();
    },
  };
}

const hooks = ['onTrainBatchEnd', 'onValidationStart', 'onEpochEnd', 'onSafePoint'] as const;
const cases = [true, false].flatMap((stateful) =>
  hooks.flatMap((hook) =>
    Array.from(
      { length: hook === 'onTrainBatchEnd' || hook === 'onSafePoint' ? EPOCHS * BATCHES : EPOCHS },
      (_, i) => ({
        stateful,
        hook,
        at: i + 1,
      }),
    ),
  ),
);

test('an interrupted fit, resumed, ends like one that was not, wherever it was interrupted', async () => {
  for (const { stateful, hook, at } of cases) {
    rmSync(dir, { recursive: true });
    const whole = await setup({ stateful }).fit();
    rmSync(dir, { recursive: true });
    const controller = new AbortController();
    const perEpoch = hook === 'onValidationStart' || hook === 'onEpochEnd';
    const abort = abortAt(controller, (run) => (perEpoch ? run.epoch : run.step) === at, hook);
    const first = await setup({ stateful, callbacks: [abort] }).fit({ signal: controller.signal });
    expect(first.stopReason).toBe('interrupted');
    const second = await setup({ stateful }).fit({ resume: 'auto' });
    expect(second, `${hook} ${at}, ${stateful ? 'with' : 'without'} loader state`).toEqual(whole);
  }
});

test('a fit that died without a word goes on from its last checkpoint', async () => {
  const whole = await setup().fit();
  for (const everyNSteps of [0, 1, 2]) {
    for (let step = 1; step <= EPOCHS * BATCHES; step++) {
      rmSync(dir, { recursive: true });
      const die: Callback = {
        name: 'die',
        onBeforeOptimizerStep: (run) => {
          if (run.step === step) throw new Error('power cut');
        },
      };
      await setup({ callbacks: [die], everyNSteps })
        .fit()
        .catch(() => {});
      expect(await setup({ everyNSteps }).fit({ resume: 'auto' })).toEqual(whole);
    }
  }
});

test('a callback that throws between steps does not lose the step', async () => {
  const whole = await setup().fit();
  rmSync(dir, { recursive: true });
  const fail: Callback = {
    name: 'fail',
    onTrainBatchEnd: (run) => {
      if (run.step === 5) throw new Error('oops');
    },
  };
  await expect(setup({ callbacks: [fail] }).fit()).rejects.toThrow(
    'Callback fail failed in onTrainBatchEnd: oops',
  );
  let resumedAt = 0;
  const spy: Callback = {
    onFitStart: (run) => {
      resumedAt = run.step;
    },
  };
  expect(await setup({ callbacks: [spy] }).fit({ resume: 'auto' })).toEqual(whole);
  expect(resumedAt).toBe(5);
});

test('a fit that had ended stays ended, and goes on when more epochs are asked for', async () => {
  const longer = await setup().fit({ epochs: EPOCHS + 2 });
  rmSync(dir, { recursive: true });
  const whole = await setup().fit();
  expect(await setup().fit({ resume: 'auto' })).toEqual(whole);
  expect(await setup().fit({ resume: 'auto', epochs: EPOCHS + 2 })).toEqual(longer);
});

test('resumes from a path and from a snapshot', async () => {
  const snapshots: RunSnapshot[] = [];
  const keep: Callback = {
    onSafePoint: async (run) => {
      if (run.step === 4 && !run.epochFinished) snapshots.push(structuredClone(await run.snapshot()));
    },
  };
  const whole = await setup({ callbacks: [keep], everyNSteps: 2, keepStates: 100 }).fit();
  const folders = readdirSync(join(dir, 'checkpoints')).sort();
  expect(folders).toHaveLength(6 + 4);
  for (const folder of folders) {
    const resume = join(dir, 'checkpoints', folder);
    expect(await setup({ keepStates: 100 }).fit({ resume })).toEqual(whole);
  }
  expect(snapshots).toHaveLength(1);
  expect(await setup().fit({ resume: snapshots[0] })).toEqual(whole);
});

test('keeps the newest states and prunes the rest', async () => {
  await setup({ keepStates: 3 }).fit();
  expect(readdirSync(join(dir, 'checkpoints')).sort()).toEqual([2, 3, 4].map((n) => `checkpoint-00000${n}`));
});

test('a snapshot is refused while something is half done', async () => {
  const refused: string[] = [];
  const attempt = (hook: string) => async (run: Run) => {
    await run.snapshot().catch((error) => {
      expect(error).toBeInstanceOf(CheckpointError);
      refused.push(hook);
    });
  };
  const nosy: Callback = {
    onEpochStart: attempt('onEpochStart'),
    onBeforeOptimizerStep: attempt('onBeforeOptimizerStep'),
    onValidationStart: attempt('onValidationStart'),
    onValidationEnd: attempt('onValidationEnd'),
    onSafePoint: attempt('onSafePoint'),
  };
  await setup({ callbacks: [nosy] }).fit();
  expect(new Set(refused)).toEqual(
    new Set(['onEpochStart', 'onBeforeOptimizerStep', 'onValidationStart', 'onValidationEnd']),
  );
});

describe('what cannot be resumed', () => {
  test('auto without a ModelCheckpoint, and nonsense', async () => {
    const model = linearModel();
    const executor = new LinearExecutor(model);
    const trainer = new Trainer({ model, executor, optimizer: momentum(0.1), loss: nll });
    const fit = (resume: string) => trainer.fit(new ListLoader(threeClasses(3)), { resume });
    await expect(fit('auto')).rejects.toThrow(
      '`resume` needs a ModelCheckpoint among the callbacks, or a path',
    );
    await expect(fit('')).rejects.toThrow(InvalidArgumentError);
    await expect(fit(join(dir, 'nowhere'))).rejects.toThrow(/no checkpoint at .*nowhere: it does not exist/);
  });

  test('auto with an empty folder starts at the beginning', async () => {
    const whole = await setup().fit();
    rmSync(dir, { recursive: true });
    expect(await setup().fit({ resume: 'auto' })).toEqual(whole);
  });

  test('a checkpoint of another model, or of a fit with other parts', async () => {
    await setup().fit();
    const resume = join(dir, 'checkpoints', 'checkpoint-000004');
    const model = linearModel(5);
    const executor = new LinearExecutor(model);
    const common = { optimizer: momentum(0.1), loss: nll };
    const other = new Trainer({ model, executor, ...common });
    await expect(other.fit(new ListLoader(threeClasses(3)), { resume })).rejects.toThrow(
      "The checkpoint is of another model: its fc/kernel is [4, 3], the model's [4, 5].",
    );
    const same = linearModel();
    const plain = new Trainer({ model: same, executor: new LinearExecutor(same), ...common });
    await expect(plain.fit(new ListLoader(threeClasses(3)), { resume, epochs: EPOCHS })).rejects.toThrow(
      /\n {2}scheduler was .*, and is none\n/,
    );
  });

  test('a damaged newest state is skipped with a word, and only then', async () => {
    const whole = await setup().fit();
    const newest = join(dir, 'checkpoints', 'checkpoint-000004', 'state.json');
    writeFileSync(newest, readFileSync(newest).subarray(1));
    expect(await setup().fit({ resume: 'auto' })).toEqual(whole);
  });
});

test('two fits cannot write to one folder', async () => {
  let second: Promise<unknown> | undefined;
  const start: Callback = {
    onEpochStart: async (run) => {
      if (run.epoch > 1) return;
      second = setup().fit();
      await expect(second).rejects.toThrow(CheckpointError);
      await expect(second).rejects.toThrow(
        /Another fit of this process writes checkpoints to .* Give this fit a folder of its own/,
      );
    },
  };
  await setup({ callbacks: [start] }).fit();
  expect(second).toBeDefined();
  await setup().fit();
});
