import { describe, expect, test } from 'vitest'
import { Cusum } from '../../src/learn/detector/cusum.ts'
import { DriftMonitor } from '../../src/learn/detector/drift-monitor.ts'
import { createPolicy } from '../../src/learn/policy/policies.ts'
import { drawIndex, integer, seedRng } from '../../src/math/rng.ts'
import { detectorContract } from '../contract/detector.suite.ts'

detectorContract('cusum', state => new Cusum(state))

describe('the drift monitor', () => {
  test('names the arm, the task type and the direction of a change', () => {
    const monitor = new DriftMonitor()
    for (let i = 0; i < 20; i++) {
      monitor.observe('steady', 'review', 1, i % 2 === 0 ? 1 : -1)
      monitor.observe('falling', 'review', 1, -1.2)
    }
    expect(monitor.drifts).toEqual([
      { arm: 'falling', taskType: null, direction: 'down', day: 1 },
      { arm: 'falling', taskType: 'review', direction: 'down', day: 1 },
    ])
  })

  test('tells a change on one task type from one everywhere', () => {
    const monitor = new DriftMonitor()
    for (let i = 0; i < 20; i++) {
      monitor.observe('a', 'review', 1, -1.2)
      monitor.observe('a', 'database', 1, 1.2)
    }
    expect(monitor.drifts.map(({ taskType, direction }) => [taskType, direction])).toEqual([
      ['review', 'down'],
      ['database', 'up'],
    ])
  })

  test('keeps the last hundred changes', () => {
    const monitor = new DriftMonitor()
    for (let i = 0; i < 4000; i++) monitor.observe('a', null, i, 3)
    expect(monitor.drifts).toHaveLength(100)
    expect(monitor.drifts.at(-1)!.day).toBeGreaterThan(3990)
  })
})

describe('after a change, within one day so that nothing fades, the default policy', () => {
  const arms = ['a', 'b', 'c', 'd']
  const before = [0.9, 0.5, 0.4, 0.1]
  /** Rounds from the change on until nine of the last ten choices were the new best arm; null if never. */
  const roundsToRecover = (seed: string, after: readonly number[]) => {
    const rng = seedRng(seed)
    const policy = createPolicy('hierarchical', { minProbability: 0.005, halfLifeDays: 30, optimism: 1 })
    const best = after.indexOf(Math.max(...after))
    const hits: boolean[] = []
    for (let round = -600; round < 1500; round++) {
      const category = `type ${integer(rng, 2)}`
      const index = drawIndex(rng, policy.choose({ arms, category, task: round, day: 1 }).probabilities)
      const chance = (round < 0 ? before : after)[index]!
      policy.learn({ arm: arms[index]!, category, task: round, day: 1, reward: rng() < chance ? 1 : 0 })
      if (round >= 0) hits.push(index === best)
      if (hits.length >= 10 && hits.slice(-10).filter(Boolean).length >= 9)
        return { after: hits.length, drifts: policy.drifts }
    }
    return null
  }
  const seeds = Array.from({ length: 8 }, (_, i) => `change ${i}`)

  test('leaves an arm that became bad for one that became good within 700 tasks, and names the change', () => {
    for (const seed of seeds) {
      const found = roundsToRecover(seed, [0.1, 0.5, 0.4, 0.9])
      expect(found?.after ?? Number.POSITIVE_INFINITY).toBeLessThan(700)
      expect(found!.drifts.some(({ arm, direction }) => arm === 'a' && direction === 'down')).toBe(true)
    }
  })

  test('notices nothing where nothing changes, in at least seven of eight worlds', () => {
    const quiet = seeds.filter(seed => {
      const rng = seedRng(`${seed} quiet`)
      const policy = createPolicy('hierarchical', { minProbability: 0.005, halfLifeDays: 30, optimism: 1 })
      for (let round = 0; round < 1000; round++) {
        const index = drawIndex(rng, policy.choose({ arms, category: null, task: round, day: 1 }).probabilities)
        policy.learn({ arm: arms[index]!, category: null, task: round, day: 1, reward: rng() < before[index]! ? 1 : 0 })
      }
      return policy.drifts.length === 0
    })
    expect(quiet.length).toBeGreaterThanOrEqual(7)
  })
})
