import { rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CheckpointError, Generator, type Settings } from '@mnist-kit/core';
import {
  ArrayDataset,
  DataLoader,
  type DataLoaderOptions,
  mnist,
  Subset,
  transforms as T,
} from '@mnist-kit/datasets';
import * as losses from '@mnist-kit/losses';
import { crossEntropyLoss, labelSmoothingCrossEntropy, mixup, nllLoss } from '@mnist-kit/losses';
import * as optim from '@mnist-kit/optim';
import {
  Adam,
  AdamW,
  ChainedScheduler,
  ConstantLR,
  CosineAnnealingLR,
  CosineAnnealingWarmRestarts,
  ExponentialLR,
  LambdaLR,
  LinearLR,
  MultiStepLR,
  Muon,
  OneCycleLR,
  type Optimizer,
  ReduceLROnPlateau,
  SGD,
  StepLR,
} from '@mnist-kit/optim';
import * as trainer from '@mnist-kit/trainer';
import {
  type Callback,
  CsvLogger,
  calibrationError,
  EarlyStopping,
  ExponentialMovingAverage,
  GradientClipping,
  JsonlLogger,
  LearningRateMonitor,
  ModelCheckpoint,
  ProgressBar,
  StochasticWeightAveraging,
  TensorBoardLogger,
  ThroughputMonitor,
  Timer,
  Trainer,
  topKAccuracy,
} from '@mnist-kit/trainer';
import { afterAll, describe, expect, test } from 'vitest';
import { linearModel } from './linear-executor.js';
import { digits, fit, type Made } from './resume-kit.js';

/** A part with options: which of them a resumed fit is held to, and which it is not. */
interface Part {
  readonly make: (options: never) => unknown;
  /** What a fit must be to have such a part. */
  readonly into: (part: never) => Made;
  readonly base: object;
  /** Another value of each option that counts. */
  readonly others: Readonly<Record<string, unknown>>;
  /** Options that do not count, and why. */
  readonly free?: Readonly<Record<string, string>>;
  /** Where the settings are, below which they have the names of the options. */
  readonly at: string;
  /** Options that no fit can go on with otherwise. */
  readonly never?: readonly string[];
  /** Settings that options add up to, where they have another name. */
  readonly named?: Readonly<Record<string, string>>;
}

const groups = [{ match: /bias/, lr: 0.2 }];
const optimizer = (make: Part['make'], base: object, others: Part['others'], never: string[] = []): Part => ({
  ...{ make, base, never, at: 'optimizer' },
  into: (part: () => Optimizer) => ({ optimizer: part }),
  others: { lr: 0.05, weightDecay: 0.03, groups, ...others },
});
const adam = { betas: [0.8, 0.99], eps: 1e-3, amsgrad: true };

const scheduler = (
  make: Part['make'],
  base: object,
  others: Part['others'],
  more: Partial<Part> = {},
): Part => ({
  ...{ make, base, at: 'scheduler' },
  into: (part: (optimizer: Optimizer) => never) => ({ scheduler: part }),
  others,
  ...more,
});
type Scheduler = new (optimizer: Optimizer, options: never) => unknown;
const of = (Class: Scheduler) => (options: never) => (made: Optimizer) => new Class(made, options);

const callback = (
  Class: new (options: never) => Callback,
  base: object,
  others: Part['others'],
  free = {},
): Part => ({
  make: (options) => () => [new Class(options)],
  into: (callbacks: () => Callback[]) => ({ callbacks }),
  at: `callbacks.${Class.name}`,
  ...{ base, others, free },
});
const watches = 'only watches or writes';

const own = {
  random: { random: () => 0.5, beta: () => 0.5 },
  permutation: (size: number) => Int32Array.from({ length: size }, (_, i) => size - 1 - i),
};
const rotation = T.compose([T.randomRotation(10)]);

