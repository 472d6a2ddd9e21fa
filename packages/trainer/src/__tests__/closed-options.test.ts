import { InvalidArgumentError } from '@mnist-kit/core';
import { labelSmoothingCrossEntropy, mixup, nllLoss } from '@mnist-kit/losses';
import { Adam, ChainedScheduler, ExponentialLR, ReduceLROnPlateau, SGD, StepLR } from '@mnist-kit/optim';
import {
  accuracy,
  type Callback,
  CsvLogger,
  calibrationError,
  confusionMatrix,
  EarlyStopping,
  EventStream,
  ExponentialMovingAverage,
  type FitOptions,
  GradientClipping,
  JsonlLogger,
  LearningRateMonitor,
  ModelCheckpoint,
  ProgressBar,
  perClassAccuracy,
  StochasticWeightAveraging,
  TensorBoardLogger,
  TerminateOnNaN,
  ThroughputMonitor,
  Timer,
  Trainer,
  type TrainerOptions,
  topKAccuracy,
} from '@mnist-kit/trainer';
import { describe, expect, test } from 'vitest';
import { LinearExecutor, linearModel } from './linear-executor.js';
import { ListLoader, threeClasses } from './list-loader.js';
import { nll, sgd } from './parts.js';

/** Options as somebody without TypeScript writes them. */
const make = (options: object) => {
  const parts = { model: linearModel(), optimizer: sgd(0.5), loss: nll };
  return new Trainer({
    ...parts,
    executor: (model) => new LinearExecutor(model),
    ...options,
  } as TrainerOptions);
};
const train = () => new ListLoader(threeClasses(12), { batchSize: 4 });

describe('misspelt options are refused with the one that was meant', () => {
  test.each([
    ['validation', { validation: 1 }, '`validation` is not an option of Trainer'],
    ['callback', { callback: [] }, 'did you mean `callbacks`?'],
    ['gradient_clip', { gradient_clip: { norm: 1 } }, 'did you mean `gradientClip`?'],
    ['gradientClipVal', { gradientClipVal: 1 }, 'did you mean `gradientClip`?'],
    ['max_steps', { max_steps: 5 }, 'did you mean `maxSteps`?'],
    ['learningRate', { learningRate: 5 }, '`learningRate` is not an option of Trainer'],
    [
      'scheduler.monitr',
      { scheduler: { scheduler: plateau(), monitr: 'valLoss' } },
      'did you mean `monitor`?',
    ],
  ])('of the Trainer: %s', (_, options, message) => {
    expect(() => make(options)).toThrow(InvalidArgumentError);
    expect(() => make(options)).toThrow(message);
  });

  test.each([
    [{ validation: train() }, 'is not an option of fit (did you mean `val`?)'],
    [{ epoch: 3 }, 'is not an option of fit (did you mean `epochs`?)'],
    [{ batchSize: 3 }, '`batchSize` is not an option of fit, which has val, epochs, signal, resume'],
    [train(), '`options` of fit must be an object: { val: loader }'],
    [5, '`options` of fit must be an object'],
  ])('of fit: %o', async (options, message) => {
    await expect(make({}).fit(train(), options as FitOptions)).rejects.toThrow(InvalidArgumentError);
    await expect(make({}).fit(train(), options as FitOptions)).rejects.toThrow(message);
  });

  test('of metrics', () => {
    expect(() => topKAccuracy({ K: 3 } as object)).toThrow(
      '`K` is not an option of topKAccuracy (did you mean `k`?)',
    );
    expect(() => topKAccuracy(3 as unknown as object)).toThrow(
      '`options` of topKAccuracy must be an object such as { k: … }',
    );
    expect(() => calibrationError({ bin: 3 } as object)).toThrow('did you mean `bins`?');
    for (const metric of [accuracy, perClassAccuracy, confusionMatrix] as ((options: object) => unknown)[])
      expect(() => metric({ normalize: true })).toThrow('`normalize` is not an option of');
  });
});

