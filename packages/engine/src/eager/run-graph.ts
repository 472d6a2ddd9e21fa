import { ModelError } from '@mnist-kit/core';
import * as tf from '@tensorflow/tfjs-core';
import type { BatchStatistics } from './batch-norm.js';
import type { Graph, GraphNode } from './graph.js';
import { repairOf } from './repairs/layers.js';
import { withRightGradients } from './repairs/scope.js';

/** What a training-mode run needs beside the images. */
export interface TrainingRun {
  readonly masks: ReadonlyMap<GraphNode, tf.Tensor>;
  readonly statistics: BatchStatistics;
}

/**
 * Runs a model: every layer by its own `call`, but where TensorFlow.js has it wrong by ours, and in training mode
 * Dropout by the given masks and BatchNormalization by our statistics.
 *
 * @param training Absent for inference mode.
 * @throws ModelError when a layer gives another shape than its model was built for.
 */
export function runGraph(graph: Graph, input: tf.Tensor, training?: TrainingRun): tf.Tensor {
  return withRightGradients(() => runNodes(graph, input, training));
}

function runNodes(graph: Graph, input: tf.Tensor, training?: TrainingRun): tf.Tensor {
  const tensors: tf.Tensor[] = [];
  tensors[graph.input] = input;
  for (const node of graph.nodes) {
    const inputs = node.inputs.map((i) => tensors[i]);
    const result = training ? callTraining(node, inputs, training) : call(node, inputs, false);
    const outputs = Array.isArray(result) ? result : [result];
    checkShapes(node, outputs);
    node.outputs.forEach((slot, i) => {
      tensors[slot] = outputs[i];
    });
  }
  return tensors[graph.output];
}

function callTraining(node: GraphNode, inputs: tf.Tensor[], run: TrainingRun): tf.Tensor | tf.Tensor[] {
  switch (node.layer.getClassName()) {
    case 'Dropout':
    case 'SpatialDropout1D': {
      const mask = run.masks.get(node);
      return mask === undefined ? inputs : tf.mul(inputs[0], mask);
    }
    case 'BatchNormalization':
      return run.statistics.normalize(node.layer, inputs[0]);
    default:
      return call(node, inputs, true);
  }
}

function call({ layer, callArgs }: GraphNode, inputs: tf.Tensor[], training: boolean) {
  const repair = repairOf(layer);
  if (repair !== undefined) return repair(inputs[0]);
  return layer.call(inputs.length === 1 ? inputs[0] : inputs, { ...callArgs, training });
}

function checkShapes({ layer, outputShapes }: GraphNode, outputs: readonly tf.Tensor[]): void {
  for (const [i, expected] of outputShapes.entries()) {
    const { shape } = outputs[i];
    if (shape.length === expected.length && expected.every((n, axis) => n === null || n === shape[axis]))
      continue;
    throw new ModelError(
      `Layer "${layer.name}" (${layer.getClassName()}) must give the shape that its model was built for, ` +
        `[${expected.map((n) => n ?? 'null').join(', ')}]. Received: [${shape.join(', ')}]`,
    );
  }
}
