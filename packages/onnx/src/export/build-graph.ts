import { InvalidArgumentError, ModelError } from '@mnist-kit/core';
import { type DataFormat, describeLayer } from '@mnist-kit/layers';
import type { LayersModel, SymbolicTensor } from '@tensorflow/tfjs-layers';
import { GraphBuilder, type OnnxGraph, type OnnxPort } from './graph-builder.js';
import { lowerLayer } from './lower-layer.js';
import type { ToOnnxOptions } from './options.js';
import { channelsFirst, channelsLast, onnxShape, type Value, withAxes } from './value.js';

/**
 * The ONNX graph of a model, each layer as its own nodes.
 *
 * @throws ModelError that names the first layer that ONNX cannot express.
 */
export function buildGraph(model: LayersModel, options: ToOnnxOptions): OnnxGraph {
  const ownOrder = new Set<string>();
  // Each round finds at least one more Flatten whose features must stand in TensorFlow.js's order.
  for (;;) {
    const known = ownOrder.size;
    const graph = new GraphWriter(model, options, ownOrder).write();
    if (ownOrder.size === known) return graph;
  }
}

class GraphWriter {
  readonly #builder: GraphBuilder;
  readonly #values = new Map<number, Value>();
  readonly #inputNames: readonly string[];
  readonly #outputNames: readonly string[];

  constructor(
    readonly model: LayersModel,
    readonly options: ToOnnxOptions,
    readonly ownOrder: Set<string>,
  ) {
    const { inputs, outputs, inputNames, outputNames } = model;
    this.#inputNames = inputs.length === 1 ? ['input'] : unique(inputNames);
    this.#outputNames = outputs.length === 1 ? ['output'] : unique(outputNames, this.#inputNames);
    this.#builder = new GraphBuilder([...this.#inputNames, ...this.#outputNames]);
  }

  write(): OnnxGraph {
    const { model } = this;
    for (const [i, tensor] of model.inputs.entries()) this.#input(tensor, this.#inputNames[i]);
    const outputs = model.outputs.map((tensor) => this.#visit(tensor));
    for (const [i, value] of outputs.entries()) this.#output(value, this.#outputNames[i]);
    return this.#builder;
  }

  #input(tensor: SymbolicTensor, name: string): void {
    const { builder, dataFormat } = { builder: this.#builder, dataFormat: formatOf(this.model, tensor) };
    const shape = this.#fixed(tensor.shape);
    const axes = this.#layout(shape.length, dataFormat);
    const value: Value = { name, shape, axes, dataFormat, flattenedBy: new Set() };
    builder.inputs.push(port(value));
    // At once, so that a reader sees how the images lie.
    this.#values.set(tensor.id, withAxes(builder, value, channelsFirst(shape.length, dataFormat)));
  }

  #output(value: Value, name: string): void {
    for (const layer of value.flattenedBy) if (value.places !== undefined) this.ownOrder.add(layer);
    const moved = withAxes(this.#builder, value, this.#layout(value.shape.length, value.dataFormat));
    this.#builder.output(moved.name, { ...port({ ...moved, shape: this.#fixed(moved.shape) }), name });
  }

  #visit(tensor: SymbolicTensor): Value {
    const known = this.#values.get(tensor.id);
    if (known !== undefined) return known;
    const { sourceLayer: layer, nodeIndex } = tensor;
    const refuse = (why: string) =>
      new ModelError(`Layer "${layer.name}" (${layer.getClassName()}) cannot be written as ONNX: ${why}`);
    const described = describeLayer(layer);
    if (!described.known) throw refuse(described.why);
    if (described.beyond.length > 0)
      throw refuse(`nobody but the layer knows ${described.beyond.join(' and ')}`);
    const inputs = layer.inboundNodes[nodeIndex].inputTensors.map((input) => this.#visit(input));
    const { ownOrder } = this;
    const value = lowerLayer({ builder: this.#builder, described, inputs, output: tensor, ownOrder, refuse });
    this.#values.set(tensor.id, value);
    return value;
  }

  /** The axes of an image where the graph begins and ends. */
  #layout(rank: number, dataFormat: DataFormat): number[] {
    return this.options.layout === 'NHWC' ? channelsLast(rank, dataFormat) : channelsFirst(rank, dataFormat);
  }

  /** A shape with the batch that was asked for. */
  #fixed([batch, ...rest]: readonly (number | null)[]): (number | null)[] {
    const { batchSize } = this.options;
    if (typeof batch === 'number' && batchSize !== undefined && batch !== batchSize)
      throw new InvalidArgumentError(
        'batchSize',
        `must be ${batch}, which the model was made for`,
        batchSize,
      );
    return [batch ?? batchSize ?? null, ...rest];
  }
}

const port = (value: Value): OnnxPort => ({ name: value.name, shape: onnxShape(value) });

/** Names without repetition. */
function unique(names: readonly string[], taken: readonly string[] = []): string[] {
  const found = new Set(taken);
  return names.map((name) => {
    let own = name;
    for (let i = 1; found.has(own); i++) own = `${name}_${i}`;
    found.add(own);
    return own;
  });
}

/** How the images of an input lie, as the first layer behind it that says so reads them. */
function formatOf(model: LayersModel, input: SymbolicTensor): DataFormat {
  const seen = new Set<number>();
  const behind = [input.id];
  for (const id of behind)
    for (const layer of model.layers)
      for (const { inputTensors, outputTensors } of layer.inboundNodes) {
        if (!inputTensors.some((tensor) => tensor.id === id)) continue;
        const described = describeLayer(layer);
        if (described.known && 'dataFormat' in described.operation) return described.operation.dataFormat;
        for (const output of outputTensors)
          if (!seen.has(output.id)) {
            seen.add(output.id);
            behind.push(output.id);
          }
      }
  return 'channelsLast';
}
