import { describe, expect, test } from 'vitest'
import { amountCalibration, successCalibration } from '../../src/analyse/calibration.ts'
import { seedRng } from '../../src/math/rng.ts'
import { brier, calibrationError } from '../../src/math/statistics.ts'
import { openEngine } from './engine.ts'

describe('calibration of success', () => {
  test('agrees with the measures of the mathematics', () => {
    const rng = seedRng('calibration')
    const judged = Array.from({ length: 500 }, () => {
      const forecast = rng()
      return { forecast, outcome: rng() < forecast ** 2 ? 1 : 0 }
    })
    const forecasts = judged.map(({ forecast }) => forecast)
    const outcomes = judged.map(({ outcome }) => outcome)
    const result = successCalibration(judged)!
    expect(result.brier).toBeCloseTo(brier(forecasts, outcomes)!, 12)
    expect(result.calibrationError).toBeCloseTo(calibrationError(forecasts, outcomes)!, 12)
    expect(result.bins.reduce((sum, bin) => sum + bin.n, 0)).toBe(500)
  })

  test('of no forecast is unknown, not zero', () => {
    expect(successCalibration([])).toBeNull()
    expect(amountCalibration([])).toBeNull()
  })

  test('puts a certain forecast into the last bin', () => {
    expect(successCalibration([{ forecast: 1, outcome: 1 }])!.bins).toEqual([
      { from: 0.9, to: 1, n: 1, forecast: 1, observed: 1 },
    ])
  })
})

test('calibration of amounts: error of the logarithm and in percent, and the share inside the interval', () => {
  const interval = [50, 200] as const
  const result = amountCalibration([
    { forecast: 100, interval, amount: 100 * Math.E },
    { forecast: 100, interval, amount: 100 },
  ])!
  expect(result.n).toBe(2)
  expect(result.meanAbsoluteLogError).toBeCloseTo(0.5, 12)
  expect(result.meanAbsolutePercentageError).toBeCloseTo((1 - 1 / Math.E) / 2, 12)
  expect(result.coverage).toBe(0.5)
})

test('only forecasts made before the outcome, about the arm that was used, are judged; the others are counted', async () => {
  const { tacit } = await openEngine()
  const decide = (decisionId: string) => tacit.decide({ task: 'Deploy', taskType: 'release', arms: ['a'], decisionId })
  await tacit.observe('early', { success: true })
  for (const id of ['early', 'other', 'waiting', 'one', 'two']) await decide(id)
  await tacit.observe('other', { success: true, arm: 'b' })
  await tacit.observe('one', { success: true, durationMs: 100 })
  await tacit.observe('two', { success: false })
  await tacit.record({ task: 'Deploy', arm: 'a', success: true })
  const { models, leftOut } = await tacit.calibration()
  expect(leftOut).toEqual({ withoutPrediction: 1, withoutOutcome: 1, outcomeCameFirst: 1, otherArmUsed: 1 })
  expect(models.map(({ model, success }) => [model, success!.n])).toEqual([['hierarchy-4', 2]])
})

test('the stored forecast is judged, not what would be forecast today', async () => {
  const { tacit } = await openEngine()
  const first = await tacit.decide({ task: 'Deploy', arms: ['a'] })
  await tacit.observe(first.decisionId, { success: true })
  const before = await tacit.calibration()
  for (let i = 0; i < 50; i++) await tacit.record({ task: 'Deploy', arm: 'a', success: true })
  const after = await tacit.calibration()
  expect(after.models).toEqual(before.models)
  expect(after.models[0]!.success!.brier).toBeCloseTo((1 - first.prediction!.pSuccess.value!) ** 2, 12)
})

test('forecasts of another kind of task, or from before the window, can be left out', async () => {
  const { tacit, clock } = await openEngine()
  const run = async (taskType: string) => {
    const { decisionId } = await tacit.decide({ task: 'x', taskType, arms: ['a'] })
    await tacit.observe(decisionId, { success: true })
  }
  await run('old')
  clock.nowMs += 10 * 86_400_000
  await run('new')
  const judged = async (options: Parameters<typeof tacit.calibration>[0]) =>
    (await tacit.calibration(options)).models[0]?.success?.n ?? 0
  expect([await judged({}), await judged({ daysBack: 5 }), await judged({ taskType: 'old' })]).toEqual([2, 1, 1])
  await expect(tacit.calibration({ daysBack: -1 })).rejects.toMatchObject({ code: 'INVALID_INPUT' })
})
