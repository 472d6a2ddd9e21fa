import { checkOptionNames, InvalidArgumentError, type OptionNames } from '@mnist-kit/core';
import { describe, expect, it } from 'vitest';

interface Options {
  lr?: number;
  weightDecay?: number;
  betas?: number;
  val?: number;
}
const names: OptionNames<Options> = { lr: true, weightDecay: true, betas: true, val: true };
const check = (options: unknown) => checkOptionNames<Options>('Adam', options as Options, names);

describe('checkOptionNames', () => {
  it('accepts known keys, none at all, and unknown ones that are undefined', () => {
    check(undefined);
    check({});
    check({ lr: 1, weightDecay: 0 });
    check({ nothing: undefined });
  });

  it.each([
    ['weight_decay', 'weightDecay'],
    ['WeightDecay', 'weightDecay'],
    ['wieghtDecay', 'weightDecay'],
    ['weightDecy', 'weightDecay'],
    ['beta', 'betas'],
    ['learningRate', 'lr'],
    ['learning_rate', 'lr'],
    ['validation', 'val'],
  ])('%s: asks whether %s was meant', (key, meant) => {
    expect(() => check({ [key]: 0.5 })).toThrow(InvalidArgumentError);
    expect(() => check({ [key]: 0.5 })).toThrow(
      `\`${key}\` is not an option of Adam (did you mean \`${meant}\`?). Received: ${key}=0.5`,
    );
  });

  it('lists the options where nothing comes close, and does not know inherited names', () => {
    expect(() => check({ momentum: 1 })).toThrow(
      'is not an option of Adam, which has lr, weightDecay, betas, val',
    );
    expect(() => check({ toString: 1 })).toThrow('`toString` is not an option of Adam');
  });

  it.each([[0.001], ['lr'], [null], [[0.1]], [() => 1]])('refuses %s: options are an object', (options) => {
    expect(() => check(options)).toThrow('`options` of Adam must be an object such as { lr: … }');
  });
});
