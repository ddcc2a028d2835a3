import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  addToMoments,
  auc,
  brier,
  calibrationError,
  emptyMoments,
  type Moments,
  mergeMoments,
  quantile,
  variance,
  wilsonInterval,
} from '../../src/math/statistics.ts'

fc.configureGlobal({ seed: 2026 })

const unit = fc.double({ min: 0, max: 1, noNaN: true })

describe('a quantile', () => {
  test('agrees with NumPy (linear interpolation, type 7)', () => {
    const sorted = [1, 2, 4, 8, 16]
    const expected = [1, 1.4, 2.96, 4, 12.8, 16]
    for (const [index, p] of [0, 0.1, 0.37, 0.5, 0.9, 1].entries()) {
      expect(quantile(sorted, p)).toBeCloseTo(expected[index]!, 12)
    }
    expect(quantile(Float64Array.of(7), 0.3)).toBe(7)
  })

  test('of nothing, or outside 0..1, is refused', () => {
    expect(() => quantile([], 0.5)).toThrow(RangeError)
    expect(() => quantile([1], 1.01)).toThrow(RangeError)
    expect(() => quantile([1], Number.NaN)).toThrow(RangeError)
  })
})

describe("Wilson's interval", () => {
  test.each([
    [10, 10, 0.7224672001371109, 1],
    [0, 5, 0, 0.43448246478317476],
    [7, 20, 0.1811918241010821, 0.5671457233147637],
    [500, 1000, 0.4690696003681042, 0.5309303996318958],
  ])('of %d in %d agrees with SciPy', (successes, n, low, high) => {
    const interval = wilsonInterval(successes, n)
    expect(interval[0]).toBeCloseTo(low, 12)
    expect(interval[1]).toBeCloseTo(high, 12)
  })

  test('of nothing is all of 0..1; impossible counts are refused', () => {
    expect(wilsonInterval(0, 0)).toEqual([0, 1])
    for (const [successes, n] of [
      [3, 2],
      [-1, 2],
      [Number.NaN, 2],
    ] as const) {
      expect(() => wilsonInterval(successes, n)).toThrow(RangeError)
    }
  })

  test('contains the observed share, stays in 0..1, and mirrors when successes and failures change places', () => {
    fc.assert(
      fc.property(unit, fc.double({ min: 0.01, max: 1e6, noNaN: true }), (share, n) => {
        const [low, high] = wilsonInterval(share * n, n)
        expect(low).toBeGreaterThanOrEqual(0)
        expect(high).toBeLessThanOrEqual(1)
        expect(low).toBeLessThanOrEqual(share + 1e-12)
        expect(high).toBeGreaterThanOrEqual(share - 1e-12)
        const [mirroredLow, mirroredHigh] = wilsonInterval(n - share * n, n)
        expect(mirroredLow).toBeCloseTo(1 - high, 8)
        expect(mirroredHigh).toBeCloseTo(1 - low, 8)
      }),
    )
  })
})

