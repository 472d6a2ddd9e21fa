/**
 * @module
 * Reading and writing a stage's tensors where they lie. Where nothing is done to a raw tensor, as between the two
 * halves of a separable convolution, there is nothing to compute on the way in or out, and no copy to make.
 */
import type { Code } from '../../wasm/encode.js';
import type { FunctionBuilder, FunctionRef } from '../../wasm/function-builder.js';
import { get, i32, type Local } from '../../wasm/ops.js';
import {
  denseLayout,
  elementAddress,
  type InputWiring,
  type PlanContext,
  type PlaneLayout,
} from '../context.js';
import { needsGradient, type Stage } from '../graph/stage.js';
import { affineOf, needsSums } from './affine.js';
import { emitRawGradient, emitSink, emitSums } from './backward.js';
import { emitLoad } from './load.js';

/** A thread's scratch memory and the image that is worked on, as locals. */
export interface Place {
  readonly base: Local;
  readonly image: Local;
}

/** One image's plane: what must run before it is there, and where it is then. */
export interface Plane {
  readonly layout: PlaneLayout;
  fetch(f: FunctionBuilder, place: Place): void;
  address(place: Place): Code;
}

/** Whether readers see the raw values, and hand back their gradient, as they are. */
const isPlain = (stage: Stage): boolean =>
  stage.producer.kind !== 'input' &&
  affineOf(stage) === 'none' &&
  stage.activation.name === 'linear' &&
  !stage.dropout &&
  !stage.pool;

/** How a kernel wants to read a plane. */
export interface WantedPlane {
  readonly layout: PlaneLayout;
  /** Whether it reads pixels around the plane as well, which must be zero. */
  readonly bordered: boolean;
}

/** Whether a stage's raw tensor, or its gradient, lies as it is wanted. */
function liesSo(stage: Stage, { layout, bordered }: WantedPlane): boolean {
  const { pixelBytes, rowBytes } = denseLayout(stage, stage.raw);
  return isPlain(stage) && !bordered && layout.pixelBytes === pixelBytes && layout.rowBytes === rowBytes;
}

const inScratch = ({ base }: Place, offset: number): Code => i32.add(get(base), i32.const(offset));

/** One of a stage's tensors, and the code that copies one image of it as it is wanted. */
interface Kept {
  readonly address: number;
  readonly bytes: number;
  emitCopy(layout: PlaneLayout): FunctionRef;
}

/** A stage's tensor where it lies, or its copy in scratch memory. */
function planeOf(stage: Stage, wanted: WantedPlane, kept: Kept, offset: () => number): Plane {
  const { layout } = wanted;
  if (liesSo(stage, wanted))
    return {
      layout,
      fetch: () => {},
      address: ({ image }) => elementAddress(kept.address, image, kept.bytes),
    };
  const copy = kept.emitCopy(layout);
  const at = offset();
  return {
    layout,
    fetch: (f, place) => f.call(copy, get(place.image), inScratch(place, at)),
    address: (place) => inScratch(place, at),
  };
}

/**
 * What readers see of a stage.
 *
 * @param offset Of the first pixel in scratch memory, where a copy is needed; called only then.
 */
export function seenPlane(
  context: PlanContext,
  stage: Stage,
  wanted: WantedPlane,
  offset: () => number,
): Plane {
  const { raw: address, rawBytes: bytes } = context.buffers[stage.index];
  const emitCopy = (layout: PlaneLayout) => emitLoad(context, stage, layout);
  return planeOf(stage, wanted, { address, bytes, emitCopy }, offset);
}

/**
 * The gradient with respect to a stage's raw tensor.
 *
 * @param offset Of the first pixel in scratch memory, where a copy is needed; called only then.
 */
export function rawGradientPlane(
  context: PlanContext,
  stage: Stage,
  wanted: WantedPlane,
  offset: () => number,
): Plane {
  const { gradient: address, gradientBytes: bytes } = context.buffers[stage.index];
  const emitCopy = (layout: PlaneLayout) => emitRawGradient(context, stage, layout);
  return planeOf(stage, wanted, { address, bytes, emitCopy }, offset);
}

/** Where a kernel writes the gradient of what it read, and what must run once it did. */
export interface GradientTarget {
  readonly layout: PlaneLayout;
  address(place: Place): Code;
  finish(f: FunctionBuilder, place: Place): void;
}

/**
 * Takes the gradient with respect to what a reader saw of a stage, every pixel of it. Nothing where no gradient is
 * needed. The first reader to write does so right where the stage keeps its gradient; others' is added.
 *
 * @param allocate Gives scratch memory for a plane; called only where the gradient is added to others'.
 */
export function gradientTarget(
  context: PlanContext,
  stage: Stage,
  wiring: InputWiring,
  allocate: (bytes: number) => number,
): GradientTarget | undefined {
  if (!needsGradient(stage)) return undefined;
  const layout = denseLayout(stage, stage.shape);
  if (wiring.accumulate) {
    const sink = emitSink(context, stage, layout, wiring);
    const at = allocate(stage.shape.height * layout.rowBytes);
    return {
      layout,
      address: (place) => inScratch(place, at),
      finish: (f, place) => sink && f.call(sink, get(place.image), inScratch(place, at)),
    };
  }
  const { gradient, gradientBytes } = context.buffers[stage.index];
  const sums = wiring.completes && needsSums(stage) ? emitSums(context, stage) : undefined;
  return {
    layout,
    address: ({ image }) => elementAddress(gradient, image, gradientBytes),
    // Without a gradient that arrives from elsewhere, the second argument is not read.
    finish: (f, { image }) => sums && f.call(sums, get(image), i32.const(0)),
  };
}
