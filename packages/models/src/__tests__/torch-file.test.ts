import { CheckpointError, InvalidArgumentError } from '@mnist-kit/core';
import {
  loadStateDict,
  optimizedNet,
  readTorchFile,
  readTorchValue,
  type StateDict,
  stateDict,
  writeTorchFile,
} from '@mnist-kit/models';
import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { firstImages, fixture } from './golden.js';
import { bytes, dict, integer, list, orderedDict, pickle, tensor, text, torchFile } from './torch-pickle.js';

// What PyTorch 1.13 put into the torch-*.pth files: see torch-file.py.
const held = JSON.parse(new TextDecoder().decode(fixture('torch-file.json')));

/** As torch-file.py writes values to JSON. */
function jsonLike(value: unknown): unknown {
  if (typeof value === 'bigint') return String(value);
  if (Array.isArray(value)) return value.map(jsonLike);
  if (value === null || typeof value !== 'object') return value;
  if (!('data' in value && value.data instanceof Float32Array))
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, jsonLike(item)]));
  const data = Array.from(value.data, (x) =>
    Math.abs(x) === Infinity ? `${x}`.replace('inity', '').toLowerCase() : x,
  );
  return { shape: (value as unknown as { shape: number[] }).shape, data };
}

test('a net that PyTorch saved gives the log-probabilities that it gives in PyTorch', () => {
  const model = optimizedNet();
  loadStateDict(model, readTorchFile(fixture('torch-optimized-net.pth')));
  const images = tf.tensor4d(firstImages(4), [4, 28, 28, 1]);
  const outputs = model.predict(images) as tf.Tensor;
  const got = outputs.dataSync();
  expect(got).toHaveLength(40);
  held.log_probs.flat().forEach((expected: number, i: number) => {
    expect(Math.abs(got[i] - expected)).toBeLessThan(1e-5);
  });
  tf.dispose([images, outputs]);
  model.dispose();
});

test('a state dict of PyTorch comes back from a model as it went in', () => {
  const tensors = readTorchFile(fixture('torch-optimized-net.pth'));
  const model = optimizedNet();
  loadStateDict(model, tensors);
  expect(stateDict(model)).toEqual(tensors);
  expect(Object.keys(stateDict(model))).toEqual(Object.keys(tensors));
  expect(tensors['bn1.num_batches_tracked']).toEqual({ shape: [], data: Float32Array.of(5), dtype: 'I64' });
});

test('a whole checkpoint is read with all that is in it', () => {
  expect(jsonLike(readTorchValue(fixture('torch-checkpoint.pth')))).toEqual(held.checkpoint);
});

test('the state dict of a checkpoint is found, or named by its key', () => {
  const file = fixture('torch-checkpoint.pth');
  expect(jsonLike(readTorchFile(file))).toEqual(held.small);
  expect(readTorchFile(file, { key: 'model_state_dict' })).toEqual(readTorchFile(file));
  expect(() => readTorchFile(file, { key: 'ema' })).toThrow(/must have the key "ema". Received: "epoch", /);
  expect(() => readTorchFile(file, { key: 'history' })).toThrow(
    /"history" must be a dict of tensors. Received: list/,
  );
  expect(() => readTorchFile(file, { key: 'optimizer_state_dict' })).toThrow(/Received: dict at "state"/);
});

test('one of several state dicts must be chosen', () => {
  const file = torchFile(
    pickle(
      dict(text('model'), dict(text('w'), tensor()), text('ema'), dict(text('w'), tensor({ size: [2] }))),
    ),
  );
  expect(() => readTorchFile(file)).toThrow(CheckpointError);
  expect(() => readTorchFile(file)).toThrow(/several state dicts; choose one .*"model", "ema"/);
  expect(readTorchFile(file, { key: 'ema' }).w.shape).toEqual([2]);
});

test('views of a storage get the values that PyTorch shows', () => {
  expect(jsonLike(readTorchFile(fixture('torch-views.pth')))).toEqual(held.views);
});

test('every real data type of PyTorch is read', () => {
  const tensors = readTorchFile(fixture('torch-dtypes.pth'));
  expect(jsonLike(tensors)).toEqual(held.dtypes);
  expect(Object.keys(tensors).filter((name) => tensors[name].dtype === 'I64')).toEqual(['int64']);
});

test.each(['protocol3', 'protocol4', 'protocol5', 'deflated'])('a file is read: %s', (name) => {
  expect(jsonLike(readTorchFile(fixture(`torch-${name}.pth`)))).toEqual(held.small);
});

test('the entries that PyTorch 2 adds are looked at as far as they matter', () => {
  const file = (byteorder: string) =>
    torchFile(pickle(dict(text('w'), tensor())), {
      '.format_version': bytes('1'),
      '.storage_alignment': bytes('64'),
      byteorder: bytes(byteorder),
      'data/0': bytes('\0\0\x80\x3f'.repeat(4)),
      '.data/serialization_id': bytes('0'.repeat(40)),
    });
  expect(readTorchFile(file('little'))).toEqual({ w: { shape: [4], data: Float32Array.of(1, 1, 1, 1) } });
  expect(() => readTorchFile(file('big'))).toThrow(/byte order "little". Received: "big"/);
});

test('reading works from any place in a larger buffer', () => {
  const file = fixture('torch-protocol4.pth');
  const buffer = new Uint8Array(file.length + 3);
  buffer.set(file, 3);
  expect(jsonLike(readTorchFile(buffer.subarray(3)))).toEqual(held.small);
});

