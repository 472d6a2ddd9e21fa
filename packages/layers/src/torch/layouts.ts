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

/** Copies groups of `width` values so that group `i` comes to stand at `places[i]`. */
export function scatterRows(values: Float32Array, places: Int32Array, width: number): Float32Array {
  const result = new Float32Array(values.length);
  places.forEach((place, i) => {
    result.set(values.subarray(i * width, (i + 1) * width), place * width);
  });
  return result;
}

/** The inverse of {@link scatterRows}: group `i` comes from `places[i]`. */
export function gatherRows(values: Float32Array, places: Int32Array, width: number): Float32Array {
  const result = new Float32Array(values.length);
  places.forEach((place, i) => {
    result.set(values.subarray(place * width, (place + 1) * width), i * width);
  });
  return result;
}
