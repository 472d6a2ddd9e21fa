import { EngineError } from '@mnist-kit/core';
import type { FunctionRef } from '../wasm/function-builder.js';
import { ModuleBuilder, PAGE_BYTES } from '../wasm/module-builder.js';
import { get, i32 } from '../wasm/ops.js';
import { Arena } from './arena.js';
import {
  chunkImages,
  control,
  controlBytes,
  type InputWiring,
  PlanContext,
  type ProducerCode,
  type StageBuffers,
  type WeightAddress,
} from './context.js';
import { needsGradient, type Stage, type StageGraph } from './graph/stage.js';
import type { Machine } from './machine.js';
import { affineOf, biasOf, needsSums } from './post/affine.js';
import { emitSums } from './post/backward.js';
import { emitBiasGradient, emitNormalise, emitNormaliseGradient } from './post/batch-norm.js';
import { emitStatistics } from './post/statistics.js';
import { emitProducer } from './producers/index.js';
import { barrierLocals, emitBarrier, emitShared, importSilence } from './threads/synchronise.js';

/** What the threads can be told to run. */
export const entry = {
  /** Weights into the form that kernels read. */
  prepare: 1,
  /** Forward in training mode: batch statistics, dropout. */
  forward: 2,
  /** Backward from the outputs' gradient to the weights'. */
  backward: 3,
  /** Forward with the coefficients as they stand. */
  infer: 4,
} as const;

/** A compiled plan for one batch capacity. */
export interface Program {
  readonly module: WebAssembly.Module;
  readonly pages: number;
  readonly buffers: readonly StageBuffers[];
  readonly weights: ReadonlyMap<string, WeightAddress>;
}

/** Work between two barriers. */
interface Phase {
  /** Number of items, or `chunks` for the chunks of the batch. */
  readonly items: number | 'chunks';
  /** Functions of `(scratch, chunk)`, or of `(item)` with the first item that is theirs. */
  readonly calls: { run: FunctionRef; from: number; items: number }[];
  /** Run once by the last thread to arrive. */
  readonly single?: FunctionRef;
}

const chunkPhase = (calls: FunctionRef[], single?: FunctionRef): Phase => ({
  items: 'chunks',
  calls: calls.map((run) => ({ run, from: 0, items: 0 })),
  single,
});

function itemPhase(parts: readonly { run: FunctionRef; items: number }[]): Phase {
  let from = 0;
  const calls = parts.map(({ run, items }) => {
    from += items;
    return { run, from: from - items, items };
  });
  return { items: from, calls };
}

/** Pages that 32-bit addresses reach. */
const PAGE_LIMIT = 65_536;

/**
 * Lays out memory for a batch of up to `capacity` images and writes all code.
 *
 * @throws EngineError when that takes more memory than WebAssembly can address.
 */
export function compileProgram(
  graph: StageGraph,
  options: { capacity: number; threads: number; shared: boolean; machine: Machine; relaxedSimd?: boolean },
): Program {
  const { stages } = graph;
  // Forward and backward stop at every batch norm, and once more at their ends.
  const norms = stages.filter(({ batchNorm }) => batchNorm).length;
  const phaseLimit = 2 * norms + 5;
  const arena = new Arena(controlBytes(phaseLimit));
  const weights = layOutWeights(graph, arena);
  const module = new ModuleBuilder({ relaxedSimd: options.relaxedSimd });
  const silence = importSilence(module);
  const context = new PlanContext(module, arena, options.capacity, stages, weights, options.machine);

  const code = stages.map((stage) =>
    stage.producer.kind === 'input' ? undefined : emitProducer(context, stage, wiringOf(stages, stage)),
  );

  const phases = {
    prepare: [itemPhase(code.flatMap((one) => one?.prepare ?? []))],
    forward: forwardPhases(context, stages, code),
    backward: backwardPhases(context, stages, code),
    infer: [chunkPhase(code.flatMap((one) => one?.forward ?? []))],
  };
  const scratchBytes = context.scratchBytes;
  const scratchStart = arena.alloc(scratchBytes * options.threads);
  let counter = 0;
  const entries = Object.entries(phases).map(([name, list]) => {
    const first = counter;
    counter += list.length;
    if (counter > phaseLimit) throw new Error(`The plan has more than ${phaseLimit} phases`);
    return emitEntry(module, silence, name, list, first, { start: scratchStart, bytes: scratchBytes });
  });
  emitRuns(module, silence, entries);

  const pages = Math.ceil(arena.end / PAGE_BYTES) + 1;
  if (pages > PAGE_LIMIT)
    throw new EngineError(
      `The plan needs ${Math.round(arena.end / 2 ** 20)} MiB for batches of ${options.capacity} and ` +
        `${options.threads} threads, and WebAssembly addresses 4096: choose a smaller batch size.`,
    );
  const bytes = module.encode({ initialPages: pages, maximumPages: pages, shared: options.shared });
  return {
    module: new WebAssembly.Module(bytes),
    pages,
    buffers: context.buffers,
    weights,
  };
}

