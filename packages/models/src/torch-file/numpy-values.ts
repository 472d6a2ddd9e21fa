import { CheckpointError } from '@mnist-kit/core';
import { bytesPerValue, type DecodedValues, decodeValue, decodeValues } from '../safetensors-values.js';
import { gather } from './gather.js';
import { Built, Bytes, type Opaque, PickleFunction, type PickleValue, Tuple } from './pickle-values.js';
import { tupleItems } from './python-globals.js';
import { opaqueGlobal, opaqueValue } from './refusals.js';

/** NumPy's codes of data types, by safetensors' names. */
const codes: Readonly<Record<string, string>> = {
  b1: 'BOOL',
  i1: 'I8',
  i2: 'I16',
  i4: 'I32',
  i8: 'I64',
  u1: 'U8',
  u2: 'U16',
  u4: 'U32',
  u8: 'U64',
  f2: 'F16',
  f4: 'F32',
  f8: 'F64',
};
const kinds: Readonly<Record<string, string>> = { b: 'bool', i: 'int', u: 'uint', f: 'float', c: 'complex' };
const maxCharacters = 10_000;

/** `numpy.dtype`: https://numpy.org/doc/stable/reference/arrays.dtypes.html */
export class NumpyDtype extends Built {
  readonly typeName = 'numpy.dtype';
  /** Kind and bytes: `f8`. */
  readonly code: string;
  #bigEndian = false;

  constructor(code: string) {
    super();
    this.code = code;
  }

  /** Takes the state that a pickle gives: `(version, byte order, …)`. */
  override build(state: PickleValue): void {
    this.#bigEndian = tupleItems(state)[1] === '>';
  }

  /** As `str(dtype)` has it where that is simple: `float64`. */
  get text(): string {
    const [, kind, size] = /^([biufc])(\d+)$/.exec(this.code) ?? [];
    if (kind === undefined) return this.code;
    return kind === 'b' ? 'bool' : `${kinds[kind]}${Number(size) * 8}`;
  }

  /** Safetensors' name, or undefined for what is no real number. */
  get dtype(): string | undefined {
    return Object.hasOwn(codes, this.code) ? codes[this.code] : undefined;
  }

  /** Turns the bytes of values into little-endian order, in place. */
  toLittleEndian(bytes: Uint8Array, size: number): Uint8Array {
    if (this.#bigEndian)
      for (let at = 0; at < bytes.length; at += size) bytes.subarray(at, at + size).reverse();
    return bytes;
  }

  /** A scalar of this type. */
  scalar(bytes: Bytes): PickleValue {
    const { dtype, code } = this;
    if (dtype !== undefined && bytes.length === bytesPerValue(dtype)) {
      const value = decodeValue(dtype, this.toLittleEndian(bytes.read(), bytes.length));
      if (dtype === 'BOOL') return value === 1;
      return Number.isSafeInteger(Number(value)) ? Number(value) : value;
    }
    const characters = /^U(\d+)$/.exec(code)?.[1];
    if (
      characters === undefined ||
      bytes.length !== Number(characters) * 4 ||
      bytes.length > maxCharacters * 4
    )
      return opaqueValue(`numpy.${this.text}`, 'that is not read');
    const view = new DataView(this.toLittleEndian(bytes.read(), 4).buffer);
    let text = '';
    for (let at = 0; at < view.byteLength; at += 4) {
      const point = view.getUint32(at, true);
      if (point > 0x10ffff) throw new CheckpointError('A numpy.str_ must hold Unicode text.');
      text += String.fromCodePoint(point);
    }
    return text;
  }
}

/** `numpy.ndarray`, filled in by its state. */
export class NumpyArray extends Built {
  readonly typeName = 'numpy.ndarray';
  #shape: readonly number[] | undefined;
  #dtype: NumpyDtype | undefined;
  #fortran = false;
  #bytes: Bytes | undefined;