describe('judging forecasts', () => {
  test('the Brier score is the known one', () => {
    expect(brier([0.9, 0.2, 0.5], [1, 0, 1])).toBeCloseTo((0.01 + 0.04 + 0.25) / 3, 15)
    expect(brier([0.25], [true])).toBe(0.5625)
  })

  test('the area under the curve counts pairs in the right order, ties half', () => {
    const cases = fc.array(fc.tuple(fc.integer({ min: 0, max: 6 }), fc.boolean()), { minLength: 2, maxLength: 40 })
    fc.assert(
      fc.property(cases, pairs => {
        const scores = pairs.map(([score]) => score)
        const labels = pairs.map(([, label]) => label)
        let sum = 0
        let count = 0
        for (const [i, positive] of labels.entries()) {
          for (const [j, other] of labels.entries()) {
            if (!positive || other) continue
            sum += scores[i]! > scores[j]! ? 1 : scores[i] === scores[j] ? 0.5 : 0
            count++
          }
        }
        const area = auc(scores, labels)
        if (count === 0) expect(area).toBeNull()
        else expect(area).toBeCloseTo(sum / count, 12)
      }),
    )
  })

  test('the area under the curve reads labels as 0 and 1, infinite scores included', () => {
    expect(auc([Number.NEGATIVE_INFINITY, 0.4, 0.4, Number.POSITIVE_INFINITY], [0, 0, 1, 1])).toBe(0.875)
    expect(() => auc([0.1, Number.NaN], [0, 1])).toThrow(RangeError)
  })

  test('the calibration error is the known one', () => {
    // Bin 0..0.1 holds two forecasts (gap .45), bin 0.9..1 holds two (gap .025): (2 * .45 + 2 * .025) / 4.
    expect(calibrationError([0.05, 0.05, 0.95, 1], [1, 0, 1, 1])).toBeCloseTo(0.2375, 12)
    expect(calibrationError([0.05, 0.05, 0.95, 1], [1, 0, 1, 1], 1)).toBeCloseTo(0.2375, 12)
    expect(calibrationError([0.2, 0.8], [1, 0], 1)).toBeCloseTo(0, 12)
    expect(calibrationError([0.2, 0.8], [1, 0], 2)).toBeCloseTo(0.8, 12)
  })

  test('without forecasts there is no score; lists that do not pair up are refused', () => {
    expect([brier([], []), auc([], []), calibrationError([], [])]).toEqual([null, null, null])
    expect(() => brier([1], [])).toThrow(RangeError)
    expect(() => auc([1], [])).toThrow(RangeError)
    expect(() => calibrationError([1], [])).toThrow(RangeError)
    expect(() => calibrationError([1.5], [1])).toThrow(RangeError)
    expect(() => calibrationError([0.5], [1], 0)).toThrow(RangeError)
  })
})

describe('moments', () => {
  const values = fc.array(fc.double({ min: -1e6, max: 1e6, noNaN: true }), { maxLength: 30 })
  const momentsOf = (list: readonly number[]): Moments => list.reduce(addToMoments, emptyMoments)

  /** m2 is compared on the scale of the squared values: rounding of the means reaches it at that size. */
  function expectSame(a: Moments, b: Moments, largest: number) {
    expect(a.n).toBe(b.n)
    expect(Math.abs(a.mean - b.mean)).toBeLessThanOrEqual(1e-12 * largest)
    expect(Math.abs(a.m2 - b.m2)).toBeLessThanOrEqual(1e-12 * largest * largest * Math.max(1, a.n))
  }
  const largestOf = (...lists: readonly (readonly number[])[]) => Math.max(1e-100, ...lists.flat().map(Math.abs))

  test('are the textbook mean and variance', () => {
    const moments = momentsOf([2, 4, 4, 4, 5, 5, 7, 9])
    expect(moments.n).toBe(8)
    expect(moments.mean).toBeCloseTo(5, 14)
    expect(variance(moments)).toBeCloseTo(32 / 7, 13)
  })

  test('keep their digits where the mean is huge beside the spread', () => {
    expect(variance(momentsOf([1e9 + 4, 1e9 + 7, 1e9 + 13, 1e9 + 16]))).toBeCloseTo(30, 6)
  })

  test('merged equal those of all values at once', () => {
    fc.assert(
      fc.property(values, values, (a, b) => {
        expectSame(mergeMoments(momentsOf(a), momentsOf(b)), momentsOf([...a, ...b]), largestOf(a, b))
      }),
    )
  })

  test('merge in any order to the same bits, and in any grouping to the same value', () => {
    fc.assert(
      fc.property(values, values, values, (a, b, c) => {
        const [x, y, z] = [momentsOf(a), momentsOf(b), momentsOf(c)]
        expect(mergeMoments(x, y)).toEqual(mergeMoments(y, x))
        expectSame(mergeMoments(mergeMoments(x, y), z), mergeMoments(x, mergeMoments(y, z)), largestOf(a, b, c))
      }),
    )
  })

  test('are unchanged by merging with nothing', () => {
    const moments = momentsOf([1, 2, 4])
    expect(mergeMoments(moments, emptyMoments)).toEqual(moments)
    expect(mergeMoments(emptyMoments, emptyMoments)).toEqual(emptyMoments)
  })

  test('of fewer than two values have no variance; values that are not finite are refused', () => {
    expect(variance(emptyMoments)).toBeNull()
    expect(variance(momentsOf([3]))).toBeNull()
    expect(() => addToMoments(emptyMoments, Number.NaN)).toThrow(RangeError)
    expect(() => addToMoments(emptyMoments, Number.POSITIVE_INFINITY)).toThrow(RangeError)
  })
})
