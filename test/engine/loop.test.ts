import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { openTacit } from '../../src/index.ts'
import type { Fact } from '../../src/records.ts'
import { collect } from '../helpers/collect.ts'
import { temporaryDirectory } from '../store/temporary.ts'
import { dayMs, hourMs, noonMs, openEngine, sufficientStatistics } from './engine.ts'

const task = { task: 'Speed up the nightly sales report', taskType: 'database', arms: ['optimizer', 'architect'] }
const outcomes = (facts: readonly Fact[]) => facts.filter(fact => fact.kind === 'outcome')

describe('decide', () => {
  test('returns a choice among the arms with its exact probability and writes the same down', async () => {
    const { tacit } = await openEngine()
    const choice = await tacit.decide({ ...task, decisionId: 'd' })
    expect(task.arms).toContain(choice.arm)
    expect(choice).toMatchObject({ decisionId: 'd', stage: 'auto', policy: { id: 'hierarchical', seed: 'test' } })
    expect(choice.propensity).toBe(choice.distribution[choice.arm])
    expect(Object.keys(choice.distribution)).toEqual(task.arms)
    const [fact] = await collect(tacit.exportFacts())
    expect(fact).toMatchObject({
      id: 'd',
      kind: 'decision',
      executionId: 'd',
      atUs: noonMs * 1000,
      body: {
        arm: choice.arm,
        propensity: choice.propensity,
        distribution: Object.values(choice.distribution),
        prediction: choice.prediction,
        policy: choice.policy,
        explored: choice.explored,
      },
    })
  })

  test('with the same id again returns the first choice, also when much was learned in between', async () => {
    const { tacit } = await openEngine()
    const first = await tacit.decide({ ...task, decisionId: 'd' })
    for (const arm of task.arms) await tacit.record({ ...task, arms: task.arms, arm, success: arm !== first.arm })
    expect(await tacit.decide({ ...task, decisionId: 'd' })).toEqual(first)
    expect(await tacit.decide({ ...task, arms: ['another'], decisionId: 'd' })).toEqual(first)
    expect((await tacit.status()).facts.decision).toBe(3)
  })

  test.each([
    ['another task', { ...task, task: 'Something else' }],
    ['another task type', { ...task, taskType: 'security' }],
    ['no task type', { task: task.task, arms: task.arms }],
  ])('with the same id for %s is a conflict', async (_what, other) => {
    const { tacit } = await openEngine()
    await tacit.decide({ ...task, decisionId: 'd' })
    await expect(tacit.decide({ ...other, decisionId: 'd' })).rejects.toMatchObject({ code: 'ID_CONFLICT' })
    expect((await tacit.status()).facts.decision).toBe(1)
  })

  test('with an id that another fact has is a conflict', async () => {
    const { tacit } = await openEngine()
    await tacit.record({ ...task, arm: 'optimizer', executionId: 'history' })
    await expect(tacit.decide({ ...task, decisionId: 'history' })).rejects.toMatchObject({ code: 'ID_CONFLICT' })
    await tacit.step('history', { stepId: 'taken' })
    await expect(tacit.decide({ ...task, decisionId: 'taken' })).rejects.toMatchObject({ code: 'ID_CONFLICT' })
    expect((await tacit.status()).facts).toEqual({ decision: 1, step: 1, outcome: 0, feedback: 0 })
  })

  test('many times at once with one id makes one decision', async () => {
    const { tacit } = await openEngine()
    const choices = await Promise.all(Array.from({ length: 8 }, () => tacit.decide({ ...task, decisionId: 'd' })))
    expect(new Set(choices.map(choice => JSON.stringify(choice))).size).toBe(1)
    expect((await tacit.status()).facts.decision).toBe(1)
  })

  test('without arms chooses among all that were ever eligible, and without any says so', async () => {
    const { tacit } = await openEngine()
    await expect(tacit.decide({ task: 'x' })).rejects.toMatchObject({ code: 'NO_ARMS' })
    await expect(tacit.decide({ task: 'x', arms: [] })).rejects.toMatchObject({ code: 'NO_ARMS' })
    await tacit.decide({ task: 'x', arms: ['a', 'b', 'a'] })
    await tacit.record({ task: 'y', arm: 'c' })
    expect(Object.keys((await tacit.decide({ task: 'z' })).distribution)).toEqual(['a', 'b', 'c'])
  })

  test('keeps the facets an arm last had, and takes new arms and missing arms as they come', async () => {
    const { tacit } = await openEngine()
    const small = { id: 'small', facets: { model: 'm-1', team: ['b', 'a', 'b'] } }
    await tacit.decide({ task: 'x', arms: [small, 'large'], decisionId: '1' })
    await tacit.decide({ task: 'x', arms: ['small', 'new'], decisionId: '2' })
    await tacit.decide({ task: 'x', decisionId: '3' })
    await tacit.decide({ task: 'x', arms: [{ id: 'small', facets: { model: 'm-2' } }], decisionId: '4' })
    await tacit.decide({ task: 'x', decisionId: '5' })
    const decisions = (await collect(tacit.exportFacts())).filter(fact => fact.kind === 'decision')
    const armsOf = (id: string) => decisions.find(fact => fact.id === id)!.body.arms
    expect(armsOf('3')).toEqual([
      { id: 'small', facets: { model: 'm-1', team: ['a', 'b'] } },
      { id: 'large' },
      { id: 'new' },
    ])
    expect(armsOf('5')[0]).toEqual({ id: 'small', facets: { model: 'm-2' } })
  })

  test('stores what is known beforehand and predicts before the outcome', async () => {
    const { tacit } = await openEngine()
    const context = { complexity: { value: 7, scale: '1-10' }, repository: 'shop', features: { risky: true } } as const
    await tacit.decide({ ...task, context, routingConfidence: 0.5, userId: 'u', sessionId: 's', metadata: { a: [1] } })
    const [fact] = await collect(tacit.exportFacts())
    expect(fact!.body).toMatchObject({
      context: { ...context, complexity01: 6 / 9 },
      routingConfidence: 0.5,
      metadata: { a: [1] },
    })
    const { prediction } = await tacit.decide(task)
    expect(prediction).toMatchObject({ durationMs: { value: null, interval: null, nEff: 0 }, costUsd: { value: null } })
  })
})

