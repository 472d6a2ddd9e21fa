import { DataError } from '@mnist-kit/core';
import type { GraphProto, ModelProto, NodeProto, ValueInfoProto } from '../schema/onnx-ml_pb.js';
import { TensorProto_DataType } from '../schema/onnx-ml_pb.js';
import { type Constant, readConstant } from './constant.js';
import { UnsupportedOnnxError } from './unsupported-onnx-error.js';

/** Opsets whose operators are known. */
const OPSETS = { oldest: 9, newest: 21 };
/** The largest of PyTorch's image classifiers has some 1,500. */
const MOST_NODES = 5000;

/** An input of the graph; null is a length that is not fixed. */
export interface Input {
  readonly name: string;
  readonly shape: readonly (number | null)[];
}

/** A decoded graph whose parts fit together. */
export interface Graph {
  readonly name: string;
  readonly opset: number;
  readonly inputs: readonly Input[];
  readonly outputs: readonly string[];
  /** In an order in which each comes after those that it reads. */
  readonly nodes: readonly NodeProto[];
  readonly initializers: ReadonlyMap<string, Constant>;
  /** Nodes that read a value, by its name; an output of the graph counts as undefined. */
  readonly readers: ReadonlyMap<string, readonly (NodeProto | undefined)[]>;
}

/**
 * What a file says, checked for being a graph.
 *
 * @throws DataError when its parts do not fit together.
 * @throws UnsupportedOnnxError for what is ONNX, but of no use here.
 */
export function readGraph(model: ModelProto): Graph {
  const graph = model.graph as GraphProto;
  const opset = opsetOf(model);
  if (model.functions.length > 0) throw new UnsupportedOnnxError('Functions of the file itself are not read');
  if (graph.sparseInitializer.length > 0) throw new UnsupportedOnnxError('Sparse tensors are not read');
  if (graph.node.length > MOST_NODES)
    throw new UnsupportedOnnxError(`At most ${MOST_NODES} nodes are read. Received: ${graph.node.length}`);

  const initializers = new Map<string, Constant>();
  for (const tensor of graph.initializer) {
    if (initializers.has(tensor.name)) throw new DataError(`The ONNX file has two tensors "${tensor.name}".`);
    initializers.set(tensor.name, readConstant(tensor, tensor.name, true));
  }
  // Before IR version 4 initializers had to be inputs as well.
  const inputs = graph.input.filter(({ name }) => !initializers.has(name)).map(readInput);
  const outputs = graph.output.map(({ name }) => name);
  if (inputs.length === 0 || outputs.length === 0)
    throw new DataError('The ONNX file must have a graph with inputs and outputs.');

  const readers = new Map<string, (NodeProto | undefined)[]>();
  const known = new Set([...initializers.keys(), ...inputs.map(({ name }) => name)]);
  if (known.size < initializers.size + inputs.length)
    throw new DataError('The ONNX file has two inputs of one name.');
  const read = (name: string, reader?: NodeProto) => {
    if (!known.has(name))
      throw new DataError(
        `The ONNX file has no value "${name}", which ${nameOf(reader)} reads, or has it later.`,
      );
    const others = readers.get(name);
    if (others === undefined) readers.set(name, [reader]);
    else others.push(reader);
  };
  for (const node of graph.node) {
    for (const name of node.input) if (name !== '') read(name, node);
    for (const name of node.output) {
      if (name === '') continue;
      if (known.has(name)) throw new DataError(`The ONNX file has two values "${name}".`);
      known.add(name);
    }
  }
  for (const name of outputs) read(name);
  return { name: graph.name, opset, inputs, outputs, nodes: graph.node, initializers, readers };
}

const nameOf = (reader: NodeProto | undefined): string =>
  reader === undefined ? 'its end' : `node "${reader.name}" (${reader.opType})`;

function opsetOf({ opsetImport }: ModelProto): number {
  const versions = opsetImport.filter(({ domain }) => domain === '' || domain === 'ai.onnx');
  const [first] = versions;
  const opset = Number(first?.version ?? 0);
  if (versions.length !== 1 || opset < OPSETS.oldest || opset > OPSETS.newest)
    throw new UnsupportedOnnxError(
      `The opset must be one from ${OPSETS.oldest} to ${OPSETS.newest}. Received: ${versions.map(({ version }) => version).join(', ') || 'none'}`,
    );
  return opset;
}

function readInput({ name, type }: ValueInfoProto): Input {
  if (type?.value.case !== 'tensorType')
    throw new UnsupportedOnnxError(`Input "${name}" must be a tensor. Received: ${type?.value.case}`);
  const { elemType, shape } = type.value.value;
  if (elemType !== TensorProto_DataType.FLOAT)
    throw new UnsupportedOnnxError(
      `Input "${name}" must be float32. Received: ${TensorProto_DataType[elemType] ?? elemType}`,
    );
  if (shape === undefined || shape.dim.length < 2 || shape.dim.length > 4)
    throw new UnsupportedOnnxError(
      `Input "${name}" must have 2 to 4 axes, the batch first. Received: ${shape?.dim.length ?? 'any number'}`,
    );
  const lengths = shape.dim.map(({ value }) => (value.case === 'dimValue' ? Number(value.value) : null));
  for (const length of lengths)
    if (length !== null && !(Number.isSafeInteger(length) && length > 0 && length < 2 ** 31))
      throw new DataError(`Input "${name}" of the ONNX file must have lengths above 0. Received: ${length}`);
  return { name, shape: lengths };
}
