import { describe, expect, test } from 'vitest'
import { decodeState, encodeState } from '../../src/engine/codec.ts'
import type { Choice, Experience, Policy, Situation } from '../../src/learn/policy/policy.ts'
import type { State } from '../../src/learn/state.ts'
import { drawIndex, integer, seedRng, shuffle } from '../../src/math/rng.ts'
import { largestDifference, type Statistics } from '../learn/statistics.ts'

export interface PolicyUnderTest {
  /** A fresh policy, or the one that `state` was taken from. */
  readonly make: (options: { minProbability: number; halfLifeDays: number | null }, state?: State) => Policy
  /** The sufficient statistics in its state. */
  readonly statistics: (state: State) => Statistics
}

const minProbability = 0.02
const halfLifeDays = 30
const arms = ['optimizer', 'architect', 'security', 'generalist']
const categories = ['database', 'review', null]
const startDay = 20_000
const isSame = (a: Uint8Array, b: Uint8Array) => Buffer.compare(a, b) === 0

/** 120 rewards over 60 days, in which the arms differ by category and some tasks recur. */
function history(seed: string): Experience[] {
  const rng = seedRng(seed)
  return Array.from({ length: 120 }, (_, i) => {
    const kind = integer(rng, 3)
    const arm = integer(rng, arms.length)
    const reward = rng() < (arm === kind ? 0.8 : 0.3) ? 1 : 0.25 * rng()
    // Tasks 3 to 11 recur; a task has one category.
    const task = rng() < 0.4 ? 3 * (1 + integer(rng, 3)) + kind : 3 * (100 + i) + kind
    return { arm: arms[arm]!, category: categories[kind]!, task, day: startDay + i / 2, reward }
  })
}

const situation = (over: Partial<Situation> = {}): Situation => ({
  arms,
  category: 'database',
  task: 3,
  day: startDay + 60,
  ...over,
})
const situations = [
  situation(),
  situation({ category: 'review', task: 4 }),
  situation({ category: null, task: 5 }),
  situation({ category: 'never met', task: -1 }),
  situation({ arms: arms.slice(1, 3) }),
  situation({ arms: [...arms, 'newcomer', 'other newcomer'] }),
]
const permutations = (items: readonly string[]) => ['p', 'q', 'r'].map(seed => shuffle(seedRng(seed), items))
const sum = (values: Iterable<number>) => [...values].reduce((total, value) => total + value, 0)
const byArm = ({ arms }: Situation, values: Float64Array) => new Map(arms.map((arm, i) => [arm, values[i]!]))

