import { describe, expect, test } from 'vitest'
import { type Bounds, withinShares } from '../../src/engine/shares.ts'
import { seedRng } from '../../src/math/rng.ts'

const free: Bounds = { low: 0, high: 1 }
const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0)

/** A second method: the scale c of clip(c·q, low, high) by bisection. */
function byBisection(probabilities: readonly number[], bounds: readonly Bounds[]): number[] {
  const at = (scale: number) =>
    probabilities.map((p, i) => Math.min(bounds[i]!.high, Math.max(bounds[i]!.low, scale * Math.max(p, 1e-9))))
  let [low, high] = [0, 1e12]
  for (let i = 0; i < 300; i++) {
    const middle = Math.sqrt(Math.max(low, 1e-12) * high)
    if (sum(at(middle)) < 1) low = middle
    else high = middle
  }
  return at(high)
}

describe('shares', () => {
  test('that are kept already change nothing', () => {
    const probabilities = [0.7, 0.2, 0.1]
    expect(withinShares(probabilities, [{ low: 0.5, high: 0.8 }, free, { low: 0.1, high: 1 }])).toEqual({
      probabilities,
      isMet: true,
    })
  })

  test('take from and give to the other arms in proportion', () => {
    const { probabilities } = withinShares([0.8, 0.15, 0.05], [{ low: 0, high: 0.6 }, free, free])
    expect(probabilities[0]).toBe(0.6)
    expect(probabilities[1]).toBeCloseTo(0.3, 12)
    expect(probabilities[2]).toBeCloseTo(0.1, 12)
    const lifted = withinShares([0.8, 0.2, 0], [free, free, { low: 0.1, high: 1 }]).probabilities
    expect(lifted[0]).toBeCloseTo(0.72, 8)
    expect(lifted[2]).toBe(0.1)
  })

  test('give arms without probability what the others may not take', () => {
    const { probabilities, isMet } = withinShares([1, 0, 0], [{ low: 0, high: 0.4 }, free, free])
    expect(isMet).toBe(true)
    expect(probabilities).toEqual([0.4, expect.closeTo(0.3, 12), expect.closeTo(0.3, 12)])
  })

  test('that leave no distribution are scaled, and said to be unmet', () => {
    const tooHigh = withinShares(
      [0.5, 0.5],
      [
        { low: 0.9, high: 1 },
        { low: 0.6, high: 1 },
      ],
    )
    expect(tooHigh).toEqual({ probabilities: [0.6, 0.4].map(p => expect.closeTo(p, 12)), isMet: false })
    const tooLow = withinShares(
      [0.5, 0.5],
      [
        { low: 0, high: 0.1 },
        { low: 0, high: 0.3 },
      ],
    )
    expect(tooLow).toEqual({ probabilities: [0.25, 0.75].map(p => expect.closeTo(p, 12)), isMet: false })
  })

  test('agree with bisection on 500 seeded cases, sum to 1 and keep every bound', () => {
    const rng = seedRng('shares')
    let projected = 0
    for (let i = 0; i < 500; i++) {
      const weights = Array.from({ length: 2 + (i % 7) }, () => (rng() < 0.2 ? 0 : rng() ** 3))
      weights[0]! += 0.1
      const before = weights.map(weight => weight / sum(weights))
      const bounds = before.map(() => ({
        low: rng() < 0.4 ? rng() / 8 : 0,
        high: rng() < 0.4 ? 0.15 + 0.85 * rng() : 1,
      }))
      const { probabilities, isMet } = withinShares(before, bounds)
      expect(Math.abs(sum(probabilities) - 1)).toBeLessThan(1e-12)
      if (!isMet) continue
      projected++
      const expected = byBisection(before, bounds)
      for (const [j, p] of probabilities.entries()) {
        expect(p).toBeGreaterThanOrEqual(bounds[j]!.low)
        expect(p).toBeLessThanOrEqual(bounds[j]!.high)
        expect(p).toBeCloseTo(expected[j]!, 7)
      }
    }
    expect(projected).toBeGreaterThan(400)
  })
})
