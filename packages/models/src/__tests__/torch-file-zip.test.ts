import { CheckpointError } from '@mnist-kit/core';
import { readTorchFile, readTorchValue } from '@mnist-kit/models';
import { type Zippable, zipSync } from 'fflate';
import { expect, test } from 'vitest';
import { fixture } from './golden.js';
import { bytes, dict, orderedDict, pickle, storage, tensor, text, torchFile } from './torch-pickle.js';

function expectRefused(file: Uint8Array, message: RegExp): void {
  for (const read of [readTorchFile, readTorchValue]) {
    expect(() => read(file)).toThrow(CheckpointError);
    expect(() => read(file)).toThrow(message);
  }
}

/** Places of the fields of an entry in the table of contents (APPNOTE.TXT 4.3.12), and their bytes. */
const fields = {
  flags: [8, 2],
  method: [10, 2],
  crc: [16, 4],
  storedSize: [20, 4],
  size: [24, 4],
  disk: [34, 2],
  offset: [42, 4],
} as const;

/** The file with a field of an entry's record in the table of contents changed. */
function patched(file: Uint8Array, entry: string, field: keyof typeof fields, value: number): Uint8Array {
  const [at, size] = fields[field];
  const name = places(file, entry).at(-1)!;
  return changed(file, name - 46 + at, size, value);
}

/** The file with an integer of `size` bytes changed. */
function changed(file: Uint8Array, at: number, size: number, value: number): Uint8Array {
  const copy = file.slice();
  for (let i = 0; i < size; i++) copy[at + i] = Math.floor(value / 256 ** i) % 256;
  return copy;
}

function places(file: Uint8Array, characters: string): number[] {
  const all = Buffer.from(file).toString('latin1');
  const found: number[] = [];
  for (let at = all.indexOf(characters); at >= 0; at = all.indexOf(characters, at + 1)) found.push(at);
  return found;
}

const plain = torchFile(pickle(dict(text('w'), tensor())));
const endAt = plain.length - 22;
const real = new Uint8Array(fixture('torch-protocol4.pth'));
const deflated = new Uint8Array(fixture('torch-deflated.pth'));

test.each<[string, Uint8Array, RegExp]>([
  ['nothing', new Uint8Array(0), /must be a zip archive.* Received: 0 bytes/],
  ['text', bytes('a,b\n1,2\n'.repeat(100)), /must be a zip archive/],
  [
    'an archive of something else',
    zipSync({ 'a.txt': bytes('a') }),
    /one entry "<name>\/data.pkl".* Received: 0/,
  ],
  [
    'two pickles',
    zipSync({ 'a/data.pkl': pickle('N'), 'b/data.pkl': pickle('N') }),
    /one entry "<name>\/data.pkl".* Received: 2/,
  ],
  ['no version', zipSync({ 'a/data.pkl': pickle('N') }), /lacks its entry "a\/version"/],
  [
    'a version of the future',
    zipSync({ 'a/data.pkl': pickle('N'), 'a/version': bytes('11\n') }),
    /Received: "11"/,
  ],
  [
    'a version of text',
    zipSync({ 'a/data.pkl': pickle('N'), 'a/version': bytes('three') }),
    /Received: "three"/,
  ],
  ['an empty pickle', torchFile(new Uint8Array(0)), /truncated or damaged/],
  ['a pickle of protocol 0', torchFile(bytes('N.')), /protocol 2 to 5. Received: 0/],
  ['a pickle of protocol 6', torchFile(bytes('\x80\x06N.')), /protocol 2 to 5. Received: 6/],
  ['encrypted', patched(plain, 'archive/data.pkl', 'flags', 1), /must not be encrypted/],
  ['compressed in another way', patched(plain, 'archive/data.pkl', 'method', 12), /compression method 12/],
  ['compressed or not', patched(plain, 'archive/data.pkl', 'method', 8), /does not fit the table/],
  [
    'a wrong checksum',
    patched(plain, 'archive/data.pkl', 'crc', 1),
    /"archive\/data.pkl" .* checksum is wrong/,
  ],
  ['a changed number', changed(plain, places(plain, 'archive/data/0')[0] + 14, 1, 1), /checksum is wrong/],
  ['two sizes of one content', patched(plain, 'archive/data/0', 'size', 8), /must have one size/],
  ['an entry on another disk', patched(plain, 'archive/data/0', 'disk', 1), /split over several files/],
  ['an entry beyond the end', patched(plain, 'archive/data/0', 'offset', 2 ** 31), /truncated or damaged/],
  [
    'an entry that begins elsewhere',
    patched(plain, 'archive/data/0', 'offset', 5),
    /share bytes|does not fit/,
  ],
  ['an entry within another', patched(plain, 'archive/data/0', 'offset', 0), /share bytes|does not fit/],
  [
    'an entry of another name',
    plain.with(places(plain, 'archive/data/0')[0], 0x62),
    /does not fit the table/,
  ],
  [
    'a damaged table of contents',
    plain.with(places(plain, 'PK\x01\x02')[1], 0),
    /table of contents is damaged/,
  ],
  ['fewer entries than there are', changed(plain, endAt + 10, 2, 2), /must end after 2 entries/],
  ['more entries than there are', changed(plain, endAt + 10, 2, 9), /truncated or damaged/],
  ['a table of contents elsewhere', changed(plain, endAt + 16, 4, 3), /table of contents must end at byte/],
  ['another disk', changed(plain, endAt + 4, 2, 1), /split over several files/],
  ['another count than in zip64', changed(real, real.length - 12, 2, 1), /end records .* must say the same/],
  ['a zip64 record elsewhere', changed(real, real.length - 34, 8, 0), /where its locator says/],
  ['a zip64 record of exabytes', changed(real, real.length - 34, 8, 2 ** 62), /below 2\^53/],
  ['a zip64 count of exabytes', changed(real, real.length - 98 + 32, 8, 2 ** 52), /must say the same/],
])('a file that is not as torch.save writes it is refused: %s', (_, file, message) => {
  expectRefused(file, message);
});

