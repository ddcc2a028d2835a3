import { describe, expect, test, vi } from 'vitest'
import type { Dimension } from '../../src/analyse/rollup/dimensions.ts'
import { executionRollup } from '../../src/analyse/rollup/fold.ts'
import type { RecordInput } from '../../src/records.ts'
import { hourMs, noonMs, openEngine } from './engine.ts'

const dayMs = 24 * hourMs
const task = 'Speed up the nightly sales report'

/** Executions of an arm in the past, the newest an hour ago and one for each hour before. */
function past(count: number, of: Partial<RecordInput>, agoMs = hourMs): RecordInput[] {
  return Array.from({ length: count }, (_, i) => ({
    task,
    arm: 'optimizer',
    at: noonMs - agoMs - i * 60_000,
    ...of,
  }))
}

describe('metrics', () => {
  test('go by any facet of the arm that was used, and by repository, hour, day and month', async () => {
    const { tacit } = await openEngine()
    const small = { id: 'one', facets: { agent: 'coder', tier: 'small', pool: 'west', team: ['b', 'a'] } }
    const large = { id: 'two', facets: { agent: 'coder', tier: 'large', strategy: 'plan first', model: 'm' } }
    await tacit.recordBatch([
      ...past(3, { arm: small, success: true, context: { repository: 'shop' } }),
      ...past(2, { arm: large, success: false }, 26 * hourMs),
    ])
    const groupsBy = async (...groupBy: Dimension[]) =>
      (await tacit.metrics({ groupBy })).groups.map(({ group, executions }) => [...Object.values(group), executions])
    expect(await groupsBy('tier', 'pool')).toEqual([
      ['small', 'west', 3],
      ['large', null, 2],
    ])
    expect(await groupsBy('agent')).toEqual([['coder', 5]])
    expect(await groupsBy('team', 'repository')).toEqual([
      [['a', 'b'], 'shop', 3],
      [null, null, 2],
    ])
    expect(await groupsBy('strategy', 'model')).toEqual([
      [null, null, 3],
      ['plan first', 'm', 2],
    ])
    expect(await groupsBy('hour')).toEqual([
      ['2025-12-31T09:00Z', 1],
      ['2025-12-31T10:00Z', 1],
      ['2026-01-01T10:00Z', 2],
      ['2026-01-01T11:00Z', 1],
    ])
    expect(await groupsBy('month', 'tier')).toEqual([
      ['2025-12', 'large', 2],
      ['2026-01', 'small', 3],
    ])
  })

  test('an arm that once was described is known by it; one that never was is taken for an agent of its name', async () => {
    const { tacit } = await openEngine()
    await tacit.recordBatch([
      ...past(1, { arm: { id: 'one', facets: { agent: 'coder', tier: 'small' } } }),
      ...past(2, { arm: 'one' }),
      ...past(3, { arm: 'reviewer' }),
    ])
    expect((await tacit.metrics({ groupBy: ['tier'] })).groups).toMatchObject([
      { group: { tier: 'small' }, executions: 3 },
      { group: { tier: null }, executions: 3 },
    ])
    expect((await tacit.metrics({ view: 'agent-metrics' })).groups).toMatchObject([
      { group: { agent: 'coder' }, executions: 3 },
      { group: { agent: 'reviewer' }, executions: 3 },
    ])
  })

  test('take a window of any length, to the microsecond, and name it', async () => {
    const { tacit } = await openEngine()
    const at = Date.UTC(2025, 2, 3, 4, 5, 6)
    for (const [i, ms] of [at - 1, at, at + 1, at + 400 * dayMs].entries()) {
      await tacit.record({ task, arm: 'optimizer', at: Math.min(ms, noonMs), executionId: `e${i}` })
    }
    const count = async (options: Parameters<typeof tacit.metrics>[0]) => {
      const { sinceUs, untilUs, groups } = await tacit.metrics({ ...options, groupBy: [] })
      return [sinceUs, untilUs, groups[0]?.executions ?? 0]
    }
    expect(await count({ since: new Date(at) })).toEqual([at * 1000, null, 3])
    expect(await count({ until: at })).toEqual([null, at * 1000, 1])
    expect(await count({ since: '2025-03-03T04:05:06Z', until: '2025-03-03T05:05:06.001+01:00' })).toEqual([
      at * 1000,
      (at + 1) * 1000,
      1,
    ])
    expect(await count({ daysBack: 365 })).toEqual([(noonMs - 365 * dayMs) * 1000, null, 4])
    expect(await count({})).toEqual([null, null, 4])
  })

  test('views have a window of their own, which any option replaces', async () => {
    const { tacit } = await openEngine()
    const arm = { id: 'one', facets: { tier: 'small', pool: 'west' } }
    await tacit.recordBatch([...past(2, { arm }), ...past(3, { arm }, 40 * dayMs)])
    const tier = await tacit.metrics({ view: 'tier-performance' })
    expect(tier.groupBy).toEqual(['repository', 'tier', 'taskType', 'day'])
    expect(tier.groups).toMatchObject([{ group: { tier: 'small', day: '2026-01-01' }, executions: 2 }])
    const longer = await tacit.metrics({ view: 'tier-performance', daysBack: 60 })
    expect(longer.groups.map(({ executions }) => executions)).toEqual([3, 2])
    expect((await tacit.metrics({ view: 'pool-performance' })).groups).toMatchObject([
      { group: { pool: 'west', repository: null, hour: '2026-01-01T10:00Z' }, executions: 1 },
      { group: { pool: 'west', repository: null, hour: '2026-01-01T11:00Z' }, executions: 1 },
    ])
    const pool = await tacit.metrics({ view: 'pool-performance', groupBy: ['pool'], since: 0 })
    expect(pool.groups).toMatchObject([{ group: { pool: 'west' }, executions: 5 }])
  })

  test('there is a view of teams and one of strategies', async () => {
    const { tacit } = await openEngine()
    const pair = (team: string[]) => ({ id: team.join('+'), facets: { team, strategy: 'pairing' } })
    await tacit.recordBatch([
      ...past(3, { arm: pair(['coder', 'tester']), success: true, taskType: 'bug' }),
      ...past(2, { arm: pair(['tester', 'coder']), success: false, taskType: 'docs' }),
      ...past(1, { arm: 'coder', success: true }),
    ])
    const teams = await tacit.metrics({ view: 'team-performance' })
    expect(teams.groups).toMatchObject([
      { group: { team: ['coder', 'tester'] }, executions: 5, successRate: { value: 0.6, n: 5 } },
      { group: { team: null }, executions: 1 },
    ])
    const strategies = await tacit.metrics({ view: 'strategy-performance', minCount: 2 })
    expect(strategies.groups.map(({ group, executions }) => [group.strategy, group.taskType, executions])).toEqual([
      ['pairing', 'bug', 3],
      ['pairing', 'docs', 2],
    ])
  })

  test('list the largest groups first and say how many were cut off; by time the latest stay, in their order', async () => {
    const { tacit } = await openEngine()
    await tacit.recordBatch([
      ...past(1, { arm: 'a' }),
      ...past(3, { arm: 'b' }, 30 * hourMs),
      ...past(2, { arm: 'c' }, 55 * hourMs),
    ])
    const byArm = await tacit.metrics({ limit: 2 })
    expect(byArm.groups.map(({ group }) => group.arm)).toEqual(['b', 'c'])
    expect(byArm.groupsLeftOut).toBe(1)
    const byDay = await tacit.metrics({ groupBy: ['day'], limit: 2 })
    expect(byDay.groups.map(({ group }) => group.day)).toEqual(['2025-12-31', '2026-01-01'])
    expect((await tacit.metrics({ groupBy: ['day'], minCount: 2 })).groups.length).toBe(2)
  })

  test('rank by success at the lower end of its interval, by duration and by cost; unknown values come last', async () => {
    const { tacit } = await openEngine()
    await tacit.recordBatch([
      ...past(2, { arm: 'lucky', success: true, durationMs: 30 }),
      ...past(36, { arm: 'proven', success: true, durationMs: 20, costUsd: 0.2 }),
      ...past(4, { arm: 'proven', success: false }),
      ...past(50, { arm: 'unknown', costUsd: 0.1 }),
    ])
    const order = async (orderBy: 'success' | 'durationMs' | 'costUsd' | 'executions') =>
      (await tacit.metrics({ orderBy })).groups.map(({ group }) => group.arm)
    expect(await order('success')).toEqual(['proven', 'lucky', 'unknown'])
    expect(await order('durationMs')).toEqual(['proven', 'lucky', 'unknown'])
    expect(await order('costUsd')).toEqual(['unknown', 'proven', 'lucky'])
    expect(await order('executions')).toEqual(['unknown', 'proven', 'lucky'])
  })

  test('refuse a window that ends before it begins, two beginnings, and an unknown dimension', async () => {
    const { tacit } = await openEngine()
    const wrong = [
      { since: '2026-01-02T00:00:00Z', until: '2026-01-01T00:00:00Z' },
      { since: '2026-01-01T00:00:00Z', daysBack: 3 },
      { groupBy: ['colour'] },
      { view: 'none' },
      { trend: true },
      { trend: true, daysBack: 7, groupBy: ['day'] },
      { since: 'yesterday' },
    ]
    for (const options of wrong)
      await expect(tacit.metrics(options as never)).rejects.toMatchObject({ code: 'INVALID_INPUT' })
  })

  test('durations beyond all measure neither break the sums nor overflow', async () => {
    const { tacit } = await openEngine()
    await tacit.recordBatch([...past(2, { durationMs: 1.7e308 }), ...past(1, { durationMs: 1 })])
    const { durationMs } = (await tacit.metrics()).groups[0]!
    expect(durationMs!.mean).toBeGreaterThan(1e308)
    expect(Number.isFinite(durationMs!.p99)).toBe(true)
    expect(durationMs!.p50).toBeGreaterThan(1e307)
  })
})

