import type { LoggedFact, Store } from '../../store/store.ts'
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
  const end = page.at(-1)?.cursor ?? cursor
  const executions = await store.facts(scope, touchedBy(page))
  const changes = [...executions.values()].flatMap((facts): Change[] => {
    const before = contributionOf(facts, cursor)
    const after = contributionOf(facts, end)
    return [
      ...(before === null ? [] : [{ ...before, by: -1 as const }]),
      ...(after ? [{ ...after, by: 1 as const }] : []),
    ]
  })
  return { changes, cursor: end, length: page.length }
}

/** The executions whose place or sums the facts may change; steps change neither. */
const touchedBy = (page: readonly LoggedFact[]) => [
  ...new Set(page.filter(({ fact }) => fact.kind !== 'step').map(({ fact }) => fact.executionId)),
]
