import { appendFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EngineError, InvalidArgumentError } from '@mnist-kit/core';
import { readSafetensors } from '@mnist-kit/models';
import {
  type Callback,
  CallbackError,
  CsvLogger,
  EarlyStopping,
  JsonlLogger,
  LearningRateMonitor,
  ModelCheckpoint,
  ProgressBar,
  TerminateOnNaN,
  ThroughputMonitor,
  Timer,
  Trainer,
  type TrainerOptions,
} from '@mnist-kit/trainer';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { LinearExecutor, linearModel } from './linear-executor.js';
import { ListLoader, threeClasses } from './list-loader.js';
import { nll, sgd } from './parts.js';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'trainer-'));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

function setup(callbacks: Callback[], options: Partial<TrainerOptions> = {}) {
  const model = linearModel();
  const executor = new LinearExecutor(model);
  const trainer = new Trainer({ model, optimizer: sgd(0.5), loss: nll, executor, callbacks, ...options });
  return { model, executor, trainer };
}

const train = () => new ListLoader(threeClasses(12), { batchSize: 4 });
const val = () => new ListLoader(threeClasses(6));

/** Makes epochs look as good or bad as a test needs. */
function scripted(key: string, values: number[]): Callback {
  return {
    name: 'scripted',
    onValidationEnd: (run, result) => {
      (result as Record<string, number>)[key] = values[run.epoch - 1];
    },
  };
}

describe('hooks', () => {
  function spy(name: string, log: string[], fields: Partial<Callback> = {}): Callback {
    const note = (hook: string) => () => void log.push(`${name} ${hook}`);
    return {
      name,
      onFitStart: note('fitStart'),
      onEpochStart: note('epochStart'),
      onBeforeOptimizerStep: note('beforeStep'),
      onTrainBatchEnd: note('batchEnd'),
      onValidationStart: (_, loader) => void log.push(`${name} ${loader} start`),
      onValidationEnd: (_, result, loader) => {
        log.push(`${name} ${loader} end ${Object.keys(result)}`);
      },
      onEpochEnd: note('epochEnd'),
      onFitEnd: note('fitEnd'),
      onException: note('exception'),
      ...fields,
    };
  }

  test('run in order, those with runsLast last', async () => {
    const log: string[] = [];
    const { trainer } = setup([spy('last', log, { runsLast: true }), spy('a', log), spy('b', log)]);
    await trainer.fit(new ListLoader(threeClasses(4)), { val: val() });
    const hooks = [
      'fitStart',
      'epochStart',
      'beforeStep',
      'batchEnd',
      'val start',
      'val end valLoss,valAccuracy',
    ];
    const expected = [...hooks, 'epochEnd', 'fitEnd'].flatMap((hook) => [
      `a ${hook}`,
      `b ${hook}`,
      `last ${hook}`,
    ]);
    expect(log).toEqual(expected);
  });

  test('are awaited one after another', async () => {
    const log: string[] = [];
    const slow: Callback = {
      onTrainBatchEnd: async () => {
        await new Promise((resolve) => setTimeout(resolve, 5));
        log.push('slow');
      },
    };
    const { trainer } = setup([slow, { onTrainBatchEnd: () => void log.push('fast') }]);
    await trainer.fit(new ListLoader(threeClasses(8)));
    expect(log).toEqual(['slow', 'fast', 'slow', 'fast']);
  });

  test('see plain means and positions', async () => {
    const seen: number[][] = [];
    const { trainer } = setup([
      { onTrainBatchEnd: (run, { batch, lr }) => void seen.push([run.epoch, batch, run.step, lr]) },
    ]);
    await trainer.fit(new ListLoader(threeClasses(8)), { epochs: 2 });
    expect(seen).toEqual([
      [1, 0, 1, 0.5],
      [1, 1, 2, 0.5],
      [2, 0, 3, 0.5],
      [2, 1, 4, 0.5],
    ]);
  });

  test.each(['sync', 'async'])('an exception names the callback and the hook (%s)', async (kind) => {
    const log: string[] = [];
    const cause = new TypeError('no such thing');
    const fail =
      kind === 'sync'
        ? () => {
            throw cause;
          }
        : async () => {
            throw cause;
          };
    const { trainer } = setup([spy('a', log), { name: 'mine', onEpochEnd: fail }]);
    const error = await trainer.fit(train()).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(CallbackError);
    expect(error).toMatchObject({
      message: 'Callback mine failed in onEpochEnd: no such thing',
      callback: 'mine',
      hook: 'onEpochEnd',
      cause,
    });
    expect(log.at(-1)).toBe('a exception');
  });

  test('a class is called by its name', async () => {
    class Broken implements Callback {
      onFitStart(): void {
        throw new Error('broken');
      }
    }
    await expect(setup([new Broken()]).trainer.fit(train())).rejects.toThrow(
      'Callback Broken failed in onFitStart',
    );
  });

  test('a stop takes effect after the epoch, or after the step when it says now', async () => {
    for (const [now, epochs, step] of [
      [false, 1, 3],
      [true, 0, 2],
    ] as const) {
      let last = 0;
      const { trainer } = setup([
        {
          onTrainBatchEnd: (run) => {
            last = run.step;
            if (run.step === 2) run.stop('enough', { now });
          },
        },
      ]);
      const history = await trainer.fit(train(), { epochs: 5 });
      expect(history).toMatchObject({ stopReason: 'stopped', stopMessage: 'enough', interrupted: false });
      expect([history.epochs.length, last]).toEqual([epochs, step]);
    }
  });
});