describe('a trend', () => {
  test('compares a group with itself in the window before, with intervals', async () => {
    const { tacit } = await openEngine()
    const weekMs = 7 * dayMs
    await tacit.recordBatch([
      ...past(56, { success: true, durationMs: 200, costUsd: 0.02, quality: 0.9 }),
      ...past(14, { success: false, durationMs: 100, costUsd: 0.01, quality: 0.7 }),
      ...past(48, { success: true, durationMs: 100, costUsd: 0.01, quality: 0.9 }, weekMs + hourMs),
      ...past(32, { success: false, durationMs: 100, costUsd: 0.01, quality: 0.7 }, weekMs + hourMs),
      ...past(99, { success: true }, 2 * weekMs + hourMs),
    ])
    const { groups, comparedSinceUs } = await tacit.metrics({ daysBack: 7, trend: true })
    expect(comparedSinceUs).toBe((noonMs - 2 * weekMs) * 1000)
    const trend = groups[0]!.trend!
    expect(trend.executionsBefore).toBe(80)
    // Newcombe (1998), table II: 56/70 against 48/80 by method 10 is 0.0524 to 0.3339.
    expect(trend.successRate).toMatchObject({ before: 0.6, change: expect.closeTo(0.2, 12), direction: 'up' })
    expect(trend.successRate!.interval![0]).toBeCloseTo(0.0524, 4)
    expect(trend.successRate!.interval![1]).toBeCloseTo(0.3339, 4)
    expect(trend.durationMs).toMatchObject({ beforeMs: expect.closeTo(100, 9), direction: 'up' })
    expect(trend.durationMs!.ratio).toBeCloseTo(2 ** 0.8, 9)
    expect(trend.costUsd!.change).toBeCloseTo(0.008, 12)
    expect(trend.quality!.change).toBeCloseTo(0.86 - 0.82, 12)
    expect(trend.rating).toBeNull()
  })

  test("by Welch's interval agrees with the textbook where variances differ", async () => {
    const { tacit } = await openEngine()
    const before = [0.1, 0.2, 0.3, 0.4]
    const now = [0.5, 0.9, 0.7]
    await tacit.recordBatch([
      ...now.flatMap(value => past(1, { quality: value, feedback: [{ value }] })),
      ...before.flatMap(value => past(1, { quality: value, feedback: [{ value }] }, 8 * dayMs)),
    ])
    const { quality, rating } = (await tacit.metrics({ daysBack: 7, trend: true })).groups[0]!.trend!
    // scipy.stats.ttest_ind(now, before, equal_var=False).confidence_interval(0.95)
    expect(quality!.change).toBeCloseTo(0.45, 12)
    expect(rating).toEqual(quality)
    expect(quality!.interval![0]).toBeCloseTo(0.0457672045, 9)
    expect(quality!.interval![1]).toBeCloseTo(0.8542327955, 9)
  })

  test('of a group that is new, or whose values do not vary, claims nothing', async () => {
    const { tacit } = await openEngine()
    await tacit.recordBatch([
      ...past(2, { quality: 1, success: true }),
      ...past(2, { quality: 0.5 }, 8 * dayMs),
      ...past(1, { arm: 'new', success: true }),
    ])
    const { groups } = await tacit.metrics({ daysBack: 7, trend: true })
    expect(groups[0]!.trend).toMatchObject({
      successRate: null,
      quality: { change: 0.5, interval: null, direction: 'unclear' },
    })
    expect(groups[1]!.trend).toEqual({
      executionsBefore: 0,
      successRate: null,
      durationMs: null,
      costUsd: null,
      quality: null,
      rating: null,
    })
  })
})

