import type { LayerVariable, layers } from '@tensorflow/tfjs-layers';

/** What a regularizer adds to the loss: `l1 * sum(|w|) + l2 * sum(w^2)`, or something of the user's own. */
export type Penalty =
  | { readonly kind: 'l1l2'; readonly l1: number; readonly l2: number }
  | { readonly kind: 'own' };

/** One weight of a layer. */
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
  /** Class of the constraint that it is brought back into after each update. */
  readonly constraint?: string;
}

/** Layers keep a weight's regularizer in a property named after it. */
const regularizerFields: Readonly<Record<string, string>> = {
  kernel: 'kernelRegularizer',
  depthwise_kernel: 'depthwiseRegularizer',
  bias: 'biasRegularizer',
  gamma: 'gammaRegularizer',
  beta: 'betaRegularizer',
};

interface Regularizer {
  getClassName(): string;
  getConfig(): { l1?: number; l2?: number };
}

/** A layer's weights, by what they are rather than by their place, which changes when some are frozen. */
export function weightsOf(layer: layers.Layer): LayerWeight[] {
  return layer.weights.map((variable) => {
    const name = variable.originalName;
    const role = name.slice(name.lastIndexOf('/') + 1);
    return {
      role,
      name,
      shape: variable.shape as number[],
      trainable: layer.trainableWeights.includes(variable),
      variable,
      penalty: penaltyOf(layer, role),
      constraint: variable.constraint?.getClassName(),
    };
  });
}

/** Penalties in a layer's loss that none of its weights' regularizers accounts for. */
export function ownLosses(layer: layers.Layer, weights: readonly LayerWeight[]): number {
  return layer.losses.length - weights.filter(({ penalty }) => penalty !== undefined).length;
}

function penaltyOf(layer: layers.Layer, role: string): Penalty | undefined {
  const field = regularizerFields[role];
  const regularizer = (layer as unknown as Record<string, Regularizer | null | undefined>)[field];
  if (field === undefined || regularizer === null || regularizer === undefined) return undefined;
  if (regularizer.getClassName() !== 'L1L2') return { kind: 'own' };
  const { l1 = 0, l2 = 0 } = regularizer.getConfig();
  return { kind: 'l1l2', l1, l2 };
}
