/** Copies a convolution weight from PyTorch's `out x in x height x width` to `height x width x in x out`. */
export function oihwToHwio(weight: Float32Array, shape: readonly number[]): Float32Array {
  const [outputs, inputs, height, width] = shape;
  const result = new Float32Array(weight.length);
  const window = height * width;
  for (let o = 0; o < outputs; o++)
    for (let i = 0; i < inputs; i++)
      for (let k = 0; k < window; k++)
        result[(k * inputs + i) * outputs + o] = weight[(o * inputs + i) * window + k];
  return result;
}

/** Copies a convolution weight from `height x width x in x out` to PyTorch's `out x in x height x width`. */
export function hwioToOihw(weight: Float32Array, shape: readonly number[]): Float32Array {
  const [height, width, inputs, outputs] = shape;
  const result = new Float32Array(weight.length);
  const window = height * width;
  for (let k = 0; k < window; k++)
    for (let i = 0; i < inputs; i++)
      for (let o = 0; o < outputs; o++)
        result[(o * inputs + i) * window + k] = weight[(k * inputs + i) * outputs + o];
  return result;
}

/** Copies a `rows x columns` matrix to `columns x rows`. */
export function transpose(matrix: Float32Array, rows: number, columns: number): Float32Array {
  const result = new Float32Array(matrix.length);
  for (let r = 0; r < rows; r++)
    for (let c = 0; c < columns; c++) result[c * rows + r] = matrix[r * columns + c];
  return result;
}

/** Copies the rows of a `(height * width * channels) x columns` matrix into channels-first order. */
export function rowsToChannelsFirst(
  matrix: Float32Array,
  image: readonly [number, number, number],
): Float32Array {
  return permuteRows(matrix, image, (channelsLast, channelsFirst) => [channelsFirst, channelsLast]);
}

/** Copies the rows of a `(channels * height * width) x columns` matrix into channels-last order. */
export function rowsToChannelsLast(
  matrix: Float32Array,
  image: readonly [number, number, number],
): Float32Array {
  return permuteRows(matrix, image, (channelsLast, channelsFirst) => [channelsLast, channelsFirst]);
}

function permuteRows(
  matrix: Float32Array,
  [height, width, channels]: readonly [number, number, number],
  place: (channelsLast: number, channelsFirst: number) => [to: number, from: number],
): Float32Array {
  const columns = matrix.length / (height * width * channels);
  const result = new Float32Array(matrix.length);
  for (let pixel = 0; pixel < height * width; pixel++)
    for (let c = 0; c < channels; c++) {
      const [to, from] = place(pixel * channels + c, c * height * width + pixel);
      result.set(matrix.subarray(from * columns, (from + 1) * columns), to * columns);
    }
  return result;
}
