import { describe, expect, test } from 'vitest'
import { UsageTally } from '../../src/analyse/usage.ts'
import { seedRng } from '../../src/math/rng.ts'
import { hourMs, noonMs, openEngine } from './engine.ts'

const nothing = {
  durationMs: null,
  costUsd: null,
  tokens: null,
  cpuTimeMs: null,
  cpuPercent: null,
  memoryMb: null,
  peakMemoryMb: null,
}

describe('usage', () => {
  test('sums up what each arm used, of those who state it, and what it achieved for it', async () => {
    const { tacit } = await openEngine()
    const task = 'Resize the images'
    await tacit.recordBatch([
      { task, arm: 'a', quality: 1, costUsd: 0.5, durationMs: hourMs, resources: { cpuTimeMs: 100, peakMemoryMb: 64 } },
      {
        task,
        arm: 'a',
        quality: 0.5,
        costUsd: 1,
        durationMs: hourMs / 2,
        resources: { cpuTimeMs: 300, cpuPercent: 50 },
      },
      { task, arm: 'a', quality: 0, costUsd: 1.5, resources: { inputTokens: 10, outputTokens: 5 } },
      { task, arm: 'a' },
      { task, arm: 'b', success: true },
    ])
    const { groups, groupsLeftOut } = await tacit.track.usage()
    expect(groupsLeftOut).toBe(0)
    expect(groups.map(({ group, executions }) => [group, executions])).toEqual([
      ['a', 3],
      ['b', 1],
    ])
    const [a, b] = groups
    expect(a!.resources).toMatchObject({
      costUsd: { n: 3, mean: 1, p50: 1, max: 1.5 },
      cpuTimeMs: { n: 2, mean: 200, p50: 200, p95: 290, max: 300 },
      cpuPercent: { n: 1, mean: 50 },
      peakMemoryMb: { n: 1, mean: 64 },
      tokens: { n: 1, mean: 15 },
      memoryMb: null,
    })
    expect(a!.utilityPerUsd).toMatchObject({ value: 0.5, n: 3 })
    expect(a!.utilityPerHour).toEqual({ value: 1, interval: null, n: 2 })
    expect(b).toMatchObject({ utilityPerUsd: null, utilityPerHour: null, resources: nothing })
  })

  test('goes by hour of the day and by task type, over a window, for one arm, as far as the limit goes', async () => {
    const { tacit } = await openEngine()
    const at = (hoursAgo: number) => noonMs - hoursAgo * hourMs
    const resources = { cpuTimeMs: 7 }
    await tacit.recordBatch([
      { task: 'x', arm: 'a', taskType: 'web', success: true, resources, at: at(1) },
      { task: 'x', arm: 'a', taskType: 'web', success: true, resources, at: at(25) },
      { task: 'x', arm: 'b', taskType: 'data', success: true, resources, at: at(3) },
      { task: 'x', arm: 'a', success: true, at: at(100 * 24) },
    ])
    const names = async (options: Parameters<typeof tacit.track.usage>[0]) =>
      (await tacit.track.usage(options)).groups.map(({ group, executions }) => [group, executions])
    expect(await names({ by: 'hourOfDay', daysBack: 30 })).toEqual([
      ['09', 1],
      ['11', 2],
    ])
    expect(await names({ by: 'taskType', arm: 'a' })).toEqual([
      ['web', 2],
      [null, 1],
    ])
    expect(await names({ taskType: 'data' })).toEqual([['b', 1]])
    expect(await tacit.track.usage({ limit: 1 })).toMatchObject({ groups: [{ group: 'a' }], groupsLeftOut: 1 })
    await expect(tacit.track.usage({ by: 'moon' as 'arm' })).rejects.toMatchObject({ code: 'INVALID_INPUT' })
  })
})

describe('the interval of utility per dollar', () => {
  const tallied = (pairs: readonly (readonly [utility: number, costUsd: number])[]) => {
    const tally = new UsageTally()
    for (const [utility, costUsd] of pairs) tally.add({ utility, resources: { ...nothing, costUsd } })
    return tally.result().utilityPerUsd
  }

  test('holds the truth in 93 to 97 of 100 samples', () => {
    const rng = seedRng('usage')
    let held = 0
    const samples = 2000
    for (let i = 0; i < samples; i++) {
      // Mean utility 0.7 at a mean cost of 0.35: costly attempts fail more often.
      const pairs = Array.from({ length: 60 }, () => {
        const costUsd = 0.1 + 0.5 * rng()
        return [rng() < 1.05 - costUsd ? 1 : 0, costUsd] as const
      })
      const [low, high] = tallied(pairs)!.interval!
      if (low <= 2 && 2 <= high) held++
    }
    // Three standard errors of 2000 samples are 1.5 points.
    expect(held / samples).toBeGreaterThan(0.93)
    expect(held / samples).toBeLessThan(0.97)
  })

  test('agrees with the interval of a mean where every execution costs the same', () => {
    // Student's interval of the mean of 1, 2, 3, 4: 2.5 ± 3.1824 × 1.29099 / 2.
    const { value, interval } = tallied([1, 2, 3, 4].map(utility => [utility, 1] as const))!
    expect(value).toBe(2.5)
    expect(interval![0]).toBeCloseTo(2.5 - 2.0543, 3)
    expect(interval![1]).toBeCloseTo(2.5 + 2.0543, 3)
  })

  test('is not given where successes are all alike, where cost may be nothing, or for two', () => {
    expect(tallied([1, 1, 1].map((utility, i) => [utility, i + 1] as const))!.interval).toBeNull()
    expect(
      tallied([
        [1, 0],
        [0, 0],
        [1, 5],
      ])!.interval,
    ).toBeNull()
    expect(
      tallied([
        [1, 2],
        [0, 1],
      ])!.interval,
    ).toBeNull()
    expect(tallied([[1, 0]])).toBeNull()
  })
})
