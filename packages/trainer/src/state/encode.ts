import { CheckpointError, className, type NamedTensor, type TensorDict } from '@mnist-kit/core';

/** Plain JSON. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

const arrayTypes = {
  Float64Array,
  Int8Array,
  Uint8Array,
  Int16Array,
  Uint16Array,
  Int32Array,
  Uint32Array,
} as const;

/** Deeper than any state, and shallow enough for whoever walks it. */
const MAX_DEPTH = 100;

/** A state taken apart: JSON for reading, float32 tensors for a safetensors file. */
export interface EncodedState {
  readonly json: Json;
  readonly tensors: TensorDict;
}

/**
 * Takes a tree of plain data and typed arrays apart. Numbers that JSON has not (NaN, infinities, -0) and
 * typed arrays are marked by objects whose only key begins with `$`.
 *
 * @throws CheckpointError for a value that is neither, e.g. a function or a Map.
 */
export function encodeState(value: unknown): EncodedState {
  const tensors: Record<string, NamedTensor> = {};
  const visit = (node: unknown, path: string, shape?: readonly number[]): Json => {
    if (node === null || typeof node === 'boolean' || typeof node === 'string') return node;
    if (typeof node === 'number')
      return Number.isFinite(node) && !Object.is(node, -0)
        ? node
        : { $number: Object.is(node, -0) ? '-0' : String(node) };
    if (node instanceof Float32Array) {
      tensors[path] = { shape: shapeFor(node, shape), data: node };
      return { $tensor: path };
    }
    for (const [name, Type] of Object.entries(arrayTypes))
      if (node instanceof Type)
        return { $array: name, values: Array.from(node, (element) => visit(element, path)) };
    if (Array.isArray(node)) return node.map((element, i) => visit(element ?? null, `${path}/${i}`));
    if (!isPlainObject(node))
      throw new CheckpointError(
        `State must be made of plain data and typed arrays. Received: ${describe(node)} at ${path}`,
      );
    const entries = Object.entries(node).filter(([, child]) => child !== undefined);
    const own = 'shape' in node ? (node.shape as readonly number[]) : undefined;
    const encoded = entries.map(([key, child]) => [key, visit(child, `${path}/${key}`, own)] as const);
    // A key of our own marking would be misread.
    if (entries.some(([key]) => key.startsWith('$'))) return { $entries: encoded.map(([k, v]) => [k, v]) };
    return Object.fromEntries(encoded);
  };
  return { json: visit(value, ''), tensors };
}

/**
 * Puts together again what {@link encodeState} took apart.
 *
 * @throws CheckpointError when a tensor is missing, a mark is unknown, or it is nested without end.
 */
export function decodeState({ json, tensors }: EncodedState): unknown {
  const visit = (node: Json, depth: number): unknown => {
    if (node === null || typeof node !== 'object') return node;
    if (depth > MAX_DEPTH)
      throw new CheckpointError(`The state must be nested at most ${MAX_DEPTH} levels deep. Received: more`);
    if (Array.isArray(node)) return node.map((child) => visit(child, depth + 1));
    const object = node as { readonly [key: string]: Json };
    const mark = Object.keys(object).find((key) => key.startsWith('$'));
    if (mark === undefined)
      return Object.fromEntries(Object.entries(object).map(([key, child]) => [key, visit(child, depth + 1)]));
    const content = object[mark];
    if (mark === '$number') return content === '-0' ? -0 : Number(content);
    if (mark === '$tensor' && typeof content === 'string') return tensorAt(tensors, content);
    if (mark === '$array' && typeof content === 'string' && Object.hasOwn(arrayTypes, content)) {
      const Type = arrayTypes[content as keyof typeof arrayTypes];
      const { values } = object;
      if (!Array.isArray(values)) throw new CheckpointError(`The state has a ${content} without values.`);
      return Type.from(values.map((element) => Number(visit(element, depth + 1))));
    }
    if (mark === '$entries' && Array.isArray(content) && content.every(isEntry))
      return Object.fromEntries(content.map(([key, child]) => [key, visit(child, depth + 1)]));
    throw new CheckpointError(`The state has an unknown mark ${mark}; it may come from a newer version.`);
  };
  return visit(json, 0);
}

function isEntry(entry: Json): entry is [string, Json] {
  return Array.isArray(entry) && entry.length === 2 && typeof entry[0] === 'string';
}

function tensorAt(tensors: TensorDict, name: string): Float32Array {
  if (!Object.hasOwn(tensors, name)) throw new CheckpointError(`The state lacks the tensor ${name}.`);
  return tensors[name].data;
}

/** `shape` of a tensor that stands beside its `data`, where it fits; flat otherwise. */
function shapeFor(data: Float32Array, shape: readonly number[] | undefined): readonly number[] {
  const fits = Array.isArray(shape) && shape.reduce((size, length) => size * length, 1) === data.length;
  return fits ? shape : [data.length];
}

function isPlainObject(node: unknown): node is Record<string, unknown> {
  if (typeof node !== 'object' || node === null) return false;
  const prototype = Object.getPrototypeOf(node);
  return prototype === null || prototype === Object.prototype || Object.getPrototypeOf(prototype) === null;
}

function describe(node: unknown): string {
  return typeof node === 'object' && node !== null ? (className(node) ?? 'an object') : typeof node;
}
