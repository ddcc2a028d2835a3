import { describe, expect, it } from 'vitest'
import { compatRewardFormulas, type RewardedOutcome } from '../../src/analyse/compat/rewards.ts'

const silent: RewardedOutcome = {
  success: true,
  quality: null,
  coverage: null,
  durationMs: null,
  timedOut: false,
  errors: 0,
  cpu: null,
  memory: null,
  rating: null,
  issues: 0,
  suggestions: 0,
}

function reward(id: string, outcome: Partial<RewardedOutcome>): number | null {
  return compatRewardFormulas.find(formula => formula.id === id)!.reward({ ...silent, ...outcome }).reward
}

/** Worked by hand from the published formulas. */
const golden: readonly [id: string, outcome: Partial<RewardedOutcome>, reward: number | null][] = [
  ['aqe-engine', {}, 1],
  ['aqe-engine', { success: false }, -1],
  ['aqe-engine', { durationMs: 15_000 }, 1.25],
  ['aqe-engine', { durationMs: 90_000 }, 1],
  ['aqe-engine', { success: false, errors: 3 }, -1.3],
  ['aqe-engine', { rating: 0.75, issues: 2 }, 1 + 0.5 - 0.4],
  ['aqe-engine', { coverage: 0.6 }, 0.6],
  ['aqe-engine', { durationMs: 0, rating: 1, coverage: 1 }, 2],
  ['aqe-engine', { success: false, rating: 0, issues: 9 }, -2],
  ['aqe-engine', { success: null, durationMs: 5 }, null],
  ['aqe-calculator', {}, 2 / 3],
  ['aqe-calculator', { success: false }, -2 / 3],
  ['aqe-calculator', { durationMs: 15_000 }, (2 / 3) * 1.25],
  // Twice the baseline and more takes a whole time weight.
  ['aqe-calculator', { durationMs: 60_000 }, (2 / 3) * 0.5],
  ['aqe-calculator', { durationMs: 600_000 }, (2 / 3) * 0.5],
  ['aqe-calculator', { quality: 1 }, (2 / 3) * 1.7],
  // The better of quality and coverage counts; a missing quality is 0.
  ['aqe-calculator', { coverage: 0.95 }, (2 / 3) * (1 + 0.7 * 0.3)],
  ['aqe-calculator', { coverage: 0.1 }, 2 / 3],
  ['aqe-calculator', { cpu: 0.2 }, (2 / 3) * (1 + 0.3 * 0.65)],
  ['aqe-calculator', { cpu: 0.2, memory: 0.6 }, (2 / 3) * (1 + 0.3 * 0.6)],
  ['aqe-calculator', { rating: 1, issues: 1, suggestions: 2 }, (2 / 3) * (1 + 0.5 * 0.8)],
  ['aqe-calculator', { success: false, errors: 2, timedOut: true }, (2 / 3) * (-1 - 0.4 - 0.5)],
  ['aqe-calculator', { success: false, errors: 50 }, -2],
  ['aqe-calculator', { success: null }, null],
  ['satisfaction', { rating: 1 }, 1],
  ['satisfaction', { rating: 2 / 3 }, 0.5],
  ['satisfaction', { rating: 1 / 3 }, 0],
  ['satisfaction', { rating: 0 }, -1],
  ['satisfaction', { rating: 0.9 }, 1],
  ['satisfaction', { rating: 0.75 }, 0.5],
  ['satisfaction', {}, null],
]

describe('a reward formula of an earlier system', () => {
  it.each(golden)('%s of %j is %s', (id, outcome, expected) => {
    const found = reward(id, outcome)
    if (expected === null) expect(found).toBeNull()
    else expect(found).toBeCloseTo(expected, 10)
  })

  it('has a version, a source, and a word on why the learner does not aim at it', () => {
    expect(compatRewardFormulas).toHaveLength(3)
    for (const { version, formula, source, warning } of compatRewardFormulas) {
      expect(version).toBeGreaterThanOrEqual(1)
      for (const text of [formula, source, warning]) expect(text).toMatch(/\w{3}/)
    }
  })

  it('gives parts that sum to the reward where nothing is clipped', () => {
    const engine = compatRewardFormulas[0]!.reward({ ...silent, durationMs: 10_000, rating: 0.6, errors: 1 })
    expect(Object.values(engine.parts).reduce((sum, part) => sum + part, 0)).toBeCloseTo(engine.reward!)
  })
})