describe('EarlyStopping', () => {
  test('stops after `patience` epochs without improvement', async () => {
    const stopping = new EarlyStopping({ monitor: 'valLoss', patience: 2 });
    const { trainer } = setup([scripted('valLoss', [5, 4, 4, 4.5, 1]), stopping]);
    const history = await trainer.fit(train(), { val: val(), epochs: 10 });
    expect(history.values('valLoss')).toEqual([5, 4, 4, 4.5]);
    expect(stopping.bestEpoch).toBe(2);
    expect(history.stopMessage).toBe('valLoss has not improved for 2 epochs (best 4 in epoch 2)');
  });

  test('counts only improvements above minDelta', async () => {
    const stopping = new EarlyStopping({ monitor: 'valAccuracy', patience: 2, minDelta: 0.1 });
    const { trainer } = setup([scripted('valAccuracy', [0.5, 0.55, 0.59, 0.9]), stopping]);
    const history = await trainer.fit(train(), { val: val(), epochs: 10 });
    expect(history.epochs).toHaveLength(3);
  });

  test('stops at the target, and never without patience before it', async () => {
    const stopping = new EarlyStopping({ monitor: 'valAccuracy', target: 0.994 });
    const { trainer } = setup([scripted('valAccuracy', [0.9, 0.8, 0.7, 0.994, 0.999]), stopping]);
    const history = await trainer.fit(train(), { val: val(), epochs: 10 });
    expect(history.epochs).toHaveLength(4);
    expect(history.stopMessage).toBe('valAccuracy reached 0.994, target 0.994');
  });

  test('restores the weights of the best epoch', async () => {
    const weights: number[][] = [];
    const keep: Callback = {
      onEpochEnd: (run) => void weights.push(Array.from(run.executor.parameters[0].value)),
    };
    const stopping = new EarlyStopping({ monitor: 'valLoss', patience: 2, restoreBest: true });
    const { model, trainer } = setup([scripted('valLoss', [3, 1, 2, 2]), keep, stopping], { log: () => {} });
    await trainer.fit(train(), { val: val(), epochs: 9 });
    expect(weights[1]).not.toEqual(weights[3]);
    expect(Array.from(model.weights[0].read().dataSync())).toEqual(weights[1]);
  });

  test('names bad options and unknown monitors', async () => {
    expect(() => new EarlyStopping({})).toThrow('`patience` or `target` must be given');
    expect(() => new EarlyStopping({ patience: 0 })).toThrow(InvalidArgumentError);
    expect(() => new EarlyStopping({ patience: 1, minDelta: -1 })).toThrow('`minDelta` must be 0 or more');
    const { trainer } = setup([new EarlyStopping({ monitor: 'valAcc', patience: 1 })]);
    await expect(trainer.fit(train(), { val: val() })).rejects.toThrow(
      /one of .*valAccuracy.* Received: monitor="valAcc"/,
    );
  });
});

