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
    // b G + c G^2, and a on the diagonal: then one product with X is left. G is symmetric, so G^2 is G G'.
    multiplyByTranspose(gram, m, m, factor);
    for (let i = 0; i < factor.length; i++) factor[i] = B * gram[i] + C * factor[i];
    for (let i = 0; i < m; i++) factor[i * m + i] += A;
    multiply(factor, x, m, n, next);
    [x, next] = [next, x];
  }
  matrix.set(wide ? x : transpose(x, columns, rows));
}

/** `x x'` of an `m x n` matrix, which is symmetric: four sums at a time, each in its order. */
function multiplyByTranspose(x: Float64Array, m: number, n: number, out: Float64Array): void {
  for (let i = 0; i < m; i += 2) {
    // Past an odd end the last row again, whose sums are written twice.
    const i1 = Math.min(i + 1, m - 1);
    for (let j = 0; j <= i; j += 2) {
      const j1 = Math.min(j + 1, m - 1);
      let s00 = 0;
      let s01 = 0;
      let s10 = 0;
      let s11 = 0;
      for (let k = 0, a = i * n, b = i1 * n, c = j * n, d = j1 * n; k < n; k++) {
        const xa = x[a + k];
        const xb = x[b + k];
        const xc = x[c + k];
        const xd = x[d + k];
        s00 += xa * xc;
        s01 += xa * xd;
        s10 += xb * xc;
        s11 += xb * xd;
      }
      out[i * m + j] = out[j * m + i] = s00;
      out[i * m + j1] = out[j1 * m + i] = s01;
      out[i1 * m + j] = out[j * m + i1] = s10;
      out[i1 * m + j1] = out[j1 * m + i1] = s11;
    }
  }
}

/** `left right`, of `m x m` and `m x n`: eight sums at a time, each in its order. */
function multiply(left: Float64Array, right: Float64Array, m: number, n: number, out: Float64Array): void {
  const whole = n - (n % 4);
  for (let i = 0; i < m; i += 2) {
    const a = i * m;
    const b = Math.min(i + 1, m - 1) * m;
    for (let j = 0; j < whole; j += 4) {
      let a0 = 0;
      let a1 = 0;
      let a2 = 0;
      let a3 = 0;
      let b0 = 0;
      let b1 = 0;
      let b2 = 0;
      let b3 = 0;
      for (let k = 0, at = j; k < m; k++, at += n) {
        const fa = left[a + k];
        const fb = left[b + k];
        const r0 = right[at];
        const r1 = right[at + 1];
        const r2 = right[at + 2];
        const r3 = right[at + 3];
        a0 += fa * r0;
        a1 += fa * r1;
        a2 += fa * r2;
        a3 += fa * r3;
        b0 += fb * r0;
        b1 += fb * r1;
        b2 += fb * r2;
        b3 += fb * r3;
      }
      const to = i * n + j;
      const also = (b / m) * n + j;
      out[to] = a0;
      out[to + 1] = a1;
      out[to + 2] = a2;
      out[to + 3] = a3;
      out[also] = b0;
      out[also + 1] = b1;
      out[also + 2] = b2;
      out[also + 3] = b3;
    }
    for (let j = whole; j < n; j++)
      for (const row of [a, b]) {
        let sum = 0;
        for (let k = 0; k < m; k++) sum += left[row + k] * right[k * n + j];
        out[(row / m) * n + j] = sum;
      }
  }
}

function transpose(matrix: Float64Array, rows: number, columns: number): Float64Array {
  const out = new Float64Array(matrix.length);
  for (let i = 0; i < rows; i++)
    for (let j = 0; j < columns; j++) out[j * rows + i] = matrix[i * columns + j];
  return out;
}