describe('rollups', () => {
  test('are folded by whoever writes, and metrics stay the same', async () => {
    const { tacit, store, synchroniser, config } = await openEngine()
    const cursor = () => store.rollups.cursor(config.scope, executionRollup)
    for (let i = 0; i < 4; i++) await tacit.recordBatch(past(500, { success: i > 0, durationMs: 10 + i }))
    await synchroniser.exclusive(async () => undefined)
    const folded = await cursor()
    expect(folded).toBeGreaterThanOrEqual(2048)
    const live = await tacit.metrics({ groupBy: ['arm', 'hour'] })
    await store.rollups.drop(config.scope, executionRollup)
    expect(await tacit.metrics({ groupBy: ['arm', 'hour'] })).toEqual(live)
    expect(await cursor()).toBe(0)
    await tacit.replay()
    expect(await cursor()).toBe(4000)
    expect(await tacit.metrics({ groupBy: ['arm', 'hour'] })).toEqual(live)
    expect(live.groups.reduce((sum, { executions }) => sum + executions, 0)).toBe(2000)
  })

  test('that cannot be folded are counted as an error of Tacit, and no write fails', async () => {
    const { tacit } = await openEngine(
      {},
      {
        through: store => {
          store.rollups.save = async () => {
            throw new Error('no rollups today')
          }
          return store
        },
      },
    )
    for (let i = 0; i < 3; i++) await tacit.recordBatch(past(500, { success: true }))
    await vi.waitFor(async () => expect((await tacit.status()).errors.rollup).toBe(1))
    expect((await tacit.status()).executions).toBe(1500)
    expect((await tacit.metrics()).groups[0]!.executions).toBe(1500)
  })

  test('still tell what was pruned', async () => {
    const { tacit } = await openEngine()
    await tacit.recordBatch([
      ...past(30, { success: true, durationMs: 50 }, 40 * dayMs),
      ...past(10, { success: false, durationMs: 70 }),
    ])
    const before = await tacit.metrics({ groupBy: ['arm', 'day'] })
    const { executions } = await tacit.prune({ days: 30 })
    expect(executions).toBe(30)
    expect(await tacit.metrics({ groupBy: ['arm', 'day'] })).toEqual(before)
    await tacit.replay()
    expect(await tacit.metrics({ groupBy: ['arm', 'day'] })).toEqual(before)
  })
})

