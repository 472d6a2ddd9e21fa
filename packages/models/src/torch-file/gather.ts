import type { DecodedValues } from '../safetensors-values.js';

/** The elements from `offset` on, in row-major order; there must be one at least. */
export function gather<Values extends DecodedValues>(
  source: Values,
  offset: number,
  shape: readonly number[],
  strides: readonly number[],
): Values {
  // Axes of one element would be stepped over again and again.
  const axes = shape.flatMap((size, i) => (size === 1 ? [] : [{ size, stride: strides[i], index: 0 }]));
  axes.reverse();
  const length = axes.reduce((product, { size }) => product * size, 1);
  const values = new (source.constructor as new (length: number) => Values)(length);
  let at = offset;
  for (let i = 0; i < values.length; i++) {
    values[i] = source[at];
    for (const axis of axes) {
      at += axis.stride;
      if (++axis.index < axis.size) break;
      at -= axis.size * axis.stride;
      axis.index = 0;
    }
  }
  return values;
}