/** What every policy promises. */
export function policyContract(name: string, { make, statistics }: PolicyUnderTest): void {
  const fresh = (days: number | null = halfLifeDays) => make({ minProbability, halfLifeDays: days })
  const taught = (experiences: readonly Experience[], policy = fresh()) => {
    for (const experience of experiences) {
      policy.advance(experience.day)
      policy.learn(experience)
    }
    return policy
  }
  const bytesOf = (policy: Policy) => encodeState(policy.toState())
  const copyOf = (policy: Policy) => make({ minProbability, halfLifeDays }, decodeState(bytesOf(policy)))
  const expectDistribution = ({ probabilities, values, deviations }: Choice, count: number) => {
    for (const list of [probabilities, values, deviations]) {
      expect(list.length).toBe(count)
      expect(list.every(Number.isFinite)).toBe(true)
    }
    expect(Math.abs(sum(probabilities) - 1)).toBeLessThan(1e-12)
    expect(Math.min(...probabilities)).toBeGreaterThanOrEqual(minProbability / count - 1e-15)
    expect(Math.min(...deviations)).toBeGreaterThanOrEqual(0)
  }

  describe(`${name} keeps the policy contract:`, () => {
    test('probabilities sum to 1 and none is below its share of the floor, whatever was learned', () => {
      const policy = fresh()
      for (const experience of history('distribution')) {
        for (const at of situations) expectDistribution(policy.choose(at), at.arms.length)
        policy.learn(experience)
      }
    })

    test('20,000 draws have the frequencies that the distribution states', () => {
      const policy = taught(history('draws'))
      const rng = seedRng('20,000 draws')
      for (const at of situations) {
        const { probabilities } = policy.choose(at)
        const counts = new Float64Array(at.arms.length)
        for (let draw = 0; draw < 20_000; draw++) counts[drawIndex(rng, probabilities)]!++
        const chiSquare = sum(
          counts.map((count, i) => (count - 20_000 * probabilities[i]!) ** 2 / (20_000 * probabilities[i]!)),
        )
        // Mean K - 1, variance 2(K - 1): four deviations above its mean.
        const freedom = at.arms.length - 1
        expect(chiSquare).toBeLessThan(freedom + 4 * Math.sqrt(2 * freedom))
      }
    })

    test('choosing changes nothing, and asking again gives the same answer', () => {
      for (const policy of [fresh(), taught(history('reading'))]) {
        const before = bytesOf(policy)
        const first = situations.map(at => policy.choose(at))
        expect(situations.map(at => policy.choose(at))).toEqual(first)
        expect(isSame(bytesOf(policy), before)).toBe(true)
      }
    })

    test('at a cold start every arm has the same probability, in whatever order the arms are given', () => {
      for (const order of [arms, ...permutations(arms)]) {
        for (const category of categories) {
          const { probabilities, nEff } = fresh().choose(situation({ arms: order, category }))
          for (const probability of probabilities) expect(Math.abs(probability - 1 / arms.length)).toBeLessThan(1e-12)
          expect([...nEff]).toEqual([0, 0, 0, 0])
        }
      }
    })

    test('the order in which the arms are given does not matter', () => {
      const policy = taught(history('order of arms'))
      for (const at of situations) {
        const expected = byArm(at, policy.choose(at).probabilities)
        for (const order of permutations(at.arms)) {
          const again = { ...at, arms: order }
          for (const [arm, probability] of byArm(again, policy.choose(again).probabilities)) {
            expect(Math.abs(probability - expected.get(arm)!)).toBeLessThan(1e-12)
          }
        }
      }
    })

    test('a single arm has probability 1', () => {
      for (const policy of [fresh(), taught(history('single'))]) {
        for (const arm of [...arms, 'newcomer']) {
          expect([...policy.choose(situation({ arms: [arm] })).probabilities]).toEqual([1])
        }
      }
    })

    test('arms may appear at any time; those never tried share one probability and can be learned', () => {
      const policy = taught(history('newcomers'))
      const at = situation({ arms: [...arms, 'newcomer', 'other newcomer'] })
      const { probabilities, nEff } = policy.choose(at)
      expect([...nEff.slice(4)]).toEqual([0, 0])
      expect(Math.abs(probabilities[4]! - probabilities[5]!)).toBeLessThan(1e-12)
      for (const task of [900, 903, 906]) {
        policy.learn({ arm: 'newcomer', category: 'database', task, day: startDay + 60, reward: 1 })
      }
      expect([...policy.choose(at).nEff.slice(4)]).toEqual([expect.closeTo(3, 9), 0])
    })

    test('an arm that is left out of a choice keeps its history', () => {
      const policy = taught(history('left out'))
      const before = policy.choose(situation())
      policy.choose(situation({ arms: arms.slice(1) }))
      expect(policy.choose(situation())).toEqual(before)
      const [leftOut] = before.values
      const someOf = situation({ arms: [arms[2]!, arms[0]!] })
      expect(policy.choose(someOf).values[1]).toBeCloseTo(leftOut!, 12)
    })

    test('its state brings back the same choices, the same bytes, and the same learning', () => {
      const experiences = history('round trip')
      const policy = taught(experiences.slice(0, 60))
      policy.begin('architect', 'review')
      policy.begin('security', null)
      const copy = copyOf(policy)
      for (const at of situations) expect(copy.choose(at)).toEqual(policy.choose(at))
      expect(isSame(bytesOf(copy), bytesOf(policy))).toBe(true)
      for (const one of [policy, copy]) {
        taught(experiences.slice(60), one)
        one.end('architect', 'review')
      }
      expect(isSame(bytesOf(copy), bytesOf(policy))).toBe(true)
    })

    test('what was learned and taken back leaves no trace in the statistics', () => {
      const [kept, dropped] = [history('kept'), history('dropped')]
      const policy = taught([...kept, ...dropped].sort((a, b) => a.day - b.day))
      for (const experience of shuffle(seedRng('back'), dropped)) policy.retract(experience)
      const expected = statistics(taught(kept).toState())
      expect(expected.size).toBeGreaterThan(0)
      expect(largestDifference(statistics(policy.toState()), expected)).toBeLessThan(1e-9)
    })

    test('the order of learning does not change the statistics', () => {
      const experiences = history('order')
      const expected = statistics(taught(experiences).toState())
      for (const seed of ['one', 'two', 'three']) {
        const other = statistics(taught(shuffle(seedRng(seed), experiences)).toState())
        expect(largestDifference(other, expected)).toBeLessThan(1e-9)
      }
    })

    test('evidence halves with each half-life, and an idle arm drifts back to its prior, not to zero', () => {
      const policy = fresh()
      const at = situation({ arms: ['idle', 'never tried'], task: -1 })
      for (let task = 0; task < 60; task += 3) {
        policy.learn({ arm: 'idle', category: 'database', task, day: startDay, reward: 0.95 })
      }
      const { values: before, nEff } = policy.choose(at)
      policy.advance(startDay + halfLifeDays)
      expect(policy.choose(at).nEff[0]).toBeCloseTo(nEff[0]! / 2, 9)
      policy.advance(startDay + 60 * halfLifeDays)
      const { values, nEff: left } = policy.choose(at)
      expect(before[0]).toBeGreaterThan(0.8)
      expect(left[0]).toBeLessThan(1e-9)
      for (const value of values) expect(value).toBeCloseTo(0.5, 6)
    })

    test('without a half-life nothing fades', () => {
      const policy = fresh(null)
      for (const experience of history('for ever')) policy.learn(experience)
      const before = policy.choose(situation())
      policy.advance(startDay + 10_000)
      expect(policy.choose(situation())).toEqual(before)
    })

    test('100 arms are as good as four', () => {
      const many = Array.from({ length: 100 }, (_, i) => `arm ${i}`)
      const at = situation({ arms: many })
      const policy = fresh()
      expectDistribution(policy.choose(at), 100)
      for (const [task, arm] of many.entries()) {
        policy.learn({ arm, category: 'database', task: 3 * task, day: startDay, reward: task % 10 === 0 ? 0.9 : 0.1 })
      }
      expectDistribution(policy.choose(at), 100)
    })

    test('rewards below 0, above 1 and far off are survived', () => {
      const policy = fresh()
      for (const [task, reward] of [-3, 7, 0, 1e6, -1e6, 1e-300, 1, 0.5].entries()) {
        policy.learn({ arm: arms[task % 3]!, category: 'database', task: 3 * (task % 5), day: startDay, reward })
        for (const at of situations) expectDistribution(policy.choose(at), at.arms.length)
      }
      expect(copyOf(policy).choose(situation())).toEqual(policy.choose(situation()))
    })

    test('an execution in flight never makes its arm likelier, and leaves nothing behind when it ends', () => {
      for (const policy of [fresh(), taught(history('in flight'))]) {
        const before = bytesOf(policy)
        for (const at of situations) {
          const { probabilities } = policy.choose(at)
          for (const [i, arm] of at.arms.entries()) {
            policy.begin(arm, at.category)
            expect(policy.choose(at).probabilities[i]).toBeLessThanOrEqual(probabilities[i]! + 1e-12)
            policy.end(arm, at.category)
          }
        }
        expect(isSame(bytesOf(policy), before)).toBe(true)
      }
    })
  })
}
