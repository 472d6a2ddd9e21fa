import type { Arena } from '../../arena.js';
import { denseLayout, type PlaneLayout } from '../../context.js';
import type { PlaneShape, PoolProducer, Stage } from '../../graph/stage.js';
import { VECTOR_BYTES, vectorsOf } from '../../machine.js';
import { type PaddedPlane, type Window, windowedPlane } from '../window.js';

/** Where everything that a pooling works with lies. */
export interface PoolLayout {
  readonly of: PoolProducer['of'];
  readonly window: Window;
  readonly input: PlaneShape;
  readonly output: PlaneShape;
  readonly vectors: number;
  /** The input, and its gradient, with what the windows cover of the outside. */
  readonly padded: PaddedPlane;
  readonly raw: PlaneLayout;
  /** Scratch offsets. */
  readonly values: number;
  readonly gradient: number;
  readonly inputGradient: number;
}

export function layOutPool(
  stage: Stage,
  { of, size, strides, padding }: PoolProducer,
  shared: Arena,
): PoolLayout {
  const [{ shape: input }] = stage.inputs;
  const output = stage.raw;
  const vectors = vectorsOf(output.channels);
  const window = { size, strides, padding };
  const padded = windowedPlane(window, input, output, vectors * VECTOR_BYTES);
  const raw = denseLayout(stage, output);
  return {
    ...{ of, window, input, output, vectors, padded, raw },
    values: shared.alloc(padded.bytes),
    gradient: shared.alloc(output.height * raw.rowBytes),
    inputGradient: shared.alloc(padded.bytes),
  };
}