describe('callbacks and lengths of time', () => {
  test.each<[string, () => unknown, string, string | undefined]>([
    ['CsvLogger', () => new CsvLogger({ path: 'x', file: 'y' } as never), 'file', undefined],
    [
      'EarlyStopping',
      () => new EarlyStopping({ patience: 1, min_delta: 1 } as never),
      'min_delta',
      'minDelta',
    ],
    ['EventStream', () => new EventStream({ bufferSize: 3 } as never), 'bufferSize', undefined],
    [
      'ExponentialMovingAverage',
      () => new ExponentialMovingAverage({ warmup: true } as never),
      'warmup',
      'warmUp',
    ],
    ['GradientClipping', () => new GradientClipping({ maxNorm: 1 } as never), 'maxNorm', 'norm'],
    [
      'JsonlLogger',
      () => new JsonlLogger({ path: 'x', everyNStep: 1 } as never),
      'everyNStep',
      'everyNSteps',
    ],
    [
      'LearningRateMonitor',
      () => new LearningRateMonitor({ intervall: 'step' } as never),
      'intervall',
      'interval',
    ],
    [
      'ModelCheckpoint',
      () => new ModelCheckpoint({ dir: 'x', saveTopk: 3 } as never),
      'saveTopk',
      'saveTopK',
    ],
    ['ModelCheckpoint', () => new ModelCheckpoint({ dirpath: 'x' } as never), 'dirpath', 'dir'],
    ['ProgressBar', () => new ProgressBar({ bars: true } as never), 'bars', 'bar'],
    [
      'StochasticWeightAveraging',
      () => new StochasticWeightAveraging({ starts: 3 } as never),
      'starts',
      'start',
    ],
    [
      'TensorBoardLogger',
      () => new TensorBoardLogger({ dir: 'x', histogram: true } as never),
      'histogram',
      'histograms',
    ],
    ['TerminateOnNaN', () => new TerminateOnNaN({ patience: 3 } as never), 'patience', undefined],
    ['ThroughputMonitor', () => new ThroughputMonitor({ windows: 3 } as never), 'windows', 'window'],
    [
      'Timer',
      () => new Timer({ maxTime: { hours: 1 }, intervals: 'step' } as never),
      'intervals',
      'interval',
    ],
    ['maxTime', () => new Timer({ maxTime: { minute: 1 } } as never), 'minute', 'minutes'],
    ['maxTime', () => make({ maxTime: { hours: 1, min: 5 } }), 'min', undefined],
    ['GradientClipping', () => make({ gradientClip: { clipNorm: 1 } }), 'clipNorm', 'norm'],
  ])('%s (%#)', (owner, attempt, key, meant) => {
    expect(attempt).toThrow(InvalidArgumentError);
    const hint = meant === undefined ? '' : ` (did you mean \`${meant}\`?)`;
    expect(attempt).toThrow(`\`${key}\` is not an option of ${owner}${hint}`);
  });

  test.each([
    CsvLogger,
    EarlyStopping,
    GradientClipping,
    JsonlLogger,
    ModelCheckpoint,
    TensorBoardLogger,
    Timer,
  ])('%o says what it needs where it gets nothing, or no object', (Class) => {
    expect(() => new Class(undefined as never)).toThrow(InvalidArgumentError);
    expect(() => new Class('runs/first' as never)).toThrow(
      /^`options` of \w+ must be an object such as \{ \w+: … \}/,
    );
  });
});

function plateau() {
  const step = () => {};
  return { lr: 1, mode: 'min' as const, step, state: () => ({}), loadState() {} };
}

describe('hooks that do not exist are refused with the one that was meant', () => {
  class Typo implements Callback {
    readonly name: string = 'Typo';
    onTrainBatchEnds() {}
  }
  class Heir extends Typo {
    override readonly name = 'Heir';
  }
  test.each([
    [{ onBatchEnd() {} }, 'callbacks[0].onBatchEnd', 'onTrainBatchEnd'],
    [{ on_train_batch_end() {} }, 'callbacks[0].on_train_batch_end', 'onTrainBatchEnd'],
    [{ onEpochBegin: () => {} }, 'callbacks[0].onEpochBegin', 'onEpochStart'],
    [{ onTrainEnd: () => {} }, 'callbacks[0].onTrainEnd', 'onFitEnd'],
    [{ onValidationEpochEnd: () => {} }, 'callbacks[0].onValidationEpochEnd', 'onValidationEnd'],
    [new Typo(), 'callbacks[0].onTrainBatchEnds', 'onTrainBatchEnd'],
    [new Heir(), 'callbacks[0].onTrainBatchEnds', 'onTrainBatchEnd'],
  ])('%o', (callback, argument, meant) => {
    expect(() => make({ callbacks: [callback] })).toThrow(InvalidArgumentError);
    expect(() => make({ callbacks: [callback] })).toThrow(
      `\`${argument}\` is not a hook (did you mean \`${meant}\`?). Received: ${argument}="a function of `,
    );
  });

  test('a callback is there once, and is no class', () => {
    const callback = new EarlyStopping({ patience: 3 });
    expect(() => make({ callbacks: [callback, new TerminateOnNaN(), callback] })).toThrow(
      '`callbacks[2]` must be a callback of its own, and is callbacks[0]: its hooks would run twice',
    );
    expect(() => make({ callbacks: [EarlyStopping] })).toThrow(
      '`callbacks[0]` must be an object with hooks, as new ProgressBar() is. ' +
        'Received: callbacks[0]=function EarlyStopping',
    );
  });

  test('the hooks there are are listed where none comes close, and must be functions', () => {
    expect(() => make({ callbacks: [{}, { onMoonrise() {} }] })).toThrow(
      /^`callbacks\[1\]\.onMoonrise` is not a hook; there are .*onFitStart, .*onException/,
    );
    expect(() => make({ callbacks: [{ onEpochEnd: 'print' }] })).toThrow(
      '`callbacks[0].onEpochEnd` must be a function',
    );
  });

  test('other methods, fields and getters of a callback are its own business', () => {
    const callback = {
      on() {},
      once() {},
      onward: () => {},
      only: 3,
      onTop: true,
      onEpochEnd: undefined,
      get onDemand() {
        throw new Error('was read');
      },
    };
    expect(() => make({ callbacks: [callback, new EventStream()] })).not.toThrow();
  });
});

