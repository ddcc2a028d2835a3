import { expect, test } from 'vitest'
import { reportCalibration } from '../../src/demo/calibration.ts'
import { compareRewards, gainOverUniform, reportDominance, standardError } from '../../src/demo/compare.ts'

const arms = ['a', 'b']
const table = [
  [1, 0],
  [1, 0.5],
  [0, 1],
  [0.5, 1],
]

test('rewards are compared on the same table', () => {
  const report = compareRewards(table, arms, [0, 0, 1, 1])
  expect(report).toMatchObject({ tasks: 4, tacit: 1, uniform: 0.625, oracle: 1 })
  expect(report.bestSingle).toEqual({ arm: 'a', utility: 0.625 })
  expect(report.gain).toBeCloseTo(0.375)
  // Differences 0, 0, 1, 0.5: variance 0.2291667, over 4 tasks.
  expect(report.gainStandardError).toBeCloseTo(Math.sqrt(0.22916667 / 4), 6)
})

test('always choosing the best single arm gains nothing on it', () => {
  expect(compareRewards(table, arms, [0, 0, 0, 0])).toMatchObject({ gain: 0, gainStandardError: 0 })
})

test('the gain over a uniform choice is taken row by row', () => {
  const gains = gainOverUniform(table, [0, 1, 0, 1])
  expect(gains.mean).toBeCloseTo((0.5 - 0.25 - 0.5 + 0.25) / 4)
  expect(standardError({ n: 1, mean: 3, m2: 0 })).toBeNull()
})

test('an arm that is best everywhere is seen to dominate', () => {
  const report = reportDominance(
    [...table.keys()].map(() => [1, 0.4]),
    arms,
    ['x', 'x', 'y', 'y'],
  )
  expect(report).toEqual({ gap: 0, specialists: ['a'], holds: false })
})

test('a tie makes no specialist', () => {
  const report = reportDominance(table, arms, ['x', 'y', 'y', 'y'])
  expect(report.specialists).toEqual(['a', 'b'])
  expect(reportDominance([[1, 1]], arms, ['x']).specialists).toEqual([])
})

test('calibration of forecasts is judged bin by bin', () => {
  const report = reportCalibration([
    { forecast: 1, success: true },
    { forecast: 0.95, success: true },
    { forecast: 0.25, success: true },
    { forecast: 0.25, success: false },
  ])
  expect(report.brier).toBeCloseTo((0.05 ** 2 + 0.75 ** 2 + 0.25 ** 2) / 4)
  expect(report.baseline).toBeCloseTo(0.75 * 0.25)
  expect(report.bins.map(({ from, n, observed }) => [from, n, observed])).toEqual([
    [0.2, 2, 0.5],
    [0.9, 2, 1],
  ])
})

test('without forecasts nothing is known about calibration', () => {
  expect(reportCalibration([])).toEqual({ n: 0, brier: null, baseline: null, calibrationError: null, bins: [] })
})
