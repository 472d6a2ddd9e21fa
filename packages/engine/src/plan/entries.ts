import type { Code } from '../wasm/encode.js';
import type { FunctionBuilder, FunctionRef } from '../wasm/function-builder.js';
import type { ModuleBuilder } from '../wasm/module-builder.js';
import { get, i32, type Local } from '../wasm/ops.js';
import { control } from './context.js';
import { barrierLocals, emitBarrier, emitShared } from './threads/synchronise.js';

/** What all threads together can be told to run. */
export const entry = {
  /** Weights into the form that kernels read. */
  prepare: 1,
  /** Forward in training mode: batch statistics, dropout. */
  forward: 2,
  /** Backward from the outputs' gradient to the weights'. */
  backward: 3,
  /** The batch in inference mode. */
  infer: 4,
} as const;

/** What the leading thread can be told to run while the others sleep on. */
export const solo = {
  /** The batch in inference mode. */
  infer: 1,
  /** Folded weights into the form that inference's kernels read. */
  prepareInference: 2,
} as const;

/** Work between two barriers. */
export interface Phase {
  /** Number of items, or `chunks` for the chunks of the batch. */
  readonly items: number | 'chunks';
  /** Functions of `(scratch, chunk)`, or of `(item)` with the first item that is theirs. */
  readonly calls: { run: FunctionRef; from: number; items: number }[];
  /** Run once by the last thread to arrive. */
  readonly single?: FunctionRef;
}

export const chunkPhase = (calls: FunctionRef[], single?: FunctionRef): Phase => ({
  items: 'chunks',
  calls: calls.map((run) => ({ run, from: 0, items: 0 })),
  single,
});

export function itemPhase(parts: readonly { run: FunctionRef; items: number }[]): Phase {
  let from = 0;
  const calls = parts.map(({ run, items }) => {
    from += items;
    return { run, from: from - items, items };
  });
  return { items: from, calls };
}

/** `(thread)`: runs the phases, all threads together. */
export function emitEntry(
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

/**
 * `work(thread)` for the workers, `run(entry)` for the thread that leads them, `alone(solo)` for what it does without
 * them.
 */
export function emitRuns(
  module: ModuleBuilder,
  silence: FunctionRef,
  runs: { entries: Readonly<Record<number, FunctionRef>>; solos: Readonly<Record<number, FunctionRef>> },
): void {
  const emitChoice = (
    f: FunctionBuilder,
    which: Local,
    of: Readonly<Record<number, FunctionRef>>,
    thread: Code,
  ) => {
    for (const [number, target] of Object.entries(of))
      f.if(i32.eq(get(which), i32.const(Number(number))), () => f.call(target, thread));
  };
  const dispatch = module.function('dispatch', ['i32', 'i32'], [], (f, [which, thread]) =>
    emitChoice(f, which, runs.entries, get(thread)),
  );
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
  module.function('alone', ['i32'], [], (f, [which]) => emitChoice(f, which, runs.solos, i32.const(0)), {
    export: true,
  });
}