test('the tensors read are copies', () => {
  const file = new Uint8Array(fixture('torch-views.pth'));
  const first = readTorchFile(file);
  first.contiguous.data.fill(0);
  expect(first.transposed.data[1]).toBe(6);
  expect(readTorchFile(file).contiguous.data[1]).toBe(1);
});

test('a file of the time before PyTorch 1.6 is refused with a way out', () => {
  expect(() => readTorchFile(fixture('torch-legacy.pth'))).toThrow(CheckpointError);
  expect(() => readTorchFile(fixture('torch-legacy.pth'))).toThrow(/torch.save\(torch.load\(path\), path\)/);
});

test('a whole module is refused with a way out', () => {
  const message = /"torch.nn.modules.container.Sequential".*torch.save\(model.state_dict\(\), path\)/;
  expect(() => readTorchFile(fixture('torch-module.pth'))).toThrow(CheckpointError);
  expect(() => readTorchValue(fixture('torch-module.pth'))).toThrow(message);
});

const tensors: fc.Arbitrary<StateDict> = fc.dictionary(
  fc.string({ unit: 'grapheme' }),
  fc.oneof(
    fc.tuple(fc.array(fc.nat(3), { maxLength: 5 }), fc.float()).map(([shape, value]) => {
      const length = shape.reduce((product, size) => product * size, 1);
      return { shape, data: Float32Array.from({ length }, (_, i) => value + i) };
    }),
    fc.maxSafeInteger().map((value) => {
      return { shape: [], data: Float32Array.of(value), dtype: 'I64' as const };
    }),
  ),
);

test('whatever is written is read back, the order included', () => {
  fc.assert(
    fc.property(tensors, (written) => {
      const file = writeTorchFile(written);
      const read = readTorchFile(file);
      expect(read).toEqual(written);
      expect(Object.keys(read)).toEqual(Object.keys(written));
      expect(readTorchValue(file)).toEqual(written);
    }),
  );
});

test('the content of every entry written begins at a multiple of 64 bytes', () => {
  const file = writeTorchFile(stateDict(optimizedNet()));
  const view = new DataView(file.buffer);
  let entries = 0;
  let at = 0;
  while (view.getUint32(at, true) === 0x04034b50) {
    const content = at + 30 + view.getUint16(at + 26, true) + view.getUint16(at + 28, true);
    expect(content % 64).toBe(0);
    at = content + view.getUint32(at + 18, true);
    entries++;
  }
  expect(entries).toBe(37 + 3);
});

test.each<[string, StateDict, RegExp]>([
  [
    'a shape that does not fit',
    { a: { shape: [3], data: new Float32Array(2) } },
    /a shape that fits its 2 values/,
  ],
  ['a fraction as int64', { a: { shape: [], data: Float32Array.of(0.5), dtype: 'I64' } }, /int64 values/],
  ['half a surrogate pair', { '\ud800': { shape: [], data: new Float32Array(1) } }, /Unicode names/],
  ['an endless axis', { a: { shape: [0, 2 ** 31], data: new Float32Array(0) } }, /sizes below 2\^31/],
])('what cannot be written is refused: %s', (_, written, message) => {
  expect(() => writeTorchFile(written)).toThrow(InvalidArgumentError);
  expect(() => writeTorchFile(written)).toThrow(message);
});

test('arguments of the wrong kind are refused by name', () => {
  const file = fixture('torch-views.pth');
  const wrong = (value: unknown) => value as never;
  expect(() => readTorchFile(wrong('model.pth'))).toThrow(InvalidArgumentError);
  expect(() => readTorchFile(wrong('model.pth'))).toThrow(/`bytes` must be a Uint8Array/);
  expect(() => readTorchFile(file, { key: wrong(1) })).toThrow(/`key` must be text/);
  expect(() => readTorchValue(file, { maxOpcodes: NaN })).toThrow(/`maxOpcodes` must be a number/);
});

test('names of the object prototype are names like any other', () => {
  const odd = Object.fromEntries(
    ['__proto__', 'constructor', 'toString'].map((key, i) => [key, { shape: [1], data: Float32Array.of(i) }]),
  );
  const file = writeTorchFile(odd);
  for (const read of [readTorchFile(file), readTorchValue(file)]) {
    expect(Object.keys(read as object)).toEqual(['__proto__', 'constructor', 'toString']);
    expect(Object.getPrototypeOf(read)).toBe(Object.prototype);
  }
});

test('what a file shares is shared in the result', () => {
  const shared = `${list(integer(1))}q\x01`;
  const value = readTorchValue(torchFile(pickle(dict(text('a'), shared, text('b'), 'h\x01')))) as {
    a: number[];
    b: number[];
  };
  expect(value.a).toEqual([1]);
  expect(value.b).toBe(value.a);
});

test.each<[string, number | bigint]>([
  ['', 0],
  ['\xff', -1],
  ['\xff\0', 255],
  ['\0\0\0\0\0\0\x20', 2n ** 53n],
  ['\xff\xff\xff\xff\xff\xff\x1f', 2 ** 53 - 1],
  ['\0\0\0\0\0\0\0\x80', -(2n ** 63n)],
  [`${'\0'.repeat(16)}\x01`, 2n ** 128n],
  [`${'\0'.repeat(31)}\x80`, -(2n ** 255n)],
])('a long integer is read with its sign: %j', (digits, value) => {
  const long = `\x8a${String.fromCharCode(digits.length)}${digits}`;
  expect(readTorchValue(torchFile(pickle(long)))).toBe(value);
});

test('an empty state dict is one', () => {
  expect(readTorchFile(torchFile(pickle(orderedDict)))).toEqual({});
  expect(readTorchFile(writeTorchFile({}))).toEqual({});
});
