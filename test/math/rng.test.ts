import { describe, expect, test } from 'vitest'
import { beta, drawIndex, gamma, integer, normal, type Rng, seedRng, shuffle } from '../../src/math/rng.ts'
import { addToMoments, emptyMoments, variance } from '../../src/math/statistics.ts'

const draws = (count: number, draw: () => number) => Array.from({ length: count }, draw)

/** Means must lie within 5 standard errors of the truth: by chance that fails once in two million tests. */
function expectMeanAndVariance(sample: readonly number[], mean: number, trueVariance: number, kurtosis = 3) {
  const moments = sample.reduce(addToMoments, emptyMoments)
  expect(Math.abs(moments.mean - mean)).toBeLessThan(5 * Math.sqrt(trueVariance / sample.length))
  const spread = trueVariance * Math.sqrt((kurtosis - 1) / sample.length)
  expect(Math.abs(variance(moments)! - trueVariance)).toBeLessThan(5 * spread)
}

/** Pearson's chi-square of counts against expected shares. */
function chiSquare(counts: readonly number[], shares: readonly number[]): number {
  const total = counts.reduce((sum, count) => sum + count, 0)
  return counts.reduce((sum, count, index) => sum + (count - total * shares[index]!) ** 2 / (total * shares[index]!), 0)
}

describe('a seeded generator', () => {
  test('gives the same stream for the same seed and another for another seed', () => {
    const stream = (seed: string) => draws(100, seedRng(seed))
    expect(stream('a')).toEqual(stream('a'))
    expect(new Set([...stream('a'), ...stream('b'), ...stream(''), ...stream('a\0')]).size).toBe(400)
  })

  test('keeps its numbers from version to version', () => {
    expect(draws(3, seedRng('tacit'))).toEqual([0.69125017500267, 0.3345247613151554, 0.5098014398779646])
  })

  test('stays within [0, 1), fills every bit and is uniform', () => {
    const sample = draws(100_000, seedRng('uniform'))
    expect(sample.every(u => u >= 0 && u < 1)).toBe(true)
    expectMeanAndVariance(sample, 1 / 2, 1 / 12, 1.8)
    const counts = new Array<number>(64).fill(0)
    for (const u of sample) counts[Math.floor(u * 64)]!++
    // 99.9999 % quantile of chi-square with 63 degrees of freedom.
    expect(chiSquare(counts, new Array(64).fill(1 / 64))).toBeLessThan(132)
    for (const bit of [1, 20, 32, 45, 53]) {
      const ones = sample.filter(u => Math.floor(u * 2 ** bit) % 2 === 1).length
      expect(Math.abs(ones - 50_000)).toBeLessThan(5 * Math.sqrt(25_000))
    }
  })

  test('shows no correlation between successive numbers, nor between similar seeds', () => {
    const rng = seedRng('serial')
    const correlation = (pairs: readonly (readonly [number, number])[]) =>
      (pairs.reduce((sum, [a, b]) => sum + (a - 0.5) * (b - 0.5), 0) / pairs.length) * 12
    const pairs = Array.from({ length: 40_000 }, () => [rng(), rng()] as const)
    expect(Math.abs(correlation(pairs))).toBeLessThan(5 / Math.sqrt(40_000))
    const seeds = Array.from({ length: 40_000 }, (_, i) => [seedRng(`s${i}`)(), seedRng(`s${i + 1}`)()] as const)
    expect(Math.abs(correlation(seeds))).toBeLessThan(5 / Math.sqrt(40_000))
  })
})

