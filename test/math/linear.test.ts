import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { inverse, multiply, rankTwoUpdate, type Symmetric2 } from '../../src/math/linear.ts'
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

  test('a rank-two update gives the inverse of the changed matrix, and the core that it returns explains the change', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 8 }), fc.integer({ min: 1, max: 12 }), (seed, n) => {
        const rng = seedRng(`u${seed}`)
        // |u|, |v| < 0.6 and |C| < 1 and A >= I, so that the changed matrix stays positive definite.
        const vector = () => Float64Array.from({ length: n }, () => (0.6 * (2 * rng() - 1)) / Math.sqrt(n))
        const [u, v] = [vector(), vector()]
        const change = { uu: 2 * rng() - 1, uv: 0.5 * (2 * rng() - 1), vv: rng() < 0.3 ? 0 : 2 * rng() - 1 }
        const a = randomPositiveDefinite(seed, n)
        const { updated, products, t } = changedBy(a, n, u, v, change)
        const changed = a.map((value, index) => {
          const [row, column] = [Math.floor(index / n), index % n]
          const cross = u[row]! * v[column]! + v[row]! * u[column]!
          return value + change.uu * u[row]! * u[column]! + change.uv * cross + change.vv * v[row]! * v[column]!
        })
        expectClose(updated, inverse(changed, n))
        const [x, y] = products
        const explained = inverse(a, n).map((value, index) => {
          const [row, column] = [Math.floor(index / n), index % n]
          return (
            value -
            t.uu * x[row]! * x[column]! -
            t.uv * (x[row]! * y[column]! + y[row]! * x[column]!) -
            t.vv * y[row]! * y[column]!
          )
        })
        expectClose(updated, explained)
      }),
      { seed: 2, numRuns: 60 },
    )
  })

  test('taking out more than there is throws and leaves the matrix as it was', () => {
    const inverted = inverse(Float64Array.of(1, 0, 0, 1), 2)
    const gram = { uu: 4, uv: 0, vv: 0 }
    const products = [Float64Array.of(2, 0), Float64Array.of(0, 0)] as const
    expect(() => rankTwoUpdate(inverted, 2, { products, gram, change: { uu: -1, uv: 0, vv: 0 } })).toThrow(RangeError)
    expect(inverted).toEqual(Float64Array.of(1, 0, 0, 1))
  })
})

function changedBy(a: Float64Array, n: number, u: Float64Array, v: Float64Array, change: Symmetric2) {
  const updated = inverse(a, n)
  const products = [multiply(updated, u, n), multiply(updated, v, n)] as const
  const dot = (x: Float64Array, y: Float64Array) => x.reduce((sum, value, i) => sum + value * y[i]!, 0)
  const gram = { uu: dot(u, products[0]), uv: dot(u, products[1]), vv: dot(v, products[1]) }
  const t = rankTwoUpdate(updated, n, { products, gram, change })
  return { updated, products, t }
}
