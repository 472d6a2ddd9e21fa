import type { FileBytes } from '@mnist-kit/core';
import { checkModel, parameterBreakdown } from '@mnist-kit/models';
import type * as tfl from '@tensorflow/tfjs-layers';
import { buildGraph } from './build-graph.js';
import { encode } from './encode.js';
import { foldBatchNorms } from './fold-batch-norm.js';
import { checkFit, checkOptions, metadataOf, type ToOnnxOptions } from './options.js';

/**
 * Writes a model as an ONNX file of opset 17, for onnxruntime and other runtimes.
 *
 * The graph computes what the model computes in inference, with PyTorch's names for the weights (`conv1.weight`) and
 * the layers' names for nodes. A model with one input and one output has them as `input`, which is
 * `batch x channels x height x width` for images, and `output`. Dropout, which does nothing in inference, is left out.
 *
 * @param model A model of layers that `@mnist-kit/layers` describes.
 * @param options See {@link ToOnnxOptions}.
 * @returns The whole file.
 * @throws ModelError that names the layer, when ONNX cannot express what it does or nobody knows.
 * @throws InvalidArgumentError when an option cannot work, or `model` is no layers model or was disposed.
 * @example
 * ```ts
 * import { writeFile } from 'node:fs/promises';
 * import { optimizedNet } from '@mnist-kit/models';
 * import { toOnnx } from '@mnist-kit/onnx';
 *
 * const bytes = toOnnx(optimizedNet(), { normalization: { mean: 0.1307, std: 0.3081 } });
 * await writeFile('model.onnx', bytes);
 * ```
 */
export function toOnnx(model: tfl.LayersModel, options: ToOnnxOptions = {}): FileBytes {
  checkModel(model);
  checkOptions(options);
  const graph = buildGraph(model, options);
  checkFit(graph, options);
  return encode(options.batchNorm === 'fold' ? foldBatchNorms(graph) : graph, {
    name: model.name,
    docString: options.docString,
    metadata: metadataOf(options, parameterBreakdown(model).total),
  });
}
