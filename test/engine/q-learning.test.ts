import { describe, expect, it } from 'vitest'
import type { HistoryEntry, QEntry } from '../../src/engine/views/types.ts'
import { seedRng } from '../../src/math/rng.ts'
import { collect } from '../helpers/collect.ts'
import { dayMs, hourMs, type Opened, openEngine, stateHash } from './engine.ts'

const success: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  database: { optimizer: 0.9, architect: 0.3 },
  review: { optimizer: 0.4, architect: 0.8 },
}

/** 200 executions, an hour apart, on two task types whose best arms differ. */
async function experienced(options: Parameters<typeof openEngine>[0] = {}): Promise<Opened> {
  const opened = await openEngine(options)
  const rng = seedRng('q-learning')
  const executions = Array.from({ length: 200 }, (_, i) => {
    const taskType = i % 2 === 0 ? 'database' : 'review'
    const arm = i % 4 < 2 ? 'optimizer' : 'architect'
    const at = opened.clock.nowMs - (200 - i) * hourMs
    return { task: `task ${i}`, taskType, arm, success: rng() < success[taskType]![arm]!, executionId: `e${i}`, at }
  })
  const items = await opened.tacit.recordBatch(executions)
  expect(items.every(({ status }) => status === 'stored')).toBe(true)
  return opened
}

describe('learnFromExecution', () => {
  it('learns what record learns, to the last byte, and says how the estimate changed', async () => {
    const [viewed, plain] = [await experienced(), await experienced()]
    const outcome = await viewed.tacit.learning.learnFromExecution(
      { task: 'new', taskType: 'database', strategy: 'architect', executionId: 'x' },
      { success: true, durationMs: 1200 },
    )
    await plain.tacit.record({
      task: 'new',
      taskType: 'database',
      arm: 'architect',
      executionId: 'x',
      success: true,
      durationMs: 1200,
    })
    expect(await stateHash(viewed)).toEqual(await stateHash(plain))

    const { previousPerformance, newPerformance, improvementRate } = outcome
    expect(outcome).toMatchObject({ executionId: 'x', status: 'stored', strategy: 'architect', improved: true })
    expect(newPerformance).toBeGreaterThan(previousPerformance!)
    expect(improvementRate).toBeCloseTo((100 * (newPerformance! - previousPerformance!)) / previousPerformance!)
    expect(outcome.confidence).toMatchObject({ quantity: 'expected utility', value: newPerformance })
    expect(outcome.timestamp).toBe('2026-01-01T12:00:00.000Z')
  })

  it('says that a failure did not improve, and nothing about a strategy that was never seen before', async () => {
    const { tacit } = await experienced()
    const task = { task: 'new', taskType: 'database' }
    const failed = await tacit.learning.learnFromExecution({ ...task, strategy: 'optimizer' }, { success: false })
    expect(failed.improved).toBe(false)
    expect(failed.improvementRate).toBeLessThan(0)
    const unheard = await tacit.learning.learnFromExecution({ ...task, strategy: 'newcomer' }, { success: true })
    expect(unheard).toMatchObject({ improved: null, previousPerformance: null, improvementRate: null })
    expect(unheard.newPerformance).toBeGreaterThan(0.3)
  })

  it('is the outcome and the rating of a decision, and the same call again changes nothing', async () => {
    const opened = await experienced()
    const { tacit } = opened
    const { decisionId, arm } = await tacit.decide({
      task: 'decided',
      taskType: 'review',
      arms: ['optimizer', 'architect'],
    })
    const learn = () =>
      tacit.learning.learnFromExecution(
        { decisionId },
        { success: true },
        { rating: { value: 4, scale: '1-5' }, issues: ['slow', 'noisy'], suggestions: ['cache'] },
      )
    expect(await learn()).toMatchObject({ executionId: decisionId, status: 'stored', strategy: arm })
    const [before, facts] = [await stateHash(opened), (await tacit.status()).facts]
    expect(await learn()).toMatchObject({ status: 'duplicate', improved: false, improvementRate: 0 })
    expect(await stateHash(opened)).toEqual(before)
    expect((await tacit.status()).facts).toEqual(facts)

    const rated = (await collect(tacit.exportFacts())).find(({ kind }) => kind === 'feedback')
    expect(rated?.body).toMatchObject({
      value01: 0.75,
      comment: 'slow\nnoisy',
      metadata: { issues: 2 },
      suggestions: ['cache'],
    })
  })

  it.each([
    ['neither strategy nor decision', { task: 'x' }, { success: true }, undefined, 'INVALID_INPUT'],
    ['a decision that does not exist', { decisionId: 'nope' }, { success: true }, undefined, 'NOT_FOUND'],
    ['a result of the wrong type', { task: 'x', strategy: 'a' }, { success: 'yes' }, undefined, 'INVALID_INPUT'],
    [
      'a field that is not known',
      { task: 'x', strategy: 'a', arm: 'b' },
      { success: true },
      undefined,
      'INVALID_INPUT',
    ],
    ['a rating outside its scale', { task: 'x', strategy: 'a' }, { success: true }, { rating: 7 }, 'INVALID_INPUT'],
  ])('refuses %s, and writes nothing', async (_, task, result, feedback, code) => {
    const { tacit } = await openEngine()
    const call = tacit.learning.learnFromExecution(task, result as { success: boolean }, feedback)
    await expect(call).rejects.toMatchObject({ code })
    expect((await tacit.status()).facts).toEqual({ decision: 0, step: 0, outcome: 0, feedback: 0 })
  })
})

