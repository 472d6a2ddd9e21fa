import type { FunctionBuilder, FunctionRef } from '../../wasm/function-builder.js';
import { get, i32, type Local, memoryCopy } from '../../wasm/ops.js';
import { control, elementAddress, PlanContext } from '../context.js';
import type { StageGraph } from '../graph/stage.js';
import { paddedChannels } from '../machine.js';
import { emitLoad } from '../post/load.js';
import { emitProducer } from '../producers/index.js';
import { barrierLocals, emitBarrier, emitShared } from '../threads/synchronise.js';
import { emitFoldedDense, GROUP } from './dense.js';
import { directPlane, emitFoldedDirect } from './direct.js';
import type { FoldedWeights } from './fold.js';
import { type FoldedCode, type InputPlane, intoPlane, intoSlot, type Target } from './plane.js';
import { type InferenceStage, inferenceStages, kernelRefOf } from './stages.js';
import { emitFoldedWinograd, winogradPlane } from './winograd.js';

/** What of a program inference is made of. */
export interface InferenceCode {
  /** `(thread)`: the batch, shared with the other threads. */
  readonly together: FunctionRef;
  /** `(thread)`: the batch, on the calling thread. */
  readonly alone: FunctionRef;
  /** `(thread)`: weights that {@link foldWeights} wrote, into the form that kernels read. */
  readonly prepare: FunctionRef;
  readonly layout: InferenceLayout;
}

/** Where inference has what it reads and writes. */
export interface InferenceLayout {
  readonly capacity: number;
  /** Images that threads hold at the same time. */
  readonly slots: number;
  readonly inputs: number;
  readonly outputs: number;
  /** Bytes from one image's outputs to the next's. */
  readonly outputBytes: number;
  readonly folded: readonly FoldedWeights[];
}

/** What the program gives inference to work with. */
export interface InferenceSetting {
  /** The context of the program's weights, and of its training where it has one. */
  readonly parent: Pick<PlanContext, 'module' | 'arena' | 'weights' | 'machine'>;
  readonly threads: number;
  readonly capacity: number;
  /** Where the batch lies. */
  readonly inputs: number;
  readonly silence: FunctionRef;
  /** The counter that the threads share the batch by. */
  readonly counter: number;
}

/** A run of stages that a thread does image by image, or a dense layer for all images at once. */
type Segment =
  | { readonly images: ((f: FunctionBuilder, locals: ImageLocals) => void)[] }
  | { readonly dense: FunctionRef };

interface ImageLocals {
  readonly base: Local;
  readonly slot: Local;
  readonly image: Local;
}

/**
 * Writes the code of inference. A thread takes some images at a time and brings one after the other through the
 * network, so that what a layer leaves is still in its cache when the next one reads it.
 */
export function emitInference(graph: StageGraph, setting: InferenceSetting): InferenceCode {
  const { module, arena, weights, machine } = setting.parent;
  const stages = inferenceStages(graph);
  const slots = GROUP * setting.threads;
  const ownWeights = new Map(weights);
  for (const { kernel, made } of stages)
    if (kernel === 'winograd') {
      const ref = kernelRefOf(made);
      const count = ref.shape.reduce((product, side) => product * side, 1);
      ownWeights.set(ref.name, { ref, value: arena.floats(count + 16), gradient: 0 });
    }
  const context = new PlanContext(
    module,
    arena,
    slots,
    stages.map(({ seen }) => seen),
    ownWeights,
    machine,
    { training: false, scratchFor: stages.map(({ made }) => made) },
  );
  const { segments, prepare, folded } = emitStages(context, stages, setting.inputs);
  const last = context.buffers[stages.length - 1];
  const outputBytes = paddedChannels(graph.stages[graph.stages.length - 1].raw.channels) * 4;
  const outputs = arena.alloc(setting.capacity * outputBytes);

  /** `(base, group, slot)`: a group of images in the slots from the given one on. */
  const group = module.function('infer group', ['i32', 'i32', 'i32'], [], (f, [base, which, firstSlot]) => {
    const [first, count, slot, image, end] = f.locals('i32', 5);
    f.set(first, i32.mul(get(which), i32.load(i32.const(0), control.group)));
    f.set(count, i32.load(i32.const(0), control.group));
    f.set(end, i32.sub(i32.load(i32.const(0), control.images), get(first)));
    f.if(i32.gtS(get(count), get(end)), () => f.set(count, get(end)));
    f.set(end, i32.add(get(firstSlot), get(count)));
    const forEachImage = (body: () => void) => {
      f.set(image, get(first));
      f.forRange(slot, get(firstSlot), get(end), 1, () => {
        body();
        f.advance(image, 1);
      });
    };
    for (const segment of segments)
      if ('dense' in segment) f.call(segment.dense, get(base), get(firstSlot), get(count));
      else
        forEachImage(() => {
          for (const run of segment.images) run(f, { base, slot, image });
        });
    forEachImage(() =>
      f.emit(
        memoryCopy(
          elementAddress(outputs, image, outputBytes),
          elementAddress(last.raw, slot, last.rawBytes),
          i32.const(outputBytes),
        ),
      ),
    );
  });

  const scratchBytes = context.scratchBytes;
  const scratch = arena.alloc(scratchBytes * setting.threads);
  const groups = () => {
    const size = i32.load(i32.const(0), control.group);
    const images = i32.load(i32.const(0), control.images);
    return i32.divU(i32.sub(i32.add(images, size), i32.const(1)), size);
  };
  const together = module.function('infer', ['i32'], [], (f, [thread]) => {
    const [item, base] = f.locals('i32', 2);
    const { counter, silence } = setting;
    f.set(base, elementAddress(scratch, thread, scratchBytes));
    emitShared(f, counter, groups(), item, () =>
      f.call(group, get(base), get(item), i32.mul(get(thread), i32.const(GROUP))),
    );
    emitBarrier(f, { locals: barrierLocals(f), silence }, () =>
      f.emit(i32.atomicStore(i32.const(0), i32.const(0), control.counters + counter * 64)),
    );
  });
  const alone = module.function('infer alone', ['i32'], [], (f) => {
    const item = f.local('i32');
    f.forRange(item, i32.const(0), groups(), 1, () =>
      f.call(group, i32.const(scratch), get(item), i32.const(0)),
    );
  });
  const prepareAll = module.function('prepare inference', ['i32'], [], (f) => {
    const item = f.local('i32');
    for (const { items, run } of prepare)
      f.forRange(item, i32.const(0), i32.const(items), 1, () => f.call(run, get(item)));
  });
  return {
    together,
    alone,
    prepare: prepareAll,
    layout: { capacity: setting.capacity, slots, inputs: setting.inputs, outputs, outputBytes, folded },
  };
}

