import { describe, expect, test } from 'vitest'
import { createPolicy } from '../../src/learn/policy/policies.ts'
import { beta, seedRng } from '../../src/math/rng.ts'

const arms = ['a', 'b', 'c']
const situation = { arms, category: null, task: 1, day: 20_000 }
const minProbability = 0.01

/** 12, 12 and 12 rewards with 9, 7 and 4 successes. */
function taught(id: 'hierarchical' | 'thompson') {
  const policy = createPolicy(id, { minProbability, halfLifeDays: null })
  for (const [a, successes] of [9, 7, 4].entries()) {
    for (let i = 0; i < 12; i++) {
      policy.learn({
        arm: arms[a]!,
        category: null,
        task: 100 + 12 * a + i,
        day: 20_000,
        reward: i < successes ? 1 : 0,
      })
    }
  }
  return policy
}

describe.each(['hierarchical', 'thompson'] as const)('an adjustment, in the policy %s,', id => {
  const policy = taught(id)
  const at = (adjustment: number[]) => policy.choose({ ...situation, adjustment: Float64Array.from(adjustment) })
  const plain = policy.choose(situation)

  test('that is the same for all arms changes nothing', () => {
    for (const same of [0, -0.25, 0.5]) {
      const { probabilities } = at([same, same, same])
      for (const [i, p] of probabilities.entries()) expect(p).toBeCloseTo(plain.probabilities[i]!, 9)
    }
  })

  test('makes its arm rarer the larger it is, down to its share of the floor, and leaves the estimates alone', () => {
    let before = plain.probabilities[0]!
    for (const penalty of [0.1, 0.2, 0.4, 5, 1e6]) {
      const { probabilities, values, deviations } = at([-penalty, 0, 0])
      expect(probabilities[0]!).toBeLessThanOrEqual(before + 1e-12)
      expect(Math.abs(probabilities.reduce((sum, p) => sum + p, 0) - 1)).toBeLessThan(1e-12)
      expect([values, deviations]).toEqual([plain.values, plain.deviations])
      before = probabilities[0]!
    }
    expect(before).toBeCloseTo(minProbability / 3, 12)
  })
})

test('with an adjustment Thompson sampling has the probabilities of being best that 40,000 draws show', () => {
  const adjustment = [-0.2, 0, 0.1]
  const { probabilities } = taught('thompson').choose({ ...situation, adjustment: Float64Array.from(adjustment) })
  const rng = seedRng('adjusted')
  const counts = [0, 0, 0]
  for (let i = 0; i < 40_000; i++) {
    const draws = [9, 7, 4].map((s, a) => beta(rng, 1 + s, 13 - s) + adjustment[a]!)
    counts[draws.indexOf(Math.max(...draws))]!++
  }
  for (const [a, p] of probabilities.entries()) {
    // Four standard errors of a share are at most 0.01; cells of the grid are 1/512 wide.
    expect(Math.abs(p - (((1 - minProbability) * counts[a]!) / 40_000 + minProbability / 3))).toBeLessThan(0.012)
  }
})
