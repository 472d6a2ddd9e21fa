import { InvalidArgumentError, type Parameter } from '@mnist-kit/core';
import { Muon, type MuonOptions, OneCycleLR } from '@mnist-kit/optim';
import { describe, expect, test } from 'vitest';
import { fixture, parameter } from './fixtures.js';

type Values = Record<string, number[]>;
interface Golden {
  shapes: Record<string, number[]>;
  start: Values;
  gradients: Values[];
  cases: { options: MuonOptions; after: Record<string, Values> }[];
}

const golden = fixture<Golden>('muon.json');
const start = (): Parameter[] =>
  Object.entries(golden.shapes).map(([name, shape]) => ({ ...parameter(name, golden.start[name]), shape }));

function run(optimizer: Muon, parameters: Parameter[], from: number, to: number): void {
  for (const gradients of golden.gradients.slice(from, to)) {
    for (const { name, gradient } of parameters) gradient.set(gradients[name]);
    optimizer.step(parameters);
  }
}

describe.each(golden.cases)('$options', ({ options, after }) => {
  test.each(Object.keys(after))('has the values of PyTorch in float64 after step %s', (step) => {
    const parameters = start();
    run(new Muon(options), parameters, 0, Number(step));
    // Values and moments are float32 here: a rounding each a step, which the iterations may enlarge.
    for (const { name, value } of parameters)
      for (const [i, expected] of after[step][name].entries())
        expect(Math.abs(value[i] - expected), name).toBeLessThan(1e-6 * Number(step));
  });

  test('goes on with the same bits from a saved state', () => {
    const whole = start();
    run(new Muon(options), whole, 0, 12);
    const parameters = start();
    const first = new Muon(options);
    run(first, parameters, 0, 5);
    const second = new Muon({ ...options, lr: 7 });
    second.loadState(structuredClone(first.state()));
    run(second, parameters, 5, 12);
    expect(parameters).toEqual(whole);
  });
});

test('a kernel whose gradient is zero keeps its value, but for weight decay', () => {
  const kernel = { ...parameter('fc/kernel', [1, 2, 3, 4, 5, 6]), shape: [2, 3] };
  new Muon({ lr: 0.5, weightDecay: 0 }).step([kernel]);
  expect([...kernel.value]).toEqual([1, 2, 3, 4, 5, 6]);
});

test('groups and OneCycleLR set its rates and its momentum', () => {
  const optimizer = new Muon({ lr: 0.1, groups: [{ match: /bias/, lr: 0.01, weightDecay: 0 }] });
  new OneCycleLR(optimizer, { maxLr: [0.1, 0.01], totalSteps: 10, divFactor: 10 });
  expect(optimizer.groups.map(({ lr }) => lr)).toEqual([expect.closeTo(0.01, 12), expect.closeTo(0.001, 12)]);
  expect(optimizer.momentum).toBe(0.95);
});

test.each<[string, Partial<MuonOptions>]>([
  ['lr', { lr: -1 }],
  ['weightDecay', { weightDecay: Number.NaN }],
  ['momentum', { momentum: 1 }],
  ['nesterov', { nesterov: 'no' as unknown as boolean }],
  ['nsSteps', { nsSteps: 0 }],
  ['nsSteps', { nsSteps: 2.5 }],
  ['eps', { eps: 0 }],
  ['adjustLr', { adjustLr: 'match_rms_adamw' as 'original' }],
  ['betas', { betas: 0.9 as unknown as [number, number] }],
  ['betas[1]', { betas: [0.9, 1] }],
  ['adamEps', { adamEps: Number.POSITIVE_INFINITY }],
])('refuses a bad %s', (name, options) => {
  expect(() => new Muon({ lr: 0.1, ...options })).toThrow(InvalidArgumentError);
  expect(() => new Muon({ lr: 0.1, ...options })).toThrow(`\`${name}\``);
});

test('refuses an option that does not exist', () => {
  const options = { lr: 0.1, ns_steps: 5 } as MuonOptions;
  expect(() => new Muon(options)).toThrow('is not an option of Muon (did you mean `nsSteps`?)');
});
