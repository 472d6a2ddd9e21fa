import { describeLayer } from '@mnist-kit/layers';
import type * as tfl from '@tensorflow/tfjs-layers';
import { checkModel } from './check-arguments.js';

/**
 * Parameters of one layer.
 *
 * @example
 * ```ts
 * import { type LayerParameters, optimizedNet, parameterBreakdown } from '@mnist-kit/models';
 *
 * const [first]: readonly LayerParameters[] = parameterBreakdown(optimizedNet()).layers;
 * console.log(first.layer, first.parameters); // conv1 80
 * ```
 */
export interface LayerParameters {
  /** The layer's name. */
  readonly layer: string;
  /** The layer's type as PyTorch calls it, e.g. `Conv2d`. */
  readonly type: string;
  /** Number of parameters; as in PyTorch, BatchNorm's running statistics are none. */
  readonly parameters: number;
  /** This layer's part of all parameters, 0 to 1. */
  readonly share: number;
}

/**
 * Where a model's parameters are.
 *
 * @example
 * ```ts
 * import { optimizedNet, type ParameterBreakdown, parameterBreakdown } from '@mnist-kit/models';
 *
 * const { total, trainable }: ParameterBreakdown = parameterBreakdown(optimizedNet());
 * console.log(total, trainable); // 17994 17994
 * ```
 */
export interface ParameterBreakdown {
  /** Number of parameters. */
  readonly total: number;
  /** Those that training changes. */
  readonly trainable: number;
  /** Every layer that has parameters, in the model's order. */
  readonly layers: readonly LayerParameters[];
}

/**
 * Counts a model's parameters, layer by layer, as PyTorch counts them: BatchNorm's running statistics are
 * buffers and do not count.
 *
 * @throws InvalidArgumentError when `model` is no layers model, or was disposed.
 * @example
 * ```ts
 * import { optimizedNet, parameterBreakdown } from '@mnist-kit/models';
 *
 * const { total, layers } = parameterBreakdown(optimizedNet());
 * console.log(total); // 17994
 * console.log(layers.at(-1)); // { layer: 'fc', type: 'Linear', parameters: 330, share: 0.018… }
 * ```
 */
export function parameterBreakdown(model: tfl.LayersModel): ParameterBreakdown {
  checkModel(model);
  const counted = model.layers.map((layer) => ({ layer, ...countParameters(layer) }));
  const total = counted.reduce((sum, { parameters }) => sum + parameters, 0);
  return {
    total,
    trainable: counted.reduce((sum, { trainable }) => sum + trainable, 0),
    layers: counted
      .filter(({ parameters }) => parameters > 0)
      .map(({ layer, parameters }) => ({
        layer: layer.name,
        type: torchType(layer),
        parameters,
        share: parameters / total,
      })),
  };
}

/** Number of parameters of one layer, and of those that training changes. */
export function countParameters(layer: tfl.layers.Layer): { parameters: number; trainable: number } {
  let parameters = 0;
  let trainable = 0;
  for (const weight of layer.weights) {
    if (/\/moving_(mean|variance)$/.test(weight.originalName)) continue;
    const size = weight.shape.reduce<number>((product, length) => product * length!, 1);
    parameters += size;
    if (layer.trainable && weight.trainable) trainable += size;
  }
  return { parameters, trainable };
}

/** A layer's type as PyTorch calls it; TensorFlow.js's name where PyTorch has none. */
export function torchType(layer: tfl.layers.Layer): string {
  const described = describeLayer(layer);
  if (!described.known) return layer.getClassName();
  return described.kind.torchType(described.operation, layer.outputShape.length);
}
