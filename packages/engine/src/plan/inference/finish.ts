import type { Code } from '../../wasm/encode.js';
import type { FunctionBuilder } from '../../wasm/function-builder.js';
import { f32x4, get, type Local, v128 } from '../../wasm/ops.js';
import type { Stage } from '../graph/stage.js';
import { ActivationCode } from '../kernels/activations.js';
import { type Machine, VECTOR_BYTES } from '../machine.js';
import { affineOf } from '../post/affine.js';

/**
 * What products go through before they are stored: the shift, in which bias and batch norm are, and the activation;
 * some neighbouring vectors of channels at once.
 */
export class Finish {
  readonly atOnce: number;
  readonly #shifts: readonly Local[];
  readonly #values: readonly Local[];
  readonly #activations: readonly ActivationCode[];
  readonly #isShifted: boolean;

  /** @param address Where the shifts of all channels lie. */
  constructor(
    readonly f: FunctionBuilder,
    { atOnce }: Machine,
    stage: Stage,
    readonly address: number,
  ) {
    this.atOnce = atOnce;
    this.#isShifted = affineOf(stage) !== 'none';
    this.#shifts = this.#isShifted ? f.locals('v128', atOnce) : [];
    this.#values = f.locals('v128', atOnce);
    this.#activations = this.#values.map(() => new ActivationCode(f, stage.activation));
  }

  /** Loads the shifts of `count` vectors, from so many bytes behind the first on. */
  setup(offset: Code, count = 1): void {
    for (const [i, shift] of this.#shifts.slice(0, count).entries())
      this.f.set(shift, v128.load(offset, this.address + i * VECTOR_BYTES));
  }

  /** The code of the finished values; it reads no memory. */
  apply(products: readonly Code[]): Code[] {
    for (const [i, product] of products.entries())
      this.f.set(this.#values[i], this.#isShifted ? f32x4.add(product, get(this.#shifts[i])) : product);
    return products.map((_, i) => this.#activations[i].apply(get(this.#values[i])));
  }
}
