import type { TensorDict } from '@mnist-kit/core';
import { checkWeights } from '../checks.js';
import { chunkSizeOf, control, type StageBuffers } from './context.js';
import type { Stage, StageGraph, WeightRef } from './graph/stage.js';
import { paddedChannels } from './machine.js';
import { biasOf } from './post/affine.js';
import type { Program } from './program.js';

const lengthOf = (ref: WeightRef): number => ref.shape.reduce((product, side) => product * side, 1);

/** A plan's memory as TypeScript sees it: weights by name, the batch, the outputs. */
export class PlanMemory {
  readonly floats: Float32Array;
  readonly #words: Int32Array;
  readonly #shapes: ReadonlyMap<string, readonly number[]>;
  readonly #output: Stage;

  constructor(
    readonly graph: StageGraph,
    readonly program: Program,
    memory: WebAssembly.Memory,
  ) {
    this.floats = new Float32Array(memory.buffer);
    this.#words = new Int32Array(memory.buffer);
    this.#shapes = new Map(graph.weights.map((ref) => [ref.name, ref.shape]));
    this.#output = graph.stages[graph.stages.length - 1];
  }

  buffersOf(stage: Stage): StageBuffers {
    return this.program.buffers[stage.index];
  }

  /** A live view of a weight or of its gradient. */
  weight(ref: WeightRef, kind: 'value' | 'gradient' = 'value'): Float32Array {
    const start = (this.program.weights.get(ref.name)?.[kind] ?? 0) / 4;
    return this.floats.subarray(start, start + lengthOf(ref));
  }

  /** Copies of all weights, in the model's order. */
  readWeights(): TensorDict {
    return Object.fromEntries(
      this.graph.weights.map((ref) => [
        ref.name,
        { shape: [...ref.shape], data: new Float32Array(this.weight(ref)) },
      ]),
    );
  }

  /**
   * Replaces weights by name; all or none.
   *
   * @throws CheckpointError when the model has no weight of a name, or a shape or type does not fit.
   */
  writeWeights(weights: TensorDict): void {
    checkWeights(this.#shapes, weights);
    for (const ref of this.graph.weights)
      if (Object.hasOwn(weights, ref.name)) this.weight(ref).set(weights[ref.name].data);
  }

  /** Copies `size` images in, from image `first` on, and says how they are cut into chunks. */
  setBatch(images: Float32Array, first: number, size: number): void {
    const input = this.graph.stages[0];
    const { height, width, channels } = input.raw;
    const pixels = height * width * channels;
    const chunkSize = chunkSizeOf(size);
    this.#words[control.size / 4] = size;
    this.#words[control.chunkSize / 4] = chunkSize;
    this.#words[control.chunks / 4] = Math.ceil(size / chunkSize);
    this.floats.set(images.subarray(first * pixels, (first + size) * pixels), this.buffersOf(input).raw / 4);
  }

  /** The outputs in front of the head's activation, bias added, `size x classes`. */
  readOutputs(size: number, into: Float32Array): Float32Array {
    const { channels: classes } = this.#output.raw;
    const stride = paddedChannels(classes);
    const start = this.buffersOf(this.#output).raw / 4;
    const ref = biasOf(this.#output);
    const bias = ref && this.weight(ref);
    const outputs = into.subarray(0, size * classes);
    for (let i = 0; i < size; i++)
      for (let c = 0; c < classes; c++)
        outputs[i * classes + c] = this.floats[start + i * stride + c] + (bias ? bias[c] : 0);
    return outputs;
  }

  /** Hands the backward pass the gradient with respect to the outputs, `size x classes`. */
  setOutputGradient(gradient: Float32Array, size: number): void {
    const { channels: classes } = this.#output.raw;
    const stride = paddedChannels(classes);
    const start = this.buffersOf(this.#output).gradient / 4;
    for (let i = 0; i < size; i++)
      this.floats.set(gradient.subarray(i * classes, (i + 1) * classes), start + i * stride);
  }
}
