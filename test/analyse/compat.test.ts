import { describe, expect, it } from 'vitest'
import { compatScorers } from '../../src/analyse/compat/registry.ts'
import type { CompatScorer, ExecutionGroup } from '../../src/analyse/compat/scorer.ts'
import type { ExecutionRow } from '../../src/store/store.ts'

function scorer(id: string): CompatScorer {
  const found = compatScorers.find(candidate => candidate.id === id)
  if (found === undefined) throw new Error(`no scorer ${id}`)
  return found
}
const score = (id: string, input: unknown) => scorer(id).score(input)

/** Numbers that were measured on the original systems, or that their documents state. */
const golden: readonly [id: string, input: unknown, score: number | null][] = [
  ['strategy_score', { attempts: 10, successRate: 0.5, domainEffectiveness: 3, averageRating: 3 }, 1.52],
  // A perfect strategy that was not yet tried in the domain.
  ['strategy_score', { attempts: 4, successRate: 1, domainEffectiveness: null, averageRating: 5 }, 1],
  ['strategy_score', { attempts: 0, successRate: 0, domainEffectiveness: null, averageRating: 5 }, 0],
  ['decayed_strategy_score', { score: 0.9, idleDays: 60 }, 0.225],
  ['decayed_strategy_score', { score: 0.9, idleDays: 30 }, 0.45],
  ['success_ewma', { outcomes: [true, true, true, true, true] }, 0.672],
  ['success_ewma', { outcomes: [] }, null],
  ['best_combo', { successes: 18, attempts: 20 }, 0.9],
  ['best_combo', { successes: 3, attempts: 3 }, 0.3],
  ['best_combo', { successes: 2, attempts: 2 }, null],
  ['best_combo', { successes: 7, attempts: 10 }, null],
  ['avoid_pattern', { errors: Array(8).fill('dependency conflict') }, 0.8],
  ['avoid_pattern', { errors: Array(12).fill(null) }, 1.2],
  ['avoid_pattern', { errors: ['a', 'b'] }, null],
  ['synergy', { successRate: 1, durationSeconds: 30, attempts: 10 }, 0.226],
  ['synergy', { successRate: 1, durationSeconds: 0.535, attempts: 10 }, 0.7],
  ['statistical_router', { successRate: 1, latencyMs: 100, attempts: 100 }, 1],
  ['statistical_router', { successRate: 1, latencyMs: 10_000, attempts: 100 }, 0.7],
  ['statistical_router', { successRate: 0, latencyMs: 1, attempts: 5 }, 0.3],
  ['team_learning', { successRate: 0.9, quality: 1, attempts: 20 }, 0.84],
  ['team_learning', { successRate: 0.9, quality: null, attempts: 20 }, 0.9],
  ['routing_fitness', { failures: 0, attempts: 1 }, 1],
  ['routing_fitness', { failures: 1, attempts: 1000 }, 0.999],
  ['ab_score', { successRate: 0, averageSeconds: 0 }, 0.3],
  ['ab_score', { successRate: 0.4, averageSeconds: 60 }, 0.28],
  ['asymmetric_update', { successRate: 0.9 }, -0.01],
  ['asymmetric_update', { successRate: 0.9090909 }, 0],
  ['q_confidence', { meanReward: 0.1 }, 1],
  ['q_confidence', { meanReward: 0 }, 0.5],
  ['learned_pattern_confidence', { uses: 1000 }, 0.95],
  ['failure_pattern_confidence', { failures: 40, experiences: 40 }, 0.95],
  ['improvement', { rewards: [...Array(20).fill(0), ...Array(20).fill(1)] }, null],
]

describe('a compatibility score', () => {
  it.each(golden)('%s of %j is %s', (id, input, expected) => {
    const found = score(id, input).score
    if (expected === null) expect(found).toBeNull()
    else expect(found).toBeCloseTo(expected, 3)
  })

  it.each(compatScorers.map(one => [one.id, one] as const))('%s gives the number that its example states', (_, one) => {
    expect(one.score(one.example.input).score).toBeCloseTo(one.example.score, 5)
  })

  it.each(compatScorers.map(one => [one.id, one] as const))(
    '%s says where it comes from and what is wrong',
    (_, one) => {
      for (const text of [one.formula, one.source, one.warning]) expect(text.length).toBeGreaterThan(10)
      expect(compatScorers.filter(({ id }) => id === one.id)).toHaveLength(1)
    },
  )

  it.each(compatScorers.map(one => [one.id, one] as const))('%s refuses a record that does not fit', (_, one) => {
    for (const input of [{}, null, { ...(one.example.input as object), more: 1 }]) {
      expect(() => one.score(input)).toThrow(expect.objectContaining({ code: 'INVALID_INPUT' }))
    }
  })

  it('keeps the details of the originals', () => {
    expect(score('hybrid_match', scorer('hybrid_match').example.input).details).toMatchObject({ isKept: true })
    expect(score('team_learning', { successRate: 0.9, quality: 1, attempts: 20 }).details.confidence).toBeCloseTo(0.952)
    expect(score('normal_interval', { successes: 10, attempts: 10 }).details).toEqual({ low: 1, high: 1 })
    expect(score('normal_interval', { successes: 9, attempts: 9 }).details).toEqual({ low: 0, high: 1 })
    expect(score('avoid_pattern', { errors: ['x', 'y', 'y'] }).details).toMatchObject({ failures: 3, error: 'y' })
  })
})

