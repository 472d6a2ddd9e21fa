import { EngineError } from '@mnist-kit/core';
import { compile } from '../wasm/compile.js';
import type { FunctionRef } from '../wasm/function-builder.js';
import { ModuleBuilder, PAGE_BYTES } from '../wasm/module-builder.js';
import { get, i32 } from '../wasm/ops.js';
import { Arena } from './arena.js';
import {
  chunkImages,
  controlBytes,
  type InputWiring,
  PlanContext,
  type ProducerCode,
  type StageBuffers,
  type WeightAddress,
} from './context.js';
import { chunkPhase, emitEntry, emitRuns, entry, itemPhase, type Phase, solo } from './entries.js';
import { needsGradient, type Stage, type StageGraph } from './graph/stage.js';
import { emitInference, type InferenceLayout } from './inference/emit.js';
import type { Machine } from './machine.js';
import { affineOf, biasOf, needsSums } from './post/affine.js';
import { emitSums } from './post/backward.js';
import { emitBiasGradient, emitNormalise, emitNormaliseGradient } from './post/batch-norm.js';
import { emitStatistics } from './post/statistics.js';
import { emitProducer } from './producers/index.js';
import { importSilence } from './threads/synchronise.js';

/** A compiled plan for one batch capacity. */
export interface Program {
  readonly module: WebAssembly.Module;
  readonly pages: number;
  readonly buffers: readonly StageBuffers[];
  readonly weights: ReadonlyMap<string, WeightAddress>;
  readonly inference: InferenceLayout;
}

/** What a program is compiled for. */
export interface ProgramOptions {
  /** The most images of a batch. */
  readonly capacity: number;
  readonly threads: number;
  readonly shared: boolean;
  readonly machine: Machine;
  readonly relaxedSimd?: boolean;
}

/** Pages that 32-bit addresses reach. */
const PAGE_LIMIT = 65_536;

/**
 * Lays out memory for a batch of up to `capacity` images and writes all code.
 *
 * @throws EngineError when that takes more memory than WebAssembly can address.
 */
export function compileProgram(graph: StageGraph, options: ProgramOptions): Program {
  const { stages } = graph;
  // Forward and backward stop at every batch norm, and once more at their ends.
  const norms = stages.filter(({ batchNorm }) => batchNorm).length;
  const phaseLimit = 2 * norms + 6;
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
  };
  const scratchBytes = context.scratchBytes;
  const scratchStart = arena.alloc(scratchBytes * options.threads);
  let counter = 0;
  const emitPhases = (name: keyof typeof phases) => {
    const first = counter;
    counter += phases[name].length;
    return emitEntry(module, silence, name, phases[name], first, {
      start: scratchStart,
      bytes: scratchBytes,
    });
  };
  const entries = {
    [entry.prepare]: emitPhases('prepare'),
    [entry.forward]: emitPhases('forward'),
    [entry.backward]: emitPhases('backward'),
  };
  const { capacity, threads } = options;
  const inputs = context.buffers[0].raw;
  const inference = emitInference(graph, { parent: context, threads, capacity, inputs, silence, counter });
  if (counter >= phaseLimit) throw new Error(`The plan has more than ${phaseLimit} phases`);
  emitRuns(module, silence, {
    entries: { ...entries, [entry.infer]: inference.together },
    solos: { [solo.infer]: inference.alone, [solo.prepareInference]: inference.prepare },
  });
  return {
    ...finishModule(module, arena, options),
    buffers: context.buffers,
    weights,
    inference: inference.layout,
  };
}

/**
 * Lays out memory and writes the code of inference alone.
 *
 * @throws EngineError when that takes more memory than WebAssembly can address.
 */
export function compileInference(graph: StageGraph, options: ProgramOptions): Program {
  const { capacity, threads, machine } = options;
  const arena = new Arena(controlBytes(1));
  const weights = layOutWeights(graph, arena, { gradients: false });
  const module = new ModuleBuilder({ relaxedSimd: options.relaxedSimd });
  const silence = importSilence(module);
  const { height, width, channels } = graph.stages[0].raw;
  const inputs = arena.floats(capacity * height * width * channels);
  const parent = { module, arena, weights, machine };
  const inference = emitInference(graph, { parent, threads, capacity, inputs, silence, counter: 0 });
  emitRuns(module, silence, {
    entries: { [entry.infer]: inference.together },
    solos: { [solo.infer]: inference.alone, [solo.prepareInference]: inference.prepare },
  });
  return { ...finishModule(module, arena, options), buffers: [], weights, inference: inference.layout };
}

function finishModule(module: ModuleBuilder, arena: Arena, { capacity, threads, shared }: ProgramOptions) {
  const pages = Math.ceil(arena.end / PAGE_BYTES) + 1;
  if (pages > PAGE_LIMIT)
    throw new EngineError(
      `The plan needs ${Math.round(arena.end / 2 ** 20)} MiB for batches of ${capacity} and ` +
        `${threads} threads, and WebAssembly addresses 4096: choose a smaller batch size.`,
    );
  const bytes = module.encode({ initialPages: pages, maximumPages: pages, shared });
  return { module: compile(bytes), pages };
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
function layOutWeights(
  graph: StageGraph,
  arena: Arena,
  { gradients = true } = {},
): ReadonlyMap<string, WeightAddress> {
  const sizeOf = (shape: readonly number[]) => shape.reduce((product, side) => product * side, 1);
  const trained = graph.weights.filter((ref) => ref.trainable);
  const fixed = graph.weights.filter((ref) => !ref.trainable);
  const count = trained.reduce((sum, ref) => sum + sizeOf(ref.shape), 0);
  // Vector loads at the end of a weight may reach a little past it.
  const valuesAddress = arena.floats(count + 16);
  const gradientsAddress = gradients ? arena.floats(count + 16) : 0;
  const weights = new Map<string, WeightAddress>();
  let offset = 0;
  for (const ref of trained) {
    weights.set(ref.name, {
      ref,
      value: valuesAddress + offset,
      gradient: gradients ? gradientsAddress + offset : 0,
    });
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
