/**
 * The bytes of the elements from `offset` on, in row-major order.
 *
 * @param source Bytes of all values.
 * @param bytesPerValue Bytes of one.
 */
export function gather(
  source: Uint8Array,
  bytesPerValue: number,
  offset: number,
  shape: readonly number[],
  strides: readonly number[],
): Uint8Array {
  // Axes of one element would be stepped over again and again.
  const axes = shape.flatMap((size, i) =>
    size === 1 ? [] : [{ size, stride: strides[i] * bytesPerValue, index: 0 }],
  );
  axes.reverse();
  const length = axes.reduce((product, { size }) => product * size, 1);
  const values = new Uint8Array(length * bytesPerValue);
  let at = offset * bytesPerValue;
  for (let to = 0; to < values.length; to += bytesPerValue) {
    for (let byte = 0; byte < bytesPerValue; byte++) values[to + byte] = source[at + byte];
    for (const axis of axes) {
      at += axis.stride;
      if (++axis.index < axis.size) break;
      at -= axis.size * axis.stride;
      axis.index = 0;
    }
  }
  return values;
}
