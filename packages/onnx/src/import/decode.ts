import { fromBinary } from '@bufbuild/protobuf';
import { DataError, InvalidArgumentError } from '@mnist-kit/core';
import { type ModelProto, ModelProtoSchema } from '../schema/onnx-ml_pb.js';
import { scanMessage } from './scan.js';

/**
 * Decodes an ONNX file.
 *
 * @throws InvalidArgumentError for anything but bytes.
 * @throws DataError when they are no ONNX file, or are built to take more memory than such a file should.
 */
export function decode(bytes: Uint8Array): ModelProto {
  if (!(bytes instanceof Uint8Array))
    throw new InvalidArgumentError('bytes', 'must be a Uint8Array with the whole file', bytes);
  let model: ModelProto;
  try {
    scanMessage(bytes, ModelProtoSchema);
    model = fromBinary(ModelProtoSchema, bytes, { readUnknownFields: false, recursionLimit: 20 });
  } catch (error) {
    if (error instanceof DataError) throw error;
    throw new DataError(
      `An ONNX file must be a protobuf message (damaged or truncated: ${(error as Error).message}). Received: ${bytes.length} bytes`,
      { cause: error },
    );
  }
  if (model.graph === undefined || model.opsetImport.length === 0)
    throw new DataError(`An ONNX file must have a graph and an opset. Received: ${bytes.length} bytes`);
  return model;
}