describe('ModelCheckpoint', () => {
  const weightsIn = (name: string) => readSafetensors(readFileSync(join(dir, `${name}.safetensors`)));

  test('keeps the best and the last weights under PyTorch names', async () => {
    const kernels: Float32Array[] = [];
    const keep: Callback = {
      onEpochEnd: (run) => void kernels.push(run.executor.parameters[0].value.slice()),
    };
    const checkpoint = new ModelCheckpoint({ dir, monitor: 'valAccuracy' });
    const { trainer } = setup([scripted('valAccuracy', [0.5, 0.9, 0.9, 0.7]), keep, checkpoint]);
    await trainer.fit(train(), { val: val(), epochs: 4 });
    expect(checkpoint.best).toEqual({ epoch: 2, value: 0.9 });
    const best = weightsIn('best');
    expect(Object.keys(best).sort()).toEqual(['fc.bias', 'fc.weight']);
    expect(best['fc.weight'].shape).toEqual([3, 4]);
    const transposed = (kernel: Float32Array) =>
      Array.from(kernel, (_, i) => kernel[(i % 4) * 3 + Math.floor(i / 4)]);
    expect(Array.from(best['fc.weight'].data)).toEqual(transposed(kernels[1]));
    expect(Array.from(weightsIn('last')['fc.weight'].data)).toEqual(transposed(kernels[3]));
    const about = JSON.parse(readFileSync(join(dir, 'best.json'), 'utf8'));
    expect(about).toMatchObject({ epoch: 2, step: 6, monitor: 'valAccuracy', record: { valAccuracy: 0.9 } });
  });

  test('keeps the best k epochs and prunes the rest', async () => {
    const checkpoint = new ModelCheckpoint({
      dir,
      monitor: 'valLoss',
      saveTopK: 2,
      saveBest: false,
      saveLast: false,
    });
    const { trainer } = setup([scripted('valLoss', [3, 2, 4, 1, 2]), checkpoint]);
    await trainer.fit(train(), { val: val(), epochs: 5 });
    const names = readdirSync(dir).filter((name) => name.endsWith('.safetensors'));
    expect(names.sort()).toEqual(['epoch-0002.safetensors', 'epoch-0004.safetensors']);
  });

  test('loadBest puts the best weights into a model', async () => {
    const kernels: number[][] = [];
    const keep: Callback = {
      onEpochEnd: (run) => void kernels.push(Array.from(run.executor.parameters[0].value)),
    };
    const checkpoint = new ModelCheckpoint({ dir, monitor: 'valLoss' });
    const { trainer } = setup([keep, scripted('valLoss', [1, 2]), checkpoint]);
    await trainer.fit(train(), { val: val(), epochs: 2 });
    const fresh = linearModel();
    await checkpoint.loadBest(fresh);
    expect(Array.from(fresh.weights[0].read().dataSync())).toEqual(kernels[0]);
    expect(kernels[1]).not.toEqual(kernels[0]);
  });

  test('keeps the weights of the step at which a fit was interrupted, and says what was kept', async () => {
    const lines: string[] = [];
    const controller = new AbortController();
    const abort: Callback = {
      onTrainBatchEnd: (run) => {
        if (run.step === 5) controller.abort();
      },
    };
    const checkpoint = new ModelCheckpoint({ dir, monitor: 'valAccuracy' });
    const { executor, trainer } = setup([abort, checkpoint], { log: (line) => lines.push(line) });
    await trainer.fit(train(), { val: val(), epochs: 4, signal: controller.signal });
    expect(lines[0]).toBe('Interrupted (aborted) in epoch 2 after batch 2 of 3.');
    expect(lines[1]).toMatch(/^Best weights \(valAccuracy .*%, epoch 1\) kept in .*best\.safetensors\.$/);
    expect(lines[2]).toMatch(/^Last weights \(step 5\) kept in .*last\.safetensors\.$/);
    expect(Array.from(weightsIn('last')['fc.bias'].data)).toEqual(Array.from(executor.parameters[1].value));
  });

  test('an unusable folder is found before anything is trained', async () => {
    writeFileSync(join(dir, 'file'), '');
    const { trainer, executor } = setup([
      new ModelCheckpoint({ dir: join(dir, 'file', 'sub'), monitor: 'trainLoss' }),
    ]);
    await expect(trainer.fit(train())).rejects.toThrow(EngineError);
    expect(executor.calls).toEqual([]);
    await expect(trainer.fit(train())).rejects.toThrow(/Cannot create the folder .*file\/sub/);
  });
});

