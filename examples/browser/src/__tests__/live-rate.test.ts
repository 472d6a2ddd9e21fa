import type { Parameter } from '@mnist-kit/core';
import { CosineAnnealingLR, OneCycleLR, SGD, StepLR } from '@mnist-kit/optim';
import { expect, test } from 'vitest';
import { LiveRate } from '../worker/live-rate.js';

const parameter = (): Parameter => ({
  name: 'fc/bias',
  shape: [1],
  value: new Float32Array(1),
  gradient: Float32Array.of(1),
});

const schedules = {
  StepLR: (optimizer: SGD) => new StepLR(optimizer, { stepSize: 2, gamma: 0.1 }),
  CosineAnnealingLR: (optimizer: SGD) => new CosineAnnealingLR(optimizer, { tMax: 9 }),
  OneCycleLR: (optimizer: SGD) =>
    new OneCycleLR(optimizer, { maxLr: 0.5, totalSteps: 9, cycleMomentum: false }),
};
const makeOptimizer = () => new SGD({ lr: 0.5, groups: [{ match: /bias/, lr: 0.25 }] });

/** The rates of both groups over eight steps, and what `work` does before each. */
function rates(
  make: (optimizer: SGD) => Pick<LiveRate, 'step'>,
  work: (step: number, rate: LiveRate) => void = () => {},
) {
  const optimizer = makeOptimizer();
  const scheduler = make(optimizer);
  return Array.from({ length: 8 }, (_, step) => {
    work(step, scheduler as LiveRate);
    const now = optimizer.groups.map(({ lr }) => lr);
    optimizer.step([parameter()]);
    scheduler.step();
    return now;
  });
}

for (const [name, schedule] of Object.entries(schedules)) {
  const live = (optimizer: SGD) => new LiveRate(optimizer, schedule(optimizer));

  test(`${name}: untouched, the rates are the schedule's to the bit`, () => {
    expect(rates(live)).toEqual(rates(schedule));
  });

  test(`${name}: moved by hand, every rate from then on is multiplied, and moved back they are the schedule's again`, () => {
    const plain = rates(schedule);
    const moved = rates(live, (step, rate) => {
      if (step === 3) rate.setFactor(0.5);
      if (step === 6) rate.setFactor(1);
    });
    expect(moved).toEqual(
      plain.map((row, step) => (step >= 3 && step < 6 ? row.map((lr) => lr * 0.5) : row)),
    );
  });

  test(`${name}: a saved state goes on to the same rates`, () => {
    const whole = rates(live, (step, rate) => step === 2 && rate.setFactor(0.3));
    const before = makeOptimizer();
    const first = live(before);
    for (let step = 0; step < 4; step++) {
      if (step === 2) first.setFactor(0.3);
      before.step([parameter()]);
      first.step();
    }
    const state = structuredClone(first.state());
    const optimizer = makeOptimizer();
    const second = live(optimizer);
    second.loadState(state);
    for (let step = 4; step < 8; step++) {
      expect(optimizer.groups.map(({ lr }) => lr)).toEqual(whole[step]);
      second.step();
    }
  });
}

test('without a schedule the rates stay, times the factor', () => {
  const constant = rates(
    (optimizer) => new LiveRate(optimizer),
    (step, rate) => step === 4 && rate.setFactor(2),
  );
  expect(constant).toEqual(Array.from({ length: 8 }, (_, step) => (step < 4 ? [0.5, 0.25] : [1, 0.5])));
});
