import { serialization } from '@tensorflow/tfjs-core';
import type { layers } from '@tensorflow/tfjs-layers';
import { FieldReader } from './field-reader.js';
import type { LayerKind } from './layer-kind.js';
import { activationKinds } from './layers/activations.js';
import { conv2d } from './layers/conv2d.js';
import { dense } from './layers/dense.js';
import { depthwiseConv2d } from './layers/depthwise-conv2d.js';
import { dropout } from './layers/dropout.js';
import { add, concatenate, flatten, inputLayer } from './layers/joining.js';
import { batchNormalization, layerNormalization } from './layers/normalization.js';
import { poolingKinds } from './layers/pooling.js';
import type { Operation } from './operation.js';
import { type LayerWeight, layerWeights, ownLosses } from './weights.js';

const kinds = new Map<string, LayerKind>(
  [
    inputLayer,
    conv2d,
    depthwiseConv2d,
    dense,
    batchNormalization,
    layerNormalization,
    ...activationKinds,
    dropout,
    ...poolingKinds,
    flatten,
    add,
    concatenate,
  ].map((kind) => [kind.className, kind as LayerKind]),
);

/**
 * A layer of a kind that is described.
 *
 * @example
 * ```ts
 * import { type DescribedLayer, describeLayer } from '@mnist-kit/layers';
 * import * as tf from '@tensorflow/tfjs-layers';
 *
 * const model = tf.sequential({ layers: [tf.layers.dense({ units: 2, inputShape: [3] })] });
 * const described = describeLayer(model.layers[0]) as DescribedLayer;
 * console.log(described.operation.kind, described.weights.length); // dense 2
 * ```
 */
export interface DescribedLayer {
  readonly known: true;
  readonly layer: layers.Layer;
  readonly kind: LayerKind;
  readonly operation: Operation;
  readonly weights: readonly LayerWeight[];
  /** What the layer does beyond its operation, as clauses that name it: nobody but the layer itself can run it. */
  readonly beyond: readonly string[];
}

/**
 * A layer that only its own code knows how to run.
 *
 * @example
 * ```ts
 * import { describeLayer, type UnknownLayer } from '@mnist-kit/layers';
 * import * as tf from '@tensorflow/tfjs-layers';
 *
 * const model = tf.sequential({ layers: [tf.layers.reshape({ targetShape: [4], inputShape: [2, 2] })] });
 * const described = describeLayer(model.layers[0]);
 * if (!described.known) console.log((described satisfies UnknownLayer).why);
 * ```
 */
export interface UnknownLayer {
  readonly known: false;
  readonly layer: layers.Layer;
  readonly why: string;
}

/**
 * What a layer computes and what its weights are, for everybody who must know.
 *
 * @returns Its description; or, for a layer that is not one of TensorFlow.js's own that are described here, why.
 * @throws ModelError for a field with a value that TensorFlow.js itself would ignore; the field is named.
 *
 * @example
 * ```ts
 * import { describeLayer } from '@mnist-kit/layers';
 * import * as tf from '@tensorflow/tfjs-layers';
 *
 * const input = tf.input({ shape: [28, 28, 1] });
 * const layer = tf.layers.conv2d({ filters: 8, kernelSize: 3 });
 * layer.apply(input);
 * const described = describeLayer(layer);
 * if (described.known) console.log(described.operation); // { kind: 'conv', filters: 8, kernelSize: [3, 3], … }
 * ```
 */
export function describeLayer(layer: layers.Layer): DescribedLayer | UnknownLayer {
  const className = layer.getClassName();
  const kind = kinds.get(className);
  if (kind === undefined) return { known: false, layer, why: 'it is not a layer that is described' };
  const [stock] = serialization.SerializationMap.getMap().classNameMap[className] ?? [];
  if (stock !== (layer.constructor as unknown) || Object.hasOwn(layer, 'call'))
    return {
      known: false,
      layer,
      why: `it is not TensorFlow.js's own ${className} but something made of it`,
    };
  const fields = new FieldReader(layer);
  const operation = kind.read(fields);
  const weights = layerWeights(layer);
  const beyond = fields.unread.map((field) => `its \`${field}\``);
  if (ownLosses(layer, weights) > 0) beyond.push('a loss that was added to it');
  for (const { role } of weights) if (kind.weights?.[role] === undefined) beyond.push(`its weight "${role}"`);
  return { known: true, layer, kind, operation, weights, beyond };
}

/**
 * The classes of TensorFlow.js that {@link describeLayer} knows.
 *
 * @example
 * ```ts
 * import { describedClasses } from '@mnist-kit/layers';
 *
 * console.log(describedClasses.includes('Conv2D')); // true
 * ```
 */
export const describedClasses: readonly string[] = [...kinds.keys()];
