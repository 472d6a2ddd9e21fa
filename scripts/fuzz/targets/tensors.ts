import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { StateDict, StateTensor } from '@mnist-kit/models';
import fc from 'fast-check';
import { law } from '../target.js';

/** Golden files of the models' tests, small ones. */
export function fixtures(ending: string, of = 'models'): Uint8Array[] {
  const folder = join(process.cwd(), 'packages', of, 'src/__tests__/fixtures');
  return readdirSync(folder)
    .filter((name) => name.endsWith(ending))
    .toSorted()
    .map((name) => new Uint8Array(readFileSync(join(folder, name))))
    .filter((content) => content.length < 40_000);
}

const floats: fc.Arbitrary<StateTensor> = fc.array(fc.nat(3), { maxLength: 4 }).chain((shape) => {
  const length = shape.reduce((product, size) => product * size, 1);
  return fc
    .array(fc.float(), { minLength: length, maxLength: length })
    .map((values) => ({ shape, data: Float32Array.from(values) }));
});
const counter: fc.Arbitrary<StateTensor> = fc
  .oneof(fc.nat(), fc.maxSafeInteger())
  .map((value) => ({ shape: [], data: Float32Array.of(value), dtype: 'I64' as const }));
const name = fc.oneof(
  fc.constantFrom('conv1.weight', 'bn1.num_batches_tracked', '__proto__', '0', '1', 'ключ', 'a"b\\', ''),
  fc.string({ unit: 'grapheme', maxLength: 8 }).filter((key) => key.isWellFormed()),
);

/** State dicts of every kind of tensor and name. */
export function stateDicts(seed: number): StateDict[] {
  const dict = fc
    .uniqueArray(fc.tuple(name, fc.oneof(floats, counter)), { maxLength: 6, selector: ([key]) => key })
    .map((entries) => Object.fromEntries(entries) as StateDict);
  return fc.sample(dict, { seed, numRuns: 12 });
}

/** Shapes are whole and fit the values. */
export function checkDict(dict: StateDict): void {
  for (const [name, { shape, data, int64 }] of Object.entries(dict)) {
    law(
      shape.every((size) => Number.isSafeInteger(size) && size >= 0),
      `${JSON.stringify(name)} has the shape ${shape}`,
    );
    const length = shape.reduce((product, size) => product * size, 1);
    law(length === data.length, `${JSON.stringify(name)} of shape [${shape}] has ${data.length} values`);
    law(int64 === undefined || int64.length === length, `${JSON.stringify(name)} has ${int64?.length} int64`);
  }
}

/** Every name, shape and value is the same, to the bit. */
export function checkSame(first: StateDict, second: StateDict): void {
  const names = Object.keys(first).toSorted();
  law(
    String(names) === String(Object.keys(second).toSorted()),
    `names ${names} became ${Object.keys(second)}`,
  );
  for (const name of names) {
    const [a, b] = [first[name], second[name]];
    const same =
      String(a.shape) === String(b.shape) &&
      a.data.every((value, i) => Object.is(value, b.data[i])) &&
      String(a.int64 ?? '') === String(b.int64 ?? '');
    law(same, `${JSON.stringify(name)} is not the same after it was written and read again`);
  }
}
