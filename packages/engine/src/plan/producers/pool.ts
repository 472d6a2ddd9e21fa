import type { Code } from '../../wasm/encode.js';
import type { FunctionBuilder } from '../../wasm/function-builder.js';
import { f32, f32x4, get, i32, type Local, memoryFill, v128 } from '../../wasm/ops.js';
import {
  denseLayout,
  elementAddress,
  type InputWiring,
  type PlanContext,
  type PlaneLayout,
  type ProducerCode,
} from '../context.js';
import { type PoolProducer, paddedChannels, type Stage } from '../graph/stage.js';
import { emitRawGradient, emitSink } from '../post/backward.js';
import { emitLoad } from '../post/load.js';
import { perImageProducer } from './per-image.js';

/** Pooling with windows of any size and stride. Padding takes no part: an average counts real values only. */
export function emitPool(context: PlanContext, stage: Stage, [wiring]: readonly InputWiring[]): ProducerCode {
  const { module } = context;
  const { of, size, strides, padding } = stage.producer as PoolProducer;
  const [input] = stage.inputs;
  const buffers = context.buffers[stage.index];
  const { height, width } = stage.raw;
  const vectors = paddedChannels(stage.raw.channels) / 4;
  const pixelBytes = vectors * 16;
  const columns = Math.max((width - 1) * strides[1] + size[1], input.shape.width + padding[1]);
  const rows = Math.max((height - 1) * strides[0] + size[0], input.shape.height + padding[0]);
  const plane: PlaneLayout = { pixelBytes, rowBytes: columns * pixelBytes };
  const planeBytes = rows * plane.rowBytes;
  const inside = padding[0] * plane.rowBytes + padding[1] * pixelBytes;
  const raw = denseLayout(stage, stage.raw);
  const shared = context.sharedScratch();
  const source = shared.alloc(planeBytes);
  const gradientPlane = shared.alloc(height * raw.rowBytes);
  const sinkPlane = shared.alloc(planeBytes);
  const load = emitLoad(context, input, plane);

  /** Visits every output value: `window` points to its window's first value, `out` to the value. */
  const forEachWindow = (
    f: FunctionBuilder,
    first: { window: Local; out: Local },
    body: (at: { y: Local; x: Local; window: Local; out: Local }) => void,
  ) => {
    const [y, x, vector, window, out] = f.locals('i32', 5);
    f.repeat(y, height, () =>
      f.repeat(x, width, () =>
        f.repeat(vector, vectors, () => {
          const channel = i32.mul(get(vector), i32.const(16));
          const place = (start: Local, row: number, column: number): Code =>
            i32.add(
              i32.add(get(start), channel),
              i32.add(i32.mul(get(y), i32.const(row)), i32.mul(get(x), i32.const(column))),
            );
          f.set(window, place(first.window, strides[0] * plane.rowBytes, strides[1] * pixelBytes));
          f.set(out, place(first.out, raw.rowBytes, raw.pixelBytes));
          body({ y, x, window, out });
        }),
      ),
    );
  };
  /** Visits the values of one window; `at` points to each. */
  const forEachInside = (f: FunctionBuilder, window: Local, locals: Local[], body: (at: Local) => void) => {
    const [at, y, x] = locals;
    f.set(at, get(window));
    f.repeat(y, size[0], () => {
      f.repeat(x, size[1], () => {
        body(at);
        f.advance(at, pixelBytes);
      });
      f.advance(at, plane.rowBytes - size[1] * pixelBytes);
    });
  };
  /** Real values along one side of the window at output position `i`, as an i32. */
  const counted = (f: FunctionBuilder, into: Local, i: Local, axis: 0 | 1) => {
    const side = axis === 0 ? input.shape.height : input.shape.width;
    const start = i32.sub(i32.mul(get(i), i32.const(strides[axis])), i32.const(padding[axis]));
    const clamp = (value: Code) => {
      f.set(into, value);
      f.if(i32.ltS(get(into), i32.const(0)), () => f.set(into, i32.const(0)));
      f.if(i32.gtS(get(into), i32.const(side)), () => f.set(into, i32.const(side)));
    };
    return { start, clamp };
  };
  const share = (f: FunctionBuilder, at: { y: Local; x: Local }, locals: Local[], out: Local) => {
    const [end, first, area] = locals;
    for (const axis of [0, 1] as const) {
      const i = axis === 0 ? at.y : at.x;
      const toEnd = counted(f, end, i, axis);
      toEnd.clamp(i32.add(toEnd.start, i32.const(size[axis])));
      const toStart = counted(f, first, i, axis);
      toStart.clamp(toStart.start);
      const length = i32.sub(get(end), get(first));
      f.set(area, axis === 0 ? length : i32.mul(get(area), length));
    }
    f.set(out, f32x4.splat(f32.div(f32.const(1), f32.convertI32U(get(area)))));
  };
  const fill = (f: FunctionBuilder, at: Code) => {
    if (of === 'average') {
      f.emit(memoryFill(at, i32.const(0), i32.const(planeBytes)));
      return;
    }
    const [to, left] = f.locals('i32', 2);
    f.set(to, at);
    f.repeat(left, planeBytes / 16, () => {
      f.emit(v128.store(get(to), f32x4.const(Number.NEGATIVE_INFINITY)));
      f.advance(to, 16);
    });
  };
  const top = (f: FunctionBuilder, window: Local, locals: Local[], result: Local) => {
    f.set(result, f32x4.const(Number.NEGATIVE_INFINITY));
    forEachInside(f, window, locals, (at) => f.set(result, f32x4.pmax(get(result), v128.load(get(at)))));
  };

  const pool = module.function(`pool ${stage.name}`, ['i32', 'i32'], [], (f, [from, to]) => {
    const inner = f.locals('i32', 3);
    const sides = f.locals('i32', 3);
    const [value, factor] = f.locals('v128', 2);
    forEachWindow(f, { window: from, out: to }, ({ y, x, window, out }) => {
      if (of === 'max') top(f, window, inner, value);
      else {
        f.set(value, v128.zero());
        forEachInside(f, window, inner, (at) => f.set(value, f32x4.add(get(value), v128.load(get(at)))));
        share(f, { y, x }, sides, factor);
        f.set(value, f32x4.mul(get(value), get(factor)));
      }
      f.emit(v128.store(get(out), get(value)));
    });
  });

  /** `(values, gradient, sink)`: adds a window's gradient to the values that it came from. */
  const spread = module.function(
    `spread ${stage.name}`,
    ['i32', 'i32', 'i32'],
    [],
    (f, [values, gradient, sink]) => {
      const inner = f.locals('i32', 3);
      const sides = f.locals('i32', 3);
      const [largest, d, taken, hit, factor] = f.locals('v128', 5);
      forEachWindow(f, { window: values, out: gradient }, ({ y, x, window, out }) => {
        f.set(d, v128.load(get(out)));
        if (of === 'max') {
          top(f, window, inner, largest);
          f.set(taken, v128.zero());
        } else {
          share(f, { y, x }, sides, factor);
          f.set(d, f32x4.mul(get(d), get(factor)));
        }
        forEachInside(f, window, inner, (at) => {
          const target = i32.add(get(sink), i32.sub(get(at), get(values)));
          if (of === 'max') {
            // The first of equal values takes the gradient.
            f.set(hit, v128.andnot(f32x4.eq(v128.load(get(at)), get(largest)), get(taken)));
            f.set(taken, v128.or(get(taken), get(hit)));
          }
          const own = of === 'max' ? v128.and(get(d), get(hit)) : get(d);
          f.emit(v128.store(target, f32x4.add(v128.load(target), own)));
        });
      });
    },
  );

  const rawGradient = emitRawGradient(context, stage, raw);
  const sink = emitSink(context, input, plane, wiring);
  const at = (base: Local, offset: number) => i32.add(get(base), i32.const(offset));
  return perImageProducer(
    context,
    stage,
    (f, { image, base }) => {
      fill(f, at(base, source));
      f.call(load, get(image), at(base, source + inside));
      f.call(pool, at(base, source), elementAddress(buffers.raw, image, buffers.rawBytes));
    },
    (f, { image, base }) => {
      if (!sink) return;
      fill(f, at(base, source));
      f.call(load, get(image), at(base, source + inside));
      f.call(rawGradient, get(image), at(base, gradientPlane));
      f.emit(memoryFill(at(base, sinkPlane), i32.const(0), i32.const(planeBytes)));
      f.call(spread, at(base, source), at(base, gradientPlane), at(base, sinkPlane));
      f.call(sink, get(image), at(base, sinkPlane + inside));
    },
  );
}
