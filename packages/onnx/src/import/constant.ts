import { DataError } from '@mnist-kit/core';
import { type TensorProto, TensorProto_DataLocation, TensorProto_DataType } from '../schema/onnx-ml_pb.js';
import { UnsupportedOnnxError } from './unsupported-onnx-error.js';

/** Values that a file holds. */
export interface Constant {
  readonly name: string;
  readonly shape: readonly number[];
  /** float32 values; the only ones that can be weights. */
  readonly floats?: Float32Array;
  /** Integers and truth values, which say shapes, axes and paddings. */
  readonly integers?: readonly number[];
  /** Whether it is an initializer, and so a parameter; otherwise it came from a Constant node. */
  readonly parameter: boolean;
}

/** Integers are shapes and the like: nobody needs many. */
const MOST_INTEGERS = 1000;

/**
 * Reads the values of a tensor.
 *
 * @throws DataError when its shape does not fit its values.
 * @throws UnsupportedOnnxError for values in another file or of another type than float32 and integers.
 */
export function readConstant(tensor: TensorProto, name: string, parameter: boolean): Constant {
  const { dims, dataType, rawData, dataLocation, externalData, segment } = tensor;
  const type = TensorProto_DataType[dataType] ?? dataType;
  if (dataLocation === TensorProto_DataLocation.EXTERNAL || externalData.length > 0)
    throw new UnsupportedOnnxError(
      `Tensor "${name}" lies in another file: save the model with its weights inside (\`save_as_external_data=False\`)`,
    );
  if (segment !== undefined) throw new UnsupportedOnnxError(`Tensor "${name}" is a segment of another one`);
  const shape = dims.map(Number);
  const size = shape.reduce((product, length) => product * length, 1);
  const refuse = (problem: string) =>
    new DataError(`Tensor "${name}" of the ONNX file must have ${problem}.`);
  if (!shape.every((length) => Number.isSafeInteger(length) && length >= 0) || shape.length > 8)
    throw refuse(`lengths that are no less than zero. Received: [${shape.join(', ')}]`);
  const count = (received: number) => {
    if (received !== size)
      throw refuse(`${size} values for its shape [${shape.join(', ')}]. Received: ${received}`);
  };
  switch (dataType) {
    case TensorProto_DataType.FLOAT: {
      if (rawData.length === 0) {
        count(tensor.floatData.length);
        return { name, shape, parameter, floats: Float32Array.from(tensor.floatData) };
      }
      count(rawData.length / 4);
      return { name, shape, parameter, floats: float32(rawData) };
    }
    case TensorProto_DataType.BOOL:
    case TensorProto_DataType.INT32:
    case TensorProto_DataType.INT64: {
      const width =
        dataType === TensorProto_DataType.INT64 ? 8 : dataType === TensorProto_DataType.INT32 ? 4 : 1;
      const listed: readonly (number | bigint)[] = width === 8 ? tensor.int64Data : tensor.int32Data;
      const length = rawData.length === 0 ? listed.length : rawData.length / width;
      count(length);
      if (length > MOST_INTEGERS)
        throw new UnsupportedOnnxError(`Tensor "${name}" has ${length} integers; shapes and axes have few`);
      const integers = rawData.length === 0 ? listed.map(Number) : integersOf(rawData, width);
      if (!integers.every(Number.isSafeInteger)) throw refuse('integers below 2^53');
      return { name, shape, parameter, integers };
    }
    default:
      throw new UnsupportedOnnxError(
        `Tensor "${name}" must be float32, which is what runs compute in, or integers. Received: ${type}`,
      );
  }
}

/** Little-endian values, which need not lie at a multiple of four. */
function float32(bytes: Uint8Array): Float32Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const values = new Float32Array(bytes.length / 4);
  for (let i = 0; i < values.length; i++) values[i] = view.getFloat32(4 * i, true);
  return values;
}

function integersOf(bytes: Uint8Array, width: 1 | 4 | 8): number[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Array.from({ length: bytes.length / width }, (_, i) =>
    width === 8 ? Number(view.getBigInt64(8 * i, true)) : width === 4 ? view.getInt32(4 * i, true) : bytes[i],
  );
}

/**
 * The shortest decimal number that is this float32: an attribute of 1e-5 comes out of a file as
 * 0.000009999999747378752, and TensorFlow.js would compute with that in float64.
 */
export function shortest(value: number): number {
  for (let digits = 1; digits < 9; digits++) {
    const candidate = Number(value.toPrecision(digits));
    if (Math.fround(candidate) === value) return candidate;
  }
  return value;
}
