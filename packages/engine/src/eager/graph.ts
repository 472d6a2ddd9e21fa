import { ModelError } from '@mnist-kit/core';
import type { FeatureOrder } from '@mnist-kit/layers';
import type * as tfl from '@tensorflow/tfjs-layers';
import { drawOrders } from '../draw-orders.js';

/** One call of one layer. Tensors are numbered in the order in which they come to be. */
export interface GraphNode {
  readonly layer: tfl.layers.Layer;
  readonly inputs: readonly number[];
  readonly outputs: readonly number[];
  /** Shape of each input, the batch first (as null). */
  readonly inputShapes: readonly (readonly (number | null)[])[];
  /** Shape of each output, the batch first (as null). */
  readonly outputShapes: readonly (readonly (number | null)[])[];
  readonly callArgs: Readonly<Record<string, unknown>>;
  /** How what it reads lies in PyTorch, where that is known. */
  readonly order: FeatureOrder | undefined;
}

/** A model's layers in the order in which they run, nested models spelled out. */
export interface Graph {
  readonly nodes: readonly GraphNode[];
  /** Number of the model's input tensor. */
  readonly input: number;
  /** Number of the model's output tensor. */
  readonly output: number;
}

/**
 * Lays a model's layers out in a topological order: depth first from the output, the inputs of a layer in
 * their order, which is the order of TensorFlow.js's own executor.
 *
 * @throws ModelError when the model has more than one input or output, or a layer that needs masks.
 */
export function traceGraph(model: tfl.LayersModel): Graph {
  if (model.inputs.length !== 1 || model.outputs.length !== 1)
    throw new ModelError(
      `A model must have one input and one output. Received: ${model.inputs.length} and ${model.outputs.length}`,
    );
  const nodes: GraphNode[] = [];
  const orders = drawOrders(model);
  let count = 0;

  const visit = (tensor: tfl.SymbolicTensor, known: Map<number, number>): number => {
    const seen = known.get(tensor.id);
    if (seen !== undefined) return seen;
    const { sourceLayer: layer, nodeIndex } = tensor;
    const node = layer.inboundNodes[nodeIndex];
    const inputs = node.inputTensors.map((input) => visit(input, known));
    let outputs: number[];
    if (isModel(layer)) {
      const inner = new Map(layer.inputs.map((input, i) => [input.id, inputs[i]]));
      outputs = layer.outputs.map((output) => visit(output, inner));
    } else {
      rejectMasking(layer);
      outputs = node.outputTensors.map(() => count++);
      const inputShapes = node.inputTensors.map(({ shape }) => shape);
      const outputShapes = node.outputTensors.map(({ shape }) => shape);
      const callArgs = node.callArgs ?? {};
      nodes.push({ layer, inputs, outputs, inputShapes, outputShapes, callArgs, order: orders.get(layer) });
    }
    node.outputTensors.forEach((output, i) => {
      known.set(output.id, outputs[i]);
    });
    return known.get(tensor.id)!;
  };

  const input = count++;
  const output = visit(model.outputs[0], new Map([[model.inputs[0].id, input]]));
  return { nodes, input, output };
}

/** Every layer once, in the order of its first call. */
export function layersOf(graph: Graph): tfl.layers.Layer[] {
  return [...new Set(graph.nodes.map(({ layer }) => layer))];
}

/** What a wrapper or a recurrent layer holds, and what that holds. */
export function innerLayersOf(layer: tfl.layers.Layer): tfl.layers.Layer[] {
  const {
    layer: wrapped,
    cell,
    cells,
    forwardLayer,
    backwardLayer,
  } = layer as unknown as Record<string, unknown>;
  const inner = [wrapped, cell, cells, forwardLayer, backwardLayer].flat().filter((one) => one != null);
  return (inner as tfl.layers.Layer[]).flatMap((one) => [one, ...innerLayersOf(one)]);
}

function isModel(layer: tfl.layers.Layer): layer is tfl.LayersModel {
  return 'layers' in layer && 'inputs' in layer && 'outputs' in layer;
}

/** Masks would have to travel beside the tensors; nothing for images makes any. */
function rejectMasking(layer: tfl.layers.Layer): void {
  const masks =
    layer.getClassName() === 'Masking' ||
    (layer.getClassName() === 'Embedding' && layer.getConfig().maskZero === true);
  if (masks)
    throw new ModelError(
      `Layer "${layer.name}" (${layer.getClassName()}) makes a mask, which is not supported.`,
    );
}
