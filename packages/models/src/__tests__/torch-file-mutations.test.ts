import { CheckpointError, Generator } from '@mnist-kit/core';
import { readTorchFile, readTorchValue } from '@mnist-kit/models';
import { unzipSync, zipSync } from 'fflate';
import { expect, test } from 'vitest';
import { fixture } from './golden.js';
import {
  bytes,
  dict,
  global,
  integer,
  orderedDict,
  storage,
  tensor,
  text,
  torchFile,
  tuple,
} from './torch-pickle.js';

/** An integer from 0 to `end` - 1. */
const below = (generator: Generator, end: number) => generator.randomUint32() % end;

/** The bytes with one to four random changes: bytes set, inserted, removed, copied to elsewhere. */
function mutate(original: Uint8Array, generator: Generator): Uint8Array {
  const changed = [...original];
  for (let change = below(generator, 4); change >= 0; change--) {
    const at = below(generator, changed.length);
    const length = 1 + below(generator, 8);
    const kind = below(generator, 5);
    if (kind === 0) changed[at] = below(generator, 256);
    else if (kind === 1) changed[at] = [0, 1, 0x7f, 0x80, 0xff][below(generator, 5)];
    else if (kind === 2) changed.splice(at, 0, ...Array.from({ length }, () => below(generator, 256)));
    else if (kind === 3) changed.splice(at, Math.min(length, changed.length - 1));
    else {
      const from = below(generator, changed.length);
      changed.splice(at, length, ...changed.slice(from, from + length));
    }
  }
  return Uint8Array.from(changed);
}

/** Reads the file in both ways; whether either worked. Anything but a result or a CheckpointError fails. */
function survives(file: Uint8Array, what: string): boolean {
  const results = [readTorchFile, readTorchValue].map((read) => {
    try {
      return read(file);
    } catch (error) {
      // Not `expect` for every one of many thousand: it takes longer than the reading.
      if (!(error instanceof CheckpointError)) throw new Error(`${what}: ${error}`, { cause: error });
      return undefined;
    }
  });
  for (const { shape, data } of Object.values((results[0] ?? {}) as ReturnType<typeof readTorchFile>))
    if (shape.reduce((product, size) => product * size, 1) !== data.length)
      throw new Error(`${what}: shape [${shape}] with ${data.length} values`);
  return results.some((result) => result !== undefined);
}

function countSurvivors(count: number, make: (generator: Generator) => Uint8Array): number {
  const generator = new Generator(20);
  let survivors = 0;
  for (let i = 0; i < count; i++) if (survives(make(generator), `mutation ${i}`)) survivors++;
  return survivors;
}

test.each(['protocol3', 'protocol5', 'views', 'deflated', 'checkpoint'])(
  '2,000 mutations of a file are read or refused, never anything else: %s',
  (name) => {
    const file = new Uint8Array(fixture(`torch-${name}.pth`));
    const survivors = countSurvivors(2000, (generator) => mutate(file, generator));
    // Most changes hit a checksum; some hit padding, times or other bytes without a meaning.
    expect(survivors).toBeGreaterThan(0);
    expect(survivors).toBeLessThan(1000);
  },
);

test.each(['protocol3', 'protocol5', 'views', 'dtypes', 'checkpoint'])(
  '2,000 mutations of a pickle whose checksum is right are read or refused: %s',
  (name) => {
    const entries = unzipSync(fixture(`torch-${name}.pth`));
    const path = Object.keys(entries).find((entry) => entry.endsWith('/data.pkl'))!;
    const survivors = countSurvivors(2000, (generator) =>
      zipSync({ ...entries, [path]: mutate(entries[path], generator) }, { level: 0, mtime: 315_532_800_000 }),
    );
    expect(survivors).toBeGreaterThan(10);
    expect(survivors).toBeLessThan(1900);
  },
);

/** Opcodes and whole values, so that a random sequence of them gets beyond the first few. */
const pieces = [
  ...[
    'N',
    '\x88',
    '\x89',
    ']',
    '}',
    ')',
    '(',
    '(',
    't',
    '\x85',
    '\x86',
    '\x87',
    'a',
    'e',
    's',
    'u',
    'b',
    'R',
    'Q',
  ],
  ...['q\0', 'q\x01', 'h\0', 'h\x01', '\x94', '\x93', 'K\x04', 'M\x01\x02', 'G\x3f\xe0\0\0\0\0\0\0'],
  ...['\x8a\x01\xff', '\x8c\x01a', text('w'), text('torch'), text('FloatStorage'), integer(-1), integer(4)],
  ...[storage(), storage({ numel: 3 }), tensor(), tensor({ size: [2, 3], stride: [0, 1] }), orderedDict],
  ...[tuple(integer(4)), dict(text('w'), tensor()), global('torch', 'Size')],
  ...[global('torch._utils', '_rebuild_tensor_v2'), global('torch._utils', '_rebuild_parameter')],
];

test('10,000 random sequences of opcodes are read or refused, never anything else', () => {
  const survivors = countSurvivors(10_000, (generator) => {
    const length = 1 + below(generator, 12);
    const chosen = Array.from({ length }, () => pieces[below(generator, pieces.length)]);
    return torchFile(bytes(`\x80\x02${chosen.join('')}.`));
  });
  expect(survivors).toBeGreaterThan(100);
  expect(survivors).toBeLessThan(9000);
});