describe('solutions', () => {
  test('are counted per repository with how they fared, the most used first, and corrected outcomes move them', async () => {
    const { tacit } = await openEngine()
    const used = (count: number, solutionSummary: string, of: Partial<RecordInput>) =>
      past(count, { solutionSummary, ...of })
    await tacit.recordBatch([
      ...used(4, 'Add an index', { success: true, taskType: 'database', context: { repository: 'shop' } }),
      ...used(2, ' Add an index ', { success: false, taskType: 'api', context: { repository: 'shop' } }),
      ...used(5, 'Add an index', { context: { repository: 'blog' } }),
      ...used(1, 'Rewrite it', { executionId: 'odd' } as Partial<RecordInput>),
      ...past(9, { success: true }),
    ])
    const { solutions, solutionsLeftOut } = await tacit.solutions({ limit: 1 })
    expect(solutions).toMatchObject([
      {
        solution: 'Add an index',
        repository: 'shop',
        uses: 6,
        successRate: { value: 4 / 6, n: 6 },
        taskTypes: ['api', 'database'],
      },
    ])
    expect(solutionsLeftOut).toBe(1)
    await tacit.observe('odd', { success: true, solutionSummary: 'Cache it' })
    const all = await tacit.solutions({ minCount: 1 })
    expect(all.solutions.map(({ solution, uses }) => [solution, uses])).toEqual([
      ['Add an index', 6],
      ['Add an index', 5],
      ['Cache it', 1],
    ])
    expect(all.solutions[1]!.successRate).toBeNull()
    expect((await tacit.solutions({ minCount: 1, repository: 'blog' })).solutions.length).toBe(1)
  })
})

describe('rates', () => {
  test('count what was recorded in the window, per kind and second, and leave imports out', async () => {
    const { tacit, clock } = await openEngine()
    await tacit.record({ task, arm: 'optimizer', success: true })
    clock.nowMs += 3 * 60_000
    await tacit.recordBatch(past(5, { success: true, steps: [{ kind: 'tool' }, { kind: 'model' }, { kind: 'tool' }] }))
    clock.nowMs += 10_000
    const { facts, steps, windowMs } = await tacit.rates()
    expect(windowMs).toBe(60_000)
    expect(facts).toEqual({
      decision: { count: 5, perSecond: 5 / 60 },
      outcome: { count: 5, perSecond: 5 / 60 },
      step: { count: 15, perSecond: 0.25 },
      feedback: { count: 0, perSecond: 0 },
    })
    expect(steps.map(({ operation, count }) => [operation, count])).toEqual([
      ['tool', 10],
      ['model', 5],
    ])
    expect((await tacit.rates({ windowSeconds: 3600 })).facts.decision.count).toBe(6)
    const other = await openEngine({}, { clock })
    await other.tacit.importFacts(tacit.exportFacts())
    expect((await other.tacit.rates()).facts.decision.count).toBe(0)
    await expect(tacit.rates({ windowSeconds: 0 })).rejects.toMatchObject({ code: 'INVALID_INPUT' })
  })
})
