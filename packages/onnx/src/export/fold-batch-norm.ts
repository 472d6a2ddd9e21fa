import type { OnnxGraph, OnnxNode, OnnxTensor } from './graph-builder.js';

/**
 * Puts batch norms into the weights of the convolution or dense layer in front of them, where nobody else reads what
 * that layer gives: `w' = w * s`, `b' = (b - mean) * s + beta` with `s = gamma / sqrt(variance + epsilon)`.
 */
export function foldBatchNorms(graph: OnnxGraph): OnnxGraph {
  const initializers = new Map(graph.initializers);
  const constants = new Map(graph.constants);
  let nodes = [...graph.nodes];
  const tensor = (name: string) => (initializers.get(name) ?? constants.get(name)) as OnnxTensor;
  const readers = (name: string) => nodes.filter(({ inputs }) => inputs.includes(name)).length;
  const outputs = new Set(graph.outputs.map(({ name }) => name));

  for (const norm of graph.nodes) {
    if (norm.operator !== 'BatchNormalization') continue;
    const [source, ...statistics] = norm.inputs;
    const before = nodes.find(({ output }) => output === source);
    if (before === undefined || !['Conv', 'Gemm'].includes(before.operator)) continue;
    if (readers(source) > 1 || outputs.has(source)) continue;
    const [input, kernel, bias] = before.inputs;
    const folded = fold(tensor(kernel), bias === undefined ? undefined : tensor(bias), {
      epsilon: (norm.attributes.epsilon as { float: number }).float,
      statistics: statistics.map(tensor),
    });
    // A layer that is applied elsewhere too needs its own weights as they are.
    const shared = readers(kernel) > 1;
    const kernelName = shared ? `${norm.name}/${kernel}` : kernel;
    const biasName = shared || bias === undefined ? `${norm.name}/${before.name}.bias` : bias;
    initializers.set(kernelName, folded.kernel).set(biasName, folded.bias);
    const merged: OnnxNode = { ...before, inputs: [input, kernelName, biasName], output: norm.output };
    nodes = nodes.flatMap((node) => (node === before ? merged : sameNode(node, norm) ? [] : node));
  }
  const used = new Set(nodes.flatMap(({ inputs }) => inputs));
  for (const name of initializers.keys()) if (!used.has(name)) initializers.delete(name);
  for (const name of constants.keys()) if (!used.has(name)) constants.delete(name);
  return { ...graph, inputs: graph.inputs, outputs: graph.outputs, nodes, initializers, constants };
}

const sameNode = (a: OnnxNode, b: OnnxNode): boolean => a.output === b.output && a.operator === b.operator;

function fold(
  kernel: OnnxTensor,
  bias: OnnxTensor | undefined,
  { epsilon, statistics }: { epsilon: number; statistics: readonly OnnxTensor[] },
): { kernel: OnnxTensor; bias: OnnxTensor } {
  const [gamma, beta, mean, variance] = statistics.map(({ data }) => data);
  const outputs = kernel.shape[0];
  const row = kernel.data.length / outputs;
  const scales = Array.from(gamma, (value, i) => value / Math.sqrt(variance[i] + epsilon));
  const data = kernel.data.map((value, i) => value * scales[Math.floor(i / row)]);
  const biases = Float32Array.from(scales, (scale, i) => ((bias?.data[i] ?? 0) - mean[i]) * scale + beta[i]);
  return { kernel: { shape: kernel.shape, data }, bias: { shape: [outputs], data: biases } };
}
