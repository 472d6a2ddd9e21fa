import { existsSync } from 'node:fs';
import { CheckpointError } from '@mnist-kit/core';
import { readTorchFile, readTorchValue } from '@mnist-kit/models';
import { expect, test } from 'vitest';
import { fixture } from './golden.js';
import {
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

const { hostile } = JSON.parse(new TextDecoder().decode(fixture('torch-file.json')));

function expectRefused(file: Uint8Array, message: RegExp): void {
  for (const read of [readTorchFile, readTorchValue]) {
    expect(() => read(file)).toThrow(CheckpointError);
    expect(() => read(file)).toThrow(message);
  }
}

/** How the pickles that Python made name what they would run. */
const names: Record<string, RegExp> = {
  'os.system': /asks for "posix.system"/,
  eval: /asks for "(__builtin__|builtins).eval"/,
  exec: /asks for "(__builtin__|builtins).exec"/,
  __import__: /asks for "(__builtin__|builtins).__import__"/,
  class: /asks for "__main__.OldStyle"/,
};

test.each(Object.keys(hostile))('a pickle that runs something in Python is refused by name: %s', (name) => {
  expectRefused(torchFile(Buffer.from(hostile[name], 'base64')), names[name.split(',')[0]]);
  expect(existsSync('mnist-kit-was-here')).toBe(false);
});

const call = tuple(text('touch mnist-kit-was-here'));

test.each<[string, string, RegExp]>([
  ['INST', `(${text('true')}iposix\nsystem\n`, /asks for "posix.system"/],
  ['INST of a known class', '(icollections\nOrderedDict\n', /asks for "collections.OrderedDict"/],
  ['OBJ', `(${global('os', 'system')}${text('true')}o`, /asks for "os.system"/],
  ['OBJ of a known class', `(${global('collections', 'OrderedDict')}o`, /opcode 0x6f at byte/],
  ['STACK_GLOBAL', `${text('builtins')}${text('eval')}\x93${call}R`, /asks for "builtins.eval"/],
  ['STACK_GLOBAL without text', `${integer(1)}${text('eval')}\x93`, /two texts/],
  ['a dotted name', `${text('collections')}${text('OrderedDict.fromkeys')}\x93`, /OrderedDict.fromkeys"/],
  ['a name across the dot', global('collections.OrderedDict', ''), /asks for "collections.OrderedDict."/],
  ['a name of the prototype', global('__proto__', 'constructor'), /asks for "__proto__.constructor"/],
  ['an endless name', global('x'.repeat(990), 'y'.repeat(990)), /asks for "x{100}…"/],
  ['a name without an end', `c${'x'.repeat(2000)}`, /line in data.pkl must end/],
  ['NEWOBJ', `${global('collections', 'OrderedDict')})\x81`, /opcode 0x81/],
  ['NEWOBJ_EX', `${global('collections', 'OrderedDict')})}\x92`, /opcode 0x92/],
  ['an extension', '\x82\x01', /opcode 0x82/],
  ['a persistent id as text', 'P0\n', /opcode 0x50/],
  ['bytes', 'C\x01x', /opcode 0x43/],
  ['a call of text', `${text('os.system')}${call}R`, /call a known function/],
  ['a call of a storage class', `${global('torch', 'FloatStorage')})R`, /call a known function/],
  ['a call without a tuple', `${global('collections', 'OrderedDict')}]R`, /tuple of arguments/],
  [
    'an OrderedDict of something',
    `${global('collections', 'OrderedDict')}${tuple(list())}R`,
    /without arguments/,
  ],
  ['attributes of a dict', `}${dict(text('a'), integer(1))}b`, /attributes of an OrderedDict/],
  ['attributes of a function', `${global('collections', 'OrderedDict')}}b`, /attributes of an OrderedDict/],
  [
    'a parameter of text',
    `${global('torch._utils', '_rebuild_parameter')}${tuple(text('a'), 'N', 'N')}R`,
    /with a tensor/,
  ],
  ['a size of text', `${global('torch', 'Size')}${tuple(text('a'))}R`, /with a tuple/],
  ['items into a list', `]${integer(1)}${integer(2)}s`, /pairs into a dict. Received: list/],
  ['half a pair', `}(${integer(1)}u`, /pairs into a dict/],
  ['a list as a key', `}]${integer(2)}s`, /keys must be text or numbers. Received: list/],
  ['items onto a tuple', `)${integer(1)}a`, /append to a list. Received: tuple/],
  ['an empty stack', 'R', /stack is empty/],
  ['reaching below a mark', `${integer(1)}(\x85`, /stack is empty/],
  ['a missing mark', 't', /lacks a mark/],
  ['a missing memo', 'h\x05', /lacks memo 5/],
  ['nothing at the end', '', /one value. Received: 0 values/],
  ['two values at the end', 'NN', /one value. Received: 2 values/],
  ['a mark at the end', 'N(', /1 marks/],
  ['more after the end', 'N.N', /end at its STOP. Received: 2 more bytes/],
  ['an integer of 2,000 bits', `\x8a\xfa${'\x7f'.repeat(250)}`, /at most 32 bytes. Received: 250/],
  ['text beyond the end', 'X\xff\xff\xff\x7fabc', /truncated or damaged/],
  ['text of exabytes', `\x8d${'\xff'.repeat(8)}`, /below 2\^53/],
  ['text that is no UTF-8', 'X\x01\0\0\0\xff', /must be UTF-8/],
  ['a frame beyond the end', '\x95\x7f\0\0\0\0\0\0\0N', /frame of data.pkl must end within it/],
  ['an unknown opcode', '\xff', /opcode 0xff/],
])('a pickle that torch.save does not write is refused: %s', (_, value, message) => {
  expectRefused(torchFile(pickle(value)), message);
  expect(existsSync('mnist-kit-was-here')).toBe(false);
});

test.each<[string, string, RegExp]>([
  ['more values than its storage', tensor({ size: [5] }), /\[5\].* storage of 4 values/],
  ['an offset behind its storage', tensor({ offset: integer(1) }), /offset 1 .* storage of 4 values/],
  ['strides that leave its storage', tensor({ size: [2, 2], stride: [3, 1] }), /strides \[3, 1\]/],
  ['a negative size', tensor({ size: [-1] }), /size must have non-negative integers. Received: -1/],
  [
    'a negative stride',
    tensor({ stride: [-1], offset: integer(3) }),
    /stride must have non-negative integers/,
  ],
  ['a negative offset', tensor({ offset: integer(-1) }), /offset must have non-negative integers/],
  [
    'an offset of text',
    tensor({ offset: text('0') }),
    /offset must have non-negative integers. Received: str/,
  ],
  ['an offset with a fraction', tensor({ offset: 'G\x3f\xe0\0\0\0\0\0\0' }), /Received: 0.5/],
  ['an offset of 2^64', tensor({ offset: '\x8a\x09\0\0\0\0\0\0\0\0\x01' }), /Received: int/],
  ['fewer strides than sizes', tensor({ size: [2, 2] }), /as many strides as dimensions. Received: 1 and 2/],
  [
    'a thousand dimensions',
    tensor({ size: Array(1000).fill(1), stride: Array(1000).fill(1) }),
    /tuple of at most 64 integers/,
  ],
  ['a storage that is none', tensor({ from: integer(0) }), /with a storage/],
  ['too many arguments', tensor({ more: ['N', 'N'] }), /five or six arguments/],
  ['marks of negation', tensor({ more: [dict(text('neg'), '\x88')] }), /no metadata/],
  ['a storage that is not there', tensor({ from: storage({ key: '1' }) }), /Received: no such entry/],
  ['a storage outside of the folder', tensor({ from: storage({ key: '../version' }) }), /no such entry/],
  [
    'a storage of the wrong size',
    tensor({ from: storage({ numel: 3 }) }),
    /must have 12 bytes. Received: 16/,
  ],
  ['a storage of negative size', tensor({ from: storage({ numel: -4 }) }), /must have -16 bytes/],
  ['a storage of another type', tensor({ from: storage({ type: 'DoubleStorage' }) }), /must have 32 bytes/],
  ['a type that is not known', tensor({ from: storage({ type: 'QInt8Storage' }) }), /"torch.QInt8Storage"/],
  [
    'one storage of two types',
    list(storage(), storage({ type: 'IntStorage' })),
    /must have one type and one size/,
  ],
  ['a persistent id that is none', `${integer(1)}Q`, /must be \('storage'/],
  [
    'a persistent id of a module',
    `${tuple(text('module'), text('os'), text('os.py'), text(''))}Q`,
    /'storage'/,
  ],
])('a tensor that does not fit is refused: %s', (_, value, message) => {
  expectRefused(torchFile(pickle(dict(text('w'), value))), message);
});

test.each<[string, string, RegExp]>([
  ['text', text('a'), /hold a state dict.* Received: str/],
  ['a tensor', tensor(), /Received: tensor/],
  ['a dict without tensors', dict(text('epoch'), integer(1)), /dict of tensors only.* Received: "epoch"/],
  ['a tensor and a number', dict(text('w'), tensor(), text('epoch'), integer(1)), /Received: "w", "epoch"/],
  ['names that are alike', dict(text('1'), tensor(), integer(1), tensor()), /alike as text/],
])('a file without a state dict is refused: %s', (_, value, message) => {
  const file = torchFile(pickle(value));
  expect(() => readTorchFile(file)).toThrow(CheckpointError);
  expect(() => readTorchFile(file)).toThrow(message);
});

test.each<[string, string, RegExp]>([
  ['a bare function', list(global('collections', 'OrderedDict')), /"0" must be .*collections.OrderedDict/],
  ['a bare storage', dict(text('a'), storage()), /"a" must be a tensor.* Received: storage/],
  ['keys that are alike', dict(text('1'), 'N', integer(1), 'N'), /alike as text/],
  ['a list that holds itself', ']q\x01h\x01a', /must not hold itself/],
  ['a dict that holds itself', `}q\x01${text('a')}${list('h\x01')}s`, /must not hold itself/],
  ['a list within a list within …', `${']'.repeat(5000)}${'a'.repeat(4999)}`, /deeper than 100 levels/],
])('a structure that is not plain is refused: %s', (_, value, message) => {
  const file = torchFile(pickle(value));
  expect(() => readTorchValue(file)).toThrow(CheckpointError);
  expect(() => readTorchValue(file)).toThrow(message);
});

test('a structure of 2^90 leaves is read without being copied out', () => {
  let value = readTorchValue(torchFile(pickle(`${text('leaf')}${'q\x01h\x01\x86'.repeat(90)}`)));
  for (let level = 0; level < 90; level++) {
    const pair = value as string[][];
    expect(pair[0]).toBe(pair[1]);
    value = pair[0];
  }
  expect(value).toBe('leaf');
});

test('a few values repeated into terabytes are refused', () => {
  const file = torchFile(pickle(dict(text('w'), tensor({ size: [2 ** 20, 2 ** 20], stride: [0, 0] }))));
  expectRefused(file, /at most maxTensorBytes=33554448 bytes/);
});

test('many views of one storage count together', () => {
  const views = Array.from({ length: 8 }, (_, i) => text(`w${i}`) + tensor()).join('');
  const file = torchFile(pickle(`}(${views}u`));
  expect(() => readTorchFile(file, { maxTensorBytes: 8 * 16 - 1 })).toThrow(/maxTensorBytes=127/);
  expect(Object.keys(readTorchFile(file, { maxTensorBytes: 8 * 16 }))).toHaveLength(8);
});

test('a pickle of too many bytes is refused', () => {
  expectRefused(torchFile(new Uint8Array(2 ** 25 + 1)), /at most maxPickleBytes=33554432 bytes/);
  expect(() => readTorchFile(fixture('torch-views.pth'), { maxPickleBytes: 100 })).toThrow(
    /maxPickleBytes=100/,
  );
});

test('a pickle of too many opcodes is refused', () => {
  expectRefused(torchFile(pickle(']'.repeat(2_000_000))), /at most maxOpcodes=1000000 opcodes/);
  expect(() => readTorchFile(fixture('torch-views.pth'), { maxOpcodes: 100 })).toThrow(/maxOpcodes=100/);
});

test('an integer that float32 cannot hold is refused', () => {
  const entries = { 'data/0': new Uint8Array(BigInt64Array.of(2n ** 24n + 1n).buffer) };
  const counter = tensor({ from: storage({ type: 'LongStorage', numel: 1 }), size: [], stride: [] });
  expectRefused(torchFile(pickle(dict(text('n'), counter)), entries), /"n" \(I64\) holds 16777217/);
});
