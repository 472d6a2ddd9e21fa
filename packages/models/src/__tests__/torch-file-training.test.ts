import { CheckpointError, InvalidArgumentError } from '@mnist-kit/core';
import {
  loadStateDict,
  OpaqueTorchValue,
  optimizedNet,
  readSafetensors,
  readTorchFile,
  readTorchValue,
  type StateDict,
  type StateTensor,
  stateDict,
  type TorchValue,
  writeSafetensors,
  writeTorchFile,
} from '@mnist-kit/models';
import { unzipSync, zipSync } from 'fflate';
import { describe, expect, test } from 'vitest';
import { fixture } from './golden.js';
import {
  bytes,
  dict,
  global,
  integer,
  list,
  pickle,
  storage,
  tensor,
  text,
  torchFile,
  tuple,
} from './torch-pickle.js';

// Checkpoints of PyTorch 1.13, and what PyTorch and NumPy say of what is in them: see torch-training.py.
const held = JSON.parse(new TextDecoder().decode(fixture('torch-training.json')));

/** As torch-training.py writes values to JSON. */
function jsonLike(value: TorchValue): unknown {
  if (typeof value === 'bigint') return String(value);
  if (value instanceof Uint8Array) return [...value];
  if (Array.isArray(value)) return value.map(jsonLike);
  if (value === null || typeof value !== 'object' || value instanceof OpaqueTorchValue) return value;
  if ('data' in value && value.data instanceof Float32Array) {
    const { shape, data, int64 } = value as StateTensor;
    return { shape, data: Array.from(int64 ?? data, Number) };
  }
  return Object.fromEntries(
    Object.entries(value as Record<string, TorchValue>).map(([key, item]) => [key, jsonLike(item)]),
  );
}

/** The training checkpoint with other names in its pickle, as newer versions write them. */
function renamed(...names: [string, string][]): Uint8Array {
  const entries = unzipSync(fixture('torch-training.pth'));
  const path = Object.keys(entries).find((name) => name.endsWith('/data.pkl'))!;
  let data = Buffer.from(entries[path]).toString('latin1');
  for (const [from, to] of names) {
    expect(data).toContain(from);
    data = data.replaceAll(from, to);
  }
  return zipSync({ ...entries, [path]: bytes(data) }, { level: 0, mtime: 315_532_800_000 });
}

const files: [string, () => Uint8Array][] = [
  ['protocol 2', () => fixture('torch-training.pth')],
  ['protocol 5', () => fixture('torch-training5.pth')],
  ["NumPy 2's names", () => renamed(['cnumpy.core.', 'cnumpy._core.'])],
  ["Python 3.13's paths", () => renamed(['cpathlib\nP', 'cpathlib._local\nP'])],
];

describe.each(files)('a training checkpoint: %s', (_, make) => {
  test('its state dict is read, whatever lies beside it', () => {
    const tensors = readTorchFile(make());
    expect(jsonLike(tensors)).toEqual(held.checkpoint.model_state_dict);
    expect(Object.keys(tensors)).toEqual(Object.keys(held.checkpoint.model_state_dict));
    expect(tensors['bn.num_batches_tracked'].int64).toEqual(BigInt64Array.of(2n ** 24n + 1n));
  });

  test('every value is shown as PyTorch and NumPy have it, or as an object of a class', () => {
    const value = readTorchValue(make()) as Record<string, TorchValue>;
    for (const [name, expected] of Object.entries(held.checkpoint))
      expect([name, jsonLike(value[name])]).toEqual([name, expected]);
    for (const name of held.opaque) expect([name, value[name]]).toEqual([name, expect.any(OpaqueTorchValue)]);
    expect(Object.keys(value)).toEqual([...Object.keys(held.checkpoint), ...held.opaque]);
  });
});

test('an object is shown by the name of its class', () => {
  const value = readTorchValue(fixture('torch-training.pth')) as Record<string, OpaqueTorchValue>;
  expect(value.model.className).toBe('torch.nn.modules.container.Sequential');
  expect(value.config.className).toBe('__main__.Config');
  expect(value.quantised.className).toBe('torch.Tensor');
});

test('reading changes nothing in the file', () => {
  const file = fixture('torch-training5.pth');
  const before = new Uint8Array(file);
  readTorchValue(file);
  expect(new Uint8Array(file)).toEqual(before);
});