describe('observe', () => {
  test('makes the next choice know it, at once', async () => {
    const { tacit } = await openEngine()
    const first = await tacit.decide(task)
    expect(first.evidence.observations).toEqual({ all: 0, taskType: 0, task: 0 })
    expect(await tacit.observe(first.decisionId, { success: true, durationMs: 1250, costUsd: 0.004 })).toMatchObject({
      executionId: first.decisionId,
      status: 'stored',
    })
    const [ranked] = (await tacit.recommend({ ...task, arms: [first.arm] })).arms
    expect(ranked!.evidence.observations).toEqual({ all: 1, taskType: 1, task: 1 })
    expect(ranked!.prediction!.durationMs.value).toBeGreaterThan(0)
  })

  test('with the same id again changes nothing, whatever it says', async () => {
    const opened = await openEngine()
    const { tacit } = opened
    await tacit.decide({ ...task, decisionId: 'd' })
    await tacit.observe('d', { success: true, outcomeId: 'o' })
    const before = await sufficientStatistics(opened)
    expect(await tacit.observe('d', { success: false, outcomeId: 'o' })).toEqual({
      id: 'o',
      executionId: 'd',
      status: 'duplicate',
    })
    expect(await sufficientStatistics(opened)).toEqual(before)
    expect((await tacit.status()).facts.outcome).toBe(1)
  })

  test('with another id is a correction: the last one counts, and all stay in the log', async () => {
    const corrected = await openEngine()
    const plain = await openEngine()
    for (const { tacit } of [corrected, plain]) await tacit.decide({ ...task, decisionId: 'd' })
    const last = { quality: 0.25, success: false, durationMs: 800, costUsd: 0.5, outcomeId: 'o3' }
    await corrected.tacit.observe('d', { success: true, outcomeId: 'o1', durationMs: 20_000 })
    await corrected.tacit.observe('d', { success: null, outcomeId: 'o2', arm: 'somebody else', costUsd: 3 })
    await corrected.tacit.observe('d', last)
    await plain.tacit.observe('d', last)
    expect(await sufficientStatistics(corrected)).toEqual(await sufficientStatistics(plain))
    expect(outcomes(await collect(corrected.tacit.exportFacts())).map(({ id }) => id)).toEqual(['o1', 'o2', 'o3'])
    expect(await corrected.tacit.replay({ verify: true })).toMatchObject({ verified: true })
    const { groups } = await corrected.tacit.metrics()
    expect(groups).toHaveLength(1)
    expect(groups[0]).toMatchObject({ executions: 1, successRate: { value: 0, n: 1 }, quality: { mean: 0.25 } })
  })

  test('before its decision waits for it, and counts from then on', async () => {
    const early = await openEngine()
    const { tacit } = early
    await tacit.observe('d', { success: true, durationMs: 500, outcomeId: 'o' })
    expect(await tacit.status()).toMatchObject({ parkedOutcomes: 1, executions: 0, withOutcome: 0, joinRate: null })
    const choice = await tacit.decide({ ...task, decisionId: 'd' })
    expect(await tacit.status()).toMatchObject({ parkedOutcomes: 0, executions: 1, withOutcome: 1, inFlight: 0 })
    const late = await openEngine()
    await late.tacit.decide({ ...task, decisionId: 'd' })
    expect((await late.tacit.status()).inFlight).toBe(1)
    await late.tacit.observe('d', { success: true, durationMs: 500, outcomeId: 'o', arm: choice.arm })
    expect(await sufficientStatistics(early)).toEqual(await sufficientStatistics(late))
    expect(await tacit.replay({ verify: true })).toMatchObject({ verified: true })
  })

  test('weeks late is learned with the weight of its age', async () => {
    const opened = await openEngine({ learning: { halfLifeDays: 10 } })
    const { tacit, clock } = opened
    await tacit.decide({ ...task, decisionId: 'old' })
    clock.nowMs += 20 * dayMs
    await tacit.decide({ ...task, decisionId: 'new', arms: ['fresh'] })
    expect((await tacit.status()).inFlight).toBe(1)
    await tacit.observe('old', { quality: 1, arm: 'aged' })
    await tacit.observe('new', { quality: 1 })
    expect((await sufficientStatistics(opened)).utility.all).toEqual({ aged: [0.25, 0.25], fresh: [1, 1] })
  })

  test('teaches the arm that was really used, and keeps the chosen one on record', async () => {
    const opened = await openEngine()
    const { tacit } = opened
    const choice = await tacit.decide({ ...task, decisionId: 'd' })
    await tacit.observe('d', { quality: 0.75, arm: 'intern' })
    expect((await sufficientStatistics(opened)).utility.all).toEqual({ intern: [1, 0.75] })
    const [similar] = await tacit.similar(task.task)
    expect(similar!.execution).toMatchObject({ arm: 'intern', chosenArm: choice.arm, propensity: choice.propensity })
    expect(Object.keys((await tacit.decide({ task: 'another' })).distribution)).toContain('intern')
  })

  test('with nothing known keeps it unknown: no success, no utility, no prediction learned', async () => {
    const opened = await openEngine()
    const { tacit } = opened
    await tacit.decide({ ...task, decisionId: 'd' })
    await tacit.observe('d', { success: null })
    const [fact] = outcomes(await collect(tacit.exportFacts()))
    const unknown = { success: null, quality: null, durationMs: null, costMicroUsd: null, arm: null, metadata: null }
    expect(fact!.body).toEqual(unknown)
    const statistics = await sufficientStatistics(opened)
    expect(statistics).toMatchObject({ utility: {}, pSuccess: {}, durationMs: {}, costUsd: {}, inFlight: {} })
    expect((await tacit.metrics()).groups[0]).toMatchObject({
      executions: 1,
      missing: { outcome: 0, success: 1, durationMs: 1, costUsd: 1 },
      successRate: null,
      errorRate: null,
      durationMs: null,
      costUsd: null,
      quality: null,
      rating: null,
    })
  })

  test('rounds money to a millionth of a dollar and adds it up without drift', async () => {
    const { tacit } = await openEngine()
    for (const [i, costUsd] of [0.1, 0.2, 0.000_000_4, 0.000_000_6, 1e9].entries()) {
      await tacit.decide({ task: 'x', arms: ['a'], decisionId: `d${i}` })
      await tacit.observe(`d${i}`, { costUsd })
    }
    const facts = outcomes(await collect(tacit.exportFacts()))
    expect(facts.map(({ body }) => body.costMicroUsd)).toEqual([100_000, 200_000, 0, 1, 1e15])
    const rows = await tacit.similar('x')
    expect(rows.map(({ execution }) => execution.costUsd).toSorted()).toEqual([0, 0.000_001, 0.1, 0.2, 1e9])
    await expect(tacit.observe('d0', { costUsd: 1e9 + 1 })).rejects.toMatchObject({ code: 'INVALID_INPUT' })
  })
})

