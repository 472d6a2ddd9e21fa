import type { Code } from '../../wasm/encode.js';
import type { FunctionBuilder, FunctionRef } from '../../wasm/function-builder.js';
import type { ModuleBuilder } from '../../wasm/module-builder.js';
import { get, i32, i64, type Local, wait32 } from '../../wasm/ops.js';
import { control } from '../context.js';

/** Turns of a spinning wait before a thread goes to sleep: some 20 to 50 microseconds. */
const SPINS = 20_000;
const NANOSECONDS = 1_000_000_000;
/** What a wait answers when its time is over. */
const TIMED_OUT = i32.const(2);
/** Seconds after which a thread that others wait for counts as dead, where nothing else can tell. */
export const PATIENCE_SECONDS = 60;

const zero = i32.const(0);
const generation = () => i32.atomicLoad(zero, control.generation);
const failed = () => i32.atomicLoad(zero, control.failed);

/**
 * Imports `silence()`, which a thread calls for every second for which others kept it waiting. The leading
 * thread's looks after the others and throws when one is gone: while that thread waits, no event can tell it.
 */
export const importSilence = (module: ModuleBuilder): FunctionRef => module.importFunction('silence', [], []);

/** How threads wait at a barrier. */
export interface BarrierOptions {
  readonly locals: BarrierLocals;
  /** Called for every second of waiting; absent for a worker between steps, which waits for ever. */
  readonly silence?: FunctionRef;
}

/**
 * Emits a barrier: no thread passes before all have arrived. The last one to arrive runs `single` first.
 *
 * Waiting threads spin for a while, because waking a sleeping one takes 40 microseconds and more, then sleep,
 * because a spinning one takes the core from somebody. When a thread failed, nobody passes.
 */
export function emitBarrier(f: FunctionBuilder, options: BarrierOptions, single?: () => void): void {
  const { silence } = options;
  const { seen, spins, naps } = options.locals;
  const threads = i32.load(zero, control.threads);
  f.set(seen, generation());
  f.if(
    i32.eq(i32.atomicAdd(zero, i32.const(1), control.arrived), i32.sub(threads, i32.const(1))),
    () => {
      single?.();
      f.emit(i32.atomicStore(zero, zero, control.arrived));
      f.drop(i32.atomicAdd(zero, i32.const(1), control.generation));
      f.if(i32.atomicLoad(zero, control.sleepers), () =>
        f.drop(i32.notify(zero, i32.const(-1), control.generation)),
      );
    },
    () => {
      const unchanged: Code = i32.eq(generation(), get(seen));
      f.set(spins, i32.const(SPINS));
      f.while(i32.and(unchanged, i32.ne(get(spins), zero)), () => f.advance(spins, -1));
      f.set(naps, zero);
      f.while(i32.eq(generation(), get(seen)), () => {
        f.drop(i32.atomicAdd(zero, i32.const(1), control.sleepers));
        const wait = wait32(zero, get(seen), i64.const(silence ? NANOSECONDS : -1), control.generation);
        f.if(i32.eq(wait, TIMED_OUT), () => f.advance(naps, 1));
        f.drop(i32.atomicAdd(zero, i32.const(-1), control.sleepers));
        if (silence)
          f.if(get(naps), () => {
            f.call(silence);
            f.if(i32.gtU(get(naps), i32.const(PATIENCE_SECONDS)), () => f.unreachable());
          });
      });
      f.if(failed(), () => f.unreachable());
    },
  );
}

export interface BarrierLocals {
  readonly seen: Local;
  readonly spins: Local;
  readonly naps: Local;
}

export const barrierLocals = (f: FunctionBuilder): BarrierLocals => ({
  seen: f.local('i32'),
  spins: f.local('i32'),
  naps: f.local('i32'),
});

/** Emits a loop in which the threads share out items `0 .. items - 1`, whoever is free taking the next. */
export function emitShared(
  f: FunctionBuilder,
  counter: number,
  items: Code,
  item: Local,
  body: () => void,
): void {
  const take = i32.atomicAdd(zero, i32.const(1), control.counters + counter * 64);
  f.set(item, take);
  f.while(i32.ltU(get(item), items), () => {
    body();
    f.set(item, take);
  });
}