const sparse = `${global('torch._utils', '_rebuild_sparse_tensor')}${tuple('N', tuple())}R`;
const quantised = tensor({ from: storage({ type: 'QInt8Storage' }) });
const object = `${global('__main__', 'Config')})\x81${dict(text('a'), integer(1))}b`;

test.each<[string, string, RegExp]>([
  ['a sparse tensor', sparse, /asks for "torch._utils._rebuild_sparse_tensor"/],
  ['a quantised tensor', quantised, /asks for "torch.QInt8Storage"/],
  ['an object', object, /asks for "__main__.Config"/],
])('a state dict with %s is refused by name, and only where it is asked for', (_, value, message) => {
  const broken = dict(text('w'), tensor(), text('v'), value);
  const both = torchFile(pickle(dict(text('model'), broken, text('ema'), dict(text('w'), tensor()))));
  for (const read of [
    () => readTorchFile(torchFile(pickle(broken))),
    () => readTorchFile(torchFile(pickle(dict(text('epoch'), integer(1), text('model'), broken)))),
    () => readTorchFile(both, { key: 'model' }),
  ]) {
    expect(read).toThrow(CheckpointError);
    expect(read).toThrow(message);
  }
  // Not taken in silence for the one that cannot be read.
  expect(() => readTorchFile(both)).toThrow(/several state dicts; choose one .*"model", "ema"/);
  expect(Object.keys(readTorchFile(both, { key: 'ema' }))).toEqual(['w']);
});

test('a whole module in the place of its state dict is named', () => {
  const file = torchFile(pickle(dict(text('epoch'), integer(1), text('model'), object)));
  expect(() => readTorchFile(file)).toThrow(/"model" is a __main__.Config, of which nothing is read/);
  expect(() => readTorchFile(file, { key: 'model' })).toThrow(/asks for "__main__.Config"/);
  expect(readTorchValue(file)).toEqual({ epoch: 1, model: new OpaqueTorchValue('__main__.Config') });
});

test('what would be run in Python is not, beside a state dict that is read', () => {
  const call = `${global('os', 'system')}${tuple(text('touch mnist-kit-was-here'))}R`;
  const file = torchFile(pickle(dict(text('run'), call, text('model'), dict(text('w'), tensor()))));
  expect(Object.keys(readTorchFile(file))).toEqual(['w']);
  expect((readTorchValue(file) as { run: unknown }).run).toEqual(new OpaqueTorchValue('os.system'));
});

const wide = { 'data/0': new Uint8Array(BigInt64Array.of(2n ** 24n + 1n).buffer) };
const counter = tensor({ from: storage({ type: 'LongStorage', numel: 1 }), size: [], stride: [] });

test('a weight that float32 cannot hold is an error, a counter of batches keeps its value', () => {
  const file = (name: string) =>
    torchFile(
      pickle(dict(text('step'), counter, text('model'), dict(text(name), counter), text('k'), 'N')),
      wide,
    );
  expect(() => readTorchFile(file('w'))).toThrow(/"w" \(I64\) holds 16777217/);
  const exact = {
    shape: [],
    data: Float32Array.of(2 ** 24),
    dtype: 'I64',
    int64: BigInt64Array.of(16777217n),
  };
  expect(readTorchFile(file('bn.num_batches_tracked'))).toEqual({ 'bn.num_batches_tracked': exact });
  expect(readTorchValue(file('w'))).toEqual({ step: exact, model: { w: exact }, k: null });
});

test('a counter of batches beyond float32 comes back from a model as it went in', () => {
  const model = optimizedNet();
  const counters = { 'bn1.num_batches_tracked': 2n ** 24n + 1n, 'bn2.num_batches_tracked': 2n ** 62n };
  const dict = stateDict(model);
  for (const [name, value] of Object.entries(counters))
    dict[name] = { ...dict[name], data: Float32Array.of(Number(value)), int64: BigInt64Array.of(value) };
  loadStateDict(model, dict);
  expect(stateDict(model)).toEqual(dict);
  const read = readTorchFile(writeTorchFile(stateDict(model)));
  expect(read['bn1.num_batches_tracked'].int64).toEqual(BigInt64Array.of(2n ** 24n + 1n));
  model.dispose();
});