describe('time', () => {
  test('may be given for the past and a few hours ahead, and is refused beyond', async () => {
    const { tacit } = await openEngine()
    const at = (ms: number) => new Date(ms).toISOString()
    await tacit.decide({ ...task, decisionId: 'past', at: at(noonMs - 400 * dayMs) })
    await tacit.decide({ ...task, decisionId: 'ahead', at: noonMs + 23 * hourMs })
    const far = { at: noonMs + 25 * hourMs }
    const calls = [
      () => tacit.decide({ ...task, ...far }),
      () => tacit.observe('past', { success: true, ...far }),
      () => tacit.record({ ...task, arm: 'optimizer', ...far }),
      () => tacit.step('past', far),
      () => tacit.step('past', { startedAt: far.at }),
      () => tacit.feedback('past', { value: true, ...far }),
    ]
    for (const call of calls) await expect(call()).rejects.toMatchObject({ code: 'INVALID_INPUT' })
    expect((await tacit.status()).facts).toEqual({ decision: 2, step: 0, outcome: 0, feedback: 0 })
    expect(await tacit.status()).toMatchObject({
      firstAt: at(noonMs - 400 * dayMs),
      lastAt: at(noonMs + 23 * hourMs),
    })
  })

  test('passes for outcomes that do not come: after the deadline they are missing, not in flight', async () => {
    const { tacit, clock } = await openEngine()
    await tacit.decide({ ...task, joinDeadlineMs: hourMs })
    await tacit.decide({ ...task, joinDeadlineMs: 3 * hourMs })
    expect((await tacit.status()).inFlight).toBe(2)
    clock.nowMs += 2 * hourMs
    expect(await tacit.status()).toMatchObject({ inFlight: 1, executions: 2, withOutcome: 0, joinRate: 0 })
  })
})