  /** Takes the state that a pickle gives: `(version, shape, dtype, whether in Fortran's order, bytes)`. */
  override build(state: PickleValue): void {
    const [, shape, dtype, fortran, bytes] = tupleItems(state);
    this.fill(bytes, dtype, shape, fortran === true);
  }

  /** Leaves the array opaque when it is none of numbers. */
  fill(bytes: PickleValue, dtype: PickleValue, shape: PickleValue, fortran: boolean): void {
    const sizes = tupleItems(shape);
    if (!(bytes instanceof Bytes) || !(dtype instanceof NumpyDtype) || dtype.dtype === undefined) return;
    if (!(shape instanceof Tuple) || sizes.length > 64 || !sizes.every(isSize)) return;
    this.#shape = sizes as number[];
    this.#dtype = dtype;
    this.#fortran = fortran;
    this.#bytes = bytes;
  }

  /** What holds the bytes, which several arrays may share. */
  get source(): object | undefined {
    return this.#bytes;
  }

  /** Number of bytes that reading the values takes; 0 for an opaque array. */
  get byteLength(): number {
    return this.#bytes?.length ?? 0;
  }

  /**
   * The values in row-major order, or undefined when the array is not one of real numbers.
   *
   * @throws CheckpointError when the shape does not fit the bytes.
   */
  values(path: string): { values: DecodedValues; dtype: string; shape: readonly number[] } | undefined {
    const dtype = this.#dtype?.dtype;
    const shape = this.#shape;
    if (dtype === undefined || shape === undefined) return undefined;
    const size = bytesPerValue(dtype)!;
    const length = shape.reduce((product, axis) => product * axis, 1);
    if (length * size !== this.byteLength)
      throw new CheckpointError(
        `The numpy array "${path}" must have ${length * size} bytes. Received: ${this.byteLength}`,
      );
    const bytes = this.#dtype!.toLittleEndian(this.#bytes!.read(), size);
    if (!this.#fortran || length === 0) return { values: decodeValues(dtype, bytes), dtype, shape };
    let stride = 1;
    const strides = shape.map((axis) => {
      const own = stride;
      stride *= axis;
      return own;
    });
    return { values: decodeValues(dtype, gather(bytes, size, 0, shape, strides)), dtype, shape };
  }
}

function isSize(value: PickleValue): boolean {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}

/** The class `numpy.ndarray` itself, which `_reconstruct` gets; a subclass is not read. */
const ndarray = opaqueGlobal('numpy', 'ndarray');

function scalar(args: readonly PickleValue[]): PickleValue {
  const [dtype, content] = args;
  if (args.length === 2 && dtype instanceof NumpyDtype && content instanceof Bytes)
    return dtype.scalar(content);
  return opaqueValue('numpy scalar', 'made in a way that is not read');
}

function reconstruct(args: readonly PickleValue[]): PickleValue {
  return args[0] === ndarray ? new NumpyArray() : opaqueValue('numpy array', 'of a class that is not read');
}

/** Protocol 5: `(buffer, dtype, shape, order)`. */
function fromBuffer(args: readonly PickleValue[]): PickleValue {
  const [content, dtype, shape, order] = args;
  const array = new NumpyArray();
  if (args.length === 4) array.fill(content, dtype, shape, order === 'F');
  return array;
}

/** What NumPy puts into checkpoints; NumPy 2 has moved its insides to `numpy._core`. */
export const numpyGlobals: readonly (PickleFunction | Opaque)[] = [
  ndarray,
  new PickleFunction('numpy.dtype', (args) =>
    typeof args[0] === 'string' && args[0].length < 20
      ? new NumpyDtype(args[0])
      : opaqueValue('numpy.dtype', 'that is not read'),
  ),
  ...['numpy.core', 'numpy._core'].flatMap((core) => [
    new PickleFunction(`${core}.multiarray.scalar`, scalar),
    new PickleFunction(`${core}.multiarray._reconstruct`, reconstruct),
    new PickleFunction(`${core}.numeric._frombuffer`, fromBuffer),
  ]),
];
