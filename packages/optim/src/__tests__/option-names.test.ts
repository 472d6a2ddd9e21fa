import { InvalidArgumentError, type Parameter } from '@mnist-kit/core';
import {
  Adam,
  AdamW,
  ConstantLR,
  CosineAnnealingLR,
  CosineAnnealingWarmRestarts,
  ExponentialLR,
  LambdaLR,
  LinearLR,
  LRScheduler,
  type LRSchedulerOptions,
  MultiStepLR,
  OneCycleLR,
  Optimizer,
  type OptimizerOptions,
  type ParameterGroup,
  ReduceLROnPlateau,
  SGD,
  type SGDOptions,
  StepLR,
} from '@mnist-kit/optim';
import { expect, test } from 'vitest';
import { parameter } from './fixtures.js';

type Options = Record<string, unknown>;
/** Something that takes options, called without the compiler's help as from JavaScript. */
type Call = (options: Options) => unknown;

const sgd = () => new SGD({ lr: 1 });
const closed: [string, Options, string, Call][] = [
  ['SGD', { lr: 1, weight_decay: 1 }, 'weightDecay', (o) => new SGD(o as never)],
  ['Adam', { lr: 1, beta: [0.9, 0.99] }, 'betas', (o) => new Adam(o as never)],
  ['AdamW', { lr: 1, epsilon: 1 }, 'eps', (o) => new AdamW(o as never)],
  [
    'groups[0] of Adam',
    { match: /x/, learningRate: 1 },
    'lr',
    (o) => new Adam({ lr: 1, groups: [o as never] }),
  ],
  ['StepLR', { step_size: 1 }, 'stepSize', (o) => new StepLR(sgd(), o as never)],
  ['MultiStepLR', { milestones: [1], gama: 1 }, 'gamma', (o) => new MultiStepLR(sgd(), o as never)],
  ['ExponentialLR', { gamma: 1, intervall: 'step' }, 'interval', (o) => new ExponentialLR(sgd(), o as never)],
  ['ConstantLR', { total_iters: 1 }, 'totalIters', (o) => new ConstantLR(sgd(), o)],
  ['LinearLR', { start_factor: 1 }, 'startFactor', (o) => new LinearLR(sgd(), o)],
  ['LambdaLR', { lr_lambda: () => 1 }, 'lrLambda', (o) => new LambdaLR(sgd(), o as never)],
  ['CosineAnnealingLR', { T_max: 9 }, 'tMax', (o) => new CosineAnnealingLR(sgd(), o as never)],
  [
    'CosineAnnealingWarmRestarts',
    { t0: 1, T_mult: 2 },
    'tMult',
    (o) => new CosineAnnealingWarmRestarts(sgd(), o as never),
  ],
  ['ReduceLROnPlateau', { min_lr: 1 }, 'minLr', (o) => new ReduceLROnPlateau(sgd(), o)],
  ['OneCycleLR', { max_lr: 1, totalSteps: 9 }, 'maxLr', (o) => new OneCycleLR(sgd(), o as never)],
];

test.each(closed)('%s refuses %o and names %s', (owner, options, meant, call) => {
  expect(() => call(options)).toThrow(InvalidArgumentError);
  expect(() => call(options)).toThrow(`is not an option of ${owner} (did you mean \`${meant}\`?)`);
});

test.each([
  ['Adam', () => new (Adam as unknown as new () => Adam)()],
  ['SGD', () => new SGD(0.1 as never)],
  ['AdamW', () => new AdamW([parameter('a', [1])] as never)],
  ['StepLR', () => new (StepLR as unknown as new (o: Optimizer) => StepLR)(sgd())],
  ['LinearLR', () => new LinearLR(sgd(), 0.1 as never)],
])('%s without an object of options says what it needs', (owner, construct) => {
  expect(construct).toThrow(InvalidArgumentError);
  expect(construct).toThrow(`\`options\` of ${owner} must be an object such as {`);
});

test('classes that extend have options of their own, and hand them on whole', () => {
  interface LionOptions extends OptimizerOptions {
    sharpness: number;
  }
  class Lion extends Optimizer {
    readonly kind = 'Lion';
    protected readonly slotNames = [];
    readonly sharpness: number;
    constructor(options: LionOptions) {
      super(options);
      this.sharpness = options.sharpness;
    }
    protected update({ value, gradient }: Parameter, { lr }: ParameterGroup): void {
      for (let i = 0; i < value.length; i++) value[i] -= lr * Math.tanh(this.sharpness * gradient[i]);
    }
  }
  expect(new Lion({ lr: 1, sharpness: 3 }).sharpness).toBe(3);

  class ClippedSGD extends SGD {
    constructor(options: SGDOptions & { clip: number }) {
      super(options);
    }
  }
  expect(new ClippedSGD({ lr: 0.5, momentum: 0.9, clip: 1 }).momentum).toBe(0.9);

  class Halving extends LRScheduler {
    readonly kind = 'Halving';
    constructor(optimizer: Optimizer, options: LRSchedulerOptions & { times: number }) {
      super(optimizer, options);
    }
    protected nextLr({ lr }: ParameterGroup): number {
      return lr / 2;
    }
  }
  const scheduler = new Halving(sgd(), { times: 2, interval: 'step' });
  scheduler.step();
  expect([scheduler.lr, scheduler.interval]).toEqual([0.5, 'step']);

  class SlowStepLR extends StepLR {}
  expect(new SlowStepLR(sgd(), { stepSize: 2, warmup: 1 } as never).kind).toBe('StepLR');
});

test('messages call optimizers and schedulers as users do', () => {
  const optimizer = sgd();
  const parts = [
    new Adam({ lr: 0.1 }),
    optimizer,
    new ReduceLROnPlateau(optimizer),
    new StepLR(optimizer, { stepSize: 1 }),
    new LinearLR(optimizer),
  ];
  const received = parts.map((part) => new InvalidArgumentError('part', 'must be another', part).message);
  expect(received.map((message) => message.split('part=')[1])).toEqual([
    ...['Adam', 'SGD', 'ReduceLROnPlateau', 'StepLR', 'LinearLR'],
  ]);
});
