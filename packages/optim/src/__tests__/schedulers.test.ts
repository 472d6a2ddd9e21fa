import { CheckpointError, InvalidArgumentError } from '@mnist-kit/core';
import * as optim from '@mnist-kit/optim';
import { Adam, LambdaLR, OneCycleLR, type Optimizer, ReduceLROnPlateau, SGD, StepLR } from '@mnist-kit/optim';
import { describe, expect, test } from 'vitest';
import { fixture } from './fixtures.js';

interface Golden {
  kind: string;
  options: Record<string, unknown>;
  startLrs: number[];
  lrs: number[][];
  metric?: number[];
  momentum?: number[];
}
type Scheduler = optim.LRScheduler | optim.ChainedScheduler;

const golden = fixture<Golden[]>('schedulers.json');

function makeOptimizer([first, ...others]: number[]): Optimizer {
  const groups = others.map((lr) => ({ match: /x/, lr }));
  return new SGD({ lr: first, momentum: 0.9, groups });
}

function make({ kind, options, startLrs }: Golden, optimizer = makeOptimizer(startLrs)): Scheduler {
  if (kind === 'Chained') {
    const { startFactor, totalIters, tMax } = options as Record<string, number>;
    return new optim.ChainedScheduler([
      new optim.LinearLR(optimizer, { startFactor, totalIters }),
      new optim.CosineAnnealingLR(optimizer, { tMax }),
    ]);
  }
  const kinds = { ...optim };
  const Kind = kinds[kind as 'StepLR'] as unknown as new (optimizer: Optimizer, options: object) => Scheduler;
  return new Kind(optimizer, options);
}

function expectClose(lrs: number[], expected: number[]): void {
  expect(lrs.length).toBe(expected.length);
  for (const [i, lr] of lrs.entries())
    expect(Math.abs(lr - expected[i])).toBeLessThanOrEqual(1e-12 * expected[i]);
}

describe.each(golden)('$kind $options', (golden) => {
  test('has the learning rates of PyTorch in every group', () => {
    const optimizer = makeOptimizer(golden.startLrs);
    const scheduler = make(golden, optimizer);
    for (const [epoch, lrs] of golden.lrs.entries()) {
      expectClose(scheduler.lrs, lrs);
      expect(scheduler.lr).toBe(optimizer.lr);
      if (golden.momentum) expect(optimizer.momentum).toBeCloseTo(golden.momentum[epoch], 12);
      if (epoch < golden.lrs.length - 1) scheduler.step(golden.metric?.[epoch]);
    }
  });

  test.each([0, 1, 3, 6])('goes on the same after a resume at epoch %i', (at) => {
    const whole = makeOptimizer(golden.startLrs);
    const parts = makeOptimizer(golden.startLrs);
    const first = make(golden, whole);
    let second = make(golden, parts);
    for (let epoch = 0; epoch < golden.lrs.length - 1; epoch++) {
      if (epoch === at) {
        const optimizerState = parts.state();
        const state = JSON.parse(JSON.stringify(second.state()));
        const next = makeOptimizer(golden.startLrs);
        second = make(golden, next);
        next.loadState(optimizerState);
        second.loadState(state);
        expect(second.state()).toEqual(JSON.parse(JSON.stringify(first.state())));
      }
      first.step(golden.metric?.[epoch]);
      second.step(golden.metric?.[epoch]);
      expect(second.lrs).toEqual(first.lrs);
    }
  });
});

interface Series {
  args: Record<string, number | string>;
  metric?: number[];
  lrs: number[];
}

const camel = (name: string) => name.replace(/_([a-zA-Z0-9])/g, (_, letter: string) => letter.toUpperCase());

test.each(Object.entries(fixture<Record<string, Series>>('notebook-schedulers.json')))(
  "the notebook's %s",
  (name, { args, metric, lrs }) => {
    const kinds: Record<string, string> = {
      step_lr: 'StepLR',
      plateau_max: 'ReduceLROnPlateau',
      plateau_min: 'ReduceLROnPlateau',
      cosine_warm_restarts: 'CosineAnnealingWarmRestarts',
      one_cycle: 'OneCycleLR',
    };
    const { lr = 0.1, ...rest } = args;
    const options: Record<string, unknown> = {};
    for (const [key, value] of Object.entries(rest))
      options[key.startsWith('T_') ? camel(key.replace('T', 't')) : camel(key)] = value;
    const scheduler = make({ kind: kinds[name], options, startLrs: [Number(lr)], lrs: [] });
    const seen = lrs.map((_, epoch) => {
      const now = scheduler.lr;
      if (epoch < lrs.length - 1) scheduler.step(metric?.[epoch]);
      return now;
    });
    expectClose(seen, lrs);
  },
);

