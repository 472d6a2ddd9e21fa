import { control } from '../context.js';
import { entry, solo } from '../entries.js';
import type { Stage, StageGraph, WeightRef } from '../graph/stage.js';
import { applyHead } from '../head.js';
import type { PlanMemory } from '../memory.js';
import type { ThreadPool } from '../threads/pool.js';
import { GROUP } from './dense.js';
import { foldWeights } from './fold.js';

/**
 * Products up to which a batch stays on the calling thread. Waking another thread takes 40 microseconds and more, in
 * which one thread does some two million of them.
 */
const FEW_PRODUCTS = 4e6;

/** Multiplications of one image. */
function productsOf({ producer, raw, inputs }: Stage): number {
  const values = raw.height * raw.width * raw.channels;
  if ('kernelSize' in producer) {
    const window = producer.kernelSize[0] * producer.kernelSize[1];
    return values * window * (producer.kind === 'conv' ? inputs[0].shape.channels : 1);
  }
  return values * (producer.kind === 'dense' ? inputs[0].shape.channels : 1);
}

/** Inference of one program: folds weights when they changed, runs batches of any size. */
export class InferenceSession {
  readonly #products: number;
  readonly #classes: number;
  readonly #words: Int32Array;
  readonly #results: Float32Array;
  #stale = true;

  constructor(
    readonly graph: StageGraph,
    readonly memory: PlanMemory,
    readonly pool: ThreadPool,
  ) {
    this.#products = graph.stages.reduce((sum, stage) => sum + productsOf(stage), 0);
    this.#classes = graph.stages[graph.stages.length - 1].raw.channels;
    this.#words = new Int32Array(memory.floats.buffer);
    this.#results = new Float32Array(this.#layout.capacity * this.#classes);
  }

  get #layout() {
    return this.memory.program.inference;
  }

  /** Says that weights or running statistics changed. */
  weightsChanged(): void {
    this.#stale = true;
  }

  /** The outputs, `size x classes`; valid until the next call. */
  predict(images: Float32Array, size: number): Float32Array {
    const classes = this.#classes;
    const { capacity } = this.#layout;
    if (this.#stale) this.#prepare();
    const all = size > capacity ? new Float32Array(size * classes) : this.#results;
    for (let first = 0; first < size; first += capacity) {
      const count = Math.min(capacity, size - first);
      this.#run(images, first, count);
      this.#read(all, first, count);
    }
    applyHead(all, size, classes, this.graph.head);
    return all.subarray(0, size * classes);
  }

  #prepare(): void {
    const { memory, pool } = this;
    foldWeights(this.#layout.folded, memory.floats, (ref: WeightRef) => memory.weight(ref));
    pool.runAlone(solo.prepareInference);
    this.#stale = false;
  }

  #run(images: Float32Array, first: number, count: number): void {
    const { pool, graph } = this;
    const { height, width, channels } = graph.stages[0].raw;
    const pixels = height * width * channels;
    const { inputs, slots } = this.#layout;
    this.memory.floats.set(images.subarray(first * pixels, (first + count) * pixels), inputs / 4);
    const threads = count === 1 || count * this.#products < FEW_PRODUCTS ? 1 : pool.threads;
    const words = this.#words;
    words[control.images / 4] = count;
    // Several groups for each thread, so that none waits long for the last one.
    words[control.group / 4] = Math.min(GROUP, Math.ceil(count / (threads === 1 ? 1 : 4 * threads)));
    // Producers of training take a slot for a chunk of one image.
    words[control.chunkSize / 4] = 1;
    words[control.size / 4] = slots;
    if (threads === 1) pool.runAlone(solo.infer);
    else pool.run(entry.infer);
  }

  #read(into: Float32Array, first: number, count: number): void {
    const classes = this.#classes;
    const { outputs, outputBytes } = this.#layout;
    const { floats } = this.memory;
    for (let image = 0; image < count; image++)
      for (let c = 0, from = (outputs + image * outputBytes) / 4; c < classes; c++)
        into[(first + image) * classes + c] = floats[from + c];
  }
}
