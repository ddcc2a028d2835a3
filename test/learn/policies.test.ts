import { describe, expect, test } from 'vitest'
import { HierarchicalPolicy } from '../../src/learn/policy/hierarchical.ts'
import { createPolicy, type PolicyId, policyFromState } from '../../src/learn/policy/policies.ts'
import type { State, StateRecord } from '../../src/learn/state.ts'
import { logGamma } from '../../src/math/distributions.ts'
import { drawIndex, integer, seedRng } from '../../src/math/rng.ts'
import { policyContract } from '../contract/policy.suite.ts'
import { conditioned } from './joint.ts'
import { statisticsOfState } from './statistics.ts'

const statistics: Record<PolicyId, (state: State) => ReadonlyMap<string, number>> = {
  hierarchical: state => statisticsOfState(((state as StateRecord).ensemble as StateRecord).evidence!),
  thompson: ofArms,
  uniform: ofArms,
}

for (const id of ['hierarchical', 'thompson', 'uniform'] as const) {
  policyContract(id, {
    make: (options, state) => (state === undefined ? createPolicy(id, options) : policyFromState(id, options, state)),
    statistics: statistics[id],
  })
}

function ofArms(state: State): ReadonlyMap<string, number> {
  const { arms, n, s } = state as StateRecord
  return new Map(
    (arms as string[]).flatMap((arm, i) => [
      [`${arm} / count`, (n as number[])[i]!],
      [`${arm} / sum`, (s as number[])[i]!],
    ]),
  )
}

const options = { minProbability: 0.005, halfLifeDays: null }
const day = 0

describe('the hierarchical policy', () => {
  test('has the propensities that its formula gives by brute force', () => {
    // Without a category and without a task that recurs all models say the same, so there is only one posterior.
    const prior = { mean: 0.5, shared: 2, own: 0.1, noise: 0.15 }
    const flat = { categoryShared: 0, categoryOwn: 0, taskShared: 0, taskOwn: 0 }
    const rng = seedRng('propensities')
    const arms = ['a', 'b', 'c', 'd']
    const seen: { arm: number; category: string; task: number; value: number; noise: number }[] = []
    const policy = new HierarchicalPolicy(options)
    let [freedom, sumOfSquares] = [1, prior.noise]
    let mixed = 0
    for (let task = 0; task < 40; task++) {
      const arm = task < 4 ? task : integer(rng, 4)
      const value = rng() < 0.4 + 0.1 * arm ? 1 : 0
      const before = conditioned(flat, prior, seen)
      const factor = before.covariance({ arm }, { arm }) + 1
      freedom += 0.5
      sumOfSquares += (value - before.mean({ arm })) ** 2 / (2 * factor)
      seen.push({ arm, category: '', task, value, noise: 1 })
      policy.learn({ arm: arms[arm]!, category: null, task, day, reward: value })

      const truth = conditioned(flat, prior, seen)
      const shared = mean(pairs(4).map(([a, b]) => truth.covariance({ arm: a }, { arm: b })))
      const values = arms.map((_, a) => truth.mean({ arm: a }))
      const deviations = arms.map((_, a) =>
        Math.sqrt((sumOfSquares / freedom) * Math.max(1e-10, truth.covariance({ arm: a }, { arm: a }) - shared)),
      )
      const expected = arms.map(() => 0.005 / 4)
      for (let level = 0; level < 17; level++) {
        const indices = values.map((value, a) => value + (0.5 + level / 16) * deviations[a]!)
        const best = Math.max(...indices)
        // Arms never met are equal but for rounding: they share the vote.
        const winners = indices.flatMap((index, a) => (index > best - 1e-9 ? [a] : []))
        for (const a of winners) expected[a]! += 0.995 / 17 / winners.length
      }
      const { probabilities } = policy.choose({ arms, category: null, task: -1, day })
      for (const [a, probability] of probabilities.entries()) expect(probability).toBeCloseTo(expected[a]!, 9)
      if (Math.max(...probabilities) < 0.99) mixed++
    }
    expect(mixed).toBeGreaterThan(3)
  })

  test('spreads parallel work: an arm in flight is explored less, in its own task type above all', () => {
    const policy = new HierarchicalPolicy(options)
    const arms = ['a', 'b', 'c']
    const rng = seedRng('parallel')
    const chosen = new Map(arms.map(arm => [arm, 0]))
    for (let round = 0; round < 30; round++) {
      const { probabilities } = policy.choose({ arms, category: 'x', task: round, day })
      const arm = arms[drawIndex(rng, probabilities)]!
      chosen.set(arm, chosen.get(arm)! + 1)
      policy.begin(arm, 'x')
    }
    // Nothing is known, so the one with the fewest executions in flight is always next, but for the floor.
    for (const count of chosen.values()) expect(Math.abs(count - 10)).toBeLessThanOrEqual(2)
  })

  test('draws parallel work away from an arm that is no better than another', () => {
    const policy = new HierarchicalPolicy(options)
    for (let task = 0; task < 8; task++) {
      policy.learn({ arm: task % 2 ? 'a' : 'b', category: 'x', task, day, reward: task % 4 < 2 ? 1 : 0 })
    }
    const at = { arms: ['a', 'b'], category: 'x', task: -1, day }
    const [before] = policy.choose(at).probabilities
    policy.begin('a', 'x')
    expect(policy.choose(at).probabilities[0]).toBeLessThan(before!)
    expect(policy.choose(at).values).toEqual(withoutFlight(policy).choose(at).values)
  })

  test('tries the arm that is not in flight yet, whatever task type that is in', () => {
    for (const [busy, now] of [
      ['x', 'x'],
      ['y', 'x'],
      [null, null],
      ['x', null],
    ] as const) {
      const policy = new HierarchicalPolicy(options)
      policy.begin('a', busy)
      const { probabilities } = policy.choose({ arms: ['a', 'b'], category: now, task: 1, day })
      expect(probabilities[0]).toBeCloseTo(0.005 / 2, 12)
    }
  })

  test('tells how much it rests on: everywhere, in the task type, on this very task', () => {
    const policy = new HierarchicalPolicy(options)
    policy.learn({ arm: 'a', category: 'x', task: 1, day, reward: 1 })
    policy.learn({ arm: 'a', category: 'x', task: 2, day, reward: 1 })
    policy.learn({ arm: 'a', category: 'y', task: 3, day, reward: 1 })
    const { levels } = policy.choose({ arms: ['b', 'a'], category: 'x', task: 1, day })
    expect(levels.map(({ level, counts }) => [level, ...counts])).toEqual([
      ['all', 0, 3],
      ['taskType', 0, 2],
      ['task', 0, 1],
    ])
  })
})