const dir = join(tmpdir(), `resume-settings-${process.pid}`);
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const parts: Readonly<Record<string, Part>> = {
  Adam: optimizer((options) => () => new Adam(options), { lr: 0.1 }, adam, ['groups', 'amsgrad']),
  AdamW: optimizer((options) => () => new AdamW(options), { lr: 0.1 }, adam, ['groups', 'amsgrad']),
  Muon: optimizer(
    (options) => () => new Muon(options),
    { lr: 0.1 },
    {
      ...{ momentum: 0.9, nesterov: false, nsSteps: 3, eps: 1e-6, adjustLr: 'original' },
      ...{ betas: [0.8, 0.99], adamEps: 1e-6 },
    },
    ['groups'],
  ),
  SGD: optimizer(
    (options) => () => new SGD(options),
    { lr: 0.1, momentum: 0.9 },
    { momentum: 0.8, dampening: 0.1, nesterov: true },
    ['groups'],
  ),
  StepLR: scheduler(of(StepLR), { stepSize: 1 }, { stepSize: 2, gamma: 0.5, interval: 'step' }),
  MultiStepLR: scheduler(
    of(MultiStepLR),
    { milestones: [1, 2] },
    { milestones: [2, 2], gamma: 0.5, interval: 'step' },
  ),
  ExponentialLR: scheduler(of(ExponentialLR), { gamma: 0.9 }, { gamma: 0.8, interval: 'step' }),
  ConstantLR: scheduler(of(ConstantLR), {}, { factor: 0.5, totalIters: 2, interval: 'step' }),
  LinearLR: scheduler(
    of(LinearLR),
    {},
    { startFactor: 0.5, endFactor: 0.9, totalIters: 3, interval: 'step' },
  ),
  LambdaLR: scheduler(
    of(LambdaLR),
    { lrLambda: () => 0.5 },
    { lrLambda: (epoch: number) => 1 / (1 + epoch), interval: 'step' },
  ),
  CosineAnnealingLR: scheduler(
    of(CosineAnnealingLR),
    { tMax: 5 },
    { tMax: 6, etaMin: 0.01, interval: 'step' },
  ),
  CosineAnnealingWarmRestarts: scheduler(
    of(CosineAnnealingWarmRestarts),
    { t0: 2 },
    { t0: 3, tMult: 2, etaMin: 0.01, interval: 'step' },
  ),
  OneCycleLR: scheduler(
    of(OneCycleLR),
    { maxLr: 0.2, totalSteps: 50 },
    {
      ...{ maxLr: 0.3, totalSteps: 60, pctStart: 0.4, annealStrategy: 'linear', interval: 'epoch' },
      ...{ cycleMomentum: false, baseMomentum: 0.8, maxMomentum: 0.97, divFactor: 10, finalDivFactor: 1e3 },
      threePhase: true,
    },
    { free: { epochs: 'in totalSteps', stepsPerEpoch: 'in totalSteps' } },
  ),
  ReduceLROnPlateau: scheduler(
    of(ReduceLROnPlateau),
    {},
    {
      ...{ factor: 0.5, patience: 3, threshold: 1e-3, thresholdMode: 'abs', cooldown: 1, mode: 'max' },
      ...{ minLr: 1e-4, eps: 1e-9 },
    },
    { free: { interval: 'a scheduler that watches a metric steps once an epoch, or is refused' } },
  ),
  crossEntropyLoss: {
    make: (options) => crossEntropyLoss(options),
    into: (loss: never) => ({ options: () => ({ loss }) }),
    ...{ at: 'loss', base: {}, others: { labelSmoothing: 0.1, reduction: 'sum' } },
  },
  labelSmoothingCrossEntropy: {
    make: (options) => labelSmoothingCrossEntropy(options),
    into: (loss: never) => ({ options: () => ({ loss }) }),
    ...{ at: 'loss', base: {}, others: { smoothing: 0.2, reduction: 'sum' } },
  },
  nllLoss: {
    make: (options) => nllLoss(options),
    into: (loss: never) => ({ options: () => ({ loss }) }),
    ...{ at: 'loss', base: {}, others: { reduction: 'sum' } },
  },
  mixup: {
    make: (options) => () => mixup(options),
    into: (make: () => never) => ({ options: () => ({ mixup: make() }) }),
    ...{ at: 'mixup', base: {}, others: { alpha: 0.4, probability: 0.5, seed: 7, ...own } },
  },
  DataLoader: {
    make: (options: DataLoaderOptions) => options,
    into: (loader: DataLoaderOptions) => ({ loader }),
    ...{ at: 'train', base: { batchSize: 4, shuffle: false } },
    others: {
      ...{ batchSize: 3, shuffle: true, dropLast: true, transform: rotation },
      ...{ sampler: [11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0] },
    },
    free: { prefetch: 'when pixels are prepared, not which', generator: 'its seed: see below' },
  },
  EarlyStopping: callback(
    EarlyStopping,
    { patience: 9, monitor: 'valLoss' },
    { monitor: 'trainLoss', mode: 'min', minDelta: 0.1, restoreBest: true },
    { patience: 'a limit, as epochs are', target: 'a limit, as epochs are' },
  ),
  ExponentialMovingAverage: callback(ExponentialMovingAverage, {}, { decay: 0.9, warmUp: false }),
  StochasticWeightAveraging: callback(StochasticWeightAveraging, { start: 1 }, { start: 2, lr: 0.01 }),
  GradientClipping: callback(
    GradientClipping,
    { norm: 1 },
    { norm: 2 },
    { value: 'instead of norm: see below' },
  ),
  CsvLogger: callback(CsvLogger, { path: 'x' }, {}, { path: watches }),
  JsonlLogger: callback(JsonlLogger, { path: 'x' }, {}, { path: watches, everyNSteps: watches }),
  TensorBoardLogger: callback(
    TensorBoardLogger,
    { dir: 'x' },
    {},
    { dir: watches, everyNSteps: watches, histograms: watches, hyperparameters: watches },
  ),
  LearningRateMonitor: callback(LearningRateMonitor, {}, {}, { interval: watches }),
  ProgressBar: callback(ProgressBar, {}, {}, { bar: watches, log: watches }),
  ThroughputMonitor: callback(ThroughputMonitor, {}, {}, { window: watches }),
  Timer: callback(Timer, { maxTime: { hours: 1 } }, {}, { maxTime: 'a limit', interval: 'a limit' }),
  ModelCheckpoint: callback(
    ModelCheckpoint,
    { dir },
    { monitor: 'trainLoss', mode: 'min' },
    {
      ...{ dir: watches, saveBest: watches, saveLast: watches, saveTopK: watches, saveState: watches },
      ...{ everyNEpochs: watches, everyNSteps: watches, everyNMinutes: watches, keepStates: watches },
    },
  ),
  topKAccuracy: {
    make: (options) => topKAccuracy(options),
    into: (metric: never) => ({ options: () => ({ metrics: { mine: metric } }) }),
    ...{ at: 'metrics.mine', base: { k: 1 }, others: { k: 2 } },
  },
  calibrationError: {
    make: (options) => calibrationError(options),
    into: (metric: never) => ({ options: () => ({ metrics: { mine: metric } }) }),
    ...{ at: 'metrics.mine', base: {}, others: { bins: 5 } },
  },
  Trainer: {
    make: (options) => options,
    into: (options: never) => ({ options: () => options }),
    ...{ at: '', base: {} },
    others: {
      ...{ accumulateGradBatches: 2, gradientClip: { norm: 1 }, limitTrainBatches: 2, limitValBatches: 1 },
      ...{ overfitBatches: 1, valEvery: 2, reproducible: false, deterministic: false },
    },
    named: { deterministic: 'reproducible' },
    free: {
      ...{ model: 'its layers: see below', optimizer: 'has settings', loss: 'has settings' },
      ...{ scheduler: 'has settings', mixup: 'has settings', callbacks: 'have settings' },
      ...{
        metrics: 'have settings',
        generator: 'its seed: see below',
        engine: 'that of the executor: see below',
      },
      ...{ fastDevRun: 'refused where there is a checkpoint', numSanityValSteps: 'not run in a resumed fit' },
      ...{ maxSteps: 'a limit', maxTime: 'a limit', threads: 'the same bits on any number' },
      vectors: 'the same bits at any width',
      ...{ detectAnomaly: watches, profiler: watches, handleSignals: watches, log: watches, warn: watches },
      executor: 'its engine counts',
    },
  },
};

