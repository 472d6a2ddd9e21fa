import { DataError, ModelError } from '@mnist-kit/core';
import { describeLayer } from '@mnist-kit/layers';
import * as tf from '@tensorflow/tfjs-core';
import type { layers, SymbolicTensor } from '@tensorflow/tfjs-layers';
import type { NodeProto } from '../schema/onnx-ml_pb.js';
import { Attributes } from './attributes.js';
import type { Constant } from './constant.js';
import type { Graph } from './graph.js';
import { LayerNames } from './layer-names.js';
import { UnsupportedOnnxError } from './unsupported-onnx-error.js';
import { CHANNELS_FIRST, featureOrder, type TensorValue, tensorValue, type Value } from './value.js';

/** An activation that a layer carries itself. */
export type Activation = 'linear' | 'relu';

/** Values by their role in a layer. */
type Weights = Readonly<
  Record<string, { readonly shape: readonly number[]; readonly floats: Float32Array } | undefined>
>;

/** What all nodes of a graph share while it is read. */
export class Context {
  readonly values = new Map<string, Value>();
  readonly names = new LayerNames();
  /** Nodes that another one has taken in already. */
  readonly absorbed = new Set<NodeProto>();
  readonly #layers: layers.Layer[] = [];
  #room: number;

  /** @param size Bytes of the file: nodes that share weights must not make much more of them. */
  constructor(
    readonly graph: Graph,
    size: number,
  ) {
    this.#room = size + 2 ** 18;
  }

  /** The batch size that the file fixes, if it does. */
  get batch(): number | null {
    return this.graph.inputs[0].shape[0];
  }

