import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Exact, exact } from '../../src/math/exact.ts'
import { relativeError, Sketch } from '../../src/math/sketch.ts'
import { quantile } from '../../src/math/statistics.ts'

const sketchOf = (values: readonly Exact[]): Sketch => {
  const sketch = new Sketch()
  for (const value of values) sketch.add(value, 1)
  return sketch
}
const ps = [0, 0.01, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 1]
/** Integers over many orders of magnitude, ties included. */
const values = fc.array(
  fc.oneof(
    fc.nat(20),
    fc.integer({ min: 1000, max: 1100 }),
    fc.double({ min: 0, max: 30, noNaN: true }).map(log => Math.round(Math.exp(log))),
  ),
  { maxLength: 200 },
)
const some = values.filter(({ length }) => length > 0)

describe('a sketch', () => {
  test('gives quantiles within its stated error of those of the values themselves', () => {
    fc.assert(
      fc.property(some, numbers => {
        const sorted = numbers.toSorted((a, b) => a - b)
        const found = sketchOf(numbers).quantiles(ps)
        for (const [i, p] of ps.entries()) {
          const truth = quantile(sorted, p)
          expect(Math.abs(found[i]! - truth)).toBeLessThanOrEqual(relativeError * truth + 1e-9)
        }
      }),
      { seed: 1, numRuns: 300 },
    )
  })

  test('gives values that stand alone, or equal to each other, back exactly', () => {
    expect(sketchOf([100, 200, 300, 400]).quantiles([0, 0.5, 1])).toEqual([100, 250, 400])
    expect(sketchOf([1250, 1250, 1250]).quantiles([0.5])).toEqual([1250])
    expect(sketchOf([0, 0, 7]).quantiles([0, 0.5, 1])).toEqual([0, 0, 7])
  })

  test('of two parts merged, in either order, is that of the whole; taken out again, it is the other part', () => {
    fc.assert(
      fc.property(values, values, (left, right) => {
        const whole = sketchOf([...left, ...right])
        const merged = sketchOf(right)
        merged.merge(sketchOf(left), 1)
        expect(merged.toState()).toEqual(whole.toState())
        merged.merge(sketchOf(right), -1)
        expect(merged.toState()).toEqual(sketchOf(left).toState())
        for (const value of left) merged.add(value, -1)
        expect([merged.n, merged.sum, merged.toState()]).toEqual([0, 0, []])
      }),
      { seed: 2, numRuns: 200 },
    )
  })

  test('keeps count and sum exactly, beyond what a floating-point number can hold', () => {
    const large = [2 ** 53 - 1, 2 ** 53 - 1, 1, exact(1e300), exact(1.7e308, 1000)]
    const sketch = sketchOf(large)
    expect(sketch.n).toBe(5)
    expect(BigInt(sketch.sum)).toBe(large.reduce<bigint>((sum, value) => sum + BigInt(value), 0n))
    const again = new Sketch(JSON.parse(JSON.stringify(sketch.toState())))
    expect(again.toState()).toEqual(sketch.toState())
    again.add(exact(1.7e308, 1000), -1)
    again.add(exact(1e300), -1)
    expect(again.toState()).toEqual(sketchOf([2 ** 53 - 1, 2 ** 53 - 1, 1]).toState())
  })

  test('comes back from its state', () => {
    fc.assert(
      fc.property(values, numbers => {
        const sketch = sketchOf(numbers)
        const again = new Sketch(JSON.parse(JSON.stringify(sketch.toState())))
        expect([again.n, again.sum, again.toState()]).toEqual([sketch.n, sketch.sum, sketch.toState()])
      }),
      { seed: 3, numRuns: 100 },
    )
  })

  test('stays small however many values it takes: its buckets follow the logarithm of their range', () => {
    const sketch = new Sketch()
    for (let value = 1; value <= 1_000_000; value += 7) sketch.add(value, 1)
    expect(sketch.toState().length / 3).toBeLessThanOrEqual(1 + Math.log(1_000_000) / Math.log(1 + relativeError))
  })

  test('tells mean and variance of the logarithms, zeros left out', () => {
    const { n, mean, variance } = sketchOf([0, 10, 1000, 100_000]).logMoments()
    expect([n, mean]).toEqual([3, expect.closeTo(Math.log(1000), 12)])
    expect(variance).toBeCloseTo(Math.log(100) ** 2, 9)
    expect(sketchOf([0]).logMoments()).toEqual({ n: 0, mean: 0, variance: null })
  })

  test('without values has no quantile', () => {
    expect(() => new Sketch().quantiles([0.5])).toThrow(RangeError)
  })
})
