import type { Store } from '../../store/store.ts'
import { type Contribution, contributionOf } from './contribution.ts'

/** An execution as it counted before (-1), or as it counts now (1). */
export interface Change extends Contribution {
  readonly by: 1 | -1
}

/** The next facts of the log after a cursor, and what they change. */
export interface ChangePage {
  readonly changes: readonly Change[]
  /** The cursor of the last of the facts. */
  readonly cursor: number
  /** Number of facts. */
  readonly length: number
}

/**
 * What the next `limit` facts after `cursor` change. An execution that they touch is taken out as it was up to `cursor`
 * and put in as it is after them, so late outcomes, corrections, and outcomes before their decision all come out right.
 */
export async function changesAfter(store: Store, scope: string, cursor: number, limit: number): Promise<ChangePage> {
  const page = await store.tail(scope, cursor, limit)
  // Steps change neither the place nor the sums of an execution.
  const telling = page.filter(({ fact }) => fact.kind !== 'step')
  const touched = Map.groupBy(telling, ({ fact }) => fact.executionId)
  const earlier = await store.facts(scope, [...touched.keys()], cursor)
  const changes = [...touched].flatMap(([id, facts]): Change[] => {
    const held = earlier.get(id) ?? []
    const before = contributionOf(held)
    const after = contributionOf([...held, ...facts])
    return [
      ...(before === null ? [] : [{ ...before, by: -1 as const }]),
      ...(after ? [{ ...after, by: 1 as const }] : []),
    ]
  })
  return { changes, cursor: page.at(-1)?.cursor ?? cursor, length: page.length }
}
