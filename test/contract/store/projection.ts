import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { ExecutionRow, FactDraft, Store } from '../../../src/store/store.ts'
import { decisionFact, feedbackFact, outcomeFact, recorded, startUs, stepFact } from '../../helpers/facts.ts'
import type { WithStore } from '../store.suite.ts'

/** The row of the only execution after the facts were appended one by one. */
async function rowAfter(store: Store, ...drafts: FactDraft[]): Promise<ExecutionRow> {
  for (const draft of drafts) await store.append('s', [[draft]])
  const rows = await store.executions('s', {})
  expect(rows.length).toBe(1)
  return rows[0]!
}

const decidedRow: ExecutionRow = {
  id: 'a',
  decidedAtUs: startUs,
  task: 'Speed up the nightly sales report',
  taskType: 'database',
  repository: null,
  arm: 'optimizer',
  chosenArm: 'optimizer',
  propensity: 0.5,
  stage: 'auto',
  outcomeAtUs: null,
  success: null,
  quality: null,
  durationMs: null,
  costUsd: null,
  errorType: null,
  ratingSum: 0,
  ratingCount: 0,
}
const joinedRow: ExecutionRow = {
  ...decidedRow,
  outcomeAtUs: startUs + 1_000_000,
  success: true,
  quality: 0.75,
  durationMs: 1250,
  costUsd: 0.004,
}

export function projectionContract(withStore: WithStore): void {
  describe('the row of an execution', () => {
    test('shows a decision without outcome, and what is unknown as null', () =>
      withStore(async store => {
        expect(await rowAfter(store, decisionFact('a'))).toEqual(decidedRow)
      }))

    test('joins a late outcome', () =>
      withStore(async store => {
        expect(await rowAfter(store, decisionFact('a'), outcomeFact('a'))).toEqual(joinedRow)
      }))

    test('keeps an early outcome until its decision comes', () =>
      withStore(async store => {
        const parked = await rowAfter(store, outcomeFact('a'))
        expect(parked).toMatchObject({ decidedAtUs: null, task: null, chosenArm: null, arm: null, success: true })
        expect(await store.stats('s')).toMatchObject({ executions: 0, withOutcome: 0, parkedOutcomes: 1 })
        expect(await rowAfter(store, decisionFact('a'))).toEqual(joinedRow)
        expect(await store.stats('s')).toMatchObject({ executions: 1, withOutcome: 1, parkedOutcomes: 0 })
      }))

    test('tells false and zero from unknown', () =>
      withStore(async store => {
        const zero = { success: false, quality: 0, durationMs: 0, costMicroUsd: 0 }
        const row = await rowAfter(
          store,
          decisionFact('a', { body: { propensity: 0 } }),
          outcomeFact('a', { body: zero }),
        )
        expect(row).toMatchObject({ propensity: 0, success: false, quality: 0, durationMs: 0, costUsd: 0 })
        const unknown = { success: null, quality: null, durationMs: null, costMicroUsd: null }
        const corrected = await rowAfter(store, outcomeFact('a', { id: 'unknown', body: unknown }))
        expect(corrected).toEqual({ ...decidedRow, propensity: 0, outcomeAtUs: startUs + 1_000_000 })
      }))

    test('counts the last outcome in canonical order, whatever came last', () =>
      withStore(async store => {
        const row = await rowAfter(
          store,
          decisionFact('a'),
          recorded(outcomeFact('a', { id: 'second', body: { success: false, error: { type: 'timeout' } } }), 5_000),
          recorded(outcomeFact('a', { id: 'first' }), 4_000),
        )
        expect(row).toMatchObject({ success: false, errorType: 'timeout' })
        const corrected = await rowAfter(store, outcomeFact('a', { id: 'third', body: { costMicroUsd: 1 } }))
        expect(corrected).toEqual({ ...joinedRow, costUsd: 0.000001 })
        expect((await store.facts('s', ['a'])).get('a')!.length).toBe(4)
      }))

    test('keeps a micro-dollar exactly', () =>
      withStore(async store => {
        const row = await rowAfter(
          store,
          decisionFact('a'),
          outcomeFact('a', { body: { costMicroUsd: 999_999_999_999_999 } }),
        )
        expect(row.costUsd).toBe(999_999_999.999999)
      }))

    test('names the arm that was used and the arm that was chosen', () =>
      withStore(async store => {
        const used = { arm: { id: 'security', facets: { model: 'small' } } }
        const row = await rowAfter(store, outcomeFact('a', { body: used }), decisionFact('a'))
        expect(row).toMatchObject({ arm: 'security', chosenArm: 'optimizer' })
        const corrected = await rowAfter(store, outcomeFact('a', { id: 'again' }))
        expect(corrected).toMatchObject({ arm: 'optimizer', chosenArm: 'optimizer' })
      }))

    test('has no propensity and no stage for recorded history', () =>
      withStore(async store => {
        const body = { propensity: null, distribution: null, policy: null, stage: null, explored: null, taskType: null }
        const row = await rowAfter(store, decisionFact('a', { body: { ...body, context: { repository: 'shop' } } }))
        expect(row).toEqual({ ...decidedRow, propensity: null, stage: null, taskType: null, repository: 'shop' })
      }))

    test('sums and counts feedback, and steps change nothing', () =>
      withStore(async store => {
        const row = await rowAfter(
          store,
          feedbackFact('a'),
          stepFact('a'),
          decisionFact('a'),
          feedbackFact('a', { id: 'f2', body: { value: false, value01: 0 } }),
          feedbackFact('a', { id: 'f3', body: { value: 0.1, value01: 0.1 } }),
        )
        expect(row).toEqual({ ...decidedRow, ratingSum: 0.9, ratingCount: 3 })
      }))

    test('is not changed by facts that are repeated', () =>
      withStore(async store => {
        const drafts = [decisionFact('a'), outcomeFact('a'), feedbackFact('a')]
        const once = await rowAfter(store, ...drafts)
        expect(once).toEqual({ ...joinedRow, ratingSum: 0.8, ratingCount: 1 })
        expect(await rowAfter(store, ...drafts, ...drafts)).toEqual(once)
      }))

    test('is the same for every order in which its facts arrive, alone or together', () =>
      withStore(async store => {
        const thirds = { value: 'fair' as const, value01: 1 / 3 }
        const facts = [
          recorded(decisionFact('a'), 10),
          recorded(outcomeFact('a', { id: 'o1', body: { success: false, arm: { id: 'security' } } }), 20),
          recorded(outcomeFact('a', { id: 'o2', body: { quality: 0.1 } }), 20),
          recorded(feedbackFact('a', { id: 'f1', body: thirds }), 30),
          recorded(feedbackFact('a', { id: 'f2', body: { value: 0.7, value01: 0.7 } }), 31),
          recorded(feedbackFact('a', { id: 'f3', body: { value: 0.1, value01: 0.1 } }), 32),
          recorded(stepFact('a'), 40),
        ]
        await store.append('together', [facts])
        const [expected] = await store.executions('together', {})
        expect(expected).toMatchObject({ arm: 'optimizer', quality: 0.1, success: true, ratingCount: 3 })
        let runs = 0
        await fc.assert(
          fc.asyncProperty(fc.shuffledSubarray(facts, { minLength: facts.length }), async order => {
            runs += 1
            const scope = `order ${runs}`
            for (const fact of order) await store.append(scope, [[fact]])
            expect(await store.executions(scope, {})).toEqual([expected])
          }),
          { seed: 1, numRuns: 60 },
        )
      }))
  })
}
