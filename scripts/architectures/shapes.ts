import type { Window } from '../../packages/engine/src/__tests__/architectures/spec.js';

/** Height, width and channels of one image, or the features of a vector. */
export type Shape = readonly [number, number, number] | readonly [number];

/** Rows and columns that a window leaves; below one where it does not fit. */
export function slide(
  [height, width]: readonly number[],
  { size, strides, padding }: Window,
  dilation: readonly [number, number] = [1, 1],
): [number, number] {
  const along = (length: number, i: 0 | 1) =>
    padding === 'same'
      ? Math.ceil(length / strides[i])
      : Math.floor((length - (size[i] - 1) * dilation[i] - 1) / strides[i]) + 1;
  return [along(height, 0), along(width, 1)];
}

export const count = (shape: Shape): number => shape.reduce((product: number, length) => product * length, 1);

export const isPlane = (shape: Shape): shape is readonly [number, number, number] => shape.length === 3;
