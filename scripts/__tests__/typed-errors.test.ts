import { MnistKitError } from '@mnist-kit/core';
import * as tfl from '@tensorflow/tfjs-layers';
import fc from 'fast-check';
import { beforeAll, expect, test } from 'vitest';
import { type Call, pathsOf, replaceAt, surface } from './surface.js';

/** Numbers of mistakes that are tried; `MISTAKES=50000` takes some minutes. */
const RUNS = Number(process.env.MISTAKES ?? 2500);

let calls: Call[];

beforeAll(async () => {
  calls = await surface();
});

const disposed = tfl.sequential({ layers: [tfl.layers.dense({ units: 2, inputShape: [2] })] });
disposed.dispose();

/** What people hand over by mistake. */
const mistakes = fc.oneof(
  { weight: 9, arbitrary: fc.constantFrom(null, undefined, 0, -1, 1.5, Number.NaN, '', 'x', {}, [], true) },
  { weight: 3, arbitrary: fc.constantFrom(Number.POSITIVE_INFINITY, () => {}, new Date(0), disposed) },
  {
    weight: 2,
    arbitrary: fc.constantFrom(new Float32Array(3), new Int32Array(2), Promise.resolve(1), new Map()),
  },
  { weight: 1, arbitrary: fc.anything({ maxDepth: 1, maxKeys: 3 }) },
);

test('every public call works as it is written', async () => {
  for (const { name, args, call } of calls)
    await expect(Promise.resolve(call(...(args as never[]))).then(() => name)).resolves.toBe(name);
});

test(
  'a wrong value anywhere in a public call is accepted or refused by a typed error',
  async () => {
    // The seed is fixed: what fails once fails again.
    const places = calls.flatMap((call) =>
      pathsOf([...call.args])
        .filter((path) => path.length > 0)
        .map((path) => ({ call, path })),
    );
    const place = fc.nat({ max: places.length - 1 });
    await fc.assert(
      fc.asyncProperty(place, mistakes, async (at, mistake) => {
        const { call, path } = places[at];
        try {
          await call.call(...(replaceAt([...call.args], path, mistake) as never[]));
        } catch (error) {
          if (!(error instanceof MnistKitError))
            throw new Error(`${call.name}, ${path.join('.')}`, { cause: error });
        }
      }),
      { numRuns: RUNS, seed: 9, includeErrorInReport: true },
    );
  },
  60_000 + 40 * RUNS,
);
