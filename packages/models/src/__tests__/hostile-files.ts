import { pickle, text, torchFile } from './torch-pickle.js';

// Files that ask for far more than they hold. `size` scales them; at 1 they are as large as they may well be.

/** A safetensors file of the header given, and as many bytes of data. */
export function safetensorsFile(header: string, dataBytes = 0): Uint8Array {
  const encoded = new TextEncoder().encode(header);
  const file = new Uint8Array(8 + encoded.length + dataBytes);
  new DataView(file.buffer).setBigUint64(0, BigInt(encoded.length), true);
  file.set(encoded, 8);
  return file;
}

const empty = '{"dtype":"F32","shape":[0],"data_offsets":[0,0]}';
const many = (count: number, make: (i: number) => string) => Array.from({ length: count }, (_, i) => make(i));
const repeat = (value: string, count: number) => value.repeat(Math.round(count));

/** Makers of hostile safetensors files. */
export const hostileSafetensors: Readonly<Record<string, (size: number) => Uint8Array>> = {
  'nested arrays': (size) => safetensorsFile(`{"a":${repeat('[', 7e6 * size)}${repeat(']', 7e6 * size)}}`),
  'nested arrays without an end': (size) => safetensorsFile(`{"a":${repeat('[', 15e6 * size)}`),
  'nested objects': (size) => safetensorsFile(`{"a":${repeat('{"a":', 3e6 * size)}`),
  'lists side by side': (size) => safetensorsFile(`{"a":[${repeat('[],', 4e6 * size)}[]]}`),
  'a long shape': (size) => safetensorsFile(`{"a":{"shape":[${repeat('1,', 7e6 * size)}1]}}`),
  'many tensors': (size) =>
    safetensorsFile(`{${many(1e6 * size, (i) => `"${i.toString(36)}":${empty}`).join(',')}}`.slice(0, 15e6)),
  'many tensors, the last of them wrong': (size) =>
    safetensorsFile(`{${many(64_000 * size, (i) => `"t${i}":${empty}`).join(',')},"z":1}`),
  'long names, the last of them wrong': (size) =>
    safetensorsFile(
      `{${many(64_000 * size, (i) => `"${'ж'.repeat(100)}${i}":${empty}`).join(',')},"z":1}`.slice(0, 15e6),
    ),
  'much metadata': (size) =>
    safetensorsFile(`{"__metadata__":{${many(1.2e6 * size, (i) => `"${i}":""`).join(',')}}}`),
  'one long text': (size) => safetensorsFile(`{"__metadata__":{"a":"${repeat('x', 15e6 * size)}ж"},"b":1}`),
  escapes: (size) => safetensorsFile(`{"__metadata__":{"a":"${repeat('\\u0416', 25e5 * size)}"},"b":1}`),
  blanks: (size) => safetensorsFile(`{"b":1${repeat(' ', 15e6 * size)}}`),
  'a header of 98 MB': (size) => safetensorsFile(`{${repeat(' ', 98e6 * size)}}`),
  'one name again and again': (size) => safetensorsFile(`{${repeat(`"a":${empty},`, 3e5 * size)}"b":1}`),
};

/** Makers of pickles that make a small file into many values. */
export const hostilePickles: Readonly<Record<string, (size: number) => string>> = {
  'empty dicts': (size) => repeat('}', 990_000 * size),
  'empty lists': (size) => repeat(']', 990_000 * size),
  'empty sets': (size) => repeat('\x8f', 990_000 * size),
  'dicts of one': (size) => repeat('}K\x01Ns', 240_000 * size),
  'tuples of one': (size) => repeat('N\x85', 490_000 * size),
  'frozen sets': (size) => repeat('(\x91', 490_000 * size),
  'tuples within tuples': (size) => `N${repeat('\x85', 990_000 * size)}`,
  'ordered dicts': (size) => `ccollections\nOrderedDict\nq\0${repeat('h\0)R', 330_000 * size)}`,
  'bytes of nothing': (size) => repeat('C\0', 990_000 * size),
  names: (size) => repeat('ca\nb\n', 990_000 * size),
  'different names': (size) => many(500_000 * size, (i) => `c${i.toString(36)}\nb\n`).join(''),
  'objects of a class': (size) => `ca\nb\nq\0${repeat('h\0)\x81', 330_000 * size)}`,
  'instances by name': (size) => repeat('(ia\nb\n', 490_000 * size),
  memos: (size) => `N${many(980_000 * size, (i) => `r${little(i)}`).join('')}`,
  'memos far apart': (size) => `N${many(980_000 * size, (i) => `r${little(i * 4001)}`).join('')}`,
  'a memo that doubles': (size) => `]q\0(${repeat('h\0h\0e(', 200_000 * size)}`,
  'long integers': (size) => repeat(`\x8a\x20${'\x7f'.repeat(32)}`, 900_000 * size),
  floats: (size) => repeat('G\x3f\xe0\0\0\0\0\0\x01', 990_000 * size),
  texts: (size) => repeat('X\x02\0\0\0\xd0\xb6', 990_000 * size),
  'a huge text': (size) => `X${little(30e6 * size)}${repeat('x', 30e6 * size - 2)}\xd0\xb6`,
  builds: (size) => `ccollections\nOrderedDict\n)R${repeat('}b', 490_000 * size)}`,
  appends: (size) => `]${repeat('(NNe', 240_000 * size)}`,
  'a list that holds itself': (size) => `]q\0${repeat('h\0a', 490_000 * size)}`,
  'keys of one dict': (size) => `}(${many(330_000 * size, (i) => `J${little(i)}N`).join('')}u`,
  'keys of text': (size) => `}(${many(330_000 * size, (i) => `${text(i.toString(36))}N`).join('')}u`,
};

/** A .pth file of one of {@link hostilePickles}, which says nothing that is a state dict. */
export const hostileTorchFile = (name: string, size: number): Uint8Array =>
  torchFile(pickle(hostilePickles[name](size)));

function little(value: number): string {
  return String.fromCharCode(...new Uint8Array(Uint32Array.of(value).buffer));
}
