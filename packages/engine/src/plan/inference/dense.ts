import type { FunctionRef } from '../../wasm/function-builder.js';
import { get, i32, v128 } from '../../wasm/ops.js';
import { elementAddress, type PlanContext } from '../context.js';
import { emitGemm } from '../kernels/gemm.js';
import { paddedChannels, paddedRows, VECTOR_BYTES, vectorsOf } from '../machine.js';
import { emitLoad } from '../post/load.js';
import { Finish } from './finish.js';
import type { InferenceStage } from './stages.js';

/** The most images that a thread takes at once. */
export const GROUP = 8;

/** A dense layer's code: `(base, slot, count)` for `count` images from a slot on. */
export interface DenseCode {
  readonly run: FunctionRef;
  readonly weights: number;
  readonly shifts: number;
}

/** A dense layer with batch norm and activation on the way out; several images at once, which share its weights. */
export function emitFoldedDense(context: PlanContext, { made, seen }: InferenceStage): DenseCode {
  const { module, arena, machine } = context;
  const [input] = made.inputs;
  const vectors = vectorsOf(made.raw.channels);
  const inBytes = paddedChannels(input.shape.channels) * 4;
  const outBytes = vectors * VECTOR_BYTES;
  const shared = context.sharedScratch();
  const inputs = shared.alloc(paddedRows(GROUP) * inBytes);
  const outputs = shared.alloc(paddedRows(GROUP) * outBytes);
  const weights = arena.alloc(input.shape.channels * outBytes);
  const shifts = arena.alloc(outBytes);
  const target = context.buffers[seen.index];
  const load = emitLoad(context, input, { pixelBytes: inBytes, rowBytes: inBytes });
  const run = module.function(`infer ${made.name}`, ['i32', 'i32', 'i32'], [], (f, [base, slot, count]) => {
    const [a, b, c, end, to] = f.locals('i32', 5);
    const image = f.local('i32');
    const at = (offset: number) => i32.add(get(base), i32.const(offset));
    f.set(end, i32.add(get(slot), get(count)));
    f.set(a, at(inputs));
    f.forRange(image, get(slot), get(end), 1, () => {
      f.call(load, get(image), get(a));
      f.advance(a, inBytes);
    });
    f.set(a, at(inputs));
    f.set(b, i32.const(weights));
    f.set(c, at(outputs));
    const shape = { aRow: inBytes, aK: 4, bK: outBytes, cRow: outBytes };
    const operands = { a, b, c, k: i32.const(input.shape.channels), rows: get(count) };
    emitGemm(f, machine, shape, vectors, operands, false);
    const finish = new Finish(f, machine, made, shifts);
    f.set(c, at(outputs));
    f.forRange(image, get(slot), get(end), 1, () => {
      f.set(to, elementAddress(target.raw, image, target.rawBytes));
      for (let vector = 0; vector < vectors; vector++) {
        const offset = vector * VECTOR_BYTES;
        finish.setup(i32.const(offset));
        const [value] = finish.apply([v128.load(get(c), offset)]);
        f.emit(v128.store(get(to), value, offset));
      }
      f.advance(c, outBytes);
    });
  });
  return { run, weights, shifts };
}