describe('the Thompson policy', () => {
  test('has the exact probability that one Beta posterior exceeds another', () => {
    for (const [successes, failures, otherSuccesses, otherFailures] of [
      [0, 0, 0, 0],
      [3, 1, 1, 3],
      [10, 5, 7, 6],
      [40, 60, 48, 52],
    ] as const) {
      const policy = createPolicy('thompson', { minProbability: 0, halfLifeDays: null })
      learnCounts(policy, 'a', successes, failures)
      learnCounts(policy, 'b', otherSuccesses, otherFailures)
      const { probabilities } = policy.choose({ arms: ['a', 'b'], category: null, task: 0, day })
      const expected = probabilityOfMore(1 + otherSuccesses, 1 + otherFailures, 1 + successes, 1 + failures)
      expect(Math.abs(probabilities[1]! - expected)).toBeLessThan(1e-4)
    }
  })
})

/** P(B > A) for A ~ Beta(a, b) and B ~ Beta(c, d) with whole c: a finite sum (Evan Miller 2014). */
function probabilityOfMore(c: number, d: number, a: number, b: number): number {
  const logBeta = (x: number, y: number) => logGamma(x) + logGamma(y) - logGamma(x + y)
  let sum = 0
  for (let i = 0; i < c; i++) {
    sum += Math.exp(logBeta(a + i, b + d) - Math.log(d + i) - logBeta(1 + i, d) - logBeta(a, b))
  }
  return sum
}

function learnCounts(policy: ReturnType<typeof createPolicy>, arm: string, successes: number, failures: number) {
  for (let i = 0; i < successes + failures; i++) {
    policy.learn({ arm, category: null, task: i, day, reward: i < successes ? 1 : 0 })
  }
}

/** The same policy with nothing in flight. */
function withoutFlight(policy: HierarchicalPolicy) {
  const state = policy.toState() as StateRecord
  return new HierarchicalPolicy(options, { ...state, pending: { keys: [], counts: [] } })
}

const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length
const pairs = (count: number) =>
  Array.from({ length: count * count }, (_, i) => [Math.floor(i / count), i % count] as const).filter(
    ([a, b]) => a !== b,
  )
