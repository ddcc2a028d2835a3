import { describe, expect, test } from 'vitest'
import type { FactDraft, Snapshot, Store } from '../../../src/store/store.ts'
import { decisionFact, feedbackFact, outcomeFact, stepFact } from '../../helpers/facts.ts'
import type { WithStore } from '../store.suite.ts'

const vector = Float32Array.of(0.6, 0.8)
const whole = (id: string): FactDraft[] => [decisionFact(id), stepFact(id), outcomeFact(id), feedbackFact(id)]

/** Three executions of four facts and a vector each; the cursor of the last. */
async function fill(store: Store): Promise<number> {
  const names = ['a', 'b', 'c']
  const vectors = names.map(executionId => ({ executionId, embedder: 'e', vector }))
  await store.append('s', names.map(whole), vectors)
  return (await store.tail('s', 0, 100)).at(-1)!.cursor
}

const idsOf = async (store: Store) => (await store.tail('s', 0, 100)).map(({ fact }) => fact.id)
const near = async (store: Store) =>
  (await store.nearest('s', { embedder: 'e', vector, threshold: 0.5, limit: 10 })).map(({ execution }) => execution.id)

const checkpoint = (cursor: number, ...bytes: number[]): Snapshot => ({
  cursor,
  position: { recordedAtUs: cursor * 10, id: '' },
  bytes: Uint8Array.from(bytes),
})

export function pruneContract(withStore: WithStore): void {
  describe('pruning', () => {
    test('removes facts, rows and vectors of executions, and nothing else', () =>
      withStore(async store => {
        const cursor = await fill(store)
        const pruned = await store.prune('s', { executionIds: ['a', 'b', 'none'], cursor, what: 'executions' })
        expect(pruned).toEqual({ executions: 2, facts: 8, vectors: 2 })
        expect(await idsOf(store)).toEqual(['c', 'c/step', 'c/outcome', 'c/feedback'])
        expect((await store.executions('s', {})).map(({ id }) => id)).toEqual(['c'])
        expect(await near(store)).toEqual(['c'])
        expect(await store.prunedUpTo('s')).toBe(cursor - 4)
        expect(await store.prunedUpTo('other')).toBe(0)
      }))

    test('of steps or vectors leaves the rest of their executions', () =>
      withStore(async store => {
        const cursor = await fill(store)
        expect(await store.prune('s', { executionIds: ['a'], cursor, what: 'steps' })).toMatchObject({ facts: 1 })
        expect(await store.prune('s', { executionIds: ['b'], cursor, what: 'vectors' })).toMatchObject({ vectors: 1 })
        expect((await store.facts('s', ['a'])).get('a')!.length).toBe(3)
        expect((await store.executions('s', {})).length).toBe(3)
        expect((await near(store)).toSorted()).toEqual(['a', 'c'])
      }))

    test('leaves an execution whole that got facts meanwhile', () =>
      withStore(async store => {
        const cursor = await fill(store)
        await store.append('s', [[outcomeFact('a', { id: 'late' })]])
        const pruned = await store.prune('s', { executionIds: ['a', 'b'], cursor, what: 'executions' })
        expect(pruned).toEqual({ executions: 1, facts: 4, vectors: 1 })
        expect((await store.facts('s', ['a'])).get('a')!.length).toBe(5)
      }))

    test('keeps ids known: given again they are duplicates, taken by another kind a conflict', () =>
      withStore(async store => {
        const cursor = await fill(store)
        await store.prune('s', { executionIds: ['a'], cursor, what: 'executions' })
        expect((await store.append('s', [whole('a')]))[0]).toEqual({ status: 'duplicate', facts: [] })
        expect((await store.append('s', [[stepFact('x', { id: 'a' })]]))[0]!.status).toBe('conflict')
        expect((await idsOf(store)).length).toBe(8)
      }))

    test('is undone by giving the facts back with their time of recording, at the place that they had', () =>
      withStore(async (store, { reopen }) => {
        const cursor = await fill(store)
        const before = await store.tail('s', 0, 100)
        const rows = await store.executions('s', {})
        await store.prune('s', { executionIds: ['a', 'c'], cursor, what: 'executions' })
        const other = await reopen()
        await other.changedByOthers('s')
        const back = before.map(({ fact }) => fact).filter(({ executionId }) => executionId !== 'b')
        expect((await store.append('s', [back]))[0]!.status).toBe('stored')
        expect(await store.tail('s', 0, 100)).toEqual(before)
        expect(new Set(await store.executions('s', {}))).toEqual(new Set(rows))
        expect(await store.prunedUpTo('s')).toBe(0)
        expect(await other.changedByOthers('s')).toBe(true)
        expect((await store.append('s', [[decisionFact('next')]]))[0]!.facts[0]!.cursor).toBe(cursor + 1)
      }))

    test('a checkpoint is kept only in place of the one that was expected', () =>
      withStore(async (store, { reopen }) => {
        const other = await reopen()
        const [first, second, third] = [checkpoint(5, 1), checkpoint(4, 2), checkpoint(9, 3)]
        expect(await store.saveCheckpoint('s', 'c', first, null)).toBe(true)
        expect(await other.saveCheckpoint('s', 'c', second, null)).toBe(false)
        expect(await other.saveCheckpoint('s', 'c', third, second)).toBe(false)
        expect(await store.loadSnapshot('s', 'c')).toEqual(first)
        expect(await other.saveCheckpoint('s', 'c', second, first)).toBe(true)
        expect(await store.loadSnapshot('s', 'c')).toEqual(second)
      }))
  })
}
