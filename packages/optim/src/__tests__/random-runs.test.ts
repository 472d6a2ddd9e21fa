import * as optim from '@mnist-kit/optim';
import { expect, test } from 'vitest';
import { fixture, parameter } from './fixtures.js';

interface Schedule {
  chained: boolean;
  parts: { kind: string; options: Record<string, unknown> }[];
}

/** What a run does, and what PyTorch has after it. */
type Event = { lrs: number[]; momentum: number } & (
  | { do: 'step'; gradients: number[][]; values: number[][] }
  | { do: 'schedule'; metric: number | 'NaN' }
  | { do: 'make'; schedule: Schedule }
  | { do: 'setLr'; group: number; lr: number }
  | { do: 'setMomentum'; momentum: number }
  | { do: 'resume' }
);

interface Run {
  kind: 'SGD' | 'Adam' | 'AdamW';
  options: optim.OptimizerOptions;
  groups: { lr?: number; weightDecay?: number }[];
  start: number[][];
  events: Event[];
}

type Scheduler = optim.LRScheduler | optim.ChainedScheduler;

function makeOptimizer({ kind, options, groups }: Run): optim.Optimizer {
  const kinds = { SGD: optim.SGD, Adam: optim.Adam, AdamW: optim.AdamW };
  return new kinds[kind]({
    ...options,
    groups: groups.map((group, i) => ({ ...group, match: (name) => name === `p${i + 1}` })),
  });
}

function makeSchedule(optimizer: optim.Optimizer, { chained, parts }: Schedule): Scheduler {
  const schedulers = parts.map(({ kind, options }) => {
    if (kind === 'LambdaLR') {
      const lrLambda = (epoch: number) => (options.power as number) ** epoch;
      return new optim.LambdaLR(optimizer, { lrLambda, interval: 'step' });
    }
    const Kind = { ...optim }[kind as 'StepLR'] as unknown as new (
      optimizer: optim.Optimizer,
      options: object,
    ) => optim.LRScheduler;
    return new Kind(optimizer, { ...options, interval: 'step' });
  });
  return chained ? new optim.ChainedScheduler(schedulers) : schedulers[0];
}

/** The events of a run on our side; a function that takes one and gives what there is after it. */
function player(run: Run) {
  const parameters = run.start.map((values, i) => parameter(`p${i}`, values));
  const schedules: Schedule[] = [];
  let optimizer = makeOptimizer(run);
  let schedulers: Scheduler[] = [];
  const act = (event: Event): void => {
    switch (event.do) {
      case 'step':
        for (const [i, { gradient }] of parameters.entries()) gradient.set(event.gradients[i]);
        optimizer.step(parameters);
        return;
      case 'schedule':
        for (const scheduler of schedulers)
          scheduler.step('mode' in scheduler && scheduler.mode ? Number(event.metric) : undefined);
        return;
      case 'make':
        schedules.push(event.schedule);
        schedulers.push(makeSchedule(optimizer, event.schedule));
        return;
      case 'setLr':
        optimizer.groups[event.group].lr = event.lr;
        return;
      case 'setMomentum':
        optimizer.momentum = event.momentum;
        return;
      case 'resume': {
        const saved = structuredClone([optimizer.state(), schedulers.map((s) => s.state())] as const);
        optimizer = makeOptimizer(run);
        schedulers = schedules.map((schedule) => makeSchedule(optimizer, schedule));
        optimizer.loadState(saved[0]);
        for (const [i, scheduler] of schedulers.entries()) scheduler.loadState(saved[1][i] as never);
      }
    }
  };
  return (event: Event) => {
    act(event);
    return {
      lrs: optimizer.groups.map(({ lr }) => lr),
      momentum: optimizer.momentum,
      values: parameters.map(({ value }) => [...value]),
    };
  };
}

test.each(fixture<Run[]>('random-runs.json').map((run, i) => [i, run.kind, run] as const))(
  "PyTorch's learning rates, momentum and values after every event of random program %i, %s",
  (_, __, run) => {
    const play = player(run);
    let largest = 1;
    for (const [k, event] of run.events.entries()) {
      const { lrs, momentum, values } = play(event);
      const what = `event ${k}, ${event.do}`;
      for (const [i, lr] of event.lrs.entries())
        expect(Math.abs(lrs[i] - lr), `${what}: lr`).toBeLessThanOrEqual(1e-11 * Math.abs(lr) + 1e-15);
      expect(momentum, `${what}: momentum`).toBeCloseTo(event.momentum, 11);
      if (event.do !== 'step') continue;
      for (const [i, row] of event.values.entries())
        for (const [j, value] of row.entries()) {
          largest = Math.max(largest, Math.abs(value));
          expect(Math.abs(values[i][j] - value), `${what}: value`).toBeLessThan(1e-5 * largest);
        }
    }
  },
);