/** Where every stage's input lies and its values go: straight into the reader's plane where there is only one. */
function planesOf(context: PlanContext, stages: readonly InferenceStage[]) {
  const planes = stages.map((stage): InputPlane | undefined =>
    stage.kernel === 'winograd'
      ? winogradPlane(context, stage)
      : stage.kernel === 'direct'
        ? directPlane(context, stage)
        : undefined,
  );
  const readersOf = (stage: InferenceStage) =>
    stages.filter(({ made }) => made.inputs.includes(stage.seen)).map(({ made }) => made.index);
  const isDirect = (stage: InferenceStage) => stage.kernel === 'winograd' || stage.kernel === 'direct';
  /** The stage that alone reads a stage's values from its own plane. */
  const into = (stage: InferenceStage): InputPlane | undefined => {
    const readers = readersOf(stage);
    return isDirect(stage) && readers.length === 1 ? planes[readers[0]] : undefined;
  };
  return {
    plane: (stage: InferenceStage) => planes[stage.made.index] as InputPlane,
    target: (stage: InferenceStage): Target => {
      const plane = into(stage);
      return plane ? intoPlane(plane) : intoSlot(context, stage.seen);
    },
    load: ({ made }: InferenceStage): FunctionRef | undefined => {
      const [input] = made.inputs;
      if (into(stages[input.index])) return undefined;
      return emitLoad(context, input, (planes[made.index] as InputPlane).layout);
    },
  };
}

function emitStages(context: PlanContext, stages: readonly InferenceStage[], inputs: number) {
  const planes = planesOf(context, stages);
  const segments: Segment[] = [];
  const prepare: { items: number; run: FunctionRef }[] = [];
  const folded: FoldedWeights[] = [];
  const perImage = (run: (f: FunctionBuilder, locals: ImageLocals) => void) => {
    const open = segments.at(-1);
    if (open && 'images' in open) open.images.push(run);
    else segments.push({ images: [run] });
  };
  const addFolded = (code: FoldedCode) => {
    if (code.prepare) prepare.push(code.prepare);
    perImage((f, { base, slot }) => f.call(code.run, get(base), get(slot)));
  };
  for (const stage of stages) {
    const { made, kernel } = stage;
    const buffers = context.buffers[made.index];
    if (kernel === 'input')
      perImage((f, { slot, image }) => {
        const to = elementAddress(buffers.raw, slot, buffers.rawBytes);
        const from = elementAddress(inputs, image, buffers.rawBytes);
        f.emit(memoryCopy(to, from, i32.const(buffers.rawBytes)));
      });
    else if (kernel === 'winograd') {
      const [plane, target, load] = [planes.plane(stage), planes.target(stage), planes.load(stage)];
      const code = emitFoldedWinograd(context, stage, { plane, target, load });
      const { value: weights } = context.weight(kernelRefOf(made));
      const { channels } = made.raw;
      const inputs = made.inputs[0].shape.channels;
      folded.push({ stage: made, shifts: code.shifts, weights, rowFloats: channels, inputs });
      addFolded(code);
    } else if (kernel === 'direct') {
      const [plane, target, load] = [planes.plane(stage), planes.target(stage), planes.load(stage)];
      const code = emitFoldedDirect(context, stage, { plane, target, load });
      folded.push({
        stage: made,
        shifts: code.shifts,
        weights: code.filters,
        rowFloats: paddedChannels(made.raw.channels),
        inputs: plane.layout.pixelBytes / 4,
      });
      addFolded(code);
    } else if (kernel === 'dense') {
      const code = emitFoldedDense(context, stage);
      folded.push({
        stage: made,
        shifts: code.shifts,
        weights: code.weights,
        rowFloats: paddedChannels(made.raw.channels),
        inputs: made.inputs[0].shape.channels,
      });
      segments.push({ dense: code.run });
    } else {
      const code = emitProducer(
        context,
        made,
        made.inputs.map(() => ({ accumulate: false, completes: true })),
      );
      if (code.prepare) prepare.push(code.prepare);
      folded.push({ stage: made, buffers });
      perImage((f, { base, slot }) => f.call(code.forward, get(base), get(slot)));
    }
  }
  return { segments, prepare, folded };
}