describe('openTacit', () => {
  test('closes the loop with nothing but a path, and a closed instance says so', async () => {
    const tacit = await openTacit({ db: ':memory:' })
    const choice = await tacit.decide(task)
    await tacit.observe(choice.decisionId, { success: true })
    expect(await tacit.status()).toMatchObject({ executions: 1, withOutcome: 1, joinRate: 1, errors: {} })
    await tacit.close()
    await tacit.close()
    await expect(tacit.decide(task)).rejects.toMatchObject({ code: 'CLOSED' })
    await expect(tacit.status()).rejects.toMatchObject({ code: 'CLOSED' })
    await expect(collect(tacit.exportFacts())).rejects.toMatchObject({ code: 'CLOSED' })
  })

  test('closed in the midst of calls, each call is either whole on disk or refused as CLOSED', async () => {
    const db = join(temporaryDirectory(), 'tacit.db')
    const tacit = await openTacit({ db })
    const ids = Array.from({ length: 20 }, (_, i) => `d${i}`)
    const first = await tacit.decide({ ...task, decisionId: 'first' })
    const calls = ids.map(decisionId => tacit.decide({ ...task, decisionId }))
    const settled = Promise.allSettled(calls)
    await tacit.close()
    const results = await settled
    const reopened = await openTacit({ db })
    const kept = new Set((await collect(reopened.exportFacts())).map(fact => fact.id))
    await reopened.close()
    expect(kept).toContain(first.decisionId)
    for (const [i, result] of results.entries()) {
      expect(kept.has(ids[i]!)).toBe(result.status === 'fulfilled')
      if (result.status === 'rejected') expect(result.reason).toMatchObject({ code: 'CLOSED' })
    }
  })

  test('with the same seed and ids makes the same choices, with another seed others', async () => {
    const run = async (seed: string) => {
      const tacit = await openTacit({ db: ':memory:', seed, now: () => noonMs })
      const arms: string[] = []
      for (let i = 0; i < 40; i++) {
        const { arm } = await tacit.decide({ ...task, arms: ['a', 'b', 'c', 'd'], decisionId: `d${i}` })
        await tacit.observe(`d${i}`, { success: i % 3 === 0 })
        arms.push(arm)
      }
      await tacit.close()
      return arms
    }
    const first = await run('one')
    expect(await run('one')).toEqual(first)
    expect(await run('two')).not.toEqual(first)
  })
})
