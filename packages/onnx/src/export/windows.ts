import type { Sliding } from '@mnist-kit/layers';
import type { Attribute } from './graph-builder.js';

/**
 * Attributes of a window that slides over an image of `[height, width]`. TensorFlow's `same` puts the odd row of
 * zeros below and right; where the size is not fixed, the runtime must find the padding.
 */
export function windowAttributes(
  { strides, padding }: Sliding,
  size: readonly [number, number],
  image: readonly (number | null)[],
  dilation: readonly [number, number] = [1, 1],
): Record<string, Attribute> {
  const window = { kernel_shape: { ints: size }, strides: { ints: strides } };
  if (padding === 'valid') return { ...window, pads: { ints: [0, 0, 0, 0] } };
  if (image.some((length) => length === null)) return { ...window, auto_pad: { text: 'SAME_UPPER' } };
  const totals = image.map((length, i) => {
    const reach = (size[i] - 1) * dilation[i] + 1;
    const outputs = Math.ceil((length as number) / strides[i]);
    return Math.max(0, (outputs - 1) * strides[i] + reach - (length as number));
  });
  const before = totals.map((total) => Math.floor(total / 2));
  return { ...window, pads: { ints: [...before, ...totals.map((total, i) => total - before[i])] } };
}