  /** Counts the values of a weight. */
  spend(values: number): void {
    this.#room -= values;
    if (this.#room < 0)
      throw new UnsupportedOnnxError(
        "The weights that nodes share become each one's own, and that would be too many",
      );
  }

  add(layer: layers.Layer): void {
    this.#layers.push(layer);
  }

  /** Frees the weights that were made for layers that nobody will have. */
  dispose(kept: ReadonlySet<layers.Layer> = new Set()): void {
    for (const layer of this.#layers.filter((one) => !kept.has(one)))
      for (const weight of layer.weights) if (!isDisposed(weight)) weight.dispose();
  }
}

/** TensorFlow.js throws where a weight is freed twice. */
const isDisposed = (weight: layers.Layer['weights'][number]): boolean =>
  (weight as unknown as { val: tf.Tensor }).val.isDisposed;

/** A node while it is read: its inputs, attributes and name, and the layers that it becomes. */
export class Site {
  readonly attributes: Attributes;
  readonly place: { readonly operator: string; readonly node: string };

  constructor(
    readonly context: Context,
    readonly node: NodeProto,
  ) {
    this.place = { operator: node.opType, node: node.name || (node.output[0] ?? '') };
    this.attributes = new Attributes(node, this.place);
  }

  get opset(): number {
    return this.context.graph.opset;
  }

  /** Number of inputs, with those that are left out at the end not counted. */
  get inputs(): number {
    return this.node.input.findLastIndex((name) => name !== '') + 1;
  }

  /** An input; undefined where it is left out. */
  input(index: number): Value | undefined {
    const name = this.node.input[index];
    return name ? this.context.values.get(name) : undefined;
  }

  /** An input that must be there. */
  value(index: number): Value {
    const value = this.input(index);
    if (value === undefined) throw new DataError(`${this.#name} of the ONNX file lacks its input ${index}.`);
    return value;
  }

  /** An input that is computed from the model's. */
  tensor(index: number): TensorValue {
    const value = this.value(index);
    if (value.kind === 'part')
      throw new UnsupportedOnnxError(
        `what it computes is no layer of TensorFlow.js, and no part of GELU, swish, mish or softsign. Read by node "${this.place.node}" (${this.place.operator})`,
        value.place,
      );
    if (value.kind !== 'tensor')
      throw this.refuse(
        `its input ${index} must be computed from the graph's inputs. Received: a ${value.kind}`,
      );
    return value;
  }

  /** An input that is images, channels first in ONNX. */
  image(index: number): TensorValue {
    const value = this.tensor(index);
    if (String(value.axes) !== String(CHANNELS_FIRST))
      throw this.refuse(
        `its input must be images, batch x channels x height x width. Received: ${value.axes.length} axes${value.axes.length === 4 ? ' in another order' : ''}`,
      );
    return value;
  }

  /** An input with features, whose axes lie as in TensorFlow.js. */
  features(index: number): TensorValue {
    const value = this.tensor(index);
    if (value.axes.some((axis, i) => axis !== i))
      throw this.refuse('its input must have the features last; flatten images first');
    return value;
  }

  /** float32 values that the file holds. */
  weight(index: number, rank: number): Constant & { readonly floats: Float32Array } {
    const value = this.value(index);
    const { constant } = value.kind === 'constant' ? value : { constant: undefined };
    if (constant?.floats === undefined)
      throw this.refuse(
        `its input ${index} must be float32 values that the file holds. Received: a ${value.kind}`,
      );
    if (constant.shape.length !== rank || constant.floats.length === 0)
      throw this.refuse(
        `its input ${index}, "${constant.name}", must have ${rank} axes. Received: [${constant.shape.join(', ')}]`,
      );
    return constant as Constant & { readonly floats: Float32Array };
  }

  /** Integers that the file holds; undefined where the input is left out. */
  integers(index: number): readonly number[] | undefined {
    const value = this.input(index);
    if (value === undefined) return undefined;
    if (value.kind === 'constant' && value.constant.integers !== undefined) return value.constant.integers;
    throw this.refuse(`its input ${index} must be integers that the file holds. Received: a ${value.kind}`);
  }

  /** One number that the file holds; `absent` where the input is left out. */
  number(index: number, absent: number): number {
    const value = this.input(index);
    if (value === undefined) return absent;
    const { constant } = value.kind === 'constant' ? value : { constant: undefined };
    const [first, ...others] = constant?.floats ?? constant?.integers ?? [];
    if (first === undefined || others.length > 0)
      throw this.refuse(
        `its input ${index} must be one number that the file holds. Received: a ${value.kind}`,
      );
    return first;
  }

  /** Name for the layer that the node becomes: that of its weight in PyTorch, or the node's own. */
  layerName(weight?: Constant): string {
    return this.context.names.of(this.node, weight?.name);
  }

  /** Applies a layer. */
  apply(layer: layers.Layer, ...inputs: readonly SymbolicTensor[]): SymbolicTensor {
    this.context.add(layer);
    let output: SymbolicTensor;
    try {
      output = layer.apply(inputs.length === 1 ? inputs[0] : [...inputs]) as SymbolicTensor;
    } catch (error) {
      throw new ModelError(
        `Node "${this.place.node}" (${this.place.operator}): TensorFlow.js refuses the layer: ${(error as Error).message}`,
        { cause: error },
      );
    }
    const tooLarge = output.shape.some((length) => length !== null && !(length > 0 && length < 2 ** 31));
    if (tooLarge)
      throw this.refuse(`nothing or too much would come out. Received: [${output.shape.join(', ')}]`);
    return output;
  }

  /**
   * Writes a layer's weights.
   *
   * @param weights Values in PyTorch's layout by their role.
   * @param input What the layer reads.
   */
  fill(layer: layers.Layer, weights: Weights, input: TensorValue): void {
    const described = describeLayer(layer);
    if (!described.known) throw this.refuse(described.why);
    const length = input.tensor.shape.at(-1) as number;
    const order = featureOrder(input, length);
    for (const weight of described.weights) {
      const values = weights[weight.role];
      const { torch } = (described.kind.weights as NonNullable<typeof described.kind.weights>)[weight.role];
      const { shape, fromTorch } = torch(weight, order, described.operation);
      if (values === undefined || String(values.shape) !== String(shape))
        throw this.refuse(
          `its ${weight.role} must have the shape [${shape.join(', ')}]. Received: [${values?.shape.join(', ')}]`,
        );
      this.context.spend(values.floats.length);
      tf.tidy(() => void weight.variable.write(tf.tensor(fromTorch(values.floats), [...weight.shape])));
    }
  }

  /** Applies a layer with weights, which may be made again with an activation of its own. */
  weighted(
    make: (activation: Activation) => layers.Layer,
    weights: Weights,
    input: TensorValue,
    axes: TensorValue['axes'],
  ): TensorValue {
    let layer: layers.Layer | undefined;
    const apply = (activation: Activation) => {
      for (const weight of layer?.weights ?? []) weight.dispose();
      layer = make(activation);
      const tensor = this.apply(layer, input.tensor);
      this.fill(layer, weights, input);
      return tensor;
    };
    const value = tensorValue(apply('linear'), axes);
    const { name, output } = this.node;
    // Nobody else may read what it gives without the activation.
    const readers = this.context.graph.readers.get(output[0]) ?? [];
    if (name === '' || !readers.every((reader) => reader?.name.startsWith(`${name}/`))) return value;
    return { ...value, activated: { node: name, make: (activation) => apply(activation as Activation) } };
  }

  refuse(why: string): UnsupportedOnnxError {
    return new UnsupportedOnnxError(why, this.place);
  }

  get #name(): string {
    return `Node "${this.place.node}" (${this.place.operator})`;
  }
}
