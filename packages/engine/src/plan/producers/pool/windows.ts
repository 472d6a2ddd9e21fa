import type { Code } from '../../../wasm/encode.js';
import type { FunctionBuilder } from '../../../wasm/function-builder.js';
import { f32, f32x4, get, i32, type Local, v128 } from '../../../wasm/ops.js';
import { channelPasses, type Machine, VECTOR_BYTES } from '../../machine.js';
import type { PoolLayout } from './layout.js';

/** One output value in the loops of {@link forEachWindow}. */
export interface WindowPlace {
  /** Row and column of the output. */
  readonly y: Local;
  readonly x: Local;
  /** Address of the window's first value. */
  readonly window: Local;
  /** Address of the output value. */
  readonly out: Local;
  /** Vectors of channels that are handled at once. */
  readonly count: number;
}

/** Visits every output value, some vectors of channels at once. */
export function forEachWindow(
  f: FunctionBuilder,
  machine: Machine,
  { window: { strides }, output, vectors, padded, raw }: PoolLayout,
  start: { padded: Local; out: Local },
  body: (place: WindowPlace) => void,
): void {
  const [y, x, window, out] = f.locals('i32', 4);
  const { pixelBytes, rowBytes } = padded.layout;
  for (const { first, count } of channelPasses(vectors, machine.atOnce)) {
    f.set(window, i32.add(get(start.padded), i32.const(first * VECTOR_BYTES)));
    f.set(out, i32.add(get(start.out), i32.const(first * VECTOR_BYTES)));
    f.repeat(y, output.height, () => {
      f.repeat(x, output.width, () => {
        body({ y, x, window, out, count });
        f.advance(window, strides[1] * pixelBytes);
        f.advance(out, raw.pixelBytes);
      });
      f.advance(window, strides[0] * rowBytes - output.width * strides[1] * pixelBytes);
    });
  }
}

/** Values of a window up to which there is no loop over them. */
const FEW_VALUES = 16;

/** Visits the values of a window from the first to the last, `offset` bytes from `at`. */
export function forEachInside(
  f: FunctionBuilder,
  { window: { size }, padded: { layout } }: PoolLayout,
  window: Local,
  locals: { at: Local; y: Local; x: Local },
  body: (at: Local, offset: number) => void,
): void {
  const [height, width] = size;
  if (height * width <= FEW_VALUES) {
    for (let y = 0; y < height; y++)
      for (let x = 0; x < width; x++) body(window, y * layout.rowBytes + x * layout.pixelBytes);
    return;
  }
  const { at, y, x } = locals;
  f.set(at, get(window));
  f.repeat(y, height, () => {
    f.repeat(x, width, () => {
      body(at, 0);
      f.advance(at, layout.pixelBytes);
    });
    f.advance(at, layout.rowBytes - width * layout.pixelBytes);
  });
}

/** The largest values of windows, and what an average divides by. */
export class WindowCode {
  readonly #inner: { at: Local; y: Local; x: Local };
  readonly #sides: Local[];

  constructor(
    readonly f: FunctionBuilder,
    readonly layout: PoolLayout,
  ) {
    const [at, y, x] = f.locals('i32', 3);
    this.#inner = { at, y, x };
    this.#sides = f.locals('i32', 3);
  }

  forEachInside(window: Local, body: (at: Local, offset: number) => void): void {
    forEachInside(this.f, this.layout, window, this.#inner, body);
  }

  /** Joins a window's values, a vector of channels in each of `into`. */
  join(into: readonly Local[], window: Local, start: Code, step: (sum: Code, value: Code) => Code): void {
    for (const local of into) this.f.set(local, start);
    this.forEachInside(window, (at, offset) => {
      for (const [i, local] of into.entries())
        this.f.set(local, step(get(local), v128.load(get(at), offset + i * VECTOR_BYTES)));
    });
  }

  largest(into: readonly Local[], window: Local): void {
    this.join(into, window, f32x4.const(Number.NEGATIVE_INFINITY), f32x4.pmax);
  }

  /** Sets `out` to the inverse of the number of a window's values; those outside do not count. */
  share(y: Local, x: Local, out: Local): void {
    const { f, layout } = this;
    const { size } = layout.window;
    if (!layout.padded.bordered) {
      f.set(out, f32x4.const(1 / (size[0] * size[1])));
      return;
    }
    const area = this.#sides[2];
    for (const [axis, i] of [y, x].entries()) {
      const length = this.#lengthInside(axis as 0 | 1, i);
      f.set(area, axis === 0 ? length : i32.mul(get(area), length));
    }
    f.set(out, f32x4.splat(f32.div(f32.const(1), f32.convertI32U(get(area)))));
  }

  /** How much of a side of the window at output position `i` lies inside of the input. */
  #lengthInside(axis: 0 | 1, i: Local): Code {
    const { f, layout } = this;
    const { size, strides, padding } = layout.window;
    const side = axis === 0 ? layout.input.height : layout.input.width;
    const [first, end] = this.#sides;
    const start = i32.sub(i32.mul(get(i), i32.const(strides[axis])), i32.const(padding[axis]));
    f.set(first, start);
    f.set(end, i32.add(start, i32.const(size[axis])));
    for (const local of [first, end]) {
      f.if(i32.ltS(get(local), i32.const(0)), () => f.set(local, i32.const(0)));
      f.if(i32.gtS(get(local), i32.const(side)), () => f.set(local, i32.const(side)));
    }
    return i32.sub(get(end), get(first));
  }
}