test('a plateau scheduler needs a metric, and NaN is no improvement', () => {
  const scheduler = new ReduceLROnPlateau(new SGD({ lr: 1 }), { patience: 0, factor: 0.5 });
  expect(() => scheduler.step()).toThrow(InvalidArgumentError);
  scheduler.step(1);
  scheduler.step(Number.NaN);
  expect(scheduler.lr).toBe(0.5);
});

test('a cycle that is over says so', () => {
  const scheduler = new OneCycleLR(new SGD({ lr: 1 }), { maxLr: 1, totalSteps: 3 });
  for (let i = 0; i < 3; i++) scheduler.step();
  expect(scheduler.lr).toBeCloseTo(1 / 25 / 1e4, 12);
  expect(() => scheduler.step()).toThrow(/`totalSteps` must cover every step.*Received: totalSteps=3/);
});

test('a cycle moves the first beta of Adam, and leaves it alone when told', () => {
  const cycled = new Adam({ lr: 1 });
  new OneCycleLR(cycled, { maxLr: 1, totalSteps: 10 });
  expect(cycled.momentum).toBeCloseTo(0.95, 12);
  const kept = new Adam({ lr: 1 });
  new OneCycleLR(kept, { maxLr: 1, totalSteps: 10, cycleMomentum: false }).step();
  expect(kept.momentum).toBe(0.9);
});

test('a function of the epoch counts from 0', () => {
  const scheduler = new LambdaLR(new SGD({ lr: 2 }), { lrLambda: (epoch) => 1 / (1 + epoch) });
  const seen = [scheduler.lr];
  for (let i = 0; i < 3; i++) {
    scheduler.step();
    seen.push(scheduler.lr);
  }
  expect(seen).toEqual([2, 1, 2 / 3, 0.5]);
});

test('only the cycle steps with every batch unless told otherwise', () => {
  const optimizer = new SGD({ lr: 1 });
  expect(new OneCycleLR(optimizer, { maxLr: 1, totalSteps: 3 }).interval).toBe('step');
  expect(new StepLR(optimizer, { stepSize: 1 }).interval).toBe('epoch');
  expect(new StepLR(optimizer, { stepSize: 1, interval: 'step' }).interval).toBe('step');
});

test('warm restarts in a chain start at the base learning rate, whatever a warm-up has made of it', () => {
  const optimizer = new SGD({ lr: 0.1 });
  const chain = new optim.ChainedScheduler([
    new optim.LinearLR(optimizer, { startFactor: 0.1, totalIters: 4 }),
    new optim.CosineAnnealingWarmRestarts(optimizer, { t0: 5 }),
  ]);
  // torch.optim.lr_scheduler.ChainedScheduler([LinearLR(o, 0.1, total_iters=4), CosineAnnealingWarmRestarts(o, 5)])
  const expected = [0.1, 0.09045084971874738, 0.06545084971874737, 0.03454915028125263, 0.009549150281252633];
  expectClose(
    expected.map((_, i) => {
      if (i > 0) chain.step();
      return chain.lr;
    }),
    expected,
  );
});

test('a milestone at 0 counts, as in PyTorch', () => {
  expect(new optim.MultiStepLR(new SGD({ lr: 1 }), { milestones: [0, 0, 5] }).lr).toBeCloseTo(0.01, 12);
});

test('a plateau leaves the base to schedulers that are made later', () => {
  const optimizer = new SGD({ lr: 1 });
  new ReduceLROnPlateau(optimizer);
  optimizer.lr = 0.5;
  const later = new LambdaLR(optimizer, { lrLambda: (epoch) => 1 / (1 + epoch) });
  later.step();
  expect([later.baseLrs, later.lr]).toEqual([[0.5], 0.25]);
});

test('a cycle that is resumed keeps the learning rate and momentum that were set by hand', () => {
  const make = () => {
    const optimizer = new SGD({ lr: 1, momentum: 0.9 });
    return { optimizer, cycle: new OneCycleLR(optimizer, { maxLr: 1, totalSteps: 10 }) };
  };
  const first = make();
  first.cycle.step();
  first.optimizer.lr = 0.125;
  first.optimizer.momentum = 0.5;
  const second = make();
  second.cycle.loadState(JSON.parse(JSON.stringify(first.cycle.state())));
  expect([second.cycle.lr, second.optimizer.momentum]).toEqual([0.125, 0.5]);
});

