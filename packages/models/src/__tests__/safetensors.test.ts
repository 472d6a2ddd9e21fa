import { DataError, InvalidArgumentError } from '@mnist-kit/core';
import {
  improvedNet,
  readSafetensors,
  readSafetensorsMetadata,
  type StateDict,
  stateDict,
  writeSafetensors,
} from '@mnist-kit/models';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { fixture } from './golden.js';

// Both `huggingface*` files were written by Hugging Face's safetensors 0.8.0 for Python.
const dict: StateDict = {
  'fc.weight': { shape: [2, 3], data: Float32Array.of(1, -2, 3.5, 0, -0, 1e-40) },
  'bn1.num_batches_tracked': { shape: [], data: Float32Array.of(12), dtype: 'I64' },
  '10': { shape: [1], data: Float32Array.of(10) },
  '9': { shape: [1], data: Float32Array.of(9) },
  'größe "quoted"\n': { shape: [0, 4], data: new Float32Array(0) },
  'a.int64': { shape: [2], data: Float32Array.of(-5, 2 ** 53), dtype: 'I64' },
};

test("the bytes written are those that Hugging Face's library writes", () => {
  expect(writeSafetensors(dict, { format: 'pt' })).toEqual(
    new Uint8Array(fixture('huggingface.safetensors')),
  );
});

test("a file of Hugging Face's library is read", () => {
  const file = fixture('huggingface.safetensors');
  expect(readSafetensors(file)).toEqual(dict);
  expect(readSafetensorsMetadata(file)).toEqual({ format: 'pt' });
});

test('every real data type is read', () => {
  const read = readSafetensors(fixture('huggingface-dtypes.safetensors'));
  const values = Object.fromEntries(Object.entries(read).map(([name, { data }]) => [name, [...data]]));
  expect(values).toEqual({
    f64: [Math.fround(0.1), -Infinity],
    f32: [0.5, Infinity],
    f16: [1.5, -2, 2 ** -24, 65504],
    bf16: [1.5, -2],
    i64: [-3, 2 ** 40],
    i32: [-7, 7],
    i16: [-300],
    i8: [-100],
    u8: [200],
    u16: [60000],
    u32: [2 ** 31],
    u64: [2 ** 63],
    bool: [0, 1],
  });
});

test('whatever is written is read back bit by bit', () => {
  const tensor = fc
    .array(fc.float({ noDefaultInfinity: false }), { maxLength: 20 })
    .map((values) => ({ shape: [values.length], data: Float32Array.from(values) }));
  const counter = fc.maxSafeInteger().map((value) => {
    return { shape: [], data: Float32Array.of(value), dtype: 'I64' as const };
  });
  const name = fc.string({ unit: 'grapheme' }).filter((key) => key !== '__metadata__');
  const metadata = fc.option(fc.dictionary(name, fc.string({ unit: 'grapheme' })), { nil: undefined });
  fc.assert(
    fc.property(fc.dictionary(name, fc.oneof(tensor, counter)), metadata, (tensors: StateDict, text) => {
      const file = writeSafetensors(tensors, text);
      const read = readSafetensors(file);
      expect(Object.keys(read).toSorted()).toEqual(Object.keys(tensors).toSorted());
      for (const [key, { shape, data, dtype }] of Object.entries(tensors))
        expect({ ...read[key], bits: bits(read[key].data) }).toEqual({
          shape,
          data,
          bits: bits(data),
          ...(dtype && { dtype }),
        });
      expect({ ...readSafetensorsMetadata(file) }).toEqual({ ...text });
    }),
  );
});

function bits(data: Float32Array): number[] {
  return [...new Uint32Array(data.slice().buffer)];
}

test('reading works from any place in a larger buffer', () => {
  const file = fixture('huggingface.safetensors');
  const buffer = new Uint8Array(file.length + 3);
  buffer.set(file, 3);
  expect(readSafetensors(buffer.subarray(3))).toEqual(dict);
});

const header = (value: unknown, dataBytes = 0) => {
  const text = new TextEncoder().encode(typeof value === 'string' ? value : JSON.stringify(value));
  const file = new Uint8Array(8 + text.length + dataBytes);
  new DataView(file.buffer).setBigUint64(0, BigInt(text.length), true);
  file.set(text, 8);
  return file;
};
const entry = (begin: number, end: number, shape = [(end - begin) / 4], dtype = 'F32') => {
  return { dtype, shape, data_offsets: [begin, end] };
};

