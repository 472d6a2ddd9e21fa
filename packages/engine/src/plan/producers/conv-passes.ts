import type { FunctionRef } from '../../wasm/function-builder.js';
import { i32, memoryFill } from '../../wasm/ops.js';
import type { Arena } from '../arena.js';
import { elementAddress, type PlanContext, type ProducerCode } from '../context.js';
import type { Stage } from '../graph/stage.js';
import { SPARE_BYTES } from '../kernels/block-sums.js';
import { type GradientTarget, type Plane, rawGradientPlane } from '../post/in-place.js';
import { emitPerImage } from './per-image.js';
import { borderOf, type ScratchPlane, scratchAt } from './scratch-plane.js';

/** What the two passes of a convolution over an image are made of. */
export interface ConvParts {
  readonly layout: {
    readonly padded: ScratchPlane;
    readonly gradient: ScratchPlane;
    /** A slab per chunk. */
    readonly slabs: { readonly address: number; readonly bytes: number };
  };
  /** The input as it lies in `padded`. */
  readonly input: Plane;
  /** `(border of the input, raw output)` */
  readonly convolve: FunctionRef;
  /** `(border of the input, gradient, slab, spare memory)` */
  readonly filterGradient: FunctionRef;
  /** `(border of the gradient, input's gradient)`, where one is needed. */
  readonly inputGradient?: { readonly run: FunctionRef; readonly target: GradientTarget };
  readonly shared: Arena;
}

/** Forward and backward of a convolution that goes image by image over planes with a border. */
export function emitConvPasses(
  context: PlanContext,
  stage: Stage,
  { layout, input, convolve, filterGradient, inputGradient, shared }: ConvParts,
): Pick<ProducerCode, 'forward' | 'backward'> {
  const { padded, gradient, slabs } = layout;
  const { raw, rawBytes } = context.buffers[stage.index];
  const given = rawGradientPlane(context, stage, gradient, () => gradient.first);
  const spare = shared.alloc(SPARE_BYTES);
  return {
    forward: emitPerImage(context, `forward ${stage.name}`, (f, at) => {
      input.fetch(f, at);
      f.call(convolve, borderOf(padded, input.address(at)), elementAddress(raw, at.image, rawBytes));
    }),
    backward: emitPerImage(
      context,
      `backward ${stage.name}`,
      (f, at) => {
        input.fetch(f, at);
        given.fetch(f, at);
        f.call(
          filterGradient,
          borderOf(padded, input.address(at)),
          given.address(at),
          elementAddress(slabs.address, at.chunk, slabs.bytes),
          scratchAt(at.base, spare),
        );
        if (!inputGradient) return;
        const { run, target } = inputGradient;
        f.call(run, borderOf(gradient, given.address(at)), target.address(at));
        target.finish(f, at);
      },
      (f, { chunk }) => {
        const slab = elementAddress(slabs.address, chunk, slabs.bytes);
        f.emit(memoryFill(slab, i32.const(0), i32.const(slabs.bytes)));
      },
    ),
  };
}
