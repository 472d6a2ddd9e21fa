import type { Code } from '../../wasm/encode.js';
import type { FunctionRef } from '../../wasm/function-builder.js';
import { get, i32, type Local } from '../../wasm/ops.js';
import { denseLayout, elementAddress, type PlanContext, type PlaneLayout, pixelBytesOf } from '../context.js';
import type { ConvProducer, PlaneShape, Stage } from '../graph/stage.js';

/** The plane with a border of zeros that a convolution reads, in a thread's scratch memory. */
export interface InputPlane {
  readonly layout: PlaneLayout;
  /** Scratch offset of the plane and of the image's first pixel in it. */
  readonly offset: number;
  readonly inside: number;
}

/** Room for a convolution's input where its output is taken to have `reach` pixels. */
export function inputPlane(context: PlanContext, stage: Stage, reach: PlaneShape): InputPlane {
  const { padding, kernelSize, strides } = stage.producer as ConvProducer;
  const [input] = stage.inputs;
  const pixelBytes = pixelBytesOf(input);
  const side = (axis: 0 | 1) => {
    const [made, given] = axis === 0 ? [reach.height, input.shape.height] : [reach.width, input.shape.width];
    return Math.max((made - 1) * strides[axis] + kernelSize[axis], given + padding[axis]);
  };
  const layout = { pixelBytes, rowBytes: side(1) * pixelBytes };
  // The border stays zero, so the plane is the stage's own.
  const offset = context.scratch.alloc(side(0) * layout.rowBytes + 64);
  return { layout, offset, inside: offset + padding[0] * layout.rowBytes + padding[1] * pixelBytes };
}

/** Where a stage's values go. */
export interface Target {
  readonly layout: PlaneLayout;
  address(locals: { base: Local; slot: Local }): Code;
}

/** Straight into the plane of the one convolution that reads them. */
export const intoPlane = ({ layout, inside }: InputPlane): Target => ({
  layout,
  address: ({ base }) => i32.add(get(base), i32.const(inside)),
});

/** Into the image's slot of the stage's buffer. */
export function intoSlot(context: PlanContext, seen: Stage): Target {
  const { raw, rawBytes } = context.buffers[seen.index];
  return {
    layout: denseLayout(seen, seen.shape),
    address: ({ slot }) => elementAddress(raw, slot, rawBytes),
  };
}

/** Code of a stage with folded weights: `(base, slot)` for one image. */
export interface FoldedCode {
  readonly run: FunctionRef;
  readonly shifts: number;
  /** Brings the folded weights into the form that the kernel reads. */
  readonly prepare?: { items: number; run: FunctionRef };
}
