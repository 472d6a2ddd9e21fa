type Reader = (view: DataView, offset: number) => number | bigint;

interface Format {
  readonly bytes: number;
  readonly read: Reader;
}

/** The data types of safetensors that are read; the sub-byte and 8-bit floats and complex numbers are not. */
const formats: Readonly<Record<string, Format>> = {
  BOOL: { bytes: 1, read: (view, at) => (view.getUint8(at) === 0 ? 0 : 1) },
  U8: { bytes: 1, read: (view, at) => view.getUint8(at) },
  I8: { bytes: 1, read: (view, at) => view.getInt8(at) },
  I16: { bytes: 2, read: (view, at) => view.getInt16(at, true) },
  U16: { bytes: 2, read: (view, at) => view.getUint16(at, true) },
  F16: { bytes: 2, read: (view, at) => halfToNumber(view.getUint16(at, true)) },
  BF16: { bytes: 2, read: (view, at) => bfloatToNumber(view.getUint16(at, true)) },
  I32: { bytes: 4, read: (view, at) => view.getInt32(at, true) },
  U32: { bytes: 4, read: (view, at) => view.getUint32(at, true) },
  F32: { bytes: 4, read: (view, at) => view.getFloat32(at, true) },
  F64: { bytes: 8, read: (view, at) => view.getFloat64(at, true) },
  I64: { bytes: 8, read: (view, at) => view.getBigInt64(at, true) },
  U64: { bytes: 8, read: (view, at) => view.getBigUint64(at, true) },
};

/** Names of the data types that {@link decodeValues} reads. */
export const readableDtypes: readonly string[] = Object.keys(formats);

/** Bytes of one value, or undefined when the data type is not known. */
export function bytesPerValue(dtype: string): number | undefined {
  return Object.hasOwn(formats, dtype) ? formats[dtype].bytes : undefined;
}

/** Values as a file has them: floats as float32 (doubles are rounded), integers exact. */
export type DecodedValues = Float32Array | Float64Array | BigInt64Array | BigUint64Array;

/** Decodes little-endian values. */
export function decodeValues(dtype: string, bytes: Uint8Array): DecodedValues {
  const { bytes: size, read } = formats[dtype];
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const length = bytes.length / size;
  if (dtype === 'I64' || dtype === 'U64') {
    const values = dtype === 'I64' ? new BigInt64Array(length) : new BigUint64Array(length);
    for (let i = 0; i < length; i++) values[i] = read(view, i * size) as bigint;
    return values;
  }
  if (dtype === 'F32' && littleEndian) return new Float32Array(new Uint8Array(bytes).buffer);
  // A float32 holds every integer of 16 bits.
  const values =
    dtype.includes('32') && dtype !== 'F32' ? new Float64Array(length) : new Float32Array(length);
  for (let i = 0; i < length; i++) values[i] = read(view, i * size) as number;
  return values;
}

/** One little-endian value, a double's too without rounding. */
export function decodeValue(dtype: string, bytes: Uint8Array): number | bigint {
  return formats[dtype].read(new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), 0);
}

function bfloatToNumber(bits: number): number {
  scratch.setUint32(0, bits << 16);
  return scratch.getFloat32(0);
}

const littleEndian = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;
const scratch = new DataView(new ArrayBuffer(4));

/** IEEE 754 binary16: 1 sign bit, 5 exponent bits, 10 fraction bits. */
function halfToNumber(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0x1f) return fraction === 0 ? sign * Infinity : NaN;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  return sign * (1024 + fraction) * 2 ** (exponent - 25);
}
