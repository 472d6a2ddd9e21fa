import { DataError, type Generator, InvalidArgumentError } from '@mnist-kit/core';
import { allocate, type Dataset } from '../dataset.js';
import { describeLabel, labelHint, toClassIndex } from '../labels.js';
import { toPixels } from '../pixels.js';
import { drawResample, type TransformChain } from './chain.js';
import { operationSize, type PixelMemory } from './pixel-kernel.js';
import { canShare, PixelPipeline } from './pixel-pipeline.js';
import { type Storage, storageOf } from './storage.js';

/** The buffers of a loader, two slots of each, and the work that fills them. */
export class BatchWriter {
  readonly images: Float32Array;
  readonly labels: Int32Array;
  readonly indices: Int32Array;
  readonly #dataset: Dataset;
  readonly #storage: Storage | undefined;
  readonly #chain: TransformChain;
  readonly #batchSize: number;
  readonly #size: number;
  readonly #pipeline: PixelPipeline | undefined;

  constructor(dataset: Dataset, chain: TransformChain, batchSize: number, slots: number, threaded: boolean) {
    const [height, width, channels] = dataset.shape;
    this.#dataset = dataset;
    this.#chain = chain;
    this.#batchSize = batchSize;
    this.#size = height * width * channels;
    const samples = slots * batchSize;
    this.labels = new Int32Array(samples);
    this.indices = new Int32Array(samples);
    this.images = allocate(new Float32Array(0), samples * this.#size);
    // Functions and data sets of the user's own cannot move to another thread.
    const storage = chain.hasFunctions ? undefined : storageOf(dataset);
    this.#storage = storage;
    if (storage === undefined) return;
    const steps = chain.geometric.length;
    const memory: PixelMemory = {
      control: new Int32Array(buffer(12)),
      source: storage.dataset.images,
      rows: new Int32Array(buffer(4 * samples)),
      operations: new Float64Array(buffer(8 * samples * steps * operationSize)),
      table: chain.table,
      scaling: chain.scaling,
      images: this.images,
      width,
      height,
      channels,
      batchSize,
      steps,
      serve: false,
    };
    this.#pipeline = new PixelPipeline(memory, threaded);
  }

  /** Whether a slot can be filled on another thread. */
  get threaded(): boolean {
    return this.#pipeline?.threaded ?? false;
  }

  /** Whether a thread still writes to these buffers for an epoch that was left. */
  get busy(): boolean {
    return this.#pipeline?.busy ?? false;
  }

  /**
   * Draws what the samples need at random, one after the other, and hands out the pixel work. Functions and
   * data sets of the user's own are run here and now, other work only when `finish` asks for it or, started
   * `ahead`, on another thread.
   */
  start(slot: number, positions: Int32Array, generator: Generator | undefined, ahead: boolean): void {
    const first = slot * this.#batchSize;
    this.indices.set(positions, first);
    if (this.#pipeline === undefined || this.#storage === undefined) {
      for (let n = 0; n < positions.length; n++) this.#write(first + n, positions[n], generator);
      return;
    }
    const { dataset, rows } = this.#storage;
    const { memory } = this.#pipeline;
    const { geometric, size } = this.#chain;
    let to = first * geometric.length * operationSize;
    for (let n = 0; n < positions.length; n++) {
      const row = rows === undefined ? positions[n] : rows[positions[n]];
      const label = dataset.labels[row];
      // The user can write to both.
      if (!(label >= 0 && label < dataset.classes.length))
        throw wrongLabel(positions[n], label, dataset.classes.length);
      memory.rows[first + n] = row;
      this.labels[first + n] = label;
      for (const step of geometric) {
        const { mode, coefficients } = drawResample(step, size, generator);
        memory.operations[to] = mode;
        memory.operations.set(coefficients, to + 1);
        to += operationSize;
      }
    }
    this.#pipeline.start(slot, positions.length, ahead);
  }

  /** Nothing when the work handed out last is done, else a promise of it. */
  finish(): Promise<void> | undefined {
    return this.#pipeline?.finish();
  }

  /** Takes back work that nobody waits for any more. */
  cancel(): void {
    this.#pipeline?.cancel();
  }

  /** Ends the worker. */
  async dispose(): Promise<void> {
    await this.#pipeline?.dispose();
  }

  #write(at: number, position: number, generator: Generator | undefined): void {
    const sample = this.#dataset.get(position);
    if (
      sample === null ||
      typeof sample !== 'object' ||
      typeof (sample as { then?: unknown }).then === 'function'
    )
      throw new InvalidArgumentError(
        'dataset.get',
        'must return { image, label } at once; read what takes time before',
        sample,
      );
    const image = toPixels(`image of sample ${position}`, sample.image);
    if (image.length !== this.#size)
      throw new DataError(
        `Sample ${position} of the data set has ${image.length} values, but its shape ${this.#dataset.shape.join(' x ')} needs ${this.#size}.`,
      );
    const { label } = sample;
    const index = toClassIndex(label, this.#dataset.classes.length);
    if (index === undefined) throw wrongLabel(position, label, this.#dataset.classes.length);
    this.labels[at] = index;
    const start = at * this.#size;
    const out = this.images.subarray(start, start + this.#size);
    this.#chain.apply(image, generator, out);
    const broken = out.find((value) => !Number.isFinite(value));
    if (broken === undefined) return;
    const given = image.find((value) => !Number.isFinite(value));
    throw new DataError(
      given === undefined
        ? `The transform makes a pixel of sample ${position} ${broken}: it must give finite values.`
        : `Sample ${position} of the data set has a pixel that is ${given}: replace or drop such images before training.`,
    );
  }
}

function wrongLabel(position: number, label: unknown, classes: number): DataError {
  return new DataError(
    `Sample ${position} of the data set has label ${describeLabel(label)}, expected an integer from 0 to ${classes - 1}.${labelHint(label)}`,
  );
}

function buffer(bytes: number): ArrayBufferLike {
  return canShare() ? new SharedArrayBuffer(bytes) : new ArrayBuffer(bytes);
}