describe('TerminateOnNaN', () => {
  test('stops before the update and names the first bad tensor', async () => {
    const lines: string[] = [];
    const poison: Callback = {
      onTrainBatchEnd: (run) => {
        if (run.step === 2) run.executor.parameters[1].value[0] = Number.NaN;
      },
    };
    const { executor, trainer } = setup([poison, new TerminateOnNaN()], { log: (line) => lines.push(line) });
    const history = await trainer.fit(train(), { epochs: 3 });
    expect(executor.parameters[0].value.every(Number.isFinite)).toBe(true);
    expect(history.stopReason).toBe('stopped');
    expect(history.stopMessage).toBe(
      'the loss is NaN in epoch 1, batch 3; first bad tensor: value of fc/bias',
    );
    expect(lines).toEqual([`Stopped: ${history.stopMessage}.`]);
  });
});

test('Timer ends a fit when its time is up', async () => {
  const step = await setup([new Timer({ maxTime: { seconds: 1e-9 } })]).trainer.fit(train(), { epochs: 3 });
  expect(step).toMatchObject({ stopReason: 'stopped', epochs: [] });
  const timer = new Timer({ maxTime: { seconds: 1e-9 }, interval: 'epoch' });
  const epoch = await setup([timer]).trainer.fit(train(), { epochs: 3 });
  expect(epoch.epochs).toHaveLength(1);
  const patient = await setup([new Timer({ maxTime: { hours: 1 } })]).trainer.fit(train(), { epochs: 3 });
  expect(patient.epochs).toHaveLength(3);
  expect(() => new Timer({ maxTime: {} })).toThrow('`maxTime` must be hours, minutes or seconds above 0');
});

