import { Generator, InvalidArgumentError } from '@mnist-kit/core';
import * as tf from '@tensorflow/tfjs-core';
import type * as tfl from '@tensorflow/tfjs-layers';
import { checkModel } from './check-arguments.js';
import { torchRules } from './torch-names.js';

/**
 * Draws a model's weights anew from a generator, as PyTorch's modules draw theirs when they are made, so that
 * the same seed gives the same model on every machine.
 *
 * TensorFlow.js's own initialisers draw from `Math.random`, or from a seed of their own. Here convolutions and
 * linear layers get `kaiming_uniform_` with `a = sqrt(5)` for the weight and U(-1/sqrt(fanIn), 1/sqrt(fanIn)) for
 * the bias, norms ones and zeros, running means 0 and variances 1
 * (https://pytorch.org/docs/stable/nn.init.html#torch.nn.init.kaiming_uniform_). Layers are drawn in the order in
 * which they were made, a layer's weight before its bias: a PyTorch model whose modules are made in that order after
 * `torch.manual_seed(seed)` has the same weights.
 *
 * @param model Any model whose weights sit in Conv2D, DepthwiseConv2D, Dense, BatchNormalization and
 * LayerNormalization layers. Its own initialisers, whatever they are, do not count any more.
 * @param generator Where the weights are drawn from.
 * @throws InvalidArgumentError when `generator` is not a `Generator`.
 * @throws ModelError when another layer has weights, of which PyTorch's initial values are not known.
 * @example
 * ```ts
 * import { Generator } from '@mnist-kit/core';
 * import { initialize } from '@mnist-kit/models';
 * import * as tf from '@tensorflow/tfjs-layers';
 *
 * const model = tf.sequential();
 * model.add(tf.layers.conv2d({ inputShape: [28, 28, 1], filters: 8, kernelSize: 3, activation: 'relu' }));
 * model.add(tf.layers.flatten());
 * model.add(tf.layers.dense({ units: 10 }));
 * initialize(model, new Generator(1));
 * ```
 */
export function initialize(model: tfl.LayersModel, generator: Generator): void {
  checkModel(model);
  if (!(generator instanceof Generator))
    throw new InvalidArgumentError('generator', 'must be a Generator', generator);
  // Graphs list layers by depth; PyTorch draws when a module is made.
  const rules = torchRules(model).sort((a, b) => a.layer.id - b.layer.id);
  for (const { weights } of rules) {
    const [kernel] = weights;
    for (const { variable, shape, torchShape, initial, fromTorch } of weights) {
      const values = fromTorch(initial(generator, torchShape, kernel.torchShape));
      tf.tidy(() => void variable.write(tf.tensor(values, [...shape], 'float32')));
    }
  }
}
