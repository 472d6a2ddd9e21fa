import fc from 'fast-check';
import { editJson, type JsonEdit, jsonEdit } from './json-edits.js';
import { bytesOf, type Target } from './target.js';

/** Longer inputs are cut: what matters is told by short ones, and quickly. */
const maxBytes = 2 ** 18;

/** A change to the bytes. Places and lengths are taken modulo what there is. */
type ByteEdit = { readonly at: number } & (
  | { readonly kind: 'flip'; readonly bit: number }
  | { readonly kind: 'run'; readonly length: number; readonly byte: number }
  | { readonly kind: 'insert'; readonly bytes: readonly number[] }
  | { readonly kind: 'delete'; readonly length: number }
  | { readonly kind: 'truncate' }
  | { readonly kind: 'copy'; readonly from: number; readonly length: number }
  | { readonly kind: 'splice'; readonly other: number; readonly from: number; readonly length: number }
  | {
      readonly kind: 'integer';
      readonly width: 1 | 2 | 4 | 8;
      readonly little: boolean;
      readonly value: bigint;
    }
  | { readonly kind: 'token'; readonly token: number; readonly replace: boolean }
);

/** An input as a base and what is changed in it; shrinking takes changes away and makes them smaller. */
export interface Recipe {
  readonly base: number;
  readonly edits: readonly (ByteEdit | JsonEdit)[];
}

const at = fc.nat();
const length = fc.oneof({ weight: 4, arbitrary: fc.integer({ min: 1, max: 16 }) }, fc.nat(5000));
const edgeIntegers = [0n, 1n, 2n, 4n, 8n].concat(
  [7n, 8n, 15n, 16n, 31n, 32n, 52n, 53n, 63n, 64n].flatMap((bits) => [2n ** bits - 1n, 2n ** bits]),
);

const byteEdit: fc.Arbitrary<ByteEdit> = fc.oneof(
  fc.record({ kind: fc.constant('flip' as const), at, bit: fc.nat(7) }),
  fc.record({ kind: fc.constant('run' as const), at, length, byte: fc.nat(255) }),
  fc.record({
    kind: fc.constant('insert' as const),
    at,
    bytes: fc.array(fc.nat(255), { minLength: 1, maxLength: 12 }),
  }),
  fc.record({ kind: fc.constant('delete' as const), at, length }),
  fc.record({ kind: fc.constant('truncate' as const), at }),
  fc.record({ kind: fc.constant('copy' as const), at, from: fc.nat(), length }),
  fc.record({
    kind: fc.constant('splice' as const),
    at,
    other: fc.nat(),
    from: fc.nat(),
    length: fc.nat(10_000),
  }),
  fc.record({
    kind: fc.constant('integer' as const),
    at,
    width: fc.constantFrom(1 as const, 2 as const, 4 as const, 8 as const),
    little: fc.boolean(),
    value: fc.constantFrom(...edgeIntegers),
  }),
  fc.record({ kind: fc.constant('token' as const), at, token: fc.nat(), replace: fc.boolean() }),
);

/** Recipes for a target's inputs. */
export function recipes(target: Target): fc.Arbitrary<Recipe> {
  const byteEdits = fc.array(byteEdit, { minLength: 1, maxLength: 6 });
  const jsonEdits = fc.array(jsonEdit, { minLength: 1, maxLength: 4 });
  const edits: fc.Arbitrary<Recipe['edits']> =
    target.json === undefined
      ? byteEdits
      : fc.oneof({ weight: 3, arbitrary: jsonEdits }, { weight: 1, arbitrary: byteEdits });
  return fc.record({ base: fc.nat(), edits });
}

/** Makes the input of a recipe. */
export function cook({ base, edits }: Recipe, corpus: readonly Uint8Array[], target: Target): Uint8Array {
  let input = corpus[base % corpus.length];
  const jsonEdits = edits.filter((edit) => edit.kind === 'json');
  if (jsonEdits.length > 0 && target.json !== undefined) {
    const text = target.json.read(input);
    const edited = text === undefined ? undefined : editJson(text, jsonEdits);
    if (edited !== undefined) input = target.json.write(input, edited);
  }
  for (const edit of edits) if (edit.kind !== 'json') input = change(input, edit, corpus, target);
  return input.length > maxBytes ? input.slice(0, maxBytes) : input;
}

function change(
  input: Uint8Array,
  edit: ByteEdit,
  corpus: readonly Uint8Array[],
  target: Target,
): Uint8Array {
  const at = input.length === 0 ? 0 : edit.at % input.length;
  switch (edit.kind) {
    case 'flip': {
      const out = input.slice();
      if (out.length > 0) out[at] ^= 1 << edit.bit;
      return out;
    }
    case 'run':
      return input.slice().fill(edit.byte, at, at + edit.length);
    case 'insert':
      return replace(input, at, 0, Uint8Array.from(edit.bytes));
    case 'delete':
      return replace(input, at, edit.length, new Uint8Array(0));
    case 'truncate':
      return input.slice(0, at);
    case 'copy': {
      const from = input.length === 0 ? 0 : edit.from % input.length;
      return replace(input, at, 0, input.subarray(from, from + edit.length));
    }
    case 'splice': {
      const other = corpus[edit.other % corpus.length];
      const from = other.length === 0 ? 0 : edit.from % other.length;
      return replace(input, at, edit.length, other.subarray(from, from + edit.length));
    }
    case 'integer': {
      const bytes = new Uint8Array(8);
      new DataView(bytes.buffer).setBigUint64(0, BigInt.asUintN(64, edit.value), edit.little);
      const value = edit.little ? bytes.subarray(0, edit.width) : bytes.subarray(8 - edit.width);
      return replace(input, at, edit.width, value);
    }
    case 'token': {
      if (target.tokens.length === 0) return input;
      const token = bytesOf(target.tokens[edit.token % target.tokens.length]);
      return replace(input, at, edit.replace ? token.length : 0, token);
    }
  }
}

function replace(input: Uint8Array, at: number, length: number, by: Uint8Array): Uint8Array {
  const tail = input.subarray(at + length);
  const out = new Uint8Array(at + by.length + tail.length);
  out.set(input.subarray(0, at));
  out.set(by, at);
  out.set(tail, at + by.length);
  return out;
}