describe('recommendStrategy', () => {
  it('names the arm that is best in the state, with its estimate, and the others after it', async () => {
    const { tacit } = await experienced()
    for (const [taskType, best, other] of [
      ['database', 'optimizer', 'architect'],
      ['review', 'architect', 'optimizer'],
    ] as const) {
      const advice = await tacit.learning.recommendStrategy({ taskType })
      expect(advice.strategy).toBe(best)
      expect(advice.alternatives.map(({ strategy }) => strategy)).toEqual([other])
      const { value, interval, quantity } = advice.confidence
      expect(quantity).toBe('expected utility')
      expect(interval![0]).toBeLessThan(value!)
      expect(interval![1]).toBeGreaterThan(value!)
      expect(advice.reasoning).toContain('observed')
    }
  })

  it('counts improvement from what is used now, else from the mean', async () => {
    const { tacit } = await experienced()
    const against = await tacit.learning.recommendStrategy({ taskType: 'database', current: 'architect' })
    const other = against.alternatives[0]!.confidence.value!
    const best = against.confidence.value!
    expect(against.comparedWith).toEqual({ strategy: 'architect', value: other })
    expect(against.expectedImprovement).toBeCloseTo((100 * (best - other)) / other)
    const mean = await tacit.learning.recommendStrategy({ taskType: 'database' })
    expect(mean.comparedWith).toEqual({ strategy: null, value: (best + other) / 2 })
    const itself = await tacit.learning.recommendStrategy({ taskType: 'database', current: 'optimizer' })
    expect(itself.expectedImprovement).toBe(0)
  })

  it('refuses an empty state, and a current strategy that is not among them', async () => {
    const { tacit } = await experienced()
    await expect(tacit.learning.recommendStrategy({})).rejects.toMatchObject({ code: 'INVALID_INPUT' })
    const unknown = tacit.learning.recommendStrategy({ taskType: 'review', current: 'nobody' })
    await expect(unknown).rejects.toMatchObject({ code: 'INVALID_INPUT' })
  })
})

describe('the Q-table', () => {
  it('holds what predict and recommend rest on: best arms differ between the states', async () => {
    const { tacit } = await experienced()
    const { entries, next } = await tacit.learning.qTable()
    expect(next).toBeNull()
    expect(entries).toHaveLength(4)
    const value = (state: string, action: string) =>
      entries.find(entry => entry.state === state && entry.action === action)!.qValue
    expect(value('database', 'optimizer')).toBeGreaterThan(value('database', 'architect'))
    expect(value('review', 'architect')).toBeGreaterThan(value('review', 'optimizer'))
    for (const { qValue, interval, updateCount, nEff } of entries) {
      expect(interval[0]).toBeLessThan(qValue)
      expect(interval[1]).toBeGreaterThan(qValue)
      expect(updateCount).toBeGreaterThan(0)
      expect(updateCount).toBeLessThan(nEff)
    }
  })

  it('comes in pages, which together are the whole, tasks without a type first', async () => {
    const { tacit } = await experienced()
    await tacit.record({ task: 'untyped', arm: 'optimizer', success: true })
    const whole = (await tacit.learning.qTable()).entries
    const paged: QEntry[] = []
    for (let after: string | undefined; ; ) {
      const page = await tacit.learning.qTable({ limit: 1, ...(after === undefined ? {} : { after }) })
      paged.push(...page.entries)
      if (page.next === null) break
      after = page.next
    }
    expect(paged).toEqual(whole)
    expect(whole.map(({ state }) => state)).toEqual([null, 'database', 'database', 'review', 'review'])
  })

  it('lists what was not tried only when asked', async () => {
    const { tacit } = await experienced()
    await tacit.record({ task: 'other', taskType: 'other', arm: 'newcomer', success: true })
    const ofReview = async (includeUntried: boolean) =>
      (await tacit.learning.qTable({ taskType: 'review', includeUntried })).entries.map(({ action }) => action)
    expect((await ofReview(false)).sort()).toEqual(['architect', 'optimizer'])
    expect((await ofReview(true)).sort()).toEqual(['architect', 'newcomer', 'optimizer'])
  })
})

