/** Symmetric positive definite n x n matrices as row-major Float64Array. */

/**
 * The inverse of a symmetric positive definite matrix, by Cholesky factorisation; only the lower triangle is read.
 * @throws RangeError 'not positive definite'.
 */
export function inverse(a: Float64Array, n: number): Float64Array {
  const factor = invertLowerTransposed(cholesky(a, n), n)
  const result = new Float64Array(n * n)
  for (let row = 0; row < n; row++) {
    for (let column = 0; column <= row; column++) {
      const sum = dot(factor, row * n + row, factor, column * n + row, n - row)
      result[row * n + column] = sum
      result[column * n + row] = sum
    }
  }
  return result
}

/** The vector a·x. */
export function multiply(a: Float64Array, x: Float64Array, n: number): Float64Array {
  const product = new Float64Array(n)
  for (let row = 0; row < n; row++) product[row] = dot(a, row * n, x, 0, n)
  return product
}

/** The scalar product of `length` values of x from `i` on and of y from `j` on; four sums, since one would wait for itself. */
export function dot(x: Float64Array, i: number, y: Float64Array, j: number, length: number): number {
  let a = 0
  let b = 0
  let c = 0
  let d = 0
  let k = 0
  for (; k + 3 < length; k += 4) {
    a += x[i + k]! * y[j + k]!
    b += x[i + k + 1]! * y[j + k + 1]!
    c += x[i + k + 2]! * y[j + k + 2]!
    d += x[i + k + 3]! * y[j + k + 3]!
  }
  for (; k < length; k++) a += x[i + k]! * y[j + k]!
  return a + b + (c + d)
}

/**
 * Turns the inverse of A, in place, into the inverse of A + U·C·U' for U = [u v] (Woodbury 1950), and returns
 * T = (C⁻¹ + U'·A⁻¹·U)⁻¹, with which inverse' = inverse - P·T·P', P = inverse·U. C need not have an inverse.
 * @throws RangeError 'not positive definite' if A + U·C·U' is not; the matrix is then unchanged.
 */
export function rankTwoUpdate(
  inverse: Float64Array,
  n: number,
  { products: [x, y], gram, change }: RankTwoChange,
): Symmetric2 {
  const t = woodburyCore(gram, change)
  for (let row = 0; row < n; row++) {
    const p = t.uu * x[row]! + t.uv * y[row]!
    const q = t.uv * x[row]! + t.vv * y[row]!
    if (p === 0 && q === 0) continue
    const at = row * n
    for (let column = 0; column < n; column++) inverse[at + column]! -= p * x[column]! + q * y[column]!
  }
  return t
}

/** A symmetric 2 x 2 matrix over the vectors u and v. */
export interface Symmetric2 {
  readonly uu: number
  readonly uv: number
  readonly vv: number
}

export interface RankTwoChange {
  /** inverse·u and inverse·v. */
  readonly products: readonly [Float64Array, Float64Array]
  /** U'·inverse·U. */
  readonly gram: Symmetric2
  /** C. */
  readonly change: Symmetric2
}

/** T = (C⁻¹ + G)⁻¹ = (I + C·G)⁻¹·C. @throws RangeError 'not positive definite'. */
export function woodburyCore(g: Symmetric2, c: Symmetric2): Symmetric2 {
  const a = 1 + c.uu * g.uu + c.uv * g.uv
  const b = c.uu * g.uv + c.uv * g.vv
  const d = c.uv * g.uu + c.vv * g.uv
  const e = 1 + c.uv * g.uv + c.vv * g.vv
  const determinant = a * e - b * d
  // Along the way from A to A + U·C·U' with the changes of one observation, the determinant stays positive.
  if (!(determinant > 0)) throw new RangeError('not positive definite')
  return {
    uu: (e * c.uu - b * c.uv) / determinant,
    uv: (e * c.uv - b * c.vv) / determinant,
    vv: (a * c.vv - d * c.uv) / determinant,
  }
}

/** Lower triangular L with L·L' = a; zeros above the diagonal. */
function cholesky(a: Float64Array, n: number): Float64Array {
  const lower = new Float64Array(n * n)
  for (let row = 0; row < n; row++) {
    for (let column = 0; column <= row; column++) {
      const sum = a[row * n + column]! - dot(lower, row * n, lower, column * n, column)
      if (row !== column) lower[row * n + column] = sum / lower[column * n + column]!
      else if (sum > 0 && sum < Number.POSITIVE_INFINITY) lower[row * n + row] = Math.sqrt(sum)
      else throw new RangeError('not positive definite')
    }
  }
  return lower
}

/** The inverse of a lower triangular matrix, by forward substitution; transposed, so that memory is read in its order. */
function invertLowerTransposed(lower: Float64Array, n: number): Float64Array {
  const result = new Float64Array(n * n)
  for (let column = 0; column < n; column++) {
    const at = column * n
    result[at + column] = 1 / lower[at + column]!
    for (let row = column + 1; row < n; row++) {
      const sum = dot(lower, row * n + column, result, at + column, row - column)
      result[at + row] = -sum / lower[row * n + row]!
    }
  }
  return result
}