/**
 * Backward goes from the last stage to the first: the last reader of a stage is the first to write its gradient,
 * and the first reader completes it.
 */
function wiringOf(stages: readonly Stage[], stage: Stage): InputWiring[] {
  return stage.inputs.map((input, slot) => {
    const readsElsewhere = (others: readonly Stage[]) => others.some((other) => other.inputs.includes(input));
    const earlierSlots = stage.inputs.slice(0, slot).includes(input);
    const laterSlots = stage.inputs.slice(slot + 1).includes(input);
    const first = !earlierSlots && !readsElsewhere(stages.slice(stage.index + 1));
    const last = !laterSlots && !readsElsewhere(stages.slice(0, stage.index));
    return { accumulate: !first, completes: last };
  });
}

/** Trained weights one after the other, their gradients in the same order, then the weights that are not trained. */
function layOutWeights(graph: StageGraph, arena: Arena): ReadonlyMap<string, WeightAddress> {
  const sizeOf = (shape: readonly number[]) => shape.reduce((product, side) => product * side, 1);
  const trained = graph.weights.filter((ref) => ref.trainable);
  const fixed = graph.weights.filter((ref) => !ref.trainable);
  const count = trained.reduce((sum, ref) => sum + sizeOf(ref.shape), 0);
  // Vector loads at the end of a weight may reach a little past it.
  const valuesAddress = arena.floats(count + 16);
  const gradientsAddress = arena.floats(count + 16);
  const weights = new Map<string, WeightAddress>();
  let offset = 0;
  for (const ref of trained) {
    weights.set(ref.name, { ref, value: valuesAddress + offset, gradient: gradientsAddress + offset });
    offset += sizeOf(ref.shape) * 4;
  }
  for (const ref of fixed)
    weights.set(ref.name, { ref, value: arena.floats(sizeOf(ref.shape) + 16), gradient: 0 });
  return weights;
}

/** `(base, chunk)` that calls a function of `(image, base)` for a chunk's images. */
function forImages(context: PlanContext, run: FunctionRef): FunctionRef {
  return context.module.function(`${run.name}, chunk`, ['i32', 'i32'], [], (f, [base, chunk]) => {
    const { first: image, end } = chunkImages(f, chunk);
    f.while(i32.ltS(get(image), get(end)), () => {
      f.call(run, get(image), get(base));
      f.advance(image, 1);
    });
  });
}

/** A batch norm needs the whole batch's sums, so there all threads meet. */
function forwardPhases(
  context: PlanContext,
  stages: readonly Stage[],
  code: readonly (ProducerCode | undefined)[],
): Phase[] {
  const phases: Phase[] = [];
  let open: FunctionRef[] = [];
  for (const stage of stages) {
    const producer = code[stage.index];
    if (!producer) continue;
    open.push(producer.forward);
    if (!stage.batchNorm) continue;
    open.push(forImages(context, emitStatistics(context, stage)));
    phases.push(chunkPhase(open, emitNormalise(context, stage)));
    open = [];
  }
  phases.push(chunkPhase(open));
  return phases;
}