describe('getAnalytics', () => {
  it('counts by UTC day what was decided on it, and agrees with a count by hand', async () => {
    const opened = await experienced()
    const { tacit } = opened
    const found = await tacit.learning.getAnalytics()
    const facts = await collect(tacit.exportFacts())
    const outcomes = facts.flatMap(fact => (fact.kind === 'outcome' ? [fact.body.success] : []))
    const wins = outcomes.filter(Boolean).length
    expect(found.totalExperiences).toBe(200)
    expect(found.avgReward).toEqual({ mean: wins / 200, n: 200 })
    expect(found.successRate).toMatchObject({ mean: wins / 200, n: 200 })
    // From 2025-12-24 04:00 to 2026-01-01 11:00, one an hour.
    expect(found.learningTrend.map(({ date, experiences }) => [date, experiences])).toEqual([
      ['2025-12-24', 20],
      ...['25', '26', '27', '28', '29', '30', '31'].map(day => [`2025-12-${day}`, 24]),
      ['2026-01-01', 12],
    ])
    const total = found.learningTrend.reduce((sum, day) => sum + day.avgReward! * day.experiences, 0)
    expect(total).toBeCloseTo(wins)
  })

  it('keeps to its range', async () => {
    const { tacit } = await experienced()
    const some = await tacit.learning.getAnalytics({ daysBack: 1, taskType: 'database', strategy: 'optimizer' })
    // 24 of the hours, half of them database, half of those by the optimizer.
    expect(some.totalExperiences).toBe(6)
    expect((await tacit.learning.getAnalytics({ taskType: 'nothing' })).learningTrend).toEqual([])
  })

  it('makes up no reward where the outcome says nothing', async () => {
    const { tacit } = await openEngine()
    await tacit.record({ task: 'x', arm: 'a', durationMs: 5 })
    const found = await tacit.learning.getAnalytics()
    expect(found).toMatchObject({ totalExperiences: 1, avgReward: null, successRate: null })
    expect(found.learningTrend[0]).toMatchObject({ experiences: 1, avgReward: null, successRate: null })
  })
})

describe('the history', () => {
  it('comes in pages, the latest first, and together they are every experience once', async () => {
    const { tacit, clock } = await experienced()
    // Twenty at one moment, so that pages end among them.
    const same = Array.from({ length: 20 }, (_, i) => ({
      task: `s${i}`,
      arm: 'architect',
      success: true,
      executionId: `s${i}`,
      at: clock.nowMs,
    }))
    await tacit.recordBatch(same)
    const seen: HistoryEntry[] = []
    for (let after: string | undefined; ; ) {
      const page = await tacit.learning.history({ limit: 7, ...(after === undefined ? {} : { after }) })
      expect(page.experiences.length).toBeLessThanOrEqual(7)
      seen.push(...page.experiences)
      if (page.next === null) break
      after = page.next
    }
    expect(new Set(seen.map(({ executionId }) => executionId)).size).toBe(220)
    expect(seen).toHaveLength(220)
    const times = seen.map(({ timestamp }) => timestamp)
    expect(times).toEqual(times.toSorted().reverse())
    expect(seen.at(-1)).toMatchObject({
      executionId: 'e0',
      state: { taskType: 'database', task: 'task 0' },
      action: 'optimizer',
    })
  })

  it('names the arm that was really used, and leaves out decisions that still run', async () => {
    const { tacit } = await openEngine()
    const { decisionId } = await tacit.decide({ task: 'x', arms: ['a'] })
    expect((await tacit.learning.history()).experiences).toEqual([])
    await tacit.observe(decisionId, { success: true, arm: 'b' })
    expect((await tacit.learning.history()).experiences).toMatchObject([{ action: 'b', reward: 1 }])
  })

  it('refuses what is not the end of a page', async () => {
    const { tacit } = await openEngine()
    await expect(tacit.learning.history({ after: 'x' })).rejects.toMatchObject({ code: 'INVALID_INPUT' })
  })
})