describe('loggers', () => {
  test('CsvLogger writes a row per epoch with every number', async () => {
    const path = join(dir, 'logs', 'history.csv');
    const { trainer } = setup([new CsvLogger({ path })]);
    const history = await trainer.fit(train(), { val: val(), epochs: 2 });
    const [header, ...rows] = readFileSync(path, 'utf8').trimEnd().split('\n');
    expect(header).toBe('epoch,step,lr,trainLoss,trainAccuracy,valLoss,valAccuracy,seconds,itPerSecond');
    expect(rows).toHaveLength(2);
    expect(rows.map((row) => Number(row.split(',')[5]))).toEqual(history.values('valLoss'));
  });

  test('JsonlLogger writes steps and epochs, and drops what a resumed fit does again', async () => {
    const path = join(dir, 'log.jsonl');
    const logger = () => new JsonlLogger({ path, everyNSteps: 2 });
    const checkpoint = () => new ModelCheckpoint({ dir, monitor: 'valLoss' });
    const lines = () =>
      readFileSync(path, 'utf8')
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line));
    const fail: Callback = {
      onBeforeOptimizerStep: (run) => {
        if (run.step === 5) throw new Error('power cut');
      },
    };
    await setup([logger(), checkpoint(), fail])
      .trainer.fit(train(), { val: val(), epochs: 2 })
      .catch(() => {});
    expect(lines().map(({ event, step }) => [event, step])).toEqual([
      ['step', 2],
      ['epoch', 3],
      ['step', 4],
    ]);
    appendFileSync(path, '{"event": "step", "st');
    const { trainer } = setup([logger(), checkpoint()]);
    const history = await trainer.fit(train(), { val: val(), epochs: 2, resume: 'auto' });
    expect(lines().map(({ event, step }) => [event, step])).toEqual([
      ['step', 2],
      ['epoch', 3],
      ['step', 4],
      ['step', 6],
      ['epoch', 6],
    ]);
    expect(lines().at(-1)).toEqual({ event: 'epoch', ...history.last });
  });

  test('ThroughputMonitor measures full windows', async () => {
    const monitor = new ThroughputMonitor({ window: 2 });
    await setup([monitor]).trainer.fit(train(), { epochs: 2 });
    expect(monitor.entries.map(({ step }) => step)).toEqual([2, 5]);
    for (const { stepsPerSecond, samplesPerSecond } of monitor.entries)
      expect(samplesPerSecond / stepsPerSecond).toBeCloseTo(4, 9);
  });

  test('a ThroughputMonitor that is used again tells of the last fit', async () => {
    const monitor = new ThroughputMonitor({ window: 1 });
    for (let i = 0; i < 2; i++) {
      await setup([monitor]).trainer.fit(train());
      expect(monitor.entries.map(({ step }) => step)).toEqual([1, 2, 3]);
    }
  });

  test('LearningRateMonitor notes every step or epoch', async () => {
    const steps = new LearningRateMonitor({ interval: 'step' });
    const epochs = new LearningRateMonitor();
    const { trainer } = setup([steps, epochs]);
    await trainer.fit(train(), { epochs: 2 });
    expect(steps.entries.map(({ step }) => step)).toEqual([1, 2, 3, 4, 5, 6]);
    expect(epochs.entries).toEqual([
      { epoch: 1, step: 3, lr: 0.5, lrs: [0.5] },
      { epoch: 2, step: 6, lr: 0.5, lrs: [0.5] },
    ]);
    expect(() => new LearningRateMonitor({ interval: 'batch' as 'step' })).toThrow(InvalidArgumentError);
  });

  test('ProgressBar draws a bar with rate, loss, accuracy and time left', async () => {
    const written: string[] = [];
    const write = vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
      written.push(String(text));
      return true;
    });
    const isTTY = process.stdout.isTTY;
    for (const [name, value] of Object.entries({ TERM: 'xterm', CI: '', NO_COLOR: '' }))
      vi.stubEnv(name, value);
    Object.assign(process.stdout, { isTTY: true, cursorTo: () => true, clearLine: () => true });
    try {
      const slow: Callback = {
        onTrainBatchEnd: () => new Promise((resolve) => setTimeout(resolve, 120)),
      };
      await setup([slow, new ProgressBar({ log: () => {} })]).trainer.fit(train(), { val: val() });
    } finally {
      Object.assign(process.stdout, { isTTY });
      write.mockRestore();
      vi.unstubAllEnvs();
    }
    const drawn = written.join('\n');
    expect(drawn).toMatch(
      /epoch 1\/1 .* 2\/3 \| \d+\.\d it\/s \| loss \d\.\d{4} \| accuracy \d+\.\d\d% \| 1s left/,
    );
    expect(drawn).toMatch(/3\/3 .*measuring val/);
  });

  test('ProgressBar prints a line per epoch where there is no terminal', async () => {
    const lines: string[] = [];
    const { trainer } = setup([new ProgressBar({ bar: false, log: (line) => lines.push(line) })]);
    await trainer.fit(train(), { val: val(), epochs: 2 });
    expect(lines).toHaveLength(2);
    expect(lines[1]).toMatch(
      /^epoch 2\/2: lr 0\.5, trainLoss \d\.\d{4}, trainAccuracy \d+\.\d\d%, valLoss .*, valAccuracy .*%, \d+\.\d s, \d+\.\d it\/s$/,
    );
  });
});
