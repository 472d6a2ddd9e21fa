import type { Code } from '../../wasm/encode.js';
import type { FunctionBuilder } from '../../wasm/function-builder.js';
import { f64x2, get, i64x2, type Local, v128 } from '../../wasm/ops.js';

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

/** Adds four floats to the four float64 values at `address`. */
export function emitAddWide(f: FunctionBuilder, address: Local, offset: number, value: Local): void {
  for (const [i, half] of wideHalves(value).entries()) {
    const at = offset + i * 16;
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