describe('reward formulas', () => {
  it('are applied to the history as a view, and change nothing that is learned', async () => {
    const opened = await openEngine()
    const { tacit } = opened
    await tacit.record({
      task: 'x',
      arm: 'a',
      success: true,
      durationMs: 15_000,
      evaluations: { coverage: 0.9 },
      feedback: [{ value: 'good' }],
    })
    const before = await stateHash(opened)
    const reward = async (formula: string) => (await tacit.learning.history({ formula })).experiences[0]!.reward
    expect(await reward('utility')).toBe(1)
    // 1 + .5 · .5 + 2 · (2/3 − .5) + 2 · (.9 − .8)
    expect(await reward('aqe-engine')).toBeCloseTo(1 + 0.25 + 1 / 3 + 0.2)
    expect(await reward('satisfaction')).toBe(0.5)
    // 2/3 · (1 + .5 · .5 + .7 · .2 + .5 · 1/3)
    expect(await reward('aqe-calculator')).toBeCloseTo((2 / 3) * (1 + 0.25 + 0.14 + 0.5 / 3))
    expect(await stateHash(opened)).toEqual(before)
    expect(tacit.learning.rewardFormulas()[0]).toMatchObject({ id: 'utility', version: 1, warning: null })
    expect(tacit.learning.rewardFormulas().every(({ version }) => version >= 1)).toBe(true)
  })

  it('that do not exist are refused, and the others named', async () => {
    const { tacit } = await openEngine()
    const call = tacit.learning.getAnalytics({ formula: 'best' })
    await expect(call).rejects.toMatchObject({ code: 'NOT_FOUND', message: expect.stringContaining('aqe-engine') })
  })
})

describe('where learning stands', () => {
  it('is told in numbers that come from the table and the policy', async () => {
    const { tacit } = await experienced({ learning: { snapshotEvery: 50 } })
    const stats = await tacit.learning.stats()
    const values = (await tacit.learning.qTable()).entries.map(({ qValue }) => qValue)
    expect(stats).toMatchObject({ enabled: true, stage: 'auto', mode: 'adaptive', totalExperiences: 200 })
    expect(stats).toMatchObject({ tableSize: 4, states: 2, actions: 2 })
    expect(stats.qValues).toMatchObject({ min: Math.min(...values), max: Math.max(...values) })
    expect(stats.explorationRate).toBeGreaterThan(0)
    expect(stats.explorationRate).toBeLessThan(0.5)
    expect(stats.snapshot?.sizeBytes).toBeGreaterThan(100)
  })

  it('of an empty scope is unknown, not zero', async () => {
    const { tacit } = await openEngine()
    const stats = await tacit.learning.stats()
    expect(stats).toMatchObject({
      totalExperiences: 0,
      tableSize: 0,
      explorationRate: null,
      qValues: null,
      snapshot: null,
    })
  })

  it('follows the mode: exploration explores more, exploitation less', async () => {
    const rate = async (mode: 'adaptive' | 'exploration' | 'balanced') =>
      (await (await experienced({ learning: { mode } })).tacit.learning.stats()).explorationRate!
    const [adaptive, balanced, exploration] = [
      await rate('adaptive'),
      await rate('balanced'),
      await rate('exploration'),
    ]
    expect(balanced).toBeGreaterThan(adaptive)
    expect(exploration).toBeGreaterThan(balanced)
  })
})

describe('the kill switch', () => {
  it('stops recording and learning, and starts them again', async () => {
    const opened = await experienced()
    const { tacit } = opened
    const before = await stateHash(opened)
    expect(tacit.learning.isEnabled()).toBe(true)
    tacit.learning.setEnabled(false)
    expect(tacit.learning.isEnabled()).toBe(false)
    const task = { task: 'off', taskType: 'review', strategy: 'optimizer' }
    expect(await tacit.learning.learnFromExecution(task, { success: true })).toMatchObject({
      status: 'disabled',
      improved: false,
    })
    expect(await stateHash(opened)).toEqual(before)
    expect((await tacit.learning.stats()).enabled).toBe(false)
    tacit.learning.setEnabled(true)
    expect(await tacit.learning.learnFromExecution(task, { success: true })).toMatchObject({
      status: 'stored',
      improved: true,
    })
  })
})