function backwardPhases(
  context: PlanContext,
  stages: readonly Stage[],
  code: readonly (ProducerCode | undefined)[],
): Phase[] {
  const phases: Phase[] = [];
  let open: FunctionRef[] = [];
  const last = stages[stages.length - 1];
  // Nobody reads the outputs, so nobody hands the last stage its gradient.
  if (needsSums(last)) open.push(forImages(context, emitSums(context, last)));
  for (const stage of [...stages].reverse()) {
    if (stage.batchNorm && needsGradient(stage)) {
      phases.push(chunkPhase(open, emitNormaliseGradient(context, stage)));
      open = [];
    }
    const backward = code[stage.index]?.backward;
    if (backward) open.push(backward);
  }
  phases.push(chunkPhase(open));
  const biases = stages.filter((stage) => affineOf(stage) === 'bias' && biasOf(stage)?.trainable);
  phases.push(
    itemPhase([
      ...code.flatMap((one) => one?.reduce ?? []),
      ...biases.map((stage) => ({
        items: 1,
        run: context.module.function(`bias ${stage.name}`, ['i32'], [], (f) =>
          f.call(emitBiasGradient(context, stage)),
        ),
      })),
    ]),
  );
  return phases;
}

/** `(thread)`: runs the phases, all threads together. */
function emitEntry(
  module: ModuleBuilder,
  silence: FunctionRef,
  name: string,
  phases: readonly Phase[],
  firstCounter: number,
  scratch: { start: number; bytes: number },
): FunctionRef {
  return module.function(name, ['i32'], [], (f, [thread]) => {
    const barrier = { locals: barrierLocals(f), silence };
    const [base, item] = f.locals('i32', 2);
    f.set(base, i32.add(i32.const(scratch.start), i32.mul(get(thread), i32.const(scratch.bytes))));
    for (const [i, phase] of phases.entries()) {
      const items =
        phase.items === 'chunks' ? i32.load(i32.const(0), control.chunks) : i32.const(phase.items);
      emitShared(f, firstCounter + i, items, item, () => {
        for (const call of phase.calls)
          if (phase.items === 'chunks') f.call(call.run, get(base), get(item));
          else
            f.if(i32.ltU(i32.sub(get(item), i32.const(call.from)), i32.const(call.items)), () =>
              f.call(call.run, i32.sub(get(item), i32.const(call.from))),
            );
      });
      emitBarrier(f, barrier, () => {
        f.emit(i32.atomicStore(i32.const(0), i32.const(0), control.counters + (firstCounter + i) * 64));
        if (phase.single) f.call(phase.single);
      });
    }
  });
}

/** `work(thread)` for the workers, `run(entry)` for the thread that leads them. */
function emitRuns(module: ModuleBuilder, silence: FunctionRef, entries: readonly FunctionRef[]): void {
  const dispatch = module.function('dispatch', ['i32', 'i32'], [], (f, [which, thread]) => {
    for (const [i, target] of entries.entries())
      f.if(i32.eq(get(which), i32.const(i + 1)), () => f.call(target, get(thread)));
  });
  module.function(
    'work',
    ['i32'],
    [],
    (f, [thread]) => {
      const locals = barrierLocals(f);
      f.doWhile(() => {
        emitBarrier(f, { locals });
        f.call(dispatch, i32.load(i32.const(0), control.entry), get(thread));
        return i32.const(1);
      });
    },
    { export: true },
  );
  module.function(
    'run',
    ['i32'],
    [],
    (f, [which]) => {
      const locals = barrierLocals(f);
      f.emit(i32.store(i32.const(0), get(which), control.entry));
      emitBarrier(f, { locals, silence });
      f.call(dispatch, get(which), i32.const(0));
    },
    { export: true },
  );
}
