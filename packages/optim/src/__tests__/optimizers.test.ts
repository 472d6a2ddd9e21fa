import { CheckpointError, InvalidArgumentError } from '@mnist-kit/core';
import { Adam, AdamW, type Optimizer, type OptimizerOptions, SGD } from '@mnist-kit/optim';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { fixture, parameter } from './fixtures.js';

type Values = Record<string, number[]>;
interface Golden {
  start: Values;
  gradients: Values[];
  cases: {
    kind: 'SGD' | 'Adam' | 'AdamW';
    options: OptimizerOptions;
    bias: { lr: number; weightDecay: number } | null;
    after: Record<string, Values>;
  }[];
}

const kinds = { SGD, Adam, AdamW };
const golden = fixture<Golden>('optimizers.json');
const names = Object.keys(golden.start);

const make = ({ kind, options, bias }: Golden['cases'][number]): Optimizer =>
  new kinds[kind]({ ...options, groups: bias ? [{ match: /bias$/, ...bias }] : [] });
const start = () => names.map((name) => parameter(name, golden.start[name]));

/** Takes the steps from `from` to before `to`. */
function run(optimizer: Optimizer, parameters: ReturnType<typeof start>, from: number, to: number): void {
  for (const gradients of golden.gradients.slice(from, to)) {
    for (const { name, gradient } of parameters) gradient.set(gradients[name]);
    optimizer.step(parameters);
  }
}

describe.each(golden.cases)('$kind $options $bias', (golden) => {
  test.each(Object.keys(golden.after))('has the bits of PyTorch after step %s', (step) => {
    const parameters = start();
    run(make(golden), parameters, 0, Number(step));
    for (const { name, value } of parameters) {
      expect([...value]).toEqual(golden.after[step][name]);
    }
  });

  test('goes on with the same bits from a saved state', () => {
    const parameters = start();
    const first = make(golden);
    run(first, parameters, 0, 5);
    const second = make({ ...golden, options: { ...golden.options, lr: 7 } });
    second.loadState(structuredClone(first.state()));
    run(second, parameters, 5, 12);
    for (const { name, value } of parameters) expect([...value]).toEqual(golden.after[12][name]);
  });
});