describe('reading', () => {
  it('through every view writes nothing and changes nothing, even after a day', async () => {
    const opened = await experienced()
    const { tacit, clock } = opened
    const [before, facts] = [await stateHash(opened), (await tacit.status()).facts]
    clock.nowMs += dayMs
    const read = async () => [
      await tacit.learning.recommendStrategy({ taskType: 'review' }),
      await tacit.learning.getAnalytics(),
      await tacit.learning.history(),
      await tacit.learning.qTable(),
      await tacit.learning.stats(),
      await tacit.compat.score('best_combo'),
    ]
    const first = await read()
    expect(await read()).toEqual(first)
    expect(await stateHash(opened)).toEqual(before)
    expect((await tacit.status()).facts).toEqual(facts)
  })

  it('is refused after close', async () => {
    const { tacit } = await experienced()
    await tacit.close()
    const closed = { code: 'CLOSED' }
    await expect(tacit.learning.stats()).rejects.toMatchObject(closed)
    await expect(tacit.learning.history()).rejects.toMatchObject(closed)
    await expect(tacit.learning.recommendStrategy({ taskType: 'x' })).rejects.toMatchObject(closed)
    await expect(tacit.learning.learnFromExecution({ task: 'x', strategy: 'a' }, {})).rejects.toMatchObject(closed)
    await expect(tacit.compat.score('best_combo')).rejects.toMatchObject(closed)
  })
})

describe('compatibility scores of what is on record', () => {
  it('count the executions of each arm, oldest first, and leave unknown success out', async () => {
    const { tacit } = await openEngine()
    const outcomes = [true, true, true, true, false, null]
    await tacit.recordBatch(
      outcomes.map((success, i) => ({
        task: `t${i}`,
        arm: 'a',
        success,
        quality: 1,
        executionId: `e${i}`,
        at: 1000 + i,
      })),
    )
    const { scores, executions } = await tacit.compat.score('best_combo')
    expect(executions).toBe(5)
    expect(scores).toMatchObject([{ group: 'a', executions: 5, score: 0.5, details: { rate: 0.8 } }])
    const ewma = await tacit.compat.score('success_ewma')
    expect(ewma.scores[0]!.score).toBeCloseTo(0.8 * (1 - 0.8 ** 4))
  })

  it('of two arms stand in their order, those without a score last, with the reason', async () => {
    const { tacit } = await openEngine()
    await tacit.record({ task: 'x', arm: 'silent', success: true })
    for (const [arm, value] of [
      ['poor', 'fair'],
      ['good', 'excellent'],
    ] as const)
      await tacit.record({ task: 'x', arm, success: true, feedback: [{ value }] })
    const { scores } = await tacit.compat.score('strategy_score')
    expect(scores.map(({ group }) => group)).toEqual(['good', 'poor', 'silent'])
    expect(scores[2]).toMatchObject({ score: null, reason: expect.stringContaining('rating') })
  })

  it('never decide: the choice is the same whatever they say', async () => {
    const { tacit } = await experienced()
    const best = (await tacit.compat.score('best_combo', { taskType: 'database' })).scores[0]
    expect(best?.group).toBe('optimizer')
    const distribution = async (decisionId: string) =>
      (await tacit.decide({ task: 'same', taskType: 'review', decisionId, arms: ['optimizer', 'architect'] }))
        .distribution
    expect((await distribution('d')).architect).toBeGreaterThan(0.5)
  })

  it('that need a record are computed from one, and refuse the log', async () => {
    const { tacit } = await openEngine()
    const values = { score: 0.9, idleDays: 60 }
    expect((await tacit.compat.score('decayed_strategy_score', { values })).scores).toMatchObject([
      { group: null, score: 0.225 },
    ])
    await expect(tacit.compat.score('hybrid_match')).rejects.toMatchObject({ code: 'INVALID_INPUT' })
    await expect(tacit.compat.score('nope')).rejects.toMatchObject({ code: 'NOT_FOUND' })
    expect(tacit.compat.list().length).toBeGreaterThan(25)
  })
})
