import { InvalidArgumentError, MnistKitError } from '@mnist-kit/core';
import * as models from '@mnist-kit/models';
import { loadModel, saveModel } from '@mnist-kit/models/node';
import { expect, test } from 'vitest';

const model = models.optimizedNet();
const disposed = models.optimizedNet();
disposed.dispose();
const tensor = { shape: [1], data: Float32Array.of(1) };

/** What a program in JavaScript may hand in by mistake. */
const wrong: Readonly<Record<string, unknown>> = {
  ...{ null: null, undefined: undefined, 'a number': 0, text: 'x', 'a list': [], 'an object': {} },
  ...{
    'a disposed model': disposed,
    'a map': new Map([['a', tensor]]),
    bytes: new Uint8Array(3),
    symbol: Symbol('x'),
  },
  ...{
    'a null tensor': { a: null },
    'no shape': { a: { data: tensor.data } },
    'no data': { a: { shape: [1] } },
  },
  ...{
    'a list of values': { a: { shape: [1], data: [1] } },
    'int64 of numbers': { a: { ...tensor, int64: [1] } },
  },
  ...{
    'int64 without bigints': { a: { ...tensor, dtype: 'I64', int64: [1] } },
    'a function': () => {},
    NaN: Number.NaN,
  },
};

const functions = {
  ...Object.fromEntries(
    Object.entries(models).filter(([name]) => /^[a-z]/.test(name) && name !== 'OpaqueTorchValue'),
  ),
  ...{ loadModel, saveModel },
} as unknown as Record<string, (...args: readonly unknown[]) => unknown>;

test.each(Object.keys(functions))('%s says which argument is wrong, whatever it is given', async (name) => {
  for (const [what, first] of Object.entries(wrong))
    for (const args of [[first], [model, first], [first, first], [model, { a: tensor }, first]]) {
      // A path that text would be.
      if (name === 'saveModel' && typeof args[1] === 'string') continue;
      try {
        await functions[name](...args);
      } catch (error) {
        if (!(error instanceof MnistKitError)) throw new Error(`${what}: ${error}`, { cause: error });
      }
    }
});

test.each([
  ['stateDict', [null], 'model'],
  ['loadStateDict', [model, null], 'dict'],
  ['loadStateDict', [model, new Map()], 'dict'],
  ['loadStateDict', [null, {}], 'model'],
  ['loadStateDict', [disposed, {}], 'model'],
  ['loadStateDict', [model, {}, { strict: 'no' }], 'strict'],
  ['toTorchNames', [model, undefined], 'weights'],
  ['fromTorchNames', [model, { 'fc.bias': 3 }], 'dict'],
  ['summary', [undefined], 'model'],
  ['parameterBreakdown', [disposed], 'model'],
  ['initialize', [disposed], 'model'],
  ['saveModel', [disposed, 'x'], 'model'],
  ['writeSafetensors', [null], 'dict'],
  ['writeSafetensors', [{}, 'pt'], 'metadata'],
  ['writeTorchFile', [[]], 'dict'],
  ['readSafetensorsMetadata', [null], 'bytes'],
] as const)('%s names the argument that is wrong: %#', async (name, args, argument) => {
  const error = await Promise.resolve()
    .then(() => functions[name](...args))
    .catch((caught: unknown) => caught);
  expect(error).toBeInstanceOf(InvalidArgumentError);
  expect((error as InvalidArgumentError).argument).toBe(argument);
});
