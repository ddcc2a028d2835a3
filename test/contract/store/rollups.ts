import { describe, expect, test } from 'vitest'
import type { RollupCell } from '../../../src/store/rollups.ts'
import type { Store } from '../../../src/store/store.ts'
import { collect } from '../../helpers/collect.ts'
import type { WithStore } from '../store.suite.ts'

const cell = (startUs: number, key: string, value: string | null, period = 'hour'): RollupCell => ({
  period,
  startUs,
  key,
  value,
})
const save = (store: Store, fromCursor: number, toCursor: number, ...cells: RollupCell[]) =>
  store.rollups.save('s', 'r', { fromCursor, toCursor, cells })
const scan = (store: Store, fromUs = 0, toUs = Number.POSITIVE_INFINITY, period = 'hour') =>
  collect(store.rollups.scan('s', 'r', { period, fromUs, toUs }))

export function rollupContract(withStore: WithStore): void {
  describe('rollups', () => {
    test('that nobody saved are empty, at cursor 0', () =>
      withStore(async ({ rollups }) => {
        expect(await rollups.cursor('s', 'r')).toBe(0)
        expect(await rollups.get('s', 'r', [{ period: 'hour', startUs: 0, key: 'a' }])).toEqual([null])
        expect(await rollups.get('s', 'r', [])).toEqual([])
        expect(await collect(rollups.scan('s', 'r', { period: 'hour', fromUs: 0, toUs: 10 }))).toEqual([])
      }))

    test('give their cells back by place, in the order asked for', () =>
      withStore(async store => {
        await save(store, 0, 7, cell(5, 'a', 'one'), cell(5, 'b', 'two'), cell(5, 'a', 'day', 'day'))
        const places = [cell(5, 'b', ''), cell(6, 'a', ''), cell(5, 'a', '', 'day'), cell(5, 'a', ''), cell(5, 'b', '')]
        expect(await store.rollups.get('s', 'r', places)).toEqual(['two', null, 'day', 'one', 'two'])
        expect(await store.rollups.cursor('s', 'r')).toBe(7)
      }))

    test('are scanned from a start up to an end, by start, whatever their number', () =>
      withStore(async store => {
        const cells = Array.from({ length: 1300 }, (_, i) => cell(1 + (i % 5), `key ${i}`, `${i}`))
        await save(store, 0, 1, ...cells, cell(3, 'another period', 'x', 'day'))
        const inside = await scan(store, 2, 5)
        expect(inside.length).toBe(780)
        expect(new Set(inside.map(({ startUs }) => startUs))).toEqual(new Set([2, 3, 4]))
        expect(inside.map(({ startUs }) => startUs)).toEqual(inside.map(({ startUs }) => startUs).toSorted())
        expect(inside.map(({ value }) => value).toSorted()).toEqual(
          cells.flatMap(({ startUs, value }) => (startUs >= 2 && startUs < 5 ? [value!] : [])).toSorted(),
        )
        expect((await scan(store)).length).toBe(1300)
      }))

    test('replace and remove cells together with the move of the cursor', () =>
      withStore(async store => {
        await save(store, 0, 3, cell(1, 'a', 'one'), cell(2, 'b', 'two'))
        expect(await save(store, 3, 9, cell(1, 'a', 'changed'), cell(2, 'b', null), cell(2, 'none', null))).toBe(true)
        expect(await scan(store)).toEqual([cell(1, 'a', 'changed')])
        expect(await store.rollups.cursor('s', 'r')).toBe(9)
      }))

    test('take a fold only at the cursor where it begins: of several at once, one', () =>
      withStore(async (store, { reopen }) => {
        const others = [store, await reopen(), await reopen()]
        const saved = await Promise.all(others.map((other, i) => save(other, 0, 4, cell(1, 'a', `by ${i}`))))
        expect(saved.filter(Boolean)).toEqual([true])
        expect(await scan(store)).toEqual([cell(1, 'a', `by ${saved.indexOf(true)}`)])
        expect(await save(store, 0, 5, cell(1, 'a', 'late'))).toBe(false)
        expect(await save(store, 5, 6, cell(1, 'a', 'ahead'))).toBe(false)
        expect(await store.rollups.cursor('s', 'r')).toBe(4)
        expect((await scan(store))[0]!.value).toBe(`by ${saved.indexOf(true)}`)
      }))

    test('of another scope, name or period are apart', () =>
      withStore(async store => {
        await save(store, 0, 1, cell(1, 'a', 'mine'))
        await store.rollups.save('t', 'r', { fromCursor: 0, toCursor: 2, cells: [cell(1, 'a', 'scope')] })
        await store.rollups.save('s', 'q', { fromCursor: 0, toCursor: 3, cells: [cell(1, 'a', 'name')] })
        await store.rollups.drop('s', 'q')
        await store.rollups.drop('s', 'never saved')
        expect(await scan(store)).toEqual([cell(1, 'a', 'mine')])
        expect(await scan(store, 0, 10, 'day')).toEqual([])
        expect([await store.rollups.cursor('t', 'r'), await store.rollups.cursor('s', 'q')]).toEqual([2, 0])
      }))

    test('keep long and strange keys apart', () =>
      withStore(async store => {
        const long = 'k'.repeat(20_000)
        const keys = [`${long}a`, `${long}b`, '"\\', '\u00e9', 'e\u0301', '']
        await save(store, 0, 1, ...keys.map((key, i) => cell(1, key, `${i}`)))
        expect(
          await store.rollups.get(
            's',
            'r',
            keys.map(key => cell(1, key, '')),
          ),
        ).toEqual(['0', '1', '2', '3', '4', '5'])
        expect((await scan(store)).map(({ key }) => key).toSorted()).toEqual(keys.toSorted())
      }))

    test('are left as they were by reading', () =>
      withStore(async (store, { reopen }) => {
        await save(store, 0, 1, cell(1, 'a', 'one'))
        const other = await reopen()
        await other.changedByOthers('s')
        await scan(store)
        await store.rollups.get('s', 'r', [cell(1, 'a', '')])
        await store.rollups.cursor('s', 'none')
        expect(await other.changedByOthers('s')).toBe(false)
      }))
  })
}
