import type { Code } from '../wasm/encode.js';
import type { FunctionBuilder, FunctionRef } from '../wasm/function-builder.js';
import type { ModuleBuilder } from '../wasm/module-builder.js';
import { get, i32, type Local } from '../wasm/ops.js';
import { Arena } from './arena.js';
import { needsGradient, type PlaneShape, type Stage, type WeightRef } from './graph/stage.js';
import { type Machine, paddedChannels, VECTOR_BYTES } from './machine.js';

/** Words of the control block, as byte addresses. Words that different threads write lie on lines of their own. */
export const control = {
  /** Images in this batch. */
  size: 64,
  /** Images in one chunk, the unit of work that a thread takes. */
  chunkSize: 68,
  chunks: 72,
  threads: 76,
  /** Which entry the workers run next. */
  entry: 80,
  /** Not 0 when a thread failed. */
  failed: 84,
  /** Images that inference is asked for, and how many of them a thread takes at once. */
  images: 88,
  group: 92,
  /** Counts up whenever all threads have arrived. */
  generation: 128,
  /** Threads that sleep until the generation changes. */
  sleepers: 192,
  arrived: 256,
  /** One counter of taken items per phase, a line each. */
  counters: 320,
} as const;

/** Bytes of the control block of a plan with so many phases. */
export const controlBytes = (phases: number): number => control.counters + Math.max(160, phases) * 64;

/**
 * Images in one chunk of a batch of `size`. It depends on the batch alone: sums run over the images of a chunk
 * first and over the chunks after, so the same batch gives the same bits on any number of threads.
 */
export const chunkSizeOf = (size: number): number => Math.min(8, Math.max(1, Math.ceil(size / 16)));

/** The most chunks that any batch of at most `capacity` images has. */
export const maxChunksOf = (capacity: number): number => Math.max(16, Math.ceil(capacity / 8));

/** Vectors of one kind of sums of a block of pixels; there are two kinds. */
export const BLOCK_SUM_VECTORS = 4;
export const BLOCK_SUM_BYTES = 2 * BLOCK_SUM_VECTORS * VECTOR_BYTES;

/** Where a weight and its gradient live, in TensorFlow.js layout without padding. */
export interface WeightAddress {
  readonly ref: WeightRef;
  readonly value: number;
  /** 0 where the weight is not trained. */
  readonly gradient: number;
}

/** Addresses of what a stage keeps between phases. */
export interface StageBuffers {
  /** Raw output of the producer, `[image][pixel][padded channel]`. */
  readonly raw: number;
  readonly rawBytes: number;
  /** Gradient with respect to what readers see, `[image][pixel][padded channel]`. */
  readonly gradient: number;
  readonly gradientBytes: number;
  /** Dropout factors, `[image][padded channel]`, or one per value of the raw output. */
  readonly mask: number;
  /** Two float64 values per image and channel, `[image][2][padded channel]`. */
  readonly partial: number;
  /** Where an image's sums of a block of pixels are put down on their way to `partial`. */
  readonly blockSums: number;
  /** Scale and shift of the forward pass, per padded channel. */
  readonly scale: number;
  readonly shift: number;
  readonly mean: number;
  /** What the float32 mean leaves out, and the inverse standard deviation, per padded channel in float64. */
  readonly meanRest: number;
  readonly inverseStd: number;
  /** Coefficients of the backward pass: gradient = gA * g + gB * (y - mean) + gC. */
  readonly gA: number;
  readonly gB: number;
  readonly gC: number;
}

/** Where an image lies in scratch memory: bytes from pixel to pixel and from row to row. */
export interface PlaneLayout {
  readonly pixelBytes: number;
  readonly rowBytes: number;
}

/** Bytes from one pixel of a stage to the next where it is stored or read. */
export const pixelBytesOf = (stage: Stage): number =>
  // The input keeps the caller's layout, so that a window's row is one run of floats.
  stage.producer.kind === 'input' ? stage.raw.channels * 4 : paddedChannels(stage.shape.channels) * 4;

/** A plane without padding. */
export const denseLayout = (stage: Stage, shape: PlaneShape): PlaneLayout => {
  const pixelBytes =
    stage.producer.kind === 'input' ? shape.channels * 4 : paddedChannels(shape.channels) * 4;
  return { pixelBytes, rowBytes: pixelBytes * shape.width };
};

/**
 * An upper bound of the shared scratch memory that a stage needs: a few planes, padded by as much as the kernel may
 * ask for, and what goes with the producer: a dense layer's rows, or a Winograd convolution's 36 frequencies of at
 * most 64 tiles (or one image's) with its filter gradient. Memory that is never touched costs nothing, so the bound
 * is generous.
 */
function sharedBytesBound({ producer, inputs, raw }: Stage): number {
  const channelsIn = inputs.reduce((sum, input) => sum + paddedChannels(input.shape.channels), 0);
  const channelsOut = paddedChannels(raw.channels);
  const window = 'kernelSize' in producer ? producer.kernelSize : 'size' in producer ? producer.size : [0, 0];
  const plane = ({ height, width }: PlaneShape, channels: number) =>
    (height + window[0] + 16) * (width + window[1] + 16) * channels;
  // A depthwise convolution repeats its input's channels.
  const widest = producer.kind === 'depthwise' ? Math.max(channelsIn, channelsOut) : channelsIn;
  const planes = inputs.reduce((sum, { shape }) => sum + plane(shape, widest), plane(raw, channelsOut));
  const own = () => {
    if (producer.kind === 'dense') return 16 * (channelsIn + channelsOut);
    if (producer.kind !== 'conv') return 0;
    const tiles = Math.max(64, Math.ceil(raw.height / 4) * Math.ceil(raw.width / 4)) + 16;
    return 36 * (tiles * (channelsIn + channelsOut) + (channelsIn + 4) * channelsOut + 64);
  };
  return 4 * (own() + 2 * planes) + 65_536;
}

