import type { RollupCell, RollupPlace } from '../../store/rollups.ts'
import type { Store } from '../../store/store.ts'
import { Cell } from './cell.ts'
import { type Change, changesAfter } from './changes.ts'
import { encodeKey } from './dimensions.ts'
import { periods, startOf } from './periods.ts'

/**
 * The rollup of executions. Its name carries the version of what is folded and how: a changed definition gets another
 * name, and so is folded anew from the log, and its migration drops the one before.
 */
export const executionRollup = 'executions.1'

/** Cells with new values, and the stretch of the log that they take in. */
export interface Fold {
  readonly fromCursor: number
  readonly toCursor: number
  readonly cells: readonly RollupCell[]
  /** Number of facts taken in. */
  readonly facts: number
}

/** What the next `limit` facts make of the rollup. Writes nothing. */
export async function nextFold(store: Store, scope: string, limit: number): Promise<Fold> {
  const fromCursor = await store.rollups.cursor(scope, executionRollup)
  const { changes, cursor, length } = await changesAfter(store, scope, fromCursor, limit)
  const touched = groupByPlace(changes)
  const places = [...touched.values()].map(({ place }) => place)
  const held = await store.rollups.get(scope, executionRollup, places)
  const cells = [...touched.values()].map(({ place, changes }, i): RollupCell => {
    const text = held[i]
    const cell = text === null || text === undefined ? new Cell() : Cell.decode(text)
    for (const { measures, by } of changes) cell.add(measures, by)
    return { ...place, value: cell.executions === 0 ? null : cell.encode() }
  })
  return { fromCursor, toCursor: cursor, cells, facts: length }
}

/** The changes by the cells that they touch: one for each period. */
function groupByPlace(changes: readonly Change[]): Map<string, { place: RollupPlace; changes: Change[] }> {
  const touched = new Map<string, { place: RollupPlace; changes: Change[] }>()
  for (const change of changes) {
    const key = encodeKey(change.key)
    for (const period of periods) {
      const startUs = startOf(period, change.atUs)
      const id = `${period} ${startUs} ${key}`
      const group = touched.get(id)
      if (group === undefined) touched.set(id, { place: { period, startUs, key }, changes: [change] })
      else group.changes.push(change)
    }
  }
  return touched
}
