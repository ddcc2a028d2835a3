import { describe, expect, test } from 'vitest'
import type { ArmChoice } from '../../src/index.ts'
import { openEngine } from './engine.ts'

const arms = ['a', 'b', 'c', 'd', 'e']
const taskTypes = ['review', 'coding', 'search']
/** A decision that is no longer in flight when the next one is made. */
const joinDeadlineMs = 0.001

/** Decisions of an engine that has some experience, none of them followed by an outcome. */
async function decisions(options: Parameters<typeof openEngine>[0], count: number): Promise<ArmChoice[]> {
  const { tacit } = await openEngine(options)
  await tacit.recordBatch(
    Array.from({ length: 60 }, (_, i) => ({
      task: `task ${i}`,
      taskType: taskTypes[i % 3]!,
      arm: arms[i % 4]!,
      success: (i * 7) % 5 < 2 + (i % 3),
    })),
  )
  const choices: ArmChoice[] = []
  for (let i = 0; i < count; i++) {
    const request = { task: `task ${i % 9}`, taskType: taskTypes[i % 3]!, arms: arms.slice(0, 2 + (i % 4)) }
    choices.push(await tacit.decide({ ...request, incumbent: 'b', decisionId: `d${i}`, joinDeadlineMs }))
  }
  return choices
}

/** How many standard deviations the count of `arm` lies off what the logged distributions say. */
function deviationsOff(choices: readonly ArmChoice[], arm: string): number {
  let difference = 0
  let variance = 0
  for (const choice of choices) {
    const p = choice.distribution[arm] ?? 0
    difference += (choice.arm === arm ? 1 : 0) - p
    variance += p * (1 - p)
  }
  return variance === 0 ? difference : difference / Math.sqrt(variance)
}

describe('logged propensities', () => {
  test.each([
    { learning: { policy: 'hierarchical' as const, minProbability: 0.2 } },
    { learning: { policy: 'thompson' as const } },
    { learning: { policy: 'uniform' as const } },
    { stage: 'canary' as const, canaryShare: 0.4, learning: { policy: 'uniform' as const } },
  ])('are the frequencies with which arms are chosen (%o)', async options => {
    const choices = await decisions(options, 1500)
    for (const choice of choices) {
      const probabilities = Object.values(choice.distribution)
      expect(probabilities.reduce((sum, p) => sum + p, 0)).toBeCloseTo(1, 12)
      expect(Math.min(...probabilities)).toBeGreaterThanOrEqual(0)
      expect(Math.max(...probabilities)).toBeLessThanOrEqual(1)
      expect(choice.propensity).toBe(choice.distribution[choice.arm])
      expect(choice.propensity).toBeGreaterThan(0)
    }
    // Seeded, so it cannot fail by chance; 3.5 deviations is what one in 2,000 counts would exceed.
    for (const arm of arms) expect(Math.abs(deviationsOff(choices, arm))).toBeLessThan(3.5)
    expect(new Set(choices.map(({ arm }) => arm)).size).toBe(arms.length)
    // Weighted by 1 / propensity every arm stands for all decisions in which it was eligible.
    for (const arm of arms) {
      const eligible = choices.filter(({ distribution }) => (distribution[arm] ?? 0) > 0)
      const weight = eligible.reduce(
        (sum, { arm: chosen, propensity }) => sum + (chosen === arm ? 1 / propensity : 0),
        0,
      )
      const spread = eligible.reduce((sum, { distribution }) => sum + 1 / distribution[arm]! - 1, 0)
      expect(Math.abs(weight - eligible.length)).toBeLessThan(3.5 * Math.sqrt(spread) + 1e-9)
    }
  })

  test('stay the same on a frozen state, whichever arm was drawn before', async () => {
    const { tacit, clock } = await openEngine()
    for (let i = 0; i < 20; i++) await tacit.record({ task: `t${i}`, arm: arms[i % 3]!, success: i % 4 === 0 })
    const distributions = new Set<string>()
    const drawn = new Set<string>()
    for (let i = 0; i < 60; i++) {
      const choice = await tacit.decide({ task: 'next', arms, joinDeadlineMs })
      distributions.add(JSON.stringify(choice.distribution))
      drawn.add(choice.arm)
      // Time passes and the log goes on, so the decision is no longer in flight.
      clock.nowMs += 1
      await tacit.step(choice.decisionId, {})
    }
    expect(distributions.size).toBe(1)
    expect(drawn.size).toBeGreaterThan(1)
  })

  test('leave each arm its share of the minimum, also where the evidence is clear', async () => {
    const minProbability = 0.1
    const { tacit } = await openEngine({ learning: { minProbability } })
    await tacit.recordBatch(
      Array.from({ length: 90 }, (_, i) => ({ task: `t${i}`, arm: arms[i % 3]!, success: i % 3 === 0 })),
    )
    const { distribution } = await tacit.decide({ task: 'x', arms: ['a', 'b', 'c'] })
    expect(distribution.b).toBeCloseTo(minProbability / 3, 12)
    expect(distribution.c).toBeCloseTo(minProbability / 3, 12)
    expect(distribution.a).toBeCloseTo(1 - (2 * minProbability) / 3, 12)
  })
})
