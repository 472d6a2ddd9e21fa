/** Coefficients of the quintic that pulls singular values towards 1. */
const [A, B, C] = [3.4445, -4.775, 2.0315];

/**
 * Replaces a matrix by one with nearly the same singular vectors and all singular values near 1 (0.7 to 1.2), by
 * Newton-Schulz iterations of `a X + b (X X') X + c (X X')^2 X`.
 *
 * Keller Jordan, "Muon: An optimizer for hidden layers", 2024, https://kellerjordan.github.io/posts/muon/. In
 * float64 where the original is in bfloat16; sums run in order, so that the bits are the same everywhere.
 *
 * @param matrix `rows x columns`, row-major; overwritten.
 */
export function orthogonalize(
  matrix: Float64Array,
  rows: number,
  columns: number,
  { steps, eps }: { steps: number; eps: number },
): void {
  // X X' should be the smaller of the two products.
  const wide = rows <= columns;
  const m = wide ? rows : columns;
  const n = wide ? columns : rows;
  let x: Float64Array = wide ? matrix.slice() : transpose(matrix, rows, columns);
  let squares = 0;
  for (const value of x) squares += value * value;
  const norm = Math.max(Math.sqrt(squares), eps);
  for (let i = 0; i < x.length; i++) x[i] /= norm;

  const gram = new Float64Array(m * m);
  const factor = new Float64Array(m * m);
  let next: Float64Array = new Float64Array(m * n);
  for (let step = 0; step < steps; step++) {
    multiplyByTranspose(x, m, n, gram);
    // b G + c G^2, and a on the diagonal: then one product with X is left.
    multiply(gram, gram, m, m, factor);
    for (let i = 0; i < factor.length; i++) factor[i] = B * gram[i] + C * factor[i];
    for (let i = 0; i < m; i++) factor[i * m + i] += A;
    multiply(factor, x, m, n, next);
    [x, next] = [next, x];
  }
  matrix.set(wide ? x : transpose(x, columns, rows));
}

/** `x x'` of an `m x n` matrix, which is symmetric. */
function multiplyByTranspose(x: Float64Array, m: number, n: number, out: Float64Array): void {
  for (let i = 0; i < m; i++)
    for (let j = 0; j <= i; j++) {
      let sum = 0;
      for (let k = 0, a = i * n, b = j * n; k < n; k++) sum += x[a + k] * x[b + k];
      out[i * m + j] = sum;
      out[j * m + i] = sum;
    }
}

/** `left right`, of `m x m` and `m x n`. */
function multiply(left: Float64Array, right: Float64Array, m: number, n: number, out: Float64Array): void {
  out.fill(0);
  for (let i = 0; i < m; i++)
    for (let k = 0; k < m; k++) {
      const factor = left[i * m + k];
      for (let j = 0, to = i * n, from = k * n; j < n; j++) out[to + j] += factor * right[from + j];
    }
}

function transpose(matrix: Float64Array, rows: number, columns: number): Float64Array {
  const out = new Float64Array(matrix.length);
  for (let i = 0; i < rows; i++)
    for (let j = 0; j < columns; j++) out[j * rows + i] = matrix[i * columns + j];
  return out;
}