/** What a context is for. */
export interface ContextPurpose {
  /** Whether gradients, masks and sums have room. */
  readonly training: boolean;
  /** The stages that scratch memory must suffice for, where they are not those that are laid out. */
  readonly scratchFor?: readonly Stage[];
}

/** What every emitter needs: the module, the memory map, and where everything lies. */
export class PlanContext {
  readonly buffers: StageBuffers[];
  /** Offsets inside a thread's scratch memory that belong to one stage for good: their zero borders stay zero. */
  readonly scratch: Arena;
  readonly #sharedBytes: number;
  readonly #sharedArenas: Arena[] = [];

  constructor(
    readonly module: ModuleBuilder,
    readonly arena: Arena,
    readonly capacity: number,
    stages: readonly Stage[],
    readonly weights: ReadonlyMap<string, WeightAddress>,
    readonly machine: Machine,
    readonly purpose: ContextPurpose = { training: true },
  ) {
    this.buffers = stages.map((stage) => this.#stageBuffers(stage));
    this.#sharedBytes = Math.max(65_536, ...(purpose.scratchFor ?? stages).map(sharedBytesBound));
    this.scratch = new Arena(this.#sharedBytes);
  }

  /**
   * A fresh view of the scratch memory that stages use one after the other: every stage starts at the same
   * offset, so what one leaves there the next overwrites.
   */
  sharedScratch(): Arena {
    const arena = new Arena();
    this.#sharedArenas.push(arena);
    return arena;
  }

  /** Bytes of scratch memory per thread; known once all code is written. */
  get scratchBytes(): number {
    const used = Math.max(...this.#sharedArenas.map((arena) => arena.end), 0);
    if (used > this.#sharedBytes) throw new Error(`Scratch memory bound ${this.#sharedBytes} below ${used}`);
    // A page apart and not a power of two, so that threads do not compete for the same sets of a shared cache.
    return Math.ceil(this.scratch.end / 4096) * 4096 + 4096 + 64;
  }

  get maxChunks(): number {
    return this.purpose.training ? maxChunksOf(this.capacity) : 0;
  }

  weight(ref: WeightRef): WeightAddress {
    const address = this.weights.get(ref.name);
    if (!address) throw new Error(`No address for weight ${ref.name}`);
    return address;
  }

  #stageBuffers(stage: Stage): StageBuffers {
    const { arena, capacity, purpose } = this;
    const isInput = stage.producer.kind === 'input';
    const channels = paddedChannels(stage.raw.channels);
    const rawBytes = stage.raw.height * stage.raw.width * (isInput ? stage.raw.channels : channels) * 4;
    const gradientBytes = stage.shape.height * stage.shape.width * channels * 4;
    const perChannel = () => arena.floats(channels);
    return {
      raw: arena.alloc(rawBytes * capacity),
      rawBytes,
      gradient: purpose.training && needsGradient(stage) ? arena.alloc(gradientBytes * capacity) : 0,
      gradientBytes,
      mask:
        stage.producer.kind === 'elementDropout'
          ? arena.alloc(rawBytes * capacity)
          : stage.dropout
            ? arena.floats(channels * capacity)
            : 0,
      partial: purpose.training ? arena.doubles(channels * 2 * capacity) : 0,
      blockSums: purpose.training && this.machine.atOnce > 1 ? arena.alloc(BLOCK_SUM_BYTES * capacity) : 0,
      scale: perChannel(),
      shift: perChannel(),
      mean: perChannel(),
      meanRest: arena.doubles(channels),
      inverseStd: arena.doubles(channels),
      gA: perChannel(),
      gB: perChannel(),
      gC: perChannel(),
    };
  }
}

/** Code that a stage's producer contributes to the plan. Functions take `(scratch, chunk)` or `(item)`. */
export interface ProducerCode {
  /** Brings the weights into the form that the kernels read; work items are independent. */
  readonly prepare?: { items: number; run: FunctionRef };
  readonly forward: FunctionRef;
  readonly backward?: FunctionRef;
  /** Sums the chunks' weight gradients into the weight's gradient; work items are independent. */
  readonly reduce?: { items: number; run: FunctionRef };
}

/** How a stage hands the gradient of one of its inputs on. */
export interface InputWiring {
  /** Whether another reader of the input has already written its gradient. */
  readonly accumulate: boolean;
  /** Whether no other reader writes after this one, so that the gradient is whole. */
  readonly completes: boolean;
}

/** Locals `first` and `end`: the images of a chunk. */
export function chunkImages(f: FunctionBuilder, chunk: Local): { first: Local; end: Local } {
  const [first, end] = f.locals('i32', 2);
  f.set(first, i32.mul(get(chunk), i32.load(i32.const(0), control.chunkSize)));
  f.set(end, i32.add(get(first), i32.load(i32.const(0), control.chunkSize)));
  f.if(i32.gtS(get(end), i32.load(i32.const(0), control.size)), () =>
    f.set(end, i32.load(i32.const(0), control.size)),
  );
  return { first, end };
}

/** `base + index * stride`. */
export const elementAddress = (base: number, index: Local, stride: number): Code =>
  i32.add(i32.mul(get(index), i32.const(stride)), i32.const(base));