describe('parts that are none are refused when the Trainer is made', () => {
  const metric = accuracy();
  test.each([
    ['generator', {}, '`generator` must have a `randomUint32` method, as new Generator(1) has'],
    ['generator', 42, '`generator` must have a `randomUint32` method'],
    ['mixup', {}, '`mixup` must have a `mix` method, as what mixup({ alpha: 1 }) returns'],
    ['mixup', mixup, '`mixup` must have a `mix` method'],
    ['executor', {}, '`executor` must have a `drawMasks` method, as an Executor has'],
    [
      'executor',
      Promise.resolve({}),
      '`executor` must have a `drawMasks` method: await createExecutor(model)',
    ],
    ['metrics', { a: 1 }, '`metrics.a` must have a `reset` method, as a Metric has. Received: metrics.a=1'],
    [
      'metrics',
      { a: topKAccuracy },
      '`metrics.a` must have a `reset` method: call it, as topKAccuracy({ k: 3 })',
    ],
    ['metrics', [metric], '`metrics` must be metrics by name'],
    ['metrics', { a: { ...metric, better: 'up' } }, "`metrics.a.better` must be 'higher' or 'lower'"],
    ['metrics', { a: metric, b: metric }, '`metrics.b` must be a metric of its own: a is the same one'],
    ['optimizer', null, '`optimizer` must have a `step` method'],
    ['optimizer', { step() {} }, '`optimizer` must have a `state` method'],
    ['optimizer', Adam, '`optimizer` must have a `step` method'],
    ['optimizer', { ...sgd(1), lr: '1' }, '`optimizer.lr` must be a number'],
    ['scheduler', {}, '`scheduler` must have a `step` method'],
    ['scheduler', null, '`scheduler` must be a scheduler or { scheduler, monitor }'],
    ['scheduler', StepLR, '`scheduler` must be a scheduler or { scheduler, monitor }'],
    ['loss', nllLoss, '`loss` must be called: nllLoss()'],
    ['loss', labelSmoothingCrossEntropy, '`loss` must be called: labelSmoothingCrossEntropy()'],
    ['gradientClip', 1, '`gradientClip` must be { norm: 1 } or { value: 1 }. Received: gradientClip=1'],
    ['maxTime', 60, '`maxTime` must have a unit: { seconds: 60 }. Received: maxTime=60'],
    ['detectAnomaly', 'yes', '`detectAnomaly` must be true or false'],
    ['profiler', 1, '`profiler` must be true or false'],
    ['fastDevRun', 'true', '`fastDevRun` must be an integer of at least 1'],
    ['threads', '4', '`threads` must be an integer of at least 1'],
    ['vectors', 512, "`vectors` must be 'auto', 128 or 256. Received: vectors=512"],
    ['vectors', '256', "`vectors` must be 'auto', 128 or 256"],
    ['log', true, '`log` must be a function of a line'],
    ['warn', 'stderr', '`warn` must be a function of a line'],
  ])('%s: %o', (name, value, message) => {
    expect(() => make({ [name]: value })).toThrow(InvalidArgumentError);
    expect(() => make({ [name]: value })).toThrow(message);
  });

  test.each(['engine', 'threads', 'vectors', 'reproducible', 'deterministic'])(
    '%s beside a ready-made executor',
    (name) => {
      const values: Record<string, unknown> = {
        engine: 'plan',
        threads: 2,
        vectors: 256,
        reproducible: true,
        deterministic: true,
      };
      const executor = new LinearExecutor(linearModel());
      expect(() => make({ executor, [name]: values[name] })).toThrow(
        `\`${name}\` must be left out beside a ready-made executor`,
      );
    },
  );

  test('an executor that a factory made is looked at too', async () => {
    await expect(make({ executor: () => ({}) }).fit(train())).rejects.toThrow(
      '`executor` must have a `drawMasks` method',
    );
  });
});