const made = ({ make, into }: Part, options: object): Made => into(make(options as never) as never);
const rows = Object.entries(parts).flatMap(([name, part]) =>
  Object.keys(part.others).map((option) => [name, option] as const),
);

/** Makes an optimizer, scheduler, … with an option that does not exist: the error lists those that do. */
function optionsOf(name: string, { make, into }: Part): string[] {
  const options = { zzzzzzzzzzzzzzzz: 1 };
  const attempts = [
    () => into(make(options as never) as never).optimizer?.(),
    () => into(make(options as never) as never).scheduler?.(new SGD({ lr: 1 })),
    () => into(make(options as never) as never).callbacks?.(),
    () => into(make(options as never) as never).options?.(),
    () => new DataLoader(digits(), options as never),
    () => new Trainer({ model: linearModel(), ...(options as object) }),
  ];
  for (const attempt of attempts) {
    try {
      attempt();
    } catch (error) {
      const match = /is not an option of (\w+), which has (.*?)\. Received/.exec((error as Error).message);
      if (match?.[1] === name) return match[2].split(', ');
    }
  }
  throw new Error(`no list of options of ${name}`);
}

test('every part with options that there is is looked at here', () => {
  const named = (all: object, is: (part: unknown) => boolean) =>
    Object.entries(all).flatMap(([name, part]) => (is(part) ? [name] : []));
  const isFunction = (part: unknown) => typeof part === 'function';
  const isCallback = (part: unknown) =>
    isFunction(part) &&
    Object.getOwnPropertyNames((part as { prototype?: object }).prototype ?? {}).some((each) =>
      /^on[A-Z]/.test(each),
    );
  const bases = ['Optimizer', 'LRScheduler', 'ChainedScheduler'];
  const withoutOptions = ['TerminateOnNaN', 'EventStream'];
  const found = [
    ...named(optim, isFunction).filter((name) => !bases.includes(name)),
    // What makes the loss of a mixed batch is no part of a fit.
    ...named(losses, isFunction).filter((name) => name !== 'mixupLoss'),
    ...named(trainer, isCallback).filter((name) => !withoutOptions.includes(name)),
    ...['DataLoader', 'Trainer', 'topKAccuracy', 'calibrationError'],
  ];
  expect(Object.keys(parts).sort()).toEqual([...found].sort());
  // The names of transforms have all of their numbers.
  expect(Object.keys(T).sort()).toEqual(['compose', 'normalize', 'randomAffine', 'randomRotation']);
  const ranges = [
    { degrees: 1 },
    { degrees: [0, 1] },
    { translate: [0, 0.1] },
    { scale: [1, 2] },
    { shear: 3 },
  ];
  const affine = ranges.map((options) => T.randomAffine({ degrees: 0, ...options } as never).name);
  const others = [T.randomRotation(1), T.randomRotation([0, 1]), T.normalize({ mean: 0, std: 1 })];
  const more = [T.normalize({ mean: 0, std: 2 }), T.normalize({ mean: 1, std: 2 }), T.compose([others[0]])];
  expect(new Set([...affine, ...[...others, ...more].map(({ name }) => name)]).size).toBe(11);
});