test.each<[string, Uint8Array, RegExp]>([
  ['empty', new Uint8Array(0), /at least 8 bytes/],
  ['header beyond the file', header('{}').fill(200, 0, 1), /must end within/],
  ['header of exabytes', new Uint8Array(16).fill(255), /at most 16 MB/],
  ['no JSON', header('{"a"'), /must be JSON/],
  ['no UTF-8', header('{"a": 1}').fill(0xff, 10, 11), /must be JSON in UTF-8/],
  ['a list', header('[]'), /JSON object/],
  ['leading space', header(' {}'), /begin with "\{"/],
  ['metadata that is not text', header({ __metadata__: { a: 1 } }), /must map text to text/],
  ['an entry that is a number', header({ a: 1 }), /"a" must be an object/],
  ['an unknown field', header({ a: { ...entry(0, 4), strides: [1] } }, 4), /unknown field "strides"/],
  ['an unknown type', header({ a: entry(0, 4, [1], 'C64') }, 4), /data types .*Received: C64/],
  ['a type of the prototype', header({ a: entry(0, 4, [1], 'constructor') }, 4), /data types/],
  ['a negative size', header({ a: entry(0, 4, [-1]) }, 4), /non-negative integers/],
  ['a size with a fraction', header({ a: entry(0, 4, [0.5]) }, 4), /non-negative integers/],
  [
    'sizes whose product is too large',
    header({ a: entry(0, 4, [2 ** 40, 2 ** 40]) }, 4),
    /must have .* bytes/,
  ],
  ['a wrong size', header({ a: entry(0, 4, [2]) }, 4), /must have 8 bytes. Received: 4/],
  ['one offset', header({ a: { dtype: 'F32', shape: [1], data_offsets: [0] } }, 4), /two data offsets/],
  ['offsets the wrong way round', header({ a: entry(4, 0, [1]) }, 4), /must have 4 bytes/],
  ['an overlap', header({ a: entry(0, 8), b: entry(4, 12) }, 12), /"b" must begin at byte 8/],
  ['a hole', header({ a: entry(0, 4), b: entry(8, 12) }, 12), /"b" must begin at byte 4/],
  ['data cut off', header({ a: entry(0, 8) }, 4), /describes 8 bytes/],
  ['data left over', header({ a: entry(0, 4) }, 8), /describes 4 bytes/],
  ['a repeated name', header('{"a":1,"\\u0061":2}'), /must not repeat a name. Received: "a"/],
  [
    'a repeated field',
    header('{"a":{"dtype":"F32","shape":[0],"shape":[0],"data_offsets":[0,0]}}'),
    /Received: "shape" twice/,
  ],
  [
    'an integer that float32 cannot hold',
    writeInt64(2n ** 24n + 1n),
    /"a" \(I64\) holds 16777217, which float32 cannot hold/,
  ],
])('a bad file is refused: %s', (_, file, message) => {
  expect(() => readSafetensors(file)).toThrow(DataError);
  expect(() => readSafetensors(file)).toThrow(message);
});

function writeInt64(value: bigint): Uint8Array {
  const file = header({ a: entry(0, 8, [], 'I64') }, 8);
  new DataView(file.buffer).setBigInt64(file.length - 8, value, true);
  return file;
}

test('mutated and truncated files are read or refused, never anything else', () => {
  const file = new Uint8Array(fixture('huggingface.safetensors'));
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.nat(file.length - 1), fc.integer({ min: 0, max: 255 })), {
        minLength: 1,
        maxLength: 4,
      }),
      fc.oneof({ weight: 3, arbitrary: fc.constant(file.length) }, fc.nat(file.length)),
      (changes, length) => {
        const mutated = file.slice();
        for (const [at, byte] of changes) mutated[at] = byte;
        try {
          for (const { shape, data } of Object.values(readSafetensors(mutated.subarray(0, length))))
            expect(data.length).toBe(shape.reduce((product, size) => product * size, 1));
        } catch (error) {
          expect(error).toBeInstanceOf(DataError);
        }
      },
    ),
    { numRuns: 3000 },
  );
});

test('names of the object prototype are names like any other', () => {
  const odd = Object.fromEntries(
    ['__proto__', 'constructor', 'toString'].map((key, i) => [key, { shape: [1], data: Float32Array.of(i) }]),
  );
  const read = readSafetensors(writeSafetensors(odd));
  expect(Object.keys(read).toSorted()).toEqual(['__proto__', 'constructor', 'toString']);
  expect(Object.getPrototypeOf(read)).toBe(Object.prototype);
});

test.each<[string, StateDict, RegExp]>([
  [
    'a shape that does not fit',
    { a: { shape: [3], data: new Float32Array(2) } },
    /a shape that fits its 2 values/,
  ],
  ['a fraction as int64', { a: { shape: [], data: Float32Array.of(0.5), dtype: 'I64' } }, /int64 values/],
  [
    'the reserved name',
    { __metadata__: { shape: [], data: new Float32Array(1) } },
    /other than `__metadata__`/,
  ],
  ['half a surrogate pair', { '\ud800': { shape: [], data: new Float32Array(1) } }, /Unicode names/],
])('what cannot be written is refused: %s', (_, tensors, message) => {
  expect(() => writeSafetensors(tensors)).toThrow(InvalidArgumentError);
  expect(() => writeSafetensors(tensors)).toThrow(message);
});

test('a whole net survives the way through a file', () => {
  const tensors = stateDict(improvedNet());
  expect(readSafetensors(writeSafetensors(tensors))).toEqual(tensors);
});
