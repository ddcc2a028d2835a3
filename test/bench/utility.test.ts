import { describe, expect, it } from 'vitest'
import type { Row, UtilityTerm } from '../../bench/quality/dataset.ts'
import { utilityOf } from '../../bench/quality/utility.ts'
import { loadConfig } from '../../src/config.ts'

const row: Row = {
  task: 0,
  arm: 0,
  attempt: 0,
  quality: 0.5,
  durationS: 4,
  costUsd: 0.01,
  inputTokens: 500,
  outputTokens: null,
  outputChars: null,
}
const term = (values: Partial<UtilityTerm> & Pick<UtilityTerm, 'term' | 'weight'>): UtilityTerm => ({
  scale: 'linear',
  from: 0,
  to: 1,
  missing: null,
  ...values,
})
const quality = term({ term: 'quality', weight: 1 })
const duration = term({ term: 'duration_s', weight: -0.2, to: 10, missing: 10 })
const cost = term({ term: 'cost', weight: -0.3, scale: 'log10', from: 0.0001, to: 1 })
const price = term({ term: 'arm', weight: -0.15, startsWith: 'big' })
const predicted = (pSuccess: number | null, durationMs: number | null, costUsd: number | null) => ({
  pSuccess: { value: pSuccess },
  durationMs: { value: durationMs },
  costUsd: { value: costUsd },
})

describe('the utility of a view', () => {
  it('is quality by default, and Tacit keeps its own default', () => {
    const utility = utilityOf()
    expect(utility.reward(row, 'any')).toBe(0.5)
    expect(utility.config).toBeUndefined()
    expect(utility.outcome(row, 'any')).toEqual({
      quality: 0.5,
      durationMs: 4000,
      costUsd: 0.01,
      resources: { inputTokens: 500 },
    })
    expect(utility.forecast(predicted(0.7, 1, 1))).toBe(0.7)
    expect(utility.forecast(predicted(null, 1, 1))).toBeNull()
  })

  it('clips values to their scale, linear or logarithmic', () => {
    const utility = utilityOf([quality, duration, cost])
    // .5 - .2 x .4 - .3 x (half of the way from 1e-4 to 1 in decades)
    expect(utility.reward(row, 'any')).toBeCloseTo(0.5 - 0.08 - 0.15, 12)
    expect(utility.reward({ ...row, durationS: 99, costUsd: 0 }, 'any')).toBeCloseTo(0.5 - 0.2, 12)
  })

  it('takes the declared value for a missing one, and is unknown without such a value', () => {
    const utility = utilityOf([quality, duration, cost])
    expect(utility.reward({ ...row, durationS: null }, 'any')).toBeCloseTo(0.5 - 0.2 - 0.15, 12)
    expect(utility.reward({ ...row, costUsd: null }, 'any')).toBeNull()
  })

  it('is declared to Tacit in its units', () => {
    const { config } = utilityOf([quality, duration, cost])
    expect(loadConfig({ flags: { utility: config } }).config.utility).toMatchObject({
      quality: { weight: 1, scale: 'linear', from: 0, to: 1, missing: null },
      durationMs: { weight: -0.2, scale: 'linear', from: 0, to: 10_000, missing: 10_000 },
      costUsd: { weight: -0.3, scale: 'log10', from: 0.0001, to: 1, missing: null },
    })
  })

  it('tells Tacit of a price per arm as a cost of 1 or 0', () => {
    const utility = utilityOf([quality, price])
    expect(utility.reward(row, 'big-model')).toBeCloseTo(0.35, 12)
    expect(utility.reward(row, 'model-big')).toBe(0.5)
    expect(utility.outcome(row, 'big-model').costUsd).toBe(1)
    expect(utility.outcome(row, 'model-big').costUsd).toBe(0)
    expect(utility.config?.costUsd).toMatchObject({ weight: -0.15, from: 0, to: 1 })
  })

  it('of a prediction is the same sum over what is predicted, clipped', () => {
    const utility = utilityOf([quality, duration, price])
    expect(utility.forecast(predicted(0.8, 5000, 1))).toBeCloseTo(0.8 - 0.1 - 0.15, 12)
    expect(utility.forecast(predicted(0.1, 5000, 1))).toBe(0)
    expect(utility.forecast(predicted(0.8, null, 0))).toBeCloseTo(0.8 - 0.2, 12)
    expect(utility.forecast(predicted(0.8, 5000, null))).toBeNull()
  })

  it('that Tacit cannot state is reported as quality, and its forecast is moved back', () => {
    const utility = utilityOf([quality, cost, price])
    const reward = utility.reward(row, 'big-model')!
    expect(reward).toBeCloseTo(0.5 - 0.15 - 0.15, 12)
    const reported = utility.outcome(row, 'big-model').quality as number
    // The possible range is -.45 … 1.
    expect(reported).toBeCloseTo((reward + 0.45) / 1.45, 12)
    expect(utility.forecast(predicted(reported, null, null))).toBeCloseTo(reward, 12)
  })
})
