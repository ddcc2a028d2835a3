import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  betaCdf,
  betaQuantile,
  logGamma,
  normalCdf,
  normalQuantile,
  studentTLogDensity,
  studentTQuantile,
} from '../../src/math/distributions.ts'

fc.configureGlobal({ seed: 2026 })

/** Relative error, or absolute where the truth is below 1. */
function expectClose(actual: number, expected: number, tolerance = 1e-12) {
  expect(Math.abs(actual - expected) / Math.max(1, Math.abs(expected))).toBeLessThan(tolerance)
}
function expectRelativelyClose(actual: number, expected: number, tolerance = 1e-12) {
  expect(Math.abs(actual / expected - 1)).toBeLessThan(tolerance)
}

const probability = fc.double({ min: 1e-9, max: 1 - 1e-9, noNaN: true })
const parameter = fc.double({ min: -2, max: 6, noNaN: true }).map(exponent => 10 ** exponent)

// The golden values were computed with 60 digits (mpmath 1.3: loggamma, ncdf, hyp2f1 and root finding).
describe('log gamma', () => {
  test.each([
    [1e-10, 23.025850929882736],
    [0.1, 2.252712651734206],
    [0.5, 0.5723649429247001],
    [1, 0],
    [2, 0],
    [1.5, -0.12078223763524522],
    [3.7, 1.428072326665388],
    [15.5, 26.536914491115613],
    [16.5, 29.277754515040815],
    [100, 359.1342053695754],
    [12345.678, 103959.91990554606],
    [1e9, 19_723_265_827.5037],
  ])('at %d is %d', (x, expected) => expectClose(logGamma(x), expected, 1e-13))

  test('grows by ln x from x to x + 1', () => {
    fc.assert(fc.property(parameter, x => expectClose(logGamma(x + 1) - logGamma(x), Math.log(x), 1e-8)))
  })
})

describe('the normal distribution', () => {
  test.each([
    [-38, 2.88542835e-316, 1e-6],
    [-20, 2.7536241186062337e-89, 1e-12],
    [-8, 6.220960574271784e-16, 1e-12],
    [-3.0001, 0.0013494549132607172, 1e-12],
    [-2.9999, 0.0013503412829549248, 1e-12],
    [-1, 0.15865525393145705, 1e-12],
    [-0.1, 0.460172162722971, 1e-12],
    [0, 0.5, 1e-15],
    [0.5, 0.6914624612740131, 1e-14],
    [1.96, 0.9750021048517795, 1e-14],
    [5, 0.9999997133484281, 1e-14],
  ])('lies below %d with probability %d', (x, expected, tolerance) =>
    expectRelativelyClose(normalCdf(x), expected, tolerance),
  )

  test.each([
    [1e-300, -37.0470962993612],
    [1e-20, -9.262340089798407],
    [1e-8, -5.612001244174789],
    [0.001, -3.0902323061678136],
    [0.025, -1.9599639845400543],
    [0.1, -1.2815515655446004],
    [0.3, -0.5244005127080408],
    [0.975, 1.959963984540054],
  ])('has its %d-quantile at %d', (p, expected) => expectRelativelyClose(normalQuantile(p), expected, 1e-13))

  test('quantile and cumulative probability undo each other', () => {
    fc.assert(fc.property(probability, p => expectRelativelyClose(normalCdf(normalQuantile(p)), p, 1e-12)))
  })

  test('is symmetric about 0 and reaches infinity at its ends', () => {
    fc.assert(
      fc.property(fc.double({ min: -8, max: 8, noNaN: true }), x => expectClose(normalCdf(x) + normalCdf(-x), 1)),
    )
    expect([normalQuantile(0), normalQuantile(0.5), normalQuantile(1)]).toEqual([-Infinity, 0, Infinity])
    expect([normalCdf(-Infinity), normalCdf(Infinity)]).toEqual([0, 1])
  })
})