test('exact integers are written and read back', () => {
  const written: StateDict = {
    'bn.num_batches_tracked': {
      shape: [],
      data: Float32Array.of(2 ** 53),
      dtype: 'I64',
      int64: BigInt64Array.of(2n ** 53n + 1n),
    },
  };
  expect(readTorchFile(writeTorchFile(written))).toEqual(written);
  expect(readSafetensors(writeSafetensors(written))).toEqual(written);
  const wrong = { n: { ...written['bn.num_batches_tracked'], dtype: 'F32' as const } };
  expect(() => writeTorchFile(wrong)).toThrow(InvalidArgumentError);
  expect(() => writeTorchFile(wrong)).toThrow(/`int64` only with the dtype I64/);
});

test('data types without a storage class are read from untyped storages', () => {
  const untyped = `${tuple(text('storage'), global('torch.storage', 'UntypedStorage'), text('0'), text('cpu'), integer(16))}Q`;
  const v3 = (dtype: string, offset: number, size: number) =>
    `${global('torch._utils', '_rebuild_tensor_v3')}${tuple(
      untyped,
      integer(offset),
      tuple(integer(size)),
      tuple(integer(1)),
      '\x89',
      `${global('collections', 'OrderedDict')})R`,
      global('torch', dtype),
    )}R`;
  const entries = { 'data/0': new Uint8Array(Uint16Array.from({ length: 8 }, (_, i) => 65_535 - i).buffer) };
  const file = torchFile(pickle(dict(text('a'), v3('uint16', 1, 7), text('b'), v3('uint32', 0, 1))), entries);
  expect(() => readTorchFile(file)).toThrow(/"b" \(U32\) holds 4294901759/);
  expect([...readTorchFile(torchFile(pickle(dict(text('a'), v3('uint16', 1, 7))), entries)).a.data]).toEqual([
    65_534, 65_533, 65_532, 65_531, 65_530, 65_529, 65_528,
  ]);
  const float8 = torchFile(pickle(dict(text('a'), v3('float8_e4m3fn', 0, 16))), entries);
  expect(() => readTorchFile(float8)).toThrow(/torch.float8_e4m3fn, which is not read/);
});

test.each<[string, string]>([['a parameter with attributes', '_rebuild_parameter_with_state']])(
  'a tensor is read that newer versions make otherwise: %s',
  (_, name) => {
    const value = `${global('torch._utils', name)}${tuple(tensor(), '\x88', 'N', '}')}R`;
    expect(readTorchFile(torchFile(pickle(dict(text('w'), value)))).w.shape).toEqual([4]);
  },
);

test('a small file cannot ask for endless work beside its state dict', () => {
  // Each of these makes something from one large value, many thousand times.
  const many = 20_000;
  const large = `${list(...Array<string>(many).fill('N'))}q\x01`;
  const long = `${text('x'.repeat(60_000))}q\x02`;
  const repeated = [
    `${global('builtins', 'set')}h\x01\x85R`,
    `${global('_codecs', 'encode')}h\x02${text('latin1')}\x86R`,
    `${global('pathlib', 'PosixPath')}h\x02h\x02\x86R`,
    `${global('torch', 'device')}h\x02\x85R`,
  ];
  for (const call of repeated) {
    const file = torchFile(
      pickle(dict(text('l'), large, text('t'), long, text('r'), list(...Array<string>(many).fill(call)))),
    );
    expect(() => readTorchFile(file)).toThrow(/dict of tensors only/);
    try {
      readTorchValue(file);
    } catch (error) {
      expect(error).toBeInstanceOf(CheckpointError);
    }
  }
});

test('options that do not exist are refused with the one that was meant', () => {
  const file = fixture('torch-views.pth');
  const wrong = (value: unknown) => value as never;
  expect(() => readTorchFile(file, wrong({ keys: 'model' }))).toThrow(InvalidArgumentError);
  expect(() => readTorchFile(file, wrong({ keys: 'model' }))).toThrow(/did you mean `key`/);
  expect(() => readTorchValue(file, wrong({ maxTensorByte: 1 }))).toThrow(/did you mean `maxTensorBytes`/);
});
