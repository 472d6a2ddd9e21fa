import type { FunctionRef } from '../../wasm/function-builder.js';
import { get, i32, v128 } from '../../wasm/ops.js';
import type { PlanContext } from '../context.js';
import type { ConvProducer } from '../graph/stage.js';
import { storeSideBySide } from '../kernels/side-by-side.js';
import { channelPasses, paddedChannels, registerBlocks, VECTOR_BYTES, vectorsOf } from '../machine.js';
import { Finish } from './finish.js';
import { type FoldedCode, type InputPlane, inputPlane, type Target } from './plane.js';
import type { InferenceStage } from './stages.js';

/** Neighbouring output pixels that one register block covers. */
const PIXELS_AT_ONCE = 4;

/** Steps of a window's row up to which they are written out one by one. */
const FEW_STEPS = 16;

export const directPlane = (context: PlanContext, { made }: InferenceStage): InputPlane =>
  inputPlane(context, made, made.raw);

/** A convolution done directly, with batch norm and activation on the way out. */
export function emitFoldedDirect(
  context: PlanContext,
  { made }: InferenceStage,
  io: { plane: InputPlane; target: Target; load?: FunctionRef },
): FoldedCode & { filters: number } {
  const { module, arena, machine } = context;
  const { kernelSize, strides } = made.producer as ConvProducer;
  const { height, width } = made.raw;
  const { plane, target } = io;
  const outBytes = paddedChannels(made.raw.channels) * 4;
  // Stored channels that do not exist have weights of zero.
  const run = (kernelSize[1] * plane.layout.pixelBytes) / 4;
  const filters = arena.alloc(kernelSize[0] * run * outBytes);
  const shifts = arena.floats(paddedChannels(made.raw.channels));
  const pixelStep = strides[1] * plane.layout.pixelBytes;
  const blocks = registerBlocks(machine, vectorsOf(made.raw.channels));

  const pixelsOf = (rows: number) => Math.min(PIXELS_AT_ONCE, rows, width);
  /** `(plane, target)`: one row of the output. */
  const row = module.function(`row ${made.name}`, ['i32', 'i32'], [], (f, [source, out]) => {
    const widest = Math.max(...blocks.map(({ columns }) => columns));
    const acc = f.locals('v128', PIXELS_AT_ONCE * widest);
    const weights = f.locals('v128', widest);
    const value = f.local('v128');
    const finish = new Finish(f, machine, made, shifts);
    const [x, from, to, a, b, kernelRow, k] = f.locals('i32', 7);
    let offset = 0;
    for (const { rows, columns } of blocks) {
      const pixels = pixelsOf(rows);
      const cell = (pixel: number, column: number) => acc[pixel * columns + column];
      const step = (at: number, weightAt: number) => {
        for (let column = 0; column < columns; column++)
          f.set(weights[column], v128.load(get(b), offset + weightAt + column * VECTOR_BYTES));
        for (let pixel = 0; pixel < pixels; pixel++) {
          f.set(value, v128.load32Splat(get(a), pixel * pixelStep + at));
          for (let column = 0; column < columns; column++)
            f.set(
              cell(pixel, column),
              f.multiplyAdd(get(cell(pixel, column)), get(value), get(weights[column])),
            );
        }
      };
      f.set(x, i32.const(0));
      f.doWhile(() => {
        f.set(from, i32.add(get(source), i32.mul(get(x), i32.const(pixelStep))));
        f.set(to, i32.add(get(out), i32.mul(get(x), i32.const(target.layout.pixelBytes))));
        for (let i = 0; i < pixels * columns; i++) f.set(acc[i], v128.zero());
        f.set(a, get(from));
        f.set(b, i32.const(filters));
        f.repeat(kernelRow, kernelSize[0], () => {
          if (run <= FEW_STEPS) {
            for (let i = 0; i < run; i++) step(i * 4, i * outBytes);
            f.advance(a, plane.layout.rowBytes);
            f.advance(b, run * outBytes);
            return;
          }
          f.repeat(k, run, () => {
            step(0, 0);
            f.advance(a, 4);
            f.advance(b, outBytes);
          });
          f.advance(a, plane.layout.rowBytes - run * 4);
        });
        for (const { first, count } of channelPasses(columns, machine.atOnce)) {
          const at = offset + first * VECTOR_BYTES;
          finish.setup(i32.const(at), count);
          for (let pixel = 0; pixel < pixels; pixel++) {
            const cells = Array.from({ length: count }, (_, column) => get(cell(pixel, first + column)));
            storeSideBySide(f, to, pixel * target.layout.pixelBytes + at, finish.apply(cells));
          }
        }
        f.advance(x, pixels);
        // The last block of a row starts early enough to end with it and computes some pixels twice.
        f.if(i32.and(i32.ltS(get(x), i32.const(width)), i32.gtS(get(x), i32.const(width - pixels))), () =>
          f.set(x, i32.const(width - pixels)),
        );
        return i32.ltS(get(x), i32.const(width));
      });
      offset += columns * VECTOR_BYTES;
    }
  });

  const infer = module.function(`infer ${made.name}`, ['i32', 'i32'], [], (f, [base, slot]) => {
    const [from, to, y] = f.locals('i32', 3);
    if (io.load) f.call(io.load, get(slot), i32.add(get(base), i32.const(plane.inside)));
    f.set(from, i32.add(get(base), i32.const(plane.offset)));
    f.set(to, target.address({ base, slot }));
    f.repeat(y, height, () => {
      f.call(row, get(from), get(to));
      f.advance(from, strides[0] * plane.layout.rowBytes);
      f.advance(to, target.layout.rowBytes);
    });
  });
  return { run: infer, shifts, filters };
}
