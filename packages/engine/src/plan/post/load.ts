import type { FunctionRef } from '../../wasm/function-builder.js';
import { f32, f32x4, get, i32, memoryCopy, v128 } from '../../wasm/ops.js';
import { denseLayout, type PlanContext, type PlaneLayout } from '../context.js';
import type { Stage } from '../graph/stage.js';
import { forEachBlock, forEachPixel } from '../kernels/planes.js';
import { storeSideBySide } from '../kernels/side-by-side.js';
import { WideSum } from '../kernels/wide-sums.js';
import { channelPasses, VECTOR_BYTES } from '../machine.js';
import { Chain } from './chain.js';

/**
 * A function `(image, destination)` that writes what readers of the stage see, one image, in the layout asked
 * for.
 */
export function emitLoad(context: PlanContext, stage: Stage, layout: PlaneLayout): FunctionRef {
  if (stage.producer.kind === 'input') return emitInputLoad(context, stage, layout);
  const { atOnce } = context.machine;
  return context.module.function(`load ${stage.name}`, ['i32', 'i32'], [], (f, [image, destination]) => {
    const { height, width } = stage.shape;
    const raw = denseLayout(stage, stage.raw);
    const from = f.local('i32');
    const to = f.local('i32');
    const chains = Array.from(
      { length: stage.pool ? atOnce : Math.max(3, 2 * atOnce) },
      () => new Chain(f, context, stage),
    );
    const values = f.locals('v128', chains.length);
    const [chain] = chains;
    const rawStart = i32.add(
      i32.mul(get(image), i32.const(chain.buffers.rawBytes)),
      i32.const(chain.buffers.raw),
    );

    if (stage.pool === 'globalAverage') {
      const sum = f.local('v128');
      const total = new WideSum(f);
      const pixels = stage.raw.height * stage.raw.width;
      for (let vector = 0; vector < chain.vectors; vector++) {
        Chain.setup([chain], image, vector);
        f.set(from, i32.add(rawStart, i32.const(vector * VECTOR_BYTES)));
        f.set(sum, v128.zero());
        total.clear();
        forEachBlock(
          f,
          stage.raw.height,
          stage.raw.width,
          [{ local: from, ...raw }],
          () =>
            f.set(
              sum,
              f32x4.add(get(sum), chain.activate(chain.preActivation(chain.centre(v128.load(get(from)))))),
            ),
          () => {
            total.add(sum);
            f.set(sum, v128.zero());
          },
        );
        f.emit(
          v128.store(
            get(destination),
            f32x4.mul(total.rounded(), f32x4.const(1 / pixels)),
            vector * VECTOR_BYTES,
          ),
        );
      }
      return;
    }

    const step = stage.pool === 'max' ? 2 : 1;
    const source = { local: from, pixelBytes: raw.pixelBytes * step, rowBytes: raw.rowBytes * step };
    for (const { first, count } of channelPasses(chain.vectors, chains.length)) {
      const used = chains.slice(0, count);
      Chain.setup(used, image, first);
      f.set(from, i32.add(rawStart, i32.const(first * VECTOR_BYTES)));
      f.set(to, i32.add(get(destination), i32.const(first * VECTOR_BYTES)));
      forEachPixel(f, height, width, [source, { local: to, ...layout }], () => {
        for (const [i, one] of used.entries()) {
          const z = (offset: number) =>
            one.preActivation(one.centre(v128.load(get(from), i * VECTOR_BYTES + offset)));
          const top =
            stage.pool === 'max'
              ? f32x4.pmax(
                  f32x4.pmax(z(0), z(raw.pixelBytes)),
                  f32x4.pmax(z(raw.rowBytes), z(raw.rowBytes + raw.pixelBytes)),
                )
              : z(0);
          f.set(values[i], one.activate(top));
        }
        storeSideBySide(f, to, 0, values.slice(0, count).map(get));
      });
    }
  });
}

function emitInputLoad(context: PlanContext, stage: Stage, layout: PlaneLayout): FunctionRef {
  return context.module.function('load input', ['i32', 'i32'], [], (f, [image, destination]) => {
    const { height, width, channels } = stage.raw;
    const rowBytes = width * channels * 4;
    const from = f.local('i32');
    const to = f.local('i32');
    const row = f.local('i32');
    const { raw, rawBytes } = context.buffers[stage.index];
    f.set(from, i32.add(i32.mul(get(image), i32.const(rawBytes)), i32.const(raw)));
    f.set(to, get(destination));
    if (layout.pixelBytes !== channels * 4) {
      // Readers that want whole vectors of channels find zeros in the lanes past the last one.
      const pixels = [
        { local: from, pixelBytes: channels * 4, rowBytes },
        { local: to, ...layout },
      ];
      forEachPixel(f, height, width, pixels, () => {
        for (let channel = 0; channel < layout.pixelBytes / 4; channel++)
          f.emit(
            f32.store(
              get(to),
              channel < channels ? f32.load(get(from), channel * 4) : f32.const(0),
              channel * 4,
            ),
          );
      });
      return;
    }
    f.repeat(row, height, () => {
      f.emit(memoryCopy(get(to), get(from), i32.const(rowBytes)));
      f.advance(from, rowBytes);
      f.advance(to, layout.rowBytes);
    });
  });
}
