import type { Code } from '../../wasm/encode.js';
import type { FunctionBuilder } from '../../wasm/function-builder.js';
import { f64x2, get, i32, i64x2, type Local, memoryFill, v128 } from '../../wasm/ops.js';
import { VECTOR_BYTES } from '../machine.js';

/** Bytes of the float64 sums of one vector of four channels. */
export const WIDE_BYTES = 32;

/** Four floats as two pairs of float64. */
export const wideHalves = (value: Local): Code[] => [
  f64x2.promoteLow(get(value)),
  f64x2.promoteLow(i64x2.shuffle(get(value), get(value), 1, 1)),
];

/** Two pairs of float64 as four floats. */
export const roundedHalves = (low: Code, high: Code): Code =>
  i64x2.shuffle(f64x2.demoteZero(low), f64x2.demoteZero(high), 0, 2);

/** The largest area that is cleared by stores of its own: a call of `memory.fill` costs as much as some 50 of them. */
const FEW_BYTES = 1024;

/** Sets `bytes`, a multiple of 16, to zero. */
export function emitClear(f: FunctionBuilder, address: Local, bytes: number): void {
  if (bytes > FEW_BYTES) f.emit(memoryFill(get(address), i32.const(0), i32.const(bytes)));
  else for (let at = 0; at < bytes; at += VECTOR_BYTES) f.emit(v128.store(get(address), v128.zero(), at));
}

/** Adds four floats to the four float64 values at `address`. */
export function emitAddWide(f: FunctionBuilder, address: Local, offset: number, value: Local): void {
  for (const [i, half] of wideHalves(value).entries()) {
    const at = offset + i * VECTOR_BYTES;
    f.emit(v128.store(get(address), f64x2.add(v128.load(get(address), at), half), at));
  }
}

/** Four sums in float64, in registers. */
export class WideSum {
  readonly #sums: Local[];

  constructor(readonly f: FunctionBuilder) {
    this.#sums = f.locals('v128', 2);
  }

  clear(): void {
    for (const sum of this.#sums) this.f.set(sum, v128.zero());
  }

  add(value: Local): void {
    const [low, high] = wideHalves(value);
    this.addWide(low, high);
  }

  /** Adds two pairs of float64. */
  addWide(low: Code, high: Code): void {
    for (const [i, half] of [low, high].entries())
      this.f.set(this.#sums[i], f64x2.add(get(this.#sums[i]), half));
  }

  /** The sums as four floats. */
  rounded(): Code {
    const [low, high] = this.#sums.map(get);
    return roundedHalves(low, high);
  }
}