describe('draws from distributions', () => {
  test('normal draws have mean 0, variance 1 and normal tails', () => {
    const rng = seedRng('normal')
    const sample = draws(100_000, () => normal(rng))
    expectMeanAndVariance(sample, 0, 1)
    const beyond = sample.filter(x => Math.abs(x) > 1.959963984540054).length
    expect(Math.abs(beyond - 5000)).toBeLessThan(5 * Math.sqrt(4750))
  })

  test.each([0.05, 0.5, 1, 2.5, 40])('gamma draws of shape %d have mean and variance equal to the shape', shape => {
    const rng = seedRng(`gamma ${shape}`)
    expectMeanAndVariance(
      draws(60_000, () => gamma(rng, shape)),
      shape,
      shape,
      3 + 6 / shape,
    )
  })

  test.each([
    [1, 1],
    [0.5, 0.5],
    [2, 8],
    [30, 3],
  ])('beta(%d, %d) draws have the mean and variance of the distribution', (a, b) => {
    const rng = seedRng(`beta ${a} ${b}`)
    const n = a + b
    const excess = (6 * ((a - b) ** 2 * (n + 1) - a * b * (n + 2))) / (a * b * (n + 2) * (n + 3))
    expectMeanAndVariance(
      draws(60_000, () => beta(rng, a, b)),
      a / n,
      (a * b) / (n * n * (n + 1)),
      3 + excess,
    )
  })

  test('beta draws with tiny parameters are near 0 or 1, each as often as it should be, and never NaN', () => {
    const rng = seedRng('tiny')
    const sample = draws(20_000, () => beta(rng, 0.003, 0.001))
    expect(sample.every(x => x >= 0 && x <= 1)).toBe(true)
    const high = sample.filter(x => x > 0.5).length
    expect(Math.abs(high - 15_000)).toBeLessThan(5 * Math.sqrt(20_000 * 0.75 * 0.25))
  })

  test('shapes outside the domain are refused', () => {
    const rng = seedRng('bad')
    for (const shape of [0, -1, Number.NaN, Number.POSITIVE_INFINITY]) {
      expect(() => gamma(rng, shape)).toThrow(RangeError)
      expect(() => beta(rng, 1, shape)).toThrow(RangeError)
    }
  })
})

describe('choices', () => {
  test('integers below n are uniform, and n must be a positive integer', () => {
    const rng = seedRng('integer')
    const counts = new Array<number>(7).fill(0)
    for (let i = 0; i < 70_000; i++) counts[integer(rng, 7)]!++
    // 99.9999 % quantile of chi-square with 6 degrees of freedom.
    expect(chiSquare(counts, new Array(7).fill(1 / 7))).toBeLessThan(38.3)
    expect(integer(rng, 1)).toBe(0)
    for (const below of [0, -3, 1.5, Number.NaN]) expect(() => integer(rng, below)).toThrow(RangeError)
  })

  test('shuffling gives every order equally often and leaves its input alone', () => {
    const rng = seedRng('shuffle')
    const items = ['a', 'b', 'c']
    const counts = new Map<string, number>()
    for (let i = 0; i < 60_000; i++) {
      const order = shuffle(rng, items).join('')
      counts.set(order, (counts.get(order) ?? 0) + 1)
    }
    expect(items).toEqual(['a', 'b', 'c'])
    expect(counts.size).toBe(6)
    // 99.9999 % quantile of chi-square with 5 degrees of freedom.
    expect(chiSquare([...counts.values()], new Array(6).fill(1 / 6))).toBeLessThan(35.9)
  })

  test('indices are drawn as often as their probabilities say', () => {
    const rng = seedRng('index')
    const probabilities = Float64Array.of(0.005, 0.2, 0, 0.795, 0)
    const counts = new Array<number>(5).fill(0)
    for (let i = 0; i < 100_000; i++) counts[drawIndex(rng, probabilities)]!++
    expect(counts[2]).toBe(0)
    expect(counts[4]).toBe(0)
    // 99.9999 % quantile of chi-square with 2 degrees of freedom.
    expect(chiSquare([counts[0]!, counts[1]!, counts[3]!], [0.005, 0.2, 0.795])).toBeLessThan(27.7)
  })

  test('an index of probability 0 is never drawn, not even where rounding leaves a gap', () => {
    const constant =
      (u: number): Rng =>
      () =>
        u
    expect(drawIndex(constant(0), [0, 0, 1])).toBe(2)
    expect(drawIndex(constant(1 - 2 ** -53), [0.5, 0.5 - 1e-9, 0])).toBe(1)
    expect(drawIndex(constant(0.5), [0.5, 0, 0.5])).toBe(2)
  })

  test('weights that are not probabilities are refused', () => {
    const rng = seedRng('refused')
    for (const weights of [[], [0, 0], [0.5, 0.4], [1.5, -0.5], [Number.NaN, 1], [2, 2]]) {
      expect(() => drawIndex(rng, weights)).toThrow(RangeError)
    }
  })
})