describe('the faults that the warnings name', () => {
  it('a new pattern is never applicable', () => {
    const input = { ...(scorer('hybrid_match').example.input as object), successRate: 0 }
    expect(score('hybrid_match', input).details.applicability).toBe(0)
  })

  it('no anomaly among ten durations, however far off; from eleven on there can be', () => {
    const withOutlier = (n: number) => ({ durationsSeconds: [...Array(n - 1).fill(1), 1e6] })
    expect(score('duration_anomaly', withOutlier(10)).details.isAnomaly).toBe(false)
    expect(score('duration_anomaly', withOutlier(11)).details.isAnomaly).toBe(true)
  })

  it('an idle good arm falls below a fresh bad one', () => {
    const idle = score('decayed_strategy_score', { score: 0.9, idleDays: 60 }).score!
    expect(idle).toBeLessThan(score('decayed_strategy_score', { score: 0.3, idleDays: 0 }).score!)
  })

  it('the mean of the best_combo rule on equal arms is several false discoveries', () => {
    // 20 arms at 60 %, five runs each: best_combo needs four or five successes, probability 5·.6⁴·.4 + .6⁵ = .337.
    const chance = [4, 5].reduce((sum, k) => sum + (k === 4 ? 5 * 0.6 ** 4 * 0.4 : 0.6 ** 5), 0)
    expect(20 * chance).toBeCloseTo(6.7, 1)
    for (const successes of [4, 5]) expect(score('best_combo', { successes, attempts: 5 }).details.isBest).toBe(true)
    expect(score('best_combo', { successes: 3, attempts: 5 }).details.isBest).toBe(false)
  })
})

describe('from executions on record', () => {
  const row = (over: Partial<ExecutionRow>): ExecutionRow => ({
    id: 'e',
    decidedAtUs: 1,
    task: 't',
    taskType: 'database',
    repository: null,
    arm: 'a',
    chosenArm: 'a',
    propensity: null,
    stage: null,
    outcomeAtUs: 2,
    success: true,
    quality: null,
    durationMs: null,
    costUsd: null,
    errorType: null,
    ratingSum: 0,
    ratingCount: 0,
    ...over,
  })
  const group = (executions: ExecutionRow[], domain: string | null = null): ExecutionGroup => ({
    executions,
    domain,
    idleDays: 60,
  })

  it('the strategy score takes the ratings of the domain, 1..5, as the original did', () => {
    // Half of ten succeed, every rating is 3 of 5, which is .5 on 0..1.
    const rows = Array.from({ length: 10 }, (_, i) => row({ success: i % 2 === 0, ratingSum: 0.5, ratingCount: 1 }))
    expect(scorer('strategy_score').scoreGroup(group(rows, 'database')).score).toBeCloseTo(1.52)
    expect(scorer('strategy_score').scoreGroup(group(rows, 'review')).score).toBeCloseTo(0.4 * 0.5 + 0.4 * 0.5 + 0.12)
    expect(scorer('decayed_strategy_score').scoreGroup(group(rows, 'database')).score).toBeCloseTo(1.52 / 4)
  })

  it('says why there is no score, and makes up no rating and no duration', () => {
    const rows = [row({}), row({}), row({})]
    for (const id of [
      'strategy_score',
      'decayed_strategy_score',
      'synergy',
      'statistical_router',
      'ab_score',
      'top_agents',
    ]) {
      const found = scorer(id).scoreGroup(group(rows))
      expect(found.score, id).toBeNull()
      expect(found.reason, id).toMatch(/on record/)
    }
    expect(scorer('hybrid_match').scoreGroup(group(rows))).toMatchObject({
      score: null,
      reason: expect.stringContaining('executions'),
    })
  })

  it('follows the order of the executions where the original did', () => {
    const rows = [true, true, false].map(success => row({ success }))
    const late = scorer('success_ewma').scoreGroup(group(rows)).score!
    const early = scorer('success_ewma').scoreGroup(group(rows.toReversed())).score!
    expect(late).toBeCloseTo((0.2 * 0.8 + 0.2) * 0.8)
    expect(early).toBeCloseTo(0.2 * 0.8 + 0.2)
  })
})
