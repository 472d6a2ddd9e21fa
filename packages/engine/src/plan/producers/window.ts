import type { PlaneLayout } from '../context.js';
import type { PlaneShape } from '../graph/stage.js';

/** A window that slides over a plane: rows first, then columns. */
export interface Window {
  readonly size: readonly [number, number];
  readonly strides: readonly [number, number];
  /** Rows above and columns to the left of the plane that it covers as well. */
  readonly padding: readonly [number, number];
}

/** A plane with a border: everything that the windows cover. */
export interface PaddedPlane {
  readonly layout: PlaneLayout;
  readonly bytes: number;
  /** Bytes from its start to the first pixel inside of the border. */
  readonly inside: number;
  /** Whether there is a border at all. */
  readonly bordered: boolean;
}

function paddedPlane(
  inner: PlaneShape,
  pixelBytes: number,
  before: readonly [number, number],
  rows: number,
  columns: number,
): PaddedPlane {
  const layout = { pixelBytes, rowBytes: columns * pixelBytes };
  return {
    layout,
    bytes: rows * layout.rowBytes,
    inside: before[0] * layout.rowBytes + before[1] * pixelBytes,
    bordered: rows > inner.height || columns > inner.width,
  };
}

/** A plane without a border. */
export const barePlane = (shape: PlaneShape, pixelBytes: number): PaddedPlane =>
  paddedPlane(shape, pixelBytes, [0, 0], shape.height, shape.width);

/** The input plane with the border that the windows of `output` reach into. */
export function windowedPlane(
  { size, strides, padding }: Window,
  input: PlaneShape,
  output: PlaneShape,
  pixelBytes: number,
): PaddedPlane {
  const rows = Math.max((output.height - 1) * strides[0] + size[0], input.height + padding[0]);
  const columns = Math.max((output.width - 1) * strides[1] + size[1], input.width + padding[1]);
  return paddedPlane(input, pixelBytes, padding, rows, columns);
}

/** The output's plane with the border that {@link inputPhases} reach into. */
export function gradientPlane(window: Window, input: PlaneShape, output: PlaneShape, pixelBytes: number) {
  const { strides, padding } = window;
  const before = bordersBefore(window);
  const rows = Math.max(output.height, Math.floor((input.height - 1 + padding[0]) / strides[0]) + 1);
  const columns = Math.max(output.width, Math.floor((input.width - 1 + padding[1]) / strides[1]) + 1);
  return paddedPlane(output, pixelBytes, before, rows + before[0], columns + before[1]);
}

const bordersBefore = ({ size, strides, padding }: Window): [number, number] => [
  Math.max(0, Math.floor((size[0] - 1 - padding[0]) / strides[0])),
  Math.max(0, Math.floor((size[1] - 1 - padding[1]) / strides[1])),
];

/** Along one side, the input positions `offset, offset + stride, ...`, all of which the same taps reach. */
export interface Phase {
  readonly offset: number;
  /** How many such positions the input has. */
  readonly count: number;
  /** The window's taps that reach them, the last one first, so that they come in the order of the outputs. */
  readonly taps: readonly number[];
  /** For the first tap and the first position, the output in the bordered plane; the next tap has the next one. */
  readonly first: number;
}

/**
 * How the input's gradient is gathered from the output's: an input position sums over the outputs whose window
 * covers it, and with a stride these are other taps for every position within it.
 */
export function inputPhases(window: Window, axis: 0 | 1, length: number): Phase[] {
  const stride = window.strides[axis];
  const padding = window.padding[axis];
  const before = bordersBefore(window)[axis];
  return Array.from({ length: Math.min(stride, length) }, (_, offset) => {
    const taps: number[] = [];
    for (let tap = window.size[axis] - 1; tap >= 0; tap--)
      if ((offset + padding - tap) % stride === 0) taps.push(tap);
    const count = Math.ceil((length - offset) / stride);
    return {
      offset,
      count,
      taps,
      first: taps.length > 0 ? (offset + padding - taps[0]) / stride + before : 0,
    };
  });
}