test.each([
  [{ signal: {} }, '`signal` must be an AbortSignal: the `signal` of an AbortController'],
  [{ signal: new AbortController() }, '`signal` must be an AbortSignal'],
  [{ val: 'x' }, '`val` must be a loader, or loaders by name: { val, clean }. Received: val="x"'],
  [{ val: {} }, '`val` must be a loader, or loaders by name'],
  [{ val: null }, '`val` must be a loader, or loaders by name'],
  [{ val: [train()] }, '`val` must be a loader, or loaders by name'],
  [{ val: Promise.resolve(train()) }, '`val` must be a loader, or loaders by name'],
  [{ val: { '': train() } }, '`val` must have names for its loaders'],
  [{ resume: {} }, "`resume` must be 'auto', the path of a checkpoint, or a snapshot"],
])('fit refuses %o before anything is trained', async (options, message) => {
  await expect(make({}).fit(train(), options as FitOptions)).rejects.toThrow(InvalidArgumentError);
  await expect(make({}).fit(train(), options as FitOptions)).rejects.toThrow(message);
});

describe('results of the same name are refused', () => {
  test.each([
    ['loss', 'its results would replace the loss of val. Received: metrics.loss="valLoss"'],
    ['Loss', 'its results would replace the loss of val'],
    ['accuracy', 'its results would replace the accuracy of val'],
  ])('a metric called %s', (name, message) => {
    expect(() => make({ metrics: { [name]: accuracy() } })).toThrow(InvalidArgumentError);
    expect(() => make({ metrics: { [name]: accuracy() } })).toThrow(message);
  });

  test('two metrics that differ in their first letter only', () => {
    const metrics = { top3: topKAccuracy({ k: 3 }), Top3: topKAccuracy({ k: 2 }) };
    expect(() => make({ metrics })).toThrow(
      '`metrics.Top3` must have another name: its results would replace the metric top3 of val',
    );
  });

  test.each([
    [
      { cleanLoss: accuracy() },
      { val: train(), valClean: train() },
      'would replace the metric cleanLoss of val',
    ],
    [{ second: accuracy() }, { itPer: train() }, 'would replace what the Trainer measures itself'],
  ])('that come about with the names of loaders (%#)', async (metrics, val, message) => {
    await expect(make({ metrics }).fit(train(), { val })).rejects.toThrow(message);
  });

  test('names that collide with nothing are fine', async () => {
    const metrics = { epoch: accuracy(), lr: accuracy(), lossy: accuracy(), step: accuracy() };
    const history = await make({ metrics }).fit(train(), { val: { val: train(), clean: train() } });
    expect(history.last).toMatchObject({ epoch: 1, step: 3, lr: 0.5, valEpoch: 1, cleanStep: 1 });
  });
});

describe('a scheduler made for another optimizer', () => {
  const other = new SGD({ lr: 1 });
  test.each([
    ['StepLR', () => new StepLR(other, { stepSize: 1 })],
    ['ChainedScheduler', () => new ChainedScheduler([new StepLR(other, { stepSize: 1 })])],
    ['one with a monitor', () => ({ scheduler: new ReduceLROnPlateau(other), monitor: 'trainLoss' })],
  ])('is refused: %s', (_, scheduler) => {
    const options = { optimizer: new Adam({ lr: 1e-3 }), scheduler: scheduler() };
    expect(() => make(options)).toThrow(InvalidArgumentError);
    expect(() => make(options)).toThrow("`scheduler` must be made for the Trainer's own `optimizer`");
  });

  test('is none where the optimizers share their groups, as one that wraps the other does', () => {
    const inner = new SGD({ lr: 1 });
    const wrapper = {
      groups: inner.groups,
      get lr() {
        return inner.lr;
      },
      set lr(lr) {
        inner.lr = lr;
      },
      step: (parameters: never) => inner.step(parameters),
      state: () => inner.state(),
      loadState: (state: never) => inner.loadState(state),
    };
    expect(() => make({ optimizer: wrapper, scheduler: new StepLR(inner, { stepSize: 1 }) })).not.toThrow();
  });

  test('is refused inside a chain, and so are modes that differ', () => {
    const own = new SGD({ lr: 1 });
    expect(
      () =>
        new ChainedScheduler([new ExponentialLR(own, { gamma: 0.9 }), new StepLR(other, { stepSize: 1 })]),
    ).toThrow('`schedulers` must all be of the same optimizer');
    expect(
      () => new ChainedScheduler([new ReduceLROnPlateau(own), new ReduceLROnPlateau(own, { mode: 'max' })]),
    ).toThrow('`schedulers` must all watch a metric in the same mode');
  });
});