describe('the beta distribution', () => {
  test.each([
    [0.3, 2, 5, 0.579825],
    [0.25, 1, 3, 0.578125],
    [0.5, 0.5, 0.5, 0.5],
    [0.001, 0.01, 0.02, 0.6223759113277754],
    [0.9, 1000, 100, 0.14747917625807305],
    [0.5001, 1e6, 1e6, 0.611351282137678],
    [0.999999, 1000, 0.001, 0.006312848728574267],
    [1e-12, 0.01, 2, 0.766163350779468],
    [1e-7, 0.5, 1e6, 0.34527912169457975],
    [0.02, 3, 400, 0.9872924826327013],
    [0.7, 50.5, 20.25, 0.385649255272443],
  ])('lies below %d with parameters %d, %d with probability %d', (x, a, b, expected) =>
    expectClose(betaCdf(x, a, b), expected, 1e-11),
  )

  test('with parameters ½, ½ is the arcsine law', () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 1, noNaN: true }), x =>
        expectClose(betaCdf(x, 0.5, 0.5), (2 / Math.PI) * Math.atan2(Math.sqrt(x), Math.sqrt(1 - x)), 1e-13),
      ),
    )
  })

  test('with whole parameters is a sum of binomial probabilities', () => {
    const binomialUpperTail = (x: number, a: number, n: number) => {
      let sum = 0
      for (let k = a; k <= n; k++) {
        const choose = logGamma(n + 1) - logGamma(k + 1) - logGamma(n - k + 1)
        sum += Math.exp(choose + k * Math.log(x) + (n - k) * Math.log(1 - x))
      }
      return sum
    }
    const whole = fc.integer({ min: 1, max: 60 })
    fc.assert(
      fc.property(fc.double({ min: 0.01, max: 0.99, noNaN: true }), whole, whole, (x, a, b) =>
        expectClose(betaCdf(x, a, b), binomialUpperTail(x, a, a + b - 1), 1e-11),
      ),
    )
  })

  test('mirrors when its parameters change places', () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 1, noNaN: true }), parameter, parameter, (x, a, b) => {
        // 1 - x is rounded, so compare at the point whose mirror image is exact.
        const mirrored = 1 - x
        expectClose(betaCdf(1 - mirrored, a, b) + betaCdf(mirrored, b, a), 1, 1e-9)
      }),
    )
  })

  test('quantile and cumulative probability undo each other', () => {
    fc.assert(
      fc.property(probability, parameter, parameter, (p, a, b) => {
        const x = betaQuantile(p, a, b)
        // Where the quantile crowds against 0 or 1, neighbouring numbers already differ in probability.
        fc.pre(x > 1e-290 && x < 1 - 1e-6)
        expectClose(betaCdf(x, a, b), p, 1e-8)
      }),
    )
  })

  test('has quantiles at the very ends where its parameters are tiny', () => {
    // The first two lie near 0.2^1000 and 1 - 0.2^1000.
    expect(betaQuantile(0.1, 0.001, 0.001)).toBeLessThan(1e-250)
    expect(betaQuantile(0.9, 0.001, 0.001)).toBe(1)
    expect(betaQuantile(0.5, 0.001, 1000)).toBeLessThan(1e-250)
  })

  test('has quantiles that rise with the probability, from 0 to 1', () => {
    expect([betaQuantile(0, 2, 3), betaQuantile(1, 2, 3)]).toEqual([0, 1])
    fc.assert(
      fc.property(probability, probability, parameter, parameter, (p, q, a, b) => {
        expect(betaQuantile(Math.min(p, q), a, b)).toBeLessThanOrEqual(betaQuantile(Math.max(p, q), a, b) + 1e-12)
      }),
    )
  })
})

describe("Student's t", () => {
  test.each([
    [0, 1, -1.1447298858494002],
    [1.5, 2, -2.170378474404488],
    [-3, 5.5, -4.1147035357114605],
    [10, 0.3, -5.2505301535976505],
    [2, 1e3, -2.9171951785665016],
    [2, 1e8, -2.9189385157046734],
    [1, 1e12, -1.4189385332051727],
    [100, 2, -13.815810527968274],
  ])('has at %d with %d degrees of freedom the log density %d', (x, dof, expected) =>
    expectClose(studentTLogDensity(x, dof), expected, 1e-13),
  )

  test.each([
    [0.975, 1, 12.706204736174692],
    [0.975, 2, 4.302652729749462],
    [0.95, 5, 2.0150483733330233],
    [0.9, 0.5, 10.270324410234512],
    [0.995, 30, 2.749995653567225],
    [0.6, 4, 0.27072229470759734],
    [0.999999, 3, 103.29946777942897],
    [0.05, 12.5, -1.7763662212470306],
    [0.975, 1e6, 1.959966356814107],
    [0.9, 9.5e8, 1.2815515664357424],
    [0.975, 1e10, 1.9599639847772814],
  ])('has its %d-quantile with %d degrees of freedom at %d', (p, dof, expected) =>
    expectRelativelyClose(studentTQuantile(p, dof), expected, 1e-11),
  )

  test('has a density that integrates to the probability between its quantiles', () => {
    for (const dof of [0.8, 3, 25]) {
      const [low, high] = [studentTQuantile(0.1, dof), studentTQuantile(0.85, dof)]
      const steps = 4000
      const width = (high - low) / steps
      let sum = 0
      for (let i = 0; i <= steps; i++) {
        const weight = i === 0 || i === steps ? 1 : i % 2 === 1 ? 4 : 2
        sum += weight * Math.exp(studentTLogDensity(low + i * width, dof))
      }
      expectClose((sum * width) / 3, 0.75, 1e-8)
    }
  })

  test('is symmetric about 0 and reaches infinity at its ends', () => {
    fc.assert(
      fc.property(probability, parameter, (p, dof) => {
        const mirrored = 1 - p
        expectClose(studentTQuantile(mirrored, dof), -studentTQuantile(1 - mirrored, dof), 1e-9)
      }),
    )
    expect([studentTQuantile(0, 3), studentTQuantile(0.5, 3), studentTQuantile(1, 3)]).toEqual([-Infinity, 0, Infinity])
  })
})

test('values outside the domain are refused', () => {
  for (const bad of [0, -1, Number.NaN, Number.POSITIVE_INFINITY]) {
    expect(() => logGamma(bad)).toThrow(RangeError)
    expect(() => betaCdf(0.5, bad, 1)).toThrow(RangeError)
    expect(() => betaQuantile(0.5, 1, bad)).toThrow(RangeError)
    expect(() => studentTQuantile(0.5, bad)).toThrow(RangeError)
    expect(() => studentTLogDensity(0, bad)).toThrow(RangeError)
  }
  for (const p of [-0.1, 1.1, Number.NaN]) {
    expect(() => normalQuantile(p)).toThrow(RangeError)
    expect(() => betaQuantile(p, 1, 1)).toThrow(RangeError)
    expect(() => studentTQuantile(p, 1)).toThrow(RangeError)
  }
  expect(() => normalCdf(Number.NaN)).toThrow(RangeError)
  expect(() => betaCdf(Number.NaN, 1, 1)).toThrow(RangeError)
})
