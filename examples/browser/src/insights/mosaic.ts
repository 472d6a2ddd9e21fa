import type { FeatureMaps } from '../inspector/messages.js';

/** Maps in a row. */
const COLUMNS = 8;

/** All maps of a layer beside each other, a pixel apart, each by its own largest value. */
export function mosaic({ channels, height, width, values }: FeatureMaps) {
  const columns = Math.min(COLUMNS, channels);
  const rows = Math.ceil(channels / columns);
  const wide = columns * (width + 1) - 1;
  const high = rows * (height + 1) - 1;
  const pixels = new Float32Array(wide * high);
  for (let c = 0; c < channels; c++) {
    const map = values.subarray(c * height * width, (c + 1) * height * width);
    const largest = map.reduce((most, value) => Math.max(most, value), 1e-6);
    const left = (c % columns) * (width + 1);
    const top = Math.floor(c / columns) * (height + 1);
    for (let y = 0; y < height; y++)
      for (let x = 0; x < width; x++) pixels[(top + y) * wide + left + x] = map[y * width + x] / largest;
  }
  return { pixels, width: wide, height: high };
}
