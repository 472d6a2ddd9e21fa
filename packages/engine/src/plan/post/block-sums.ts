import type { FunctionBuilder } from '../../wasm/function-builder.js';
import { get, type Local, v128 } from '../../wasm/ops.js';
import { BLOCK_SUM_BYTES, BLOCK_SUM_VECTORS, elementAddress, type PlanContext } from '../context.js';
import type { Stage } from '../graph/stage.js';
import { storeSideBySide } from '../kernels/side-by-side.js';
import { emitAddWide, WIDE_BYTES } from '../kernels/wide-sums.js';
import { VECTOR_BYTES } from '../machine.js';

/** Sums of neighbouring vectors, and where their float64 totals lie behind those of the image. */
interface Sums {
  readonly locals: readonly Local[];
  readonly offset: number;
}

/** Adds float32 sums of a block of pixels to an image's float64 totals. */
export class BlockSums {
  readonly #room: Local | undefined;

  /**
   * @param image Local with the image's index.
   * @param totals Local with the address of its totals.
   */
  constructor(
    readonly f: FunctionBuilder,
    context: PlanContext,
    stage: Stage,
    image: Local,
    readonly totals: Local,
  ) {
    if (context.machine.atOnce === 1) return;
    this.#room = f.local('i32');
    f.set(this.#room, elementAddress(context.buffers[stage.index].blockSums, image, BLOCK_SUM_BYTES));
  }

  /**
   * Adds all sums and clears them. Vectors that are handled at once go through memory: a runtime packs what ends in
   * neighbouring stores, and float64 totals take twice the room.
   */
  add(sums: readonly Sums[]): void {
    const { f, totals } = this;
    const room = this.#room;
    const flat = sums.flatMap(({ locals, offset }, kind) =>
      locals.map((local, i) => ({
        local,
        offset: offset + i * WIDE_BYTES,
        at: (kind * BLOCK_SUM_VECTORS + i) * VECTOR_BYTES,
      })),
    );
    if (room) {
      for (const [kind, { locals }] of sums.entries())
        storeSideBySide(f, room, kind * BLOCK_SUM_VECTORS * VECTOR_BYTES, locals.map(get));
      for (const { local, at } of flat) f.set(local, v128.load(get(room), at));
    }
    for (const { local, offset } of flat) {
      emitAddWide(f, totals, offset, local);
      f.set(local, v128.zero());
    }
  }
}
