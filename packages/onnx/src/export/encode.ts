import { create, toBinary } from '@bufbuild/protobuf';
import type { FileBytes } from '@mnist-kit/core';
import {
  AttributeProto_AttributeType,
  AttributeProtoSchema,
  GraphProtoSchema,
  ModelProtoSchema,
  NodeProtoSchema,
  TensorProto_DataType,
  TensorProtoSchema,
  ValueInfoProtoSchema,
} from '../schema/onnx-ml_pb.js';
import { producerVersion } from '../version.js';
import type { Attribute, OnnxGraph, OnnxNode, OnnxPort, OnnxTensor } from './graph-builder.js';

/** IR version of onnx 1.12, which came with opset 17. */
const IR_VERSION = 8n;
const OPSET = 17n;

/** What a file says besides its graph. */
export interface FileInfo {
  readonly name: string;
  readonly docString?: string;
  readonly metadata: Readonly<Record<string, string>>;
}

/** The bytes of an ONNX file. */
export function encode(graph: OnnxGraph, { name, docString, metadata }: FileInfo): FileBytes {
  const constants = [...graph.constants].map(([output, value]) =>
    create(NodeProtoSchema, {
      name: output,
      opType: 'Constant',
      output: [output],
      attribute: [
        create(AttributeProtoSchema, {
          name: 'value',
          type: AttributeProto_AttributeType.TENSOR,
          t: tensor(value),
        }),
      ],
    }),
  );
  const message = create(ModelProtoSchema, {
    irVersion: IR_VERSION,
    producerName: 'mnist-kit',
    producerVersion,
    opsetImport: [{ domain: '', version: OPSET }],
    ...(docString !== undefined && { docString }),
    metadataProps: Object.entries(metadata).map(([key, value]) => ({ key, value })),
    graph: create(GraphProtoSchema, {
      name,
      node: [...constants, ...graph.nodes.map(node)],
      initializer: [...graph.initializers].map(([initializer, value]) => tensor(value, initializer)),
      input: graph.inputs.map(port),
      output: graph.outputs.map(port),
    }),
  });
  return toBinary(ModelProtoSchema, message) as FileBytes;
}

const node = ({ name, operator, inputs, output, attributes }: OnnxNode) =>
  create(NodeProtoSchema, {
    name,
    opType: operator,
    input: [...inputs],
    output: [output],
    attribute: Object.entries(attributes).map(([key, value]) => attribute(key, value)),
  });

function attribute(name: string, value: Attribute) {
  const { FLOAT, INT, INTS, STRING } = AttributeProto_AttributeType;
  if ('float' in value) return create(AttributeProtoSchema, { name, type: FLOAT, f: value.float });
  if ('int' in value) return create(AttributeProtoSchema, { name, type: INT, i: BigInt(value.int) });
  if ('text' in value)
    return create(AttributeProtoSchema, { name, type: STRING, s: new TextEncoder().encode(value.text) });
  return create(AttributeProtoSchema, { name, type: INTS, ints: value.ints.map(BigInt) });
}

function tensor({ shape, data }: OnnxTensor, name = '') {
  // The format is little-endian, whatever this machine is.
  const rawData = new Uint8Array(data.length * 4);
  const view = new DataView(rawData.buffer);
  for (const [i, value] of data.entries()) view.setFloat32(4 * i, value, true);
  return create(TensorProtoSchema, {
    ...(name !== '' && { name }),
    dims: shape.map(BigInt),
    dataType: TensorProto_DataType.FLOAT,
    rawData,
  });
}

function port({ name, shape }: OnnxPort) {
  const dim = shape.map((length, i) => ({
    value:
      length === null
        ? ({ case: 'dimParam', value: i === 0 ? 'batch' : `${name}_axis${i}` } as const)
        : ({ case: 'dimValue', value: BigInt(length) } as const),
  }));
  const tensorType = { elemType: TensorProto_DataType.FLOAT, shape: { dim } };
  return create(ValueInfoProtoSchema, { name, type: { value: { case: 'tensorType', value: tensorType } } });
}
