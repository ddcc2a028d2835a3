import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, test, vi } from 'vitest'
import type { Snapshot, Store } from '../../../src/store/store.ts'
import { collect } from '../../helpers/collect.ts'
import { decisionFact, feedbackFact, outcomeFact, startUs, stepFact } from '../../helpers/facts.ts'
import type { WithStore } from '../store.suite.ts'

const snapshot = (cursor: number, ...bytes: number[]): Snapshot => ({
  cursor,
  position: { recordedAtUs: cursor * 10, id: `fact ${cursor}` },
  bytes: Uint8Array.from(bytes),
})

export function stateContract(withStore: WithStore): void {
  describe('snapshots', () => {
    test('come back as they were saved, per scope and name', () =>
      withStore(async store => {
        expect(await store.loadSnapshot('s', 'policy')).toBeNull()
        await store.saveSnapshot('s', 'policy', snapshot(5, 1, 0, 255))
        await store.saveSnapshot('s', 'other', snapshot(6))
        expect(await store.loadSnapshot('s', 'policy')).toEqual(snapshot(5, 1, 0, 255))
        expect(await store.loadSnapshot('s', 'other')).toEqual(snapshot(6))
        expect(await store.loadSnapshot('t', 'policy')).toBeNull()
      }))

    test('of an earlier or the same cursor do not replace a later one', () =>
      withStore(async store => {
        await store.saveSnapshot('s', 'policy', snapshot(5, 1))
        await store.saveSnapshot('s', 'policy', snapshot(5, 2))
        await store.saveSnapshot('s', 'policy', snapshot(4, 3))
        expect(await store.loadSnapshot('s', 'policy')).toEqual(snapshot(5, 1))
        await store.saveSnapshot('s', 'policy', snapshot(6, 4))
        expect(await store.loadSnapshot('s', 'policy')).toEqual(snapshot(6, 4))
      }))

    test('that are dropped are gone, and an earlier one may then be saved', () =>
      withStore(async store => {
        await store.saveSnapshot('s', 'policy', snapshot(5))
        await store.saveSnapshot('t', 'policy', snapshot(7))
        await store.dropSnapshot('s', 'policy')
        await store.dropSnapshot('s', 'never saved')
        expect(await store.loadSnapshot('s', 'policy')).toBeNull()
        expect(await store.loadSnapshot('t', 'policy')).toEqual(snapshot(7))
        await store.saveSnapshot('s', 'policy', snapshot(1))
        expect(await store.loadSnapshot('s', 'policy')).toEqual(snapshot(1))
      }))
  })

  describe('counters and sums', () => {
    test('counters add up, per scope and name, from every handle', () =>
      withStore(async (store, { reopen }) => {
        const other = await reopen()
        await store.count('s', 'learning')
        await other.count('s', 'learning', 4)
        await store.count('s', '__proto__', 2)
        await store.count('t', 'learning')
        expect(Object.entries(await store.counters('s')).toSorted()).toEqual([
          ['__proto__', 2],
          ['learning', 5],
        ])
        expect(await store.counters('t')).toEqual({ learning: 1 })
        expect(await store.counters('none')).toEqual({})
      }))

    test('stats count facts by kind, executions, outcomes joined and waiting, and tell first and last moment', () =>
      withStore(async store => {
        await store.append('s', [
          [
            decisionFact('a'),
            stepFact('a'),
            outcomeFact('a'),
            outcomeFact('a', { id: 'correction' }),
            feedbackFact('a'),
          ],
          [decisionFact('b', { atUs: startUs - 5 })],
          [outcomeFact('c')],
          [stepFact('d')],
        ])
        const { sizeBytes, ...stats } = await store.stats('s')
        expect(stats).toEqual({
          facts: { decision: 2, step: 2, outcome: 3, feedback: 1 },
          executions: 2,
          withOutcome: 1,
          parkedOutcomes: 1,
          firstAtUs: startUs - 5,
          lastAtUs: startUs + 2_000_000,
        })
        expect(sizeBytes).toBeGreaterThan(0)
      }))
  })

  describe('handles', () => {
    test('see what others committed, and changedByOthers says so once', () =>
      withStore(async (store, { reopen }) => {
        const other = await reopen()
        expect([await store.changedByOthers('s'), await other.changedByOthers('s')]).toEqual([false, false])
        await store.append('s', [[decisionFact('a')]])
        expect(await store.changedByOthers('s')).toBe(false)
        expect(await other.changedByOthers('s')).toBe(true)
        expect(await other.changedByOthers('s')).toBe(false)
        expect((await other.tail('s', 0, 10)).map(({ fact }) => fact.id)).toEqual(['a'])
        expect((await other.append('s', [[decisionFact('a')]]))[0]!.status).toBe('duplicate')
        await other.append('s', [[outcomeFact('a')]])
        await store.append('s', [[stepFact('a')]])
        expect([await store.changedByOthers('s'), await other.changedByOthers('s')]).toEqual([true, true])
        expect((await store.executions('s', {}))[0]!.success).toBe(true)
      }))

    test('tell each scope for itself what others committed', () =>
      withStore(async (store, { reopen }) => {
        const other = await reopen()
        for (const scope of ['s', 't']) await other.append(scope, [[decisionFact('a')]])
        expect([await store.changedByOthers('s'), await store.changedByOthers('t')]).toEqual([true, true])
        expect([await store.changedByOthers('s'), await store.changedByOthers('t')]).toEqual([false, false])
      }))

    test('are told soon when others have written to their scope, until they ask no more', () =>
      withStore(async (store, { reopen }) => {
        const other = await reopen()
        let calls = 0
        const end = await store.subscribe('s', () => {
          calls += 1
        })
        await store.append('s', [[decisionFact('own')]])
        await other.append('s', [[decisionFact('a')]])
        await vi.waitFor(() => expect(calls).toBeGreaterThan(0), { timeout: 10_000, interval: 10 })
        await store.append('s', [[outcomeFact('a')]])
        await end()
        const before = calls
        await other.append('s', [[decisionFact('b')]])
        await sleep(400)
        expect(calls).toBe(before)
        expect((await store.tail('s', 0, 10)).length).toBe(4)
      }))

    test('share one origin, which other databases do not have', () =>
      withStore((first, { reopen }) =>
        withStore(async second => {
          expect(first.origin).toMatch(/^[0-9a-f-]{36}$/)
          expect((await reopen()).origin).toBe(first.origin)
          expect(second.origin).not.toBe(first.origin)
        }),
      ))

    test('find everything again after the database was closed', () =>
      withStore(async (store, { reopen }) => {
        const vector = Float32Array.of(0.6, 0.8)
        await store.append('s', [[decisionFact('a'), outcomeFact('a')]], [{ executionId: 'a', embedder: 'e', vector }])
        await store.saveSnapshot('s', 'policy', snapshot(2, 9))
        await store.count('s', 'learning')
        const before = await everything(store, vector)
        await store.close()
        expect(await everything(await reopen(), vector)).toEqual(before)
        expect(before.tail.length).toBe(2)
        expect(before.nearest.length).toBe(1)
      }))

    test('read without writing: another handle sees no commit', () =>
      withStore(async (store, { reopen }) => {
        const other = await reopen()
        const vector = Float32Array.of(0.6, 0.8)
        await store.append('s', [[decisionFact('a')]], [{ executionId: 'a', embedder: 'e', vector }])
        await other.changedByOthers('s')
        const before = await everything(store, vector)
        expect(await everything(store, vector)).toEqual(before)
        expect(await other.changedByOthers('s')).toBe(false)
        expect(before.tail.length).toBe(1)
      }))

    test('refuse every call once they are closed; closing twice is fine', () =>
      withStore(async store => {
        await store.append('s', [[decisionFact('a')]])
        await store.close()
        await store.close()
        const calls: (() => unknown)[] = [
          () => store.append('s', [[decisionFact('b')]]),
          () => store.tail('s', 0, 1),
          () => store.log('s', null, 1),
          () => store.facts('s', ['a']),
          () => store.executions('s', {}),
          () => collect(store.scan('s', {})),
          () => store.nearest('s', { embedder: 'e', vector: Float32Array.of(1), threshold: 0, limit: 1 }),
          () => store.loadSnapshot('s', 'policy'),
          () => store.saveSnapshot('s', 'policy', snapshot(1)),
          () => store.dropSnapshot('s', 'policy'),
          () => store.count('s', 'learning'),
          () => store.counters('s'),
          () => store.stats('s'),
          () => store.scopes(),
          () => store.changedByOthers('s'),
          () => store.subscribe('s', () => undefined),
        ]
        for (const call of calls) await expect(call()).rejects.toMatchObject({ code: 'CLOSED' })
      }))
  })
}

/** Every read there is. */
async function everything(store: Store, vector: Float32Array) {
  const { sizeBytes: _, ...stats } = await store.stats('s')
  return {
    tail: await store.tail('s', 0, 100),
    log: await store.log('s', null, 100),
    facts: await store.facts('s', ['a']),
    executions: await store.executions('s', {}),
    scanned: await collect(store.scan('s', {})),
    nearest: await store.nearest('s', { embedder: 'e', vector, threshold: -1, limit: 10 }),
    snapshot: await store.loadSnapshot('s', 'policy'),
    counters: await store.counters('s'),
    stats,
    scopes: await store.scopes(),
    origin: store.origin,
  }
}
