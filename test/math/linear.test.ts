import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { inverse, multiply, rankOneUpdate } from '../../src/math/linear.ts'
import { normal, seedRng } from '../../src/math/rng.ts'

fc.configureGlobal({ seed: 2026 })

/** M·M' + I for a random M: symmetric positive definite. */
function randomPositiveDefinite(seed: string, n: number): Float64Array {
  const rng = seedRng(seed)
  const m = Float64Array.from({ length: n * n }, () => normal(rng))
  return Float64Array.from({ length: n * n }, (_, index) => {
    const row = Math.floor(index / n)
    const column = index % n
    let sum = row === column ? 1 : 0
    for (let k = 0; k < n; k++) sum += m[row * n + k]! * m[column * n + k]!
    return sum
  })
}

const columnOf = (a: Float64Array, column: number, n: number) =>
  Float64Array.from({ length: n }, (_, row) => a[row * n + column]!)

function expectClose(actual: Float64Array, expected: ArrayLike<number>, tolerance = 1e-9) {
  expect(actual.length).toBe(expected.length)
  for (let index = 0; index < actual.length; index++) {
    expect(Math.abs(actual[index]! - expected[index]!)).toBeLessThan(tolerance)
  }
}

describe('linear algebra', () => {
  test('a 2 x 2 inverse is the known one', () => {
    expectClose(inverse(Float64Array.of(4, 2, 2, 3), 2), [3 / 8, -1 / 4, -1 / 4, 1 / 2], 1e-15)
  })

  test('a matrix times its inverse is the identity, and the inverse is symmetric to the last bit', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 8 }), fc.integer({ min: 1, max: 25 }), (seed, n) => {
        const a = randomPositiveDefinite(seed, n)
        const inverted = inverse(a, n)
        for (let column = 0; column < n; column++) {
          const product = multiply(a, columnOf(inverted, column, n), n)
          expectClose(
            product,
            Array.from({ length: n }, (_, row) => Number(row === column)),
          )
          expect(columnOf(inverted, column, n)).toEqual(inverted.slice(column * n, column * n + n))
        }
      }),
      { seed: 1, numRuns: 40 },
    )
  })

  test('a matrix that is not positive definite is refused', () => {
    const message = 'not positive definite'
    expect(() => inverse(Float64Array.of(1, 2, 2, 1), 2)).toThrow(new RangeError(message))
    expect(() => inverse(Float64Array.of(0), 1)).toThrow(new RangeError(message))
    expect(() => inverse(Float64Array.of(Number.NaN), 1)).toThrow(new RangeError(message))
  })

  test('a matrix times a vector is the known vector', () => {
    expect(multiply(Float64Array.of(1, 2, 3, 4), Float64Array.of(5, 6), 2)).toEqual(Float64Array.of(17, 39))
  })

  test.each([1, -1])('a rank-one update with sign %d gives the inverse of the changed matrix', sign => {
    fc.assert(
      fc.property(fc.string({ maxLength: 8 }), fc.integer({ min: 1, max: 12 }), (seed, n) => {
        const rng = seedRng(`u${seed}`)
        // |u| < 1 and A >= I, so A - u·u' stays positive definite.
        const u = Float64Array.from({ length: n }, () => (0.9 * (2 * rng() - 1)) / Math.sqrt(n))
        const a = randomPositiveDefinite(seed, n)
        const updated = inverse(a, n)
        rankOneUpdate(updated, n, u, sign)
        const changed = a.map((value, index) => value + sign * u[Math.floor(index / n)]! * u[index % n]!)
        expectClose(updated, inverse(changed, n))
      }),
      { seed: 2, numRuns: 60 },
    )
  })

  test('taking out more than there is throws and leaves the matrix as it was', () => {
    const inverted = inverse(Float64Array.of(1, 0, 0, 1), 2)
    expect(() => rankOneUpdate(inverted, 2, Float64Array.of(2, 0), -1)).toThrow(RangeError)
    expect(inverted).toEqual(Float64Array.of(1, 0, 0, 1))
  })
})
