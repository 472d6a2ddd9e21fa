import { serialization } from '@tensorflow/tfjs-core';
import type { LayerVariable, layers } from '@tensorflow/tfjs-layers';

/**
 * What a regularizer adds to the loss: `l1 * sum(|w|) + l2 * sum(w^2)`, or something of the user's own.
 *
 * @example
 * ```ts
 * import type { Penalty } from '@mnist-kit/layers';
 *
 * const ridge: Penalty = { kind: 'l1l2', l1: 0, l2: 1e-4 };
 * ```
 */
export type Penalty =
  | { readonly kind: 'l1l2'; readonly l1: number; readonly l2: number }
  | { readonly kind: 'own' };

/**
 * One weight of a layer.
 *
 * @example
 * ```ts
 * import { type LayerWeight, layerWeights } from '@mnist-kit/layers';
 * import * as tf from '@tensorflow/tfjs-layers';
 *
 * const model = tf.sequential({ layers: [tf.layers.dense({ units: 2, inputShape: [3], name: 'fc' })] });
 * const [kernel]: readonly LayerWeight[] = layerWeights(model.layers[0]);
 * console.log(kernel.role, kernel.shape, kernel.trainable); // kernel [3, 2] true
 * ```
 */
export interface LayerWeight {
  /** What it is to its layer, the last part of its name: `kernel`, `moving_mean`. */
  readonly role: string;
  /** TensorFlow.js's name, e.g. `conv1/kernel`. */
  readonly name: string;
  readonly shape: readonly number[];
  /** Whether training changes it: neither it nor its layer is frozen, and it is no running statistic. */
  readonly trainable: boolean;
  readonly variable: LayerVariable;
  readonly penalty?: Penalty;
  /** Names of the layer's fields for its regularizer and its constraint. */
  readonly fields: { readonly regularizer: string; readonly constraint: string };
  /** Class of the constraint that it is brought back into after each update. */
  readonly constraint?: string;
}

/** What a layer's fields call a weight, where that is not its role. */
const fieldNames: Readonly<Record<string, string>> = { depthwise_kernel: 'depthwise' };

interface Regularizer {
  getClassName(): string;
  getConfig(): { l1?: number; l2?: number };
}

/**
 * A layer's weights, by what they are rather than by their place, which changes when some are frozen.
 *
 * @returns One entry a weight, in the order of `layer.weights`.
 * @example
 * ```ts
 * import { layerWeights } from '@mnist-kit/layers';
 * import * as tf from '@tensorflow/tfjs-layers';
 *
 * const model = tf.sequential({ layers: [tf.layers.dense({ units: 2, inputShape: [3], name: 'fc' })] });
 * console.log(layerWeights(model.layers[0]).map(({ role, name }) => [role, name])); // [['kernel', 'fc/kernel'], …]
 * ```
 */
export function layerWeights(layer: layers.Layer): LayerWeight[] {
  return layer.weights.map((variable) => {
    const name = variable.originalName;
    const role = name.slice(name.lastIndexOf('/') + 1);
    const field = fieldNames[role] ?? role;
    const fields = { regularizer: `${field}Regularizer`, constraint: `${field}Constraint` };
    return {
      role,
      name,
      shape: variable.shape as number[],
      trainable: layer.trainableWeights.includes(variable),
      variable,
      fields,
      penalty: penaltyOf(layer, fields.regularizer),
      constraint: variable.constraint?.getClassName(),
    };
  });
}

/** Penalties in a layer's loss that none of its weights' regularizers accounts for. */
export function ownLosses(layer: layers.Layer, weights: readonly LayerWeight[]): number {
  return layer.losses.length - weights.filter(({ penalty }) => penalty !== undefined).length;
}

function penaltyOf(layer: layers.Layer, field: string): Penalty | undefined {
  const regularizer = (layer as unknown as Record<string, Regularizer | null | undefined>)[field];
  if (regularizer === null || regularizer === undefined) return undefined;
  // A subclass has another constructor; its formula is its own.
  if (regularizer.getClassName() !== 'L1L2' || regularizer.constructor !== stockRegularizer())
    return { kind: 'own' };
  const { l1 = 0, l2 = 0 } = regularizer.getConfig();
  return { kind: 'l1l2', l1, l2 };
}

const stockRegularizer = (): unknown => serialization.SerializationMap.getMap().classNameMap.L1L2?.[0];
