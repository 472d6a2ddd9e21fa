import type { Code } from '../../../wasm/encode.js';
import type { FunctionBuilder } from '../../../wasm/function-builder.js';
import { f32x4, type f64x2, get, type Local } from '../../../wasm/ops.js';

type LaneOps = Pick<typeof f64x2, 'const' | 'add' | 'sub' | 'mul'>;

/** The factors that transforms multiply by, held in registers. */
export class TransformConstants {
  readonly #registers = new Map<number, Local>();

  /** @param lanes What the transforms compute with: four floats, or two float64 for filters. */
  constructor(
    readonly f: FunctionBuilder,
    factors: readonly number[],
    readonly lanes: LaneOps = f32x4,
  ) {
    for (const factor of factors) this.#registers.set(factor, f.local('v128'));
  }

  /** Puts the factors into their registers; call it before the loops. */
  setup(): void {
    for (const [factor, local] of this.#registers) this.f.set(local, this.lanes.const(factor));
  }

  times(factor: number, x: Code): Code {
    const local = this.#registers.get(factor);
    if (!local) throw new Error(`Factor ${factor} was not asked for`);
    return this.lanes.mul(x, get(local));
  }
}

/**
 * One-dimensional transforms of Winograd's minimal filtering F(4, 3): four outputs of a 3-tap filter from six
 * products. Applied along rows and columns they give F(4x4, 3x3), 36 products where the direct way has 144.
 * Points 0, 1, -1, 2, -2 and infinity (Lavin and Gray, https://arxiv.org/abs/1509.09308, section 4.3).
 *
 * Every function reads its inputs once from locals and returns the code of each output.
 */
export class WinogradTransforms {
  readonly #t: Local[];

  /** @param constants The factors that the transforms in use need. */
  constructor(
    readonly f: FunctionBuilder,
    readonly constants: TransformConstants,
  ) {
    this.#t = f.locals('v128', 4);
  }

  #times(factor: number, x: Code): Code {
    return this.constants.times(factor, x);
  }

  /** Input transform, `B^T d`: six values to six. Factors 2, 4, 5. */
  input(d: readonly Local[]): Code[] {
    const { f } = this;
    const [a, b, c, e] = this.#t;
    const at = d.map(get);
    f.set(a, f32x4.sub(at[4], this.#times(4, at[2])));
    f.set(b, f32x4.sub(at[3], this.#times(4, at[1])));
    f.set(c, f32x4.sub(at[4], at[2]));
    f.set(e, this.#times(2, f32x4.sub(at[3], at[1])));
    return [
      f32x4.add(f32x4.sub(this.#times(4, at[0]), this.#times(5, at[2])), at[4]),
      f32x4.add(get(a), get(b)),
      f32x4.sub(get(a), get(b)),
      f32x4.add(get(c), get(e)),
      f32x4.sub(get(c), get(e)),
      f32x4.add(f32x4.sub(this.#times(4, at[1]), this.#times(5, at[3])), at[5]),
    ];
  }

  /** Transpose of the input transform, `B m`: six values to six. Factors 2, 4, 5, -5. */
  inputTransposed(m: readonly Local[]): Code[] {
    const { f } = this;
    const [a, b, c, e] = this.#t;
    const at = m.map(get);
    f.set(a, f32x4.add(at[1], at[2]));
    f.set(b, f32x4.sub(at[1], at[2]));
    f.set(c, f32x4.add(at[3], at[4]));
    f.set(e, this.#times(2, f32x4.sub(at[3], at[4])));
    return [
      this.#times(4, at[0]),
      f32x4.sub(this.#times(4, f32x4.sub(at[5], get(b))), get(e)),
      f32x4.sub(f32x4.sub(this.#times(-5, at[0]), this.#times(4, get(a))), get(c)),
      f32x4.sub(f32x4.add(get(b), get(e)), this.#times(5, at[5])),
      f32x4.add(f32x4.add(at[0], get(a)), get(c)),
      at[5],
    ];
  }

  /** Output transform, `A^T m`: six values to four. Factors 2, 4, 8. */
  output(m: readonly Local[]): Code[] {
    const { f } = this;
    const [a, b, c, e] = this.#t;
    const at = m.map(get);
    f.set(a, f32x4.add(at[1], at[2]));
    f.set(b, f32x4.sub(at[1], at[2]));
    f.set(c, f32x4.add(at[3], at[4]));
    f.set(e, f32x4.sub(at[3], at[4]));
    return [
      f32x4.add(f32x4.add(at[0], get(a)), get(c)),
      f32x4.add(get(b), this.#times(2, get(e))),
      f32x4.add(get(a), this.#times(4, get(c))),
      f32x4.add(f32x4.add(get(b), this.#times(8, get(e))), at[5]),
    ];
  }

  /** Transpose of the output transform, `A y`: four values to six. Factors 2, 4, 8. */
  outputTransposed(y: readonly Local[]): Code[] {
    const { f } = this;
    const [a, b, c, e] = this.#t;
    const at = y.map(get);
    f.set(a, f32x4.add(at[0], at[2]));
    f.set(b, f32x4.add(at[1], at[3]));
    f.set(c, f32x4.add(at[0], this.#times(4, at[2])));
    f.set(e, f32x4.add(this.#times(2, at[1]), this.#times(8, at[3])));
    return [
      at[0],
      f32x4.add(get(a), get(b)),
      f32x4.sub(get(a), get(b)),
      f32x4.add(get(c), get(e)),
      f32x4.sub(get(c), get(e)),
      at[3],
    ];
  }

  /** Filter transform, `G g`: three values to six. Factors 1/4, 1/6, -1/6, 1/24, 2, 4. */
  filter(g: readonly Local[]): Code[] {
    const { f } = this;
    const { lanes } = this.constants;
    const [a, b, c] = this.#t;
    const at = g.map(get);
    f.set(a, lanes.add(at[0], at[2]));
    f.set(b, lanes.add(at[0], this.#times(4, at[2])));
    f.set(c, this.#times(2, at[1]));
    return [
      this.#times(1 / 4, at[0]),
      this.#times(-1 / 6, lanes.add(get(a), at[1])),
      this.#times(1 / 6, lanes.sub(at[1], get(a))),
      this.#times(1 / 24, lanes.add(get(b), get(c))),
      this.#times(1 / 24, lanes.sub(get(b), get(c))),
      at[2],
    ];
  }

  /** Transpose of the filter transform, `G^T u`: six values to three. Factors 1/4, 1/6, 1/12, 1/24. */
  filterTransposed(u: readonly Local[]): Code[] {
    const { f } = this;
    const [a, b, c] = this.#t;
    const at = u.map(get);
    f.set(a, f32x4.add(at[1], at[2]));
    f.set(b, f32x4.add(at[3], at[4]));
    f.set(c, this.#times(1 / 6, get(a)));
    return [
      f32x4.add(f32x4.sub(this.#times(1 / 4, at[0]), get(c)), this.#times(1 / 24, get(b))),
      f32x4.add(this.#times(1 / 6, f32x4.sub(at[2], at[1])), this.#times(1 / 12, f32x4.sub(at[3], at[4]))),
      f32x4.add(f32x4.sub(this.#times(1 / 6, get(b)), get(c)), at[5]),
    ];
  }
}

/** Values along one side of a tile's input. */
export const TILE_IN = 6;
/** Values along one side of a tile's output. */
export const TILE_OUT = 4;
/** Products per tile and pair of channels. */
export const FREQUENCIES = TILE_IN * TILE_IN;
