import type { PickleValue } from './pickle-values.js';
import {
  Bytes,
  Described,
  Namespace,
  OrderedDict,
  PickleFunction,
  PickleSet,
  Tuple,
} from './pickle-values.js';
import { opaqueValue } from './refusals.js';

/** Longer texts are not put together: a small pickle could ask for it a million times. */
const maxText = 10_000;
/** As many parts as a path may have. */
const maxParts = 1000;

/** What Python's own library puts into checkpoints. What is said in an unusual way becomes opaque. */
export const pythonGlobals: readonly PickleFunction[] = [
  ...both('set', ([items], count) =>
    count === 1 && Array.isArray(items) ? new PickleSet(items) : undefined,
  ),
  ...both('frozenset', ([items], count) =>
    count === 1 && Array.isArray(items) ? new PickleSet(items) : undefined,
  ),
  ...both('bytes', (_, count) => (count === 0 ? bytes('') : undefined)),
  ...both('bytearray', ([content], count) => {
    if (count === 0) return bytes('');
    return content instanceof Bytes ? content : latin1(content);
  }),
  known('_codecs.encode', ([text, encoding]) =>
    encoding === 'latin1' || encoding === 'latin-1' ? latin1(text) : undefined,
  ),
  // The function that makes missing values is not needed to read those that are there.
  known('collections.defaultdict', () => new OrderedDict()),
  known('collections.Counter', ([counts], count) =>
    count === 1 && counts instanceof Map ? counts : undefined,
  ),
  known('types.SimpleNamespace', (_, count) =>
    count === 0 ? new Namespace('types.SimpleNamespace') : undefined,
  ),
  // Made without being called: see NEWOBJ.
  known('argparse.Namespace', () => undefined),
  known('datetime.date', ([content], count) => {
    if (count !== 1 || !(content instanceof Bytes) || content.length !== 4) return undefined;
    return new Described('datetime.date', date(content.read()));
  }),
  // With a second argument it has a time zone.
  known('datetime.datetime', ([content], count) =>
    count === 1 && content instanceof Bytes && content.length === 10
      ? new Described('datetime.datetime', dateTime(content.read()))
      : undefined,
  ),
  ...['pathlib', 'pathlib._local'].flatMap((module) =>
    ['PosixPath', 'PurePosixPath', 'WindowsPath', 'PureWindowsPath'].map((name) =>
      known(`${module}.${name}`, (parts) => path(`pathlib.${name}`, parts)),
    ),
  ),
];

/** Makes the object that NEWOBJ asks for, if it is one that is known to be nothing but attributes. */
export function newObject(callee: PickleFunction): Namespace | undefined {
  return callee.name === 'argparse.Namespace' ? new Namespace(callee.name) : undefined;
}

type Make = (args: readonly PickleValue[], count: number) => PickleValue | undefined;

function known(name: string, make: Make): PickleFunction {
  return new PickleFunction(
    name,
    (args) => make(args, args.length) ?? opaqueValue(name, 'made in a way that is not read'),
  );
}

/** Python 3 writes the names of Python 2 for protocol 2, which is torch.save's. */
function both(name: string, make: Make): PickleFunction[] {
  return [known(`builtins.${name}`, make), known(`__builtin__.${name}`, make)];
}

function bytes(text: string): Bytes {
  return new Bytes(text, () => opaqueValue('bytes', 'where tensors should be').refusal());
}

/** Bytes in protocol 2: text to be encoded as Latin-1, a byte a character. */
function latin1(text: PickleValue): Bytes | undefined {
  return typeof text === 'string' ? bytes(text) : undefined;
}

function path(typeName: string, parts: readonly PickleValue[]): Described | undefined {
  if (parts.length > maxParts) return undefined;
  const separator = typeName.includes('Windows') ? '\\' : '/';
  let text = '';
  for (const part of parts) {
    if (typeof part !== 'string' || text.length + part.length > maxText) return undefined;
    const joined = text === '' || text.endsWith(separator) ? text + part : `${text}${separator}${part}`;
    text = part.startsWith(separator) ? part : joined;
  }
  return new Described(typeName, text === '' ? '.' : text);
}

/** ISO 8601, as Python's `isoformat`. */
function dateTime(content: Uint8Array): string {
  const [hour, minute, second, ...micro] = content.subarray(4);
  const micros = (micro[0] * 256 + micro[1]) * 256 + micro[2];
  const time = `${pad(hour)}:${pad(minute)}:${pad(second)}`;
  return `${date(content)}T${time}${micros === 0 ? '' : `.${pad(micros, 6)}`}`;
}

/** Of the month, the highest bit says which of two equal hours is meant where clocks are put back. */
function date([high, low, month, day]: Uint8Array): string {
  return `${pad(high * 256 + low, 4)}-${pad(month & 0x7f)}-${pad(day)}`;
}

function pad(value: number, digits = 2): string {
  return String(value).padStart(digits, '0');
}

/** The items of a tuple, or of what is none: nothing. */
export function tupleItems(value: PickleValue): readonly PickleValue[] {
  return value instanceof Tuple ? value.items : [];
}
