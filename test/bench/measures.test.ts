import { describe, expect, it } from 'vitest'
import { bestSingleArm, oracleReward, singleArmReward, uniformReward } from '../../bench/quality/hindsight.ts'
import { summarise } from '../../bench/quality/measures.ts'
import type { Run } from '../../bench/quality/run.ts'
import { seedRng } from '../../src/math/rng.ts'

const run = (values: Partial<Run>): Run => ({
  rewards: [1, 0, 1, 1],
  bestSingle: 0.5,
  oracle: 1,
  isSequence: true,
  forecasts: [],
  withoutForecast: 0,
  decideMs: [],
  observeMs: [],
  ...values,
})
const scored = (forecast: number, target: number) => ({
  pSuccess: forecast,
  isSuccess: target >= 0.5,
  forecast,
  target,
})

describe('hindsight', () => {
  const rewards = [
    [0.2, 0.9, null],
    [1, 0, 0.5],
    [0.3, 0.3, 0.6],
  ]

  it('finds the best arm of every visit, and the mean of all', () => {
    expect(oracleReward(rewards)).toBeCloseTo((0.9 + 1 + 0.6) / 3, 12)
    expect(uniformReward(rewards)).toBeCloseTo((0.55 + 0.5 + 0.4) / 3, 12)
  })

  it('gives a single arm a fair draw where it is not offered', () => {
    expect(singleArmReward(rewards, 2)).toBeCloseTo((0.55 + 0.5 + 0.6) / 3, 12)
    expect(bestSingleArm(rewards)).toBe(2)
  })
})

describe('the metrics of several runs', () => {
  it('are means over the runs with their spread', () => {
    const { measures, runs, rounds } = summarise([run({}), run({ rewards: [0, 0, 1, 0], oracle: 0.75 })])
    expect(measures.reward).toEqual({ value: 0.5, sd: 0.25 })
    expect(measures.regret).toEqual({ value: 0, sd: 1 })
    // (.75 - .5) / .5 and (.25 - .5) / .25
    expect(measures.gapClosed).toEqual({ value: -0.25, sd: 0.75 })
    expect(measures.secondHalf).toEqual({ value: 0.75, sd: 0.25 })
    expect([runs, rounds]).toEqual([2, 4])
  })

  it('take the middle round of an odd number into the second half', () => {
    expect(summarise([run({ rewards: [0, 1, 1] })]).measures.secondHalf?.value).toBe(1)
  })

  it('leave out what does not exist: no second half without a sequence, no gap without one, no forecasts without any', () => {
    const { measures, decideP95Ms } = summarise([run({ isSequence: false, oracle: 0.5 })])
    expect(measures.reward?.value).toBe(0.75)
    for (const metric of ['secondHalf', 'gapClosed', 'auc', 'brier', 'calibrationError', 'decideMs'] as const) {
      expect(measures[metric]).toBeNull()
    }
    expect(decideP95Ms).toBeNull()
  })

  it('agree with counting pairs and bins by hand', () => {
    const rng = seedRng('bench measures')
    const forecasts = Array.from({ length: 200 }, () => {
      const forecast = Math.round(rng() * 20) / 20
      return scored(forecast, rng() < forecast ? 1 : 0)
    })
    const { measures } = summarise([run({ forecasts })])
    let wins = 0
    let pairs = 0
    for (const positive of forecasts.filter(each => each.isSuccess)) {
      for (const negative of forecasts.filter(each => !each.isSuccess)) {
        pairs++
        wins += positive.pSuccess > negative.pSuccess ? 1 : positive.pSuccess === negative.pSuccess ? 0.5 : 0
      }
    }
    expect(pairs).toBeGreaterThan(1000)
    expect(measures.auc?.value).toBeCloseTo(wins / pairs, 12)
    const square = forecasts.reduce((sum, { forecast, target }) => sum + (forecast - target) ** 2, 0)
    expect(measures.brier?.value).toBeCloseTo(square / 200, 12)
    let error = 0
    for (let bin = 0; bin < 10; bin++) {
      const inBin = forecasts.filter(({ forecast }) => Math.min(9, Math.floor(forecast * 10)) === bin)
      error += Math.abs(inBin.reduce((sum, { forecast, target }) => sum + forecast - target, 0)) / 200
    }
    expect(measures.calibrationError?.value).toBeCloseTo(error, 12)
  })

  it('put the pairs of all runs into one set of bins for the calibration error', () => {
    const first = run({ forecasts: [scored(0.55, 1)] })
    const second = run({ forecasts: [scored(0.55, 0)] })
    const { calibrationError } = summarise([first, second]).measures
    expect(calibrationError?.value).toBeCloseTo(0.05, 12)
    expect(calibrationError?.sd).toBeCloseTo(0.05, 12)
  })

  it('have the 95th percentile of all calls', () => {
    const decideMs = Array.from({ length: 101 }, (_, index) => index)
    const { measures, decideP95Ms, observeP95Ms } = summarise([run({ decideMs, observeMs: [3, 3] })])
    expect(measures.decideMs?.value).toBe(50)
    expect([decideP95Ms, observeP95Ms]).toEqual([95, 3])
  })
})
