import type { FeatureOrder } from './features/feature-order.js';
import type { FieldReader } from './field-reader.js';
import type { Operation } from './operation.js';
import type { TorchInitializer } from './torch/initializers.js';
import type { TorchWeight } from './torch/torch-weight.js';
import type { LayerWeight } from './weights.js';

/**
 * A layer at one place of a model, as the order of features sees it.
 *
 * @example
 * ```ts
 * import type { FeatureOrder, Passage } from '@mnist-kit/layers';
 *
 * // What comes out of a layer that changes no order is ordered as what goes in.
 * const sameOrder = ({ inputs }: Passage): FeatureOrder => inputs[0];
 * ```
 */
export interface Passage<O extends Operation = Operation> {
  readonly operation: O;
  /** Orders of the inputs. */
  readonly inputs: readonly FeatureOrder[];
  /** Shapes of the inputs, the batch first. */
  readonly inputShapes: readonly (readonly (number | null)[])[];
  /** Refuses the layer, which is named. */
  readonly refuse: (why: string) => Error;
}

/**
 * Everything that the project knows about one kind of layer.
 *
 * @example
 * ```ts
 * import type { DropoutOperation, LayerKind } from '@mnist-kit/layers';
 *
 * // How a dropout is described.
 * const dropout: LayerKind<DropoutOperation> = {
 *   className: 'Dropout',
 *   read: (fields) => ({ kind: 'dropout', rate: fields.number('rate', 0) }),
 *   torchType: () => 'Dropout',
 * };
 * ```
 */
export interface LayerKind<O extends Operation = Operation> {
  /** TensorFlow.js's class. */
  readonly className: string;
  /** Reads every field of the configuration that has a meaning. */
  read(fields: FieldReader): O;
  /** The layer's type as PyTorch calls it, e.g. `Conv2d`. */
  torchType(operation: O, rank: number): string;
  /** How the last axis of its output is ordered. Absent: as that of its only input. */
  order?(passage: Passage<O>): FeatureOrder;
  /** Its weights in PyTorch, by their role, in the order in which PyTorch draws their initial values. */
  readonly weights?: Readonly<Record<string, WeightKind<O>>>;
}

/**
 * One weight of a kind of layer.
 *
 * @example
 * ```ts
 * import type { WeightKind } from '@mnist-kit/layers';
 *
 * // A bias: as PyTorch has it, and zeros to begin with.
 * const bias: WeightKind = {
 *   torch: ({ shape }) => ({ name: 'bias', shape, toTorch: (data) => data, fromTorch: (data) => data }),
 *   initial: (_generator, shape) => new Float32Array(shape[0]),
 * };
 * ```
 */
export interface WeightKind<O extends Operation = Operation> {
  /** Name and layout in PyTorch. `order` is that of the layer's input. */
  torch(weight: LayerWeight, order: FeatureOrder, operation: O): TorchWeight;
  /** PyTorch's initial value. */
  readonly initial: TorchInitializer;
}