test.each(Object.entries(parts))('every option of %s counts, or is free for a reason', (name, part) => {
  const { others, free = {} } = part;
  const known = optionsOf(name, part);
  expect([...Object.keys(others), ...Object.keys(free)].sort()).toEqual([...known].sort());
});

test.each(rows)(
  '%s: another %s is refused by name, and taken where it is overridden',
  async (name, option) => {
    const part = parts[name];
    const { base, others, at, never = [], named = {} } = part;
    const { snapshots } = await fit(made(part, base), { epochs: 1 });
    const snapshot = snapshots[1];
    const changed = made(part, {
      ...base,
      ...(option === 'sampler' ? { shuffle: false } : {}),
      [option]: others[option],
    });
    const setting = [at, named[option] ?? option].filter(Boolean).join('.');
    const refused = fit(changed, { resume: snapshot });
    await expect(refused).rejects.toThrow(CheckpointError);
    await expect(refused).rejects.toThrow(
      new RegExp(`\\n {2}${setting.replaceAll('.', '\\.')}\\b.* was .*, and is `),
    );
    // Validation is on the same batches then.
    const override = option === 'overfitBatches' ? [setting, 'train', 'val'] : [at || setting];
    if (never.includes(option)) {
      await expect(fit(changed, { resume: { from: snapshot, override } })).rejects.toThrow(
        `The fit cannot go on from the checkpoint, which was saved with other settings:\n  ${setting}`,
      );
      return;
    }
    await expect(refused).rejects.toThrow(
      /go on with the new ones: resume: \{ from: snapshot, override: \['/,
    );
    const resumed = await fit(changed, { resume: { from: snapshot, override } });
    expect(resumed.trained).toBeGreaterThan(0);
    expect(resumed.notes[0]).toMatch(new RegExp(`^Goes on with other settings, as asked: .*${setting}`));
    // The next checkpoint has the new ones: to go on from it, nothing needs to be said.
    const again = await fit(changed, { resume: resumed.snapshots[2], epochs: 3 });
    expect(again.notes.filter((line) => line.includes('other settings'))).toEqual([]);
  },
);

test.each(Object.entries(parts))('%s made again as it was goes on without a word', async (_, part) => {
  if (['CsvLogger', 'JsonlLogger', 'TensorBoardLogger', 'ModelCheckpoint'].includes(_)) return;
  const whole = await fit(made(part, part.base));
  const resumed = await fit(made(part, part.base), { resume: whole.snapshots[1] });
  expect(resumed.weights).toEqual(whole.weights);
  expect(resumed.notes).toEqual(whole.notes);
});

describe('what has no option of its own', () => {
  /** The lines of a refusal, without the first and last. */
  async function refusal(before: Made, after: Made, at: 'end' | 'inside' = 'end'): Promise<string[]> {
    const { snapshots, inside } = await fit(before, { epochs: 1 });
    const resume = at === 'end' ? snapshots[1] : inside[1];
    const error = await fit(after, { resume }).then(
      () => new Error('was not refused'),
      (reason: Error) => reason,
    );
    return error.message.split('\n').filter((line) => line.startsWith('  '));
  }

  const dropout = (rate: number) => {
    const model = linearModel();
    model.layers[0].getConfig = () => ({ name: 'flat', rate });
    return model;
  };

  test.each<[string, Made, Made, RegExp[]]>([
    ['the seed', { seed: 1 }, { seed: 2 }, [/^ {2}generator\.seed was 1, and is 2$/]],
    [
      'data of the same size',
      {},
      { data: () => digits(1) },
      [/^ {2}train\.data\.images was Float32Array \w{16}, and/],
    ],
    [
      'a data set, and a loader, of a class of one’s own',
      {},
      {
        train: (generator) => {
          class Other extends DataLoader {}
          class Drawn extends ArrayDataset {}
          const { images, labels, shape } = digits() as ArrayDataset;
          const drawn = new Drawn({ images, labels, shape });
          return new Other(drawn, { batchSize: 4, shuffle: true, generator });
        },
      },
      [/^ {2}train was DataLoader \{.*, and is Other \{.* data: Drawn \{/],
    ],
    [
      'one label',
      {},
      {
        data: () => {
          const set = digits() as unknown as { labels: Int32Array };
          set.labels[3] = 2;
          return set as never;
        },
      },
      [/^ {2}train\.data\.labels was/],
    ],
    [
      'other samples of the same data',
      { data: () => new Subset(digits(), [0, 1, 2, 3, 4, 5, 6, 7]) },
      { data: () => new Subset(digits(), [0, 1, 2, 3, 4, 5, 6, 8]) },
      [/^ {2}train\.data\.indices was/],
    ],
    [
      'the same samples in another order',
      { data: () => new Subset(digits(), [0, 1, 2, 3]) },
      { data: () => new Subset(digits(), [1, 0, 2, 3]) },
      [/^ {2}train\.data\.indices was/],
    ],
    [
      'the order of transforms, and their numbers',
      { loader: { transform: T.compose([T.randomRotation(10), T.randomAffine({ degrees: 0 })]) } },
      { loader: { transform: T.compose([T.randomAffine({ degrees: 0 }), T.randomRotation(20)]) } },
      [/^ {2}train\.transform was \[randomRotation\(\[-10, 10\]\), randomAffine.*\], and is \[randomAffine/],
    ],
    [
      'a transform of one’s own',
      { loader: { transform: (image) => image } },
      { loader: { transform: (image) => ({ ...image }) } },
      [/^ {2}train\.transform was \[\(image\) => image\], and is \[\(image\) => \(\{ \.\.\.image \}\)\]/],
    ],
    [
      'validation data, and its transform',
      {},
      { val: () => new DataLoader(digits(6), { batchSize: 4, transform: T.normalize({ mean: 0, std: 2 }) }) },
      [/^ {2}val\.val\.transform was \[\], and is \[normalize/, /^ {2}val\.val\.data\.images was/],
    ],
    [
      'a generator of the loader’s own',
      {},
      { train: () => new DataLoader(digits(), { batchSize: 4, shuffle: true, generator: new Generator(3) }) },
      [/^ {2}train\.generator was shared with generator, and is \{ seed: 3 \}$/],
    ],
    [
      'the class of the scheduler',
      { scheduler: (made) => new StepLR(made, { stepSize: 7 }) },
      { scheduler: (made) => new ExponentialLR(made, { gamma: 0.9 }) },
      [/^ {2}scheduler was StepLR \{ .*stepSize: 7.* \}, and is ExponentialLR \{ .*gamma: 0\.9.* \}$/],
    ],
    [
      'a scheduler in a chain',
      {
        scheduler: (made) =>
          new ChainedScheduler([new ConstantLR(made), new ExponentialLR(made, { gamma: 0.9 })]),
      },
      {
        scheduler: (made) =>
          new ChainedScheduler([new ConstantLR(made), new ExponentialLR(made, { gamma: 0.8 })]),
      },
      [/^ {2}scheduler\.1\.gamma was 0\.9, and is 0\.8$/],
    ],
    [
      'a scheduler more',
      {},
      { scheduler: (made) => new StepLR(made, { stepSize: 7 }) },
      [/^ {2}scheduler was none/],
    ],
    [
      'what the scheduler watches',
      { scheduler: (made) => ({ scheduler: new ReduceLROnPlateau(made), monitor: 'valLoss' }) },
      { scheduler: (made) => ({ scheduler: new ReduceLROnPlateau(made), monitor: 'trainLoss' }) },
      [/^ {2}scheduler\.monitor was valLoss, and is trainLoss$/],
    ],
    [
      'mixup where there was none',
      {},
      { options: () => ({ mixup: mixup() }) },
      [/^ {2}mixup was none, and is \{ alpha: 1/],
    ],
    [
      'an average less',
      { callbacks: () => [new ExponentialMovingAverage({ decay: 0.9 })] },
      {},
      [/^ {2}callbacks\.ExponentialMovingAverage was \{ decay: 0\.9, warmUp: true \}, and is none$/],
    ],
    [
      'an EarlyStopping that restores weights',
      {},
      { callbacks: () => [new EarlyStopping({ patience: 2, restoreBest: true })] },
      [/^ {2}callbacks\.EarlyStopping was none/],
    ],
    [
      'how gradients are clipped',
      { options: () => ({ gradientClip: { norm: 1 } }) },
      { options: () => ({ gradientClip: { value: 1 } }) },
      [/^ {2}gradientClip\.value was none, and is 1$/, /^ {2}gradientClip\.norm was 1, and is none$/],
    ],
    [
      'a loss of one’s own',
      { options: () => ({ loss: Object.assign(crossEntropyLoss(), { settings: undefined, gamma: 1 }) }) },
      { options: () => ({ loss: Object.assign(nllLoss(), { settings: undefined }) }) },
      [/^ {2}loss was crossEntropyLoss \{/],
    ],
    [
      'the match, rate and decay of a group',
      { optimizer: () => new AdamW({ lr: 0.1, groups: [{ match: /bias/, lr: 0.2 }] }) },
      { optimizer: () => new AdamW({ lr: 0.1, groups: [{ match: /kernel/, lr: 0.3, weightDecay: 0 }] }) },
      [
        /^ {2}optimizer\.groups\.1\.match was \/bias\/, and is \/kernel\/$/,
        /^ {2}optimizer\.groups\.1\.lr was 0\.2, and is 0\.3$/,
        /^ {2}optimizer\.groups\.1\.weightDecay was 0\.01, and is 0$/,
      ],
    ],
    [
      'a layer’s configuration',
      { options: () => ({ model: dropout(0.2) }) },
      { options: () => ({ model: dropout(0.5) }) },
      [/^ {2}model\.Flatten#0\.rate was 0\.2, and is 0\.5$/],
    ],
    [
      'another class of optimizer, which no override allows',
      {},
      { optimizer: () => new SGD({ lr: 0.1 }) },
      [/^ {2}optimizer was Adam \{ .* \}, and is SGD \{ .* \}: its state does not fit$/],
    ],
  ])('%s', async (_, before, after, expected) => {
    const lines = await refusal(before, after);
    expect(lines).toHaveLength(expected.length);
    for (const [i, pattern] of expected.entries()) expect(lines[i]).toMatch(pattern);
  });

  test('inside an epoch the training data and loader must be the same, whatever is overridden', async () => {
    const changes: [Made, RegExp][] = [
      [
        { data: () => digits(1) },
        /train\.data\.images .*: the checkpoint is inside epoch 1, of which 2 batches/,
      ],
      [{ loader: { batchSize: 3 } }, /train\.batchSize was 4, and is 3: the checkpoint is inside/],
      [{ loader: { shuffle: false } }, /train\.shuffle was true, and is false: the checkpoint is inside/],
      [{ loader: { dropLast: true } }, /train\.dropLast was false, and is true: the checkpoint is inside/],
    ];
    const { inside, snapshots } = await fit({}, { epochs: 1 });
    for (const [change, pattern] of changes) {
      const attempt = fit(change, { resume: { from: inside[1], override: ['train'] } });
      await expect(attempt).rejects.toThrow(pattern);
      await expect(attempt).rejects.toThrow('Make them as they were, or start a new fit.');
      await fit(change, { resume: { from: snapshots[1], override: ['train'] } });
    }
    // What happens to the images that are still to come is a choice.
    const transform = T.normalize({ mean: 0, std: 2 });
    await fit({ loader: { transform } }, { resume: { from: inside[1], override: ['train.transform'] } });
  });

  test('all that differs is in one message, what cannot be and what can be overridden', async () => {
    const { inside } = await fit({}, { epochs: 1 });
    const after: Made = { optimizer: () => new Adam({ lr: 0.2 }), data: () => digits(1), seed: 4 };
    const error = await fit(after, { resume: { from: inside[1], override: ['generator'] } }).catch(
      (e: Error) => e,
    );
    expect((error as Error).message).toMatch(
      new RegExp(
        [
          '^The fit cannot go on from the checkpoint, which was saved with other settings:',
          '  train\\.data\\.images was Float32Array \\w+, and is Float32Array \\w+: the checkpoint is inside epoch 1, .*',
          'Make them as they were, or start a new fit\\.',
          'These differ too:',
          '  optimizer\\.lr was 0\\.1, and is 0\\.2',
          "Make them .*: resume: \\{ from: snapshot, override: \\['generator', 'optimizer\\.lr'\\] \\}\\.$",
        ].join('\n'),
      ),
    );
  });
});

describe('what is free', () => {
  test.each<[string, Made, Made]>([
    [
      'more epochs, a limit of steps and of time',
      {},
      { options: () => ({ maxSteps: 99, maxTime: { hours: 1 } }) },
    ],
    [
      'callbacks that watch',
      {},
      { callbacks: () => [new ProgressBar({ bar: false, log: () => {} }), new LearningRateMonitor()] },
    ],
    ['callbacks that do not watch any more', { callbacks: () => [{ onEpochEnd() {} }] }, {}],
    ['an early stop more', {}, { callbacks: () => [new EarlyStopping({ patience: 3 })] }],
    ['an early stop less', { callbacks: () => [new EarlyStopping({ patience: 3 })] }, {}],
    ['a metric more', {}, { options: () => ({ metrics: { top2: topKAccuracy({ k: 2 }) } }) }],
    ['whether batches are prepared ahead', {}, { loader: { prefetch: true } }],
    [
      'defaults that are spelt out',
      {},
      {
        optimizer: () =>
          new Adam({ lr: 0.1, betas: [0.9, 0.999], eps: 1e-8, weightDecay: 0, amsgrad: false }),
        options: () => ({ accumulateGradBatches: 1, valEvery: 1, reproducible: true }),
        loader: { dropLast: false, transform: T.compose([]) },
      },
    ],
    [
      'one number for all channels, or one for each',
      { loader: { transform: T.normalize({ mean: 0.5, std: 2 }) } },
      { loader: { transform: T.compose([T.compose([T.normalize({ mean: [0.5], std: [2] })])]) } },
    ],
  ])('%s', async (_, before, after) => {
    const whole = await fit(before, { epochs: 3 });
    const resumed = await fit(after, { resume: whole.snapshots[1], epochs: 3 });
    expect(resumed.weights).toEqual(whole.weights);
    expect(resumed.notes.join()).not.toContain('settings');
  });
});

describe('overrides', () => {
  test.each([
    ['optimzer.lr', 'optimizer.lr'],
    ['lr', 'optimizer.lr'],
    ['weight_decay', 'optimizer.weightDecay'],
    ['transforms', 'train.transform'],
    ['Optimizer', 'optimizer'],
  ])('%s is refused: %s was meant', async (name, meant) => {
    const { snapshots } = await fit({}, { epochs: 1 });
    for (const from of [snapshots[1], 'auto']) {
      const attempt = fit(
        { callbacks: () => [{ latestCheckpoint: () => Promise.resolve(undefined) }] },
        { resume: { from, override: [name] } },
      );
      await expect(attempt).rejects.toThrow(
        `\`resume.override\` must name settings (did you mean \`${meant}\`?). Received: resume.override="${name}"`,
      );
    }
  });

  test('that are none are refused', async () => {
    const { snapshots } = await fit({}, { epochs: 1 });
    const from = snapshots[1];
    const attempt = (resume: object) => fit({}, { resume: resume as never });
    await expect(attempt({ from, override: ['xylophone'] })).rejects.toThrow(
      /`resume\.override` must name settings of model, optimizer, loss, train, val, generator, .*epochs/,
    );
    await expect(attempt({ from, override: 'mixup' })).rejects.toThrow('`resume.override` must be an array');
    await expect(attempt({ from, overrides: [] })).rejects.toThrow('(did you mean `override`?)');
    await expect(attempt({ from: 5 })).rejects.toThrow("`resume` must be 'auto', the path");
    await expect(attempt({ from: undefined })).rejects.toThrow("`resume` must be 'auto', the path");
  });

  test('that do not differ are fine, and so are free ones', async () => {
    const whole = await fit({});
    const override = ['optimizer', 'train.transform', 'epochs', 'generator.seed'];
    const resumed = await fit({}, { resume: { from: whole.snapshots[1], override } });
    expect(resumed.weights).toEqual(whole.weights);
    expect(resumed.notes).toEqual([]);
  });
});

test('a part of one’s own counts by its class, and by the settings that it gives', async () => {
  class Blur {
    constructor(readonly settings?: Settings) {}
    mix() {
      return undefined;
    }
  }
  class Blot extends Blur {}
  const made = (mixup: Blur): Made => ({ options: () => ({ mixup }) });
  const { snapshots } = await fit(made(new Blur({ radius: 1 })), { epochs: 1 });
  const attempt = (mixup: Blur) => fit(made(mixup), { resume: snapshots[1] });
  await attempt(new Blur({ radius: 1 }));
  await expect(attempt(new Blur({ radius: 2 }))).rejects.toThrow('mixup.radius was 1, and is 2');
  await expect(attempt(new Blot({ radius: 1 }))).rejects.toThrow(
    'mixup was Blur { radius: 1 }, and is Blot { radius: 1 }',
  );
  await expect(attempt(new Blur())).rejects.toThrow('mixup.radius was 1, and is none');
  // Whatever is in it can be kept.
  const odd = {
    at: new Date(0),
    of: [Number.NaN, -0, undefined],
    fn: () => 1,
    big: 1n,
    by: new Float32Array(2),
  };
  const first = await fit(made(new Blur(odd as never)), { epochs: 1 });
  await fit(made(new Blur(odd as never)), { resume: first.snapshots[1] });
  const endless: { around?: object } = {};
  endless.around = endless;
  await expect(fit(made(new Blur({ of: [endless] } as never)), { epochs: 1 })).rejects.toThrow(
    '`settings.mixup.of[0].around` must be plain values, and not contain itself',
  );
});

test('MNIST is told apart by a single pixel and a single label', async () => {
  const dataset = await mnist({ split: 'test' });
  const loader = (images: Uint8Array, labels: ArrayLike<number>) =>
    new DataLoader(Object.assign(Object.create(dataset), { images, labels })).settings;
  const { images, labels } = dataset as { images: Uint8Array; labels: Int32Array };
  const seen = new Set([JSON.stringify(loader(images, labels))]);
  for (const at of [0, 1, 3, 784 * 5000 + 2, images.length - 1]) {
    const copy = images.slice();
    copy[at] ^= 1;
    seen.add(JSON.stringify(loader(copy, labels)));
  }
  for (const at of [0, 9999]) {
    const copy = labels.slice();
    copy[at] = (copy[at] + 1) % 10;
    seen.add(JSON.stringify(loader(images, copy)));
  }
  expect(seen.size).toBe(8);
  expect(JSON.stringify(loader(images.slice(), labels.slice()))).toBe([...seen][0]);
});