test('two entries of one name are refused', () => {
  const twins: Zippable = { 'a/data.pkl': pickle('N'), 'b/data.pkl': pickle('N'), 'a/version': bytes('3') };
  const file = zipSync(twins, { level: 0 });
  for (const at of places(file, 'b/data.pkl')) file[at] = 'a'.charCodeAt(0);
  expectRefused(file, /must not have two entries named "a\/data.pkl"/);
});

test('entries that share one content, so that a small file holds much, are refused', () => {
  const file = torchFile(pickle('N'), { 'data/0': new Uint8Array(64), 'data/1': new Uint8Array(64) });
  const [first] = places(file, 'archive/data/0').map((at) => at - 30);
  // Both records of the table of contents then have the name and the place of the first entry.
  file[places(file, 'archive/data/1').at(-1)! + 'archive/data/'.length] = '0'.charCodeAt(0);
  expectRefused(patched(file, 'archive/data/0', 'offset', first), /share bytes/);
});

test('zip64 sizes of an entry are read', () => {
  const extra = new Uint8Array(16);
  const content = pickle(orderedDict);
  for (const at of [0, 8]) new DataView(extra.buffer).setBigUint64(at, BigInt(content.length), true);
  const entry: [Uint8Array, { extra: Record<number, Uint8Array> }] = [content, { extra: { 1: extra } }];
  let file: Uint8Array = zipSync({ 'a/data.pkl': entry, 'a/version': bytes('3') }, { level: 0 });
  for (const field of ['size', 'storedSize'] as const) file = patched(file, 'a/data.pkl', field, 0xffffffff);
  expect(readTorchFile(file)).toEqual({});
});

test('a comment behind the archive does no harm', () => {
  const comment = bytes('PK\x05\x06 a comment that looks like an end record');
  const file = new Uint8Array([...changed(real, real.length - 2, 2, comment.length), ...comment]);
  expect(readTorchFile(file)).toEqual(readTorchFile(real));
});

test('a file cut off at any byte is refused', () => {
  for (let length = 0; length < real.length; length++)
    expect(() => readTorchValue(real.subarray(0, length)), `${length} bytes`).toThrow(CheckpointError);
});

test('a pickle cut off at any byte is refused', () => {
  const whole = pickle(dict(text('w'), tensor()));
  expect(readTorchFile(torchFile(whole)).w.shape).toEqual([4]);
  for (let length = 0; length < whole.length; length++)
    expect(() => readTorchValue(torchFile(whole.subarray(0, length))), `${length} bytes`).toThrow(
      CheckpointError,
    );
});

/** A .pth file whose storage 0, `length` zeros, is deflated. */
function withZeros(length: number): Uint8Array {
  const from = storage({ type: 'ByteStorage', numel: length });
  const data = pickle(dict(text('zeros'), tensor({ from, size: [length] })));
  return zipSync(
    { 'a/data.pkl': data, 'a/data/0': new Uint8Array(length), 'a/version': bytes('3') },
    { level: 6 },
  );
}

const mebibyte = 2 ** 20;

test('deflated zeros are read up to the limit, and a bomb is refused by the size that it declares', () => {
  const file = withZeros(mebibyte);
  expect(file.length).toBeLessThan(3000);
  const { data } = readTorchFile(file).zeros;
  expect(data).toHaveLength(mebibyte);
  expect(data.some((value) => value !== 0)).toBe(false);
  expect(() => readTorchFile(file, { maxInflatedBytes: mebibyte })).toThrow(
    /at most maxInflatedBytes=1048576 bytes/,
  );
  expectRefused(withZeros(33 * mebibyte), /at most maxInflatedBytes=33554432 bytes/);
});

test('a bomb that declares little is stopped where it exceeds that', () => {
  const file = zipSync(
    { 'a/data.pkl': new Uint8Array(64 * mebibyte), 'a/version': bytes('3') },
    { level: 6 },
  );
  expectRefused(
    patched(file, 'a/data.pkl', 'size', 100),
    /inflate to the 100 bytes declared. Received: more/,
  );
});

test('deflated content of fewer bytes than declared, or none at all, is refused', () => {
  const declared = patched(deflated, 'torch-protocol3/data.pkl', 'size', 10_000);
  expectRefused(declared, /inflate to the 10000 bytes declared. Received: \d+/);
  const content = places(deflated, 'torch-protocol3/data.pkl')[0] + 'torch-protocol3/data.pkl'.length;
  expectRefused(deflated.with(content, 0xff), /cannot be inflated/);
});