const sgd = () => new SGD({ lr: 1 });
const plain = () => new StepLR(sgd(), { stepSize: 1 });
const bad: [string, () => unknown][] = [
  ['stepSize', () => new StepLR(sgd(), { stepSize: 0 })],
  ['gamma', () => new StepLR(sgd(), { stepSize: 1, gamma: Number.NaN })],
  ['interval', () => new StepLR(sgd(), { stepSize: 1, interval: 'batch' as 'step' })],
  ['milestones', () => new optim.MultiStepLR(sgd(), { milestones: 3 as unknown as number[] })],
  ['milestones[1]', () => new optim.MultiStepLR(sgd(), { milestones: [1, 2.5] })],
  ['gamma', () => new optim.ExponentialLR(sgd(), { gamma: -1 })],
  ['startFactor', () => new optim.LinearLR(sgd(), { startFactor: 0 })],
  ['endFactor', () => new optim.LinearLR(sgd(), { endFactor: 2 })],
  ['factor', () => new optim.ConstantLR(sgd(), { factor: 1.5 })],
  ['tMax', () => new optim.CosineAnnealingLR(sgd(), { tMax: 0 })],
  ['t0', () => new optim.CosineAnnealingWarmRestarts(sgd(), { t0: 0.5 })],
  ['tMult', () => new optim.CosineAnnealingWarmRestarts(sgd(), { t0: 1, tMult: 0 })],
  ['mode', () => new ReduceLROnPlateau(sgd(), { mode: 'up' as 'max' })],
  ['factor', () => new ReduceLROnPlateau(sgd(), { factor: 1 })],
  ['minLr', () => new ReduceLROnPlateau(sgd(), { minLr: [0, 0] })],
  ['maxLr', () => new OneCycleLR(sgd(), { maxLr: [1, 2], totalSteps: 5 })],
  ['totalSteps', () => new OneCycleLR(sgd(), { maxLr: 1 })],
  ['stepsPerEpoch', () => new OneCycleLR(sgd(), { maxLr: 1, epochs: 2, stepsPerEpoch: 0 })],
  ['pctStart', () => new OneCycleLR(sgd(), { maxLr: 1, totalSteps: 5, pctStart: 1.1 })],
  ['lrLambda', () => new LambdaLR(sgd(), { lrLambda: 1 as unknown as () => number })],
  ['lrLambda(0)', () => new LambdaLR(sgd(), { lrLambda: () => Number.NaN })],
  ['schedulers', () => new optim.ChainedScheduler([])],
  ['schedulers[1]', () => new optim.ChainedScheduler([plain(), {} as optim.LRScheduler])],
  ['schedulers', () => new optim.ChainedScheduler([plain(), plain()])],
  [
    'schedulers',
    () => {
      const optimizer = sgd();
      const modes = (['min', 'max'] as const).map((mode) => new ReduceLROnPlateau(optimizer, { mode }));
      return new optim.ChainedScheduler(modes);
    },
  ],
  ['optimizer', () => new StepLR({ stepSize: 1 } as unknown as Optimizer, { stepSize: 1 })],
  [
    'cycleMomentum',
    () => new OneCycleLR(sgd(), { maxLr: 1, totalSteps: 5, cycleMomentum: 'false' as never }),
  ],
  ['totalSteps', () => new OneCycleLR(sgd(), { maxLr: 1, totalSteps: 5, epochs: 2, stepsPerEpoch: 3 })],
  ['totalSteps', () => new OneCycleLR(sgd(), { maxLr: 1, totalSteps: 5, epochs: 5 })],
  // PyTorch's `step(epoch)`, and a metric for a scheduler that would not look at it.
  ['metric', () => plain().step(3)],
  ['metric', () => new optim.CosineAnnealingWarmRestarts(sgd(), { t0: 5 }).step(2.5)],
  ['metric', () => new optim.ChainedScheduler([plain()]).step(0.5)],
];

test.each(bad)('a wrong %s is refused with its name', (argument, construct) => {
  expect(construct).toThrow(InvalidArgumentError);
  expect(construct).toThrow(expect.objectContaining({ argument }));
});

test('a chain gives its metric to those that watch one', () => {
  const optimizer = sgd();
  const chain = new optim.ChainedScheduler([
    new ReduceLROnPlateau(optimizer, { factor: 0.5, patience: 0 }),
    new optim.ExponentialLR(optimizer, { gamma: 0.1 }),
  ]);
  expect([chain.mode, chain.optimizer]).toEqual(['min', optimizer]);
  chain.step(1);
  chain.step(1);
  expect(chain.lr).toBeCloseTo(0.005, 12);
  expect(() => chain.step()).toThrow(/`metric` must be a number/);
});

test('a state that lacks a number, or has a negative rate, is refused, and not gone on from', () => {
  const state = plain().state();
  for (const damage of [
    { epoch: undefined },
    { lrs: [null] },
    { lrs: [-0.1] },
    { lrs: [1e308] },
    { baseLrs: { length: 1 } },
    { baseLrs: [Number.NaN] },
  ]) {
    const scheduler = plain();
    expect(() => scheduler.loadState({ ...state, ...damage } as never)).toThrow(CheckpointError);
    expect(scheduler.lr).toBe(1);
  }
});

test('a state of another scheduler or another number of groups is refused', () => {
  const state = new StepLR(sgd(), { stepSize: 1 }).state();
  expect(() => new optim.ExponentialLR(sgd(), { gamma: 1 }).loadState(state)).toThrow(/of StepLR, not of/);
  expect(() => new StepLR(makeOptimizer([1, 2]), { stepSize: 1 }).loadState(state)).toThrow(CheckpointError);
});
