import { DataError, MnistKitError, ModelError } from '@mnist-kit/core';
import { skipGreeting } from '@mnist-kit/models';
import * as tfl from '@tensorflow/tfjs-layers';
import { decode } from './decode.js';
import { type Graph, type Input, readGraph } from './graph.js';
import { readNode } from './operators.js';
import { Context, Site } from './site.js';
import { UnsupportedOnnxError } from './unsupported-onnx-error.js';
import { CHANNELS_FIRST, isIdentity, type TensorValue, tensorValue } from './value.js';

/**
 * Reads an ONNX file into a model of stock layers: files of `toOnnx`, and those that `torch.onnx.export` writes of nets
 * of the same kind of layers, opset 9 to 21.
 *
 * Images are channels last in the model, however they lie in the file, and a batch may have any size. Layers are named
 * after PyTorch's modules where weights (`conv1.weight`) or nodes (`/conv1/Conv`) tell, so that `stateDict` has
 * PyTorch's names again. Weights that nodes share become each one's own.
 *
 * @param bytes The whole file, with its weights inside.
 * @returns The model; call its `dispose()` to free its weights.
 * @throws UnsupportedOnnxError for what no layer that is known here does; it names operator, node and attribute.
 * @throws DataError when the file is truncated or malformed, or built to take far more memory than it has bytes.
 * @throws InvalidArgumentError when `bytes` is no Uint8Array.
 * @example
 * ```ts
 * import { readFile } from 'node:fs/promises';
 * import { summary } from '@mnist-kit/models';
 * import { fromOnnx } from '@mnist-kit/onnx';
 *
 * const model = fromOnnx(await readFile('model.onnx'));
 * console.log(summary(model));
 * ```
 */
export function fromOnnx(bytes: Uint8Array): tfl.LayersModel {
  const graph = readGraph(decode(bytes));
  skipGreeting();
  const context = new Context(graph, bytes.length);
  try {
    return new ModelReader(context).read();
  } catch (error) {
    context.dispose();
    throw error;
  }
}

class ModelReader {
  constructor(readonly context: Context) {}

  read(): tfl.LayersModel {
    const { values, graph } = this.context;
    for (const [name, constant] of graph.initializers) values.set(name, { kind: 'constant', constant });
    const inputs = graph.inputs.map((input) => this.#input(input));
    for (const node of graph.nodes) {
      const [output] = node.output;
      if (!output)
        throw new DataError(`Node "${node.name}" (${node.opType}) of the ONNX file must have an output.`);
      values.set(output, readNode(new Site(this.context, node)));
    }
    const outputs = graph.outputs.map((name) => this.#output(name));
    const name = graph.name || 'onnx';
    try {
      const model = tfl.model({ inputs, outputs, name });
      // What no output needs is no part of the model.
      this.context.dispose(new Set(model.layers));
      return model;
    } catch (error) {
      if (error instanceof MnistKitError) throw error;
      throw new ModelError(`TensorFlow.js refuses the model of the ONNX file: ${(error as Error).message}`, {
        cause: error,
      });
    }
  }

  #input({ name, shape }: Input): tfl.SymbolicTensor {
    const { values, graph, names } = this.context;
    const axes = shape.length === 4 && !isChannelsLast(graph, name) ? CHANNELS_FIRST : shape.map((_, i) => i);
    const own = axes.map((_, i) => shape[axes.indexOf(i)]);
    const tensor = tfl.input({ shape: own.slice(1), name: names.take(name) });
    values.set(name, tensorValue(tensor, axes));
    return tensor;
  }

  #output(name: string): tfl.SymbolicTensor {
    const value = this.context.values.get(name);
    if (value?.kind === 'part')
      throw new UnsupportedOnnxError('what it computes is no layer of TensorFlow.js', value.place);
    if (value?.kind !== 'tensor')
      throw new UnsupportedOnnxError(`Output "${name}" must be computed from the graph's inputs`);
    const { axes, segments, tensor } = value;
    if (segments !== undefined)
      throw new UnsupportedOnnxError(
        `Output "${name}" has the features of an image channel by channel, and TensorFlow.js flattens pixel by pixel: end with the image, or transpose it to channels last before`,
      );
    if (!isReadable(value))
      throw new UnsupportedOnnxError(
        `Output "${name}" must have its axes as they are computed, images channels first or last. Received: ${axes.length} axes`,
      );
    return tensor;
  }
}

const isReadable = ({ axes }: TensorValue): boolean =>
  isIdentity(axes) || String(axes) === String(CHANNELS_FIRST);

/** Whether everybody who reads an input turns it channels first. */
function isChannelsLast({ readers }: Graph, name: string): boolean {
  const all = readers.get(name) ?? [];
  return (
    all.length > 0 &&
    all.every(
      (node) =>
        node?.opType === 'Transpose' &&
        node.attribute.some((one) => one.name === 'perm' && String(one.ints) === String(CHANNELS_FIRST)),
    )
  );
}
