import { zipSync } from 'fflate';

// Pickles put together by hand, one character a byte.

/** The opcodes of pickle that carry a 32-bit integer, text, a dict and so on. */
export const integer = (value: number) => `J${little(value)}`;
export const text = (value: string) => {
  const bytes = String.fromCharCode(...new TextEncoder().encode(value));
  return `X${little(bytes.length)}${bytes}`;
};
export const tuple = (...items: string[]) => `(${items.join('')}t`;
export const list = (...items: string[]) => `](${items.join('')}e`;
export const dict = (...items: string[]) => `}(${items.join('')}u`;
export const global = (module: string, name: string) => `c${module}\n${name}\n`;
export const orderedDict = `${global('collections', 'OrderedDict')})R`;

/** A persistent id, as torch.save writes it for a storage. */
export const storage = ({ type = 'FloatStorage', key = '0', numel = 4 } = {}) =>
  `${tuple(text('storage'), global('torch', type), text(key), text('cpu'), integer(numel))}Q`;

/** A call of `_rebuild_tensor_v2`. */
export const tensor = ({
  from = storage(),
  offset = integer(0),
  size = [4],
  stride = [1],
  more = [] as string[],
} = {}) =>
  `${global('torch._utils', '_rebuild_tensor_v2')}${tuple(
    from,
    offset,
    tuple(...size.map(integer)),
    tuple(...stride.map(integer)),
    '\x89',
    orderedDict,
    ...more,
  )}R`;

/** A pickle of protocol 2 that holds the value. */
export const pickle = (value: string) => bytes(`\x80\x02${value}.`);

/** A .pth file with the pickle and storages given; by default storage 0 has four float32. */
export function torchFile(
  data: Uint8Array,
  entries: Record<string, Uint8Array> = { 'data/0': new Uint8Array(16) },
): Uint8Array {
  const files = { 'data.pkl': data, ...entries, version: bytes('3\n') };
  return zipSync(
    Object.fromEntries(Object.entries(files).map(([name, content]) => [`archive/${name}`, content])),
    { level: 0, mtime: new Date(1980, 0, 1) },
  );
}

export function bytes(characters: string): Uint8Array {
  return Uint8Array.from(characters, (character) => character.charCodeAt(0));
}

function little(value: number): string {
  return String.fromCharCode(...new Uint8Array(Int32Array.of(value).buffer));
}
