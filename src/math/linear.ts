/** Symmetric positive definite n x n matrices as row-major Float64Array. */

/**
 * The inverse of a symmetric positive definite matrix, by Cholesky factorisation; only the lower triangle is read.
 * @throws RangeError 'not positive definite'.
 */
export function inverse(a: Float64Array, n: number): Float64Array {
  const factor = invertLower(cholesky(a, n), n)
  const result = new Float64Array(n * n)
  for (let row = 0; row < n; row++) {
    for (let column = 0; column <= row; column++) {
      let sum = 0
      for (let k = row; k < n; k++) sum += factor[k * n + row]! * factor[k * n + column]!
      result[row * n + column] = sum
      result[column * n + row] = sum
    }
  }
  return result
}

/** The vector a·x. */
export function multiply(a: Float64Array, x: Float64Array, n: number): Float64Array {
  const product = new Float64Array(n)
  for (let row = 0; row < n; row++) {
    let sum = 0
    for (let column = 0; column < n; column++) sum += a[row * n + column]! * x[column]!
    product[row] = sum
  }
  return product
}

/**
 * Turns the inverse of A, in place, into the inverse of A + sign·u·u' (Sherman & Morrison 1950).
 * @throws RangeError 'not positive definite' if A + sign·u·u' is not; the matrix is then unchanged.
 */
export function rankOneUpdate(inverse: Float64Array, n: number, u: Float64Array, sign: number): void {
  const w = multiply(inverse, u, n)
  let scale = 1
  for (let index = 0; index < n; index++) scale += sign * u[index]! * w[index]!
  if (!(scale > 0)) throw new RangeError('not positive definite')
  const factor = sign / scale
  for (let row = 0; row < n; row++) {
    for (let column = 0; column <= row; column++) {
      const value = inverse[row * n + column]! - factor * w[row]! * w[column]!
      inverse[row * n + column] = value
      inverse[column * n + row] = value
    }
  }
}

/** Lower triangular L with L·L' = a; zeros above the diagonal. */
function cholesky(a: Float64Array, n: number): Float64Array {
  const lower = new Float64Array(n * n)
  for (let row = 0; row < n; row++) {
    for (let column = 0; column <= row; column++) {
      let sum = a[row * n + column]!
      for (let k = 0; k < column; k++) sum -= lower[row * n + k]! * lower[column * n + k]!
      if (row !== column) lower[row * n + column] = sum / lower[column * n + column]!
      else if (sum > 0 && sum < Number.POSITIVE_INFINITY) lower[row * n + row] = Math.sqrt(sum)
      else throw new RangeError('not positive definite')
    }
  }
  return lower
}

/** The inverse of a lower triangular matrix, by forward substitution. */
function invertLower(lower: Float64Array, n: number): Float64Array {
  const result = new Float64Array(n * n)
  for (let column = 0; column < n; column++) {
    result[column * n + column] = 1 / lower[column * n + column]!
    for (let row = column + 1; row < n; row++) {
      let sum = 0
      for (let k = column; k < row; k++) sum -= lower[row * n + k]! * result[k * n + column]!
      result[row * n + column] = sum / lower[row * n + row]!
    }
  }
  return result
}
