import { describe, expect, test } from 'vitest'
import { parse, timeSchema } from '../../src/records.ts'
import { collect } from '../helpers/collect.ts'
import { noonMs, openEngine, stateHash, sufficientStatistics } from './engine.ts'

const execution = { task: 'Migrate the table', taskType: 'database', arm: 'optimizer', executionId: 'e' }

describe('record', () => {
  test('keeps a whole execution of the past, without propensity, and learns from it', async () => {
    const opened = await openEngine()
    const { tacit } = opened
    const at = new Date(noonMs - 5000)
    const written = await tacit.record({
      ...execution,
      at,
      quality: { value: 75, scale: '0-100' },
      durationMs: 1400,
      costUsd: 0.02,
      steps: [{ name: 'plan' }, { stepId: 'own', kind: 'model', inputTokens: 10 }],
      feedback: [{ value: { value: 5, scale: '1-5' }, source: 'judge' }],
    })
    expect(written).toEqual({ id: 'e', executionId: 'e', status: 'stored' })
    const facts = await collect(tacit.exportFacts())
    expect(facts.map(({ id, kind }) => [id, kind])).toEqual([
      ['e', 'decision'],
      ['e/outcome', 'outcome'],
      ['e/step/0', 'step'],
      ['own', 'step'],
      ['e/feedback/0', 'feedback'],
    ])
    const [decision, outcome, firstStep, secondStep, feedback] = facts
    expect(decision).toMatchObject({
      atUs: at.getTime() * 1000,
      body: { propensity: null, distribution: null, policy: null, stage: null, prediction: null, explored: null },
    })
    expect(outcome!.body).toMatchObject({ quality: 0.75, success: null, durationMs: 1400, costMicroUsd: 20_000 })
    expect(firstStep!.body).toMatchObject({ seq: 0, kind: 'tool', status: 'ok', name: 'plan' })
    expect(secondStep!.body).toMatchObject({ seq: 1, kind: 'model', inputTokens: 10 })
    expect(feedback!.body).toMatchObject({ source: 'judge', value01: 1, dimension: 'overall', visibility: 'private' })
    expect((await sufficientStatistics(opened)).utility.all).toEqual({ optimizer: [1, 0.75] })
  })

  test('again with the same id changes nothing', async () => {
    const opened = await openEngine()
    await opened.tacit.record({ ...execution, success: true })
    const before = await stateHash(opened)
    expect(await opened.tacit.record({ ...execution, success: false })).toMatchObject({ status: 'duplicate' })
    expect(await stateHash(opened)).toBe(before)
    expect((await opened.tacit.status()).facts).toEqual({ decision: 1, step: 0, outcome: 1, feedback: 0 })
  })

  test('without anything measured has no outcome, and may be observed later', async () => {
    const opened = await openEngine()
    await opened.tacit.record(execution)
    expect(await opened.tacit.status()).toMatchObject({ executions: 1, withOutcome: 0, inFlight: 0, joinRate: 0 })
    await opened.tacit.observe('e', { success: true })
    expect((await sufficientStatistics(opened)).utility.all).toEqual({ optimizer: [1, 1] })
  })

  test('whose step has an id that is taken is refused whole', async () => {
    const { tacit } = await openEngine()
    await tacit.step('another', { stepId: 'taken' })
    await expect(tacit.record({ ...execution, success: true, steps: [{ stepId: 'taken' }] })).rejects.toMatchObject({
      code: 'ID_CONFLICT',
    })
    expect((await tacit.status()).facts).toEqual({ decision: 0, step: 1, outcome: 0, feedback: 0 })
  })
})

describe('recordBatch', () => {
  test('gives every item its own result, over more items than one transaction takes', async () => {
    const { tacit } = await openEngine()
    const batch = Array.from({ length: 1203 }, (_, i) => ({
      task: `t${i % 50}`,
      arm: i % 100 === 7 ? '' : `arm ${i % 4}`,
      executionId: `e${i % 1200}`,
      success: i % 2 === 0,
    }))
    const items = await tacit.recordBatch(batch)
    expect(items.map(({ index }) => index)).toEqual(batch.map((_, i) => i))
    const statuses = Map.groupBy(items, ({ status }) => status)
    expect(statuses.get('error')).toHaveLength(12)
    expect(statuses.get('duplicate')!.map(({ index }) => index)).toEqual([1200, 1201, 1202])
    expect(statuses.get('stored')).toHaveLength(1188)
    expect(await tacit.status()).toMatchObject({ executions: 1188, withOutcome: 1188 })
    expect(await tacit.replay({ verify: true })).toMatchObject({ verified: true, executions: 1188 })
  })

  test('of nothing writes nothing', async () => {
    const { tacit } = await openEngine()
    expect(await tacit.recordBatch([])).toEqual([])
  })

  test('learns the same as the items one by one', async () => {
    const batch = Array.from({ length: 30 }, (_, i) => ({
      task: `t${i % 4}`,
      taskType: i % 2 ? 'odd' : 'even',
      arm: `arm ${i % 3}`,
      executionId: `e${i}`,
      success: i % 5 < 3,
      durationMs: 50 * i,
    }))
    const [together, apart] = [await openEngine(), await openEngine()]
    await together.tacit.recordBatch(batch)
    for (const item of batch) await apart.tacit.record(item)
    expect(await stateHash(together)).toBe(await stateHash(apart))
  })
})

test('steps and feedback may come before their decision, twice, and for executions nobody decided', async () => {
  const { tacit } = await openEngine()
  expect(await tacit.step('later', { stepId: 's' })).toEqual({
    id: 's',
    executionId: 'later',
    status: 'stored',
    awaitsDecision: true,
  })
  expect(await tacit.feedback('later', { feedbackId: 'f', value: 'good' })).toMatchObject({
    status: 'stored',
    awaitsDecision: true,
  })
  expect(await tacit.step('later', { stepId: 's' })).toMatchObject({ status: 'duplicate' })
  expect(await tacit.feedback('later', { feedbackId: 'f', value: 'poor' })).toMatchObject({ status: 'duplicate' })
  expect(await tacit.status()).toMatchObject({ executions: 0, parkedOutcomes: 0 })
  await tacit.decide({ task: 'x', arms: ['a'], decisionId: 'later' })
  expect((await tacit.metrics()).groups[0]!.rating!.mean).toBeCloseTo(2 / 3, 9)
  expect(await tacit.replay({ verify: true })).toMatchObject({ facts: 3, verified: true })
})

describe('a moment', () => {
  test.each([
    ['2026-02-03', Date.UTC(2026, 1, 3)],
    ['2026-02-03T04:05:06Z', Date.UTC(2026, 1, 3, 4, 5, 6)],
    ['2026-02-03T04:05:06+02:00', Date.UTC(2026, 1, 3, 2, 5, 6)],
    [new Date(5), 5],
    [7, 7],
  ])('may be %s', (value, ms) => {
    expect(parse(timeSchema, value, 'at')).toBe(ms * 1000)
  })

  test.each(['yesterday', '2026-02-30', '2026-02', '2026-02-03 04:05', '2026-02-03T04:05:06', true])(
    'is not %j: what it may be is said with examples',
    value => {
      expect(() => parse(timeSchema, value, 'at')).toThrow(/must be a date \(2026-01-31\), ISO 8601 with a zone/)
    },
  )
})
