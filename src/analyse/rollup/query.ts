import { TacitError } from '../../errors.ts'
import type { Store } from '../../store/store.ts'
import { changesAfter } from './changes.ts'
import { contributionOf } from './contribution.ts'
import { longestPeriod } from './dimensions.ts'
import { executionRollup } from './fold.ts'
import { type Group, type Grouping, Groups } from './groups.ts'
import { type Cover, cover, type Span } from './periods.ts'

/** Facts or executions taken per read. */
const pageLength = 1000
/** Times that the cells are read again because others folded meanwhile. */
const maxReads = 8

/**
 * The executions decided within `window`, summed up by group: the cells that make up the window, the facts that are not
 * folded into them yet, and at its ends, where it cuts an hour, single executions. All as of one point of the
 * log, so the answer is what summing up the whole log would give. Writes nothing.
 * @throws TacitError INVALID_INPUT for more groups than can be held, STORE_BUSY if the cells never stood still.
 */
export async function groupExecutions(store: Store, scope: string, window: Span, grouping: Grouping): Promise<Group[]> {
  const plan = cover(window, longestPeriod(grouping.groupBy))
  const { groups, cursor } = await readCells(store, scope, plan, grouping)
  const end = await addTail(store, scope, plan, groups, cursor)
  for (const edge of plan.edges) await addEdge(store, scope, edge, groups, end)
  return groups.result()
}

/** The cells of the plan at one cursor: read again if it moved while they were read. */
async function readCells(store: Store, scope: string, { spans }: Cover, grouping: Grouping) {
  for (let reads = 0; reads < maxReads; reads++) {
    const groups = new Groups(grouping)
    const cursor = await store.rollups.cursor(scope, executionRollup)
    for (const span of spans) {
      const cells = store.rollups.scan(scope, executionRollup, span)
      for await (const { key, startUs, value } of cells) groups.addCell(key, startUs, value)
    }
    if ((await store.rollups.cursor(scope, executionRollup)) === cursor) return { groups, cursor }
  }
  throw new TacitError(
    'STORE_BUSY',
    'metrics: the rollups changed each time while they were read. Try again, or ask for a shorter window.',
  )
}

/** Adds what the facts after `cursor` change in the cells of the plan; the cursor of the last fact. */
async function addTail(store: Store, scope: string, plan: Cover, groups: Groups, cursor: number): Promise<number> {
  const isCovered = (us: number) => plan.spans.some(({ fromUs, toUs }) => us >= fromUs && us < toUs)
  for (let end = cursor; ; ) {
    const page = await changesAfter(store, scope, end, pageLength)
    for (const change of page.changes) if (isCovered(change.atUs)) groups.addExecution(change, change.by)
    end = page.cursor
    if (page.length < pageLength) return end
  }
}

/** Adds the executions of a stretch at an end of the window, as their facts up to `cursor` tell them. */
async function addEdge(store: Store, scope: string, edge: Span, groups: Groups, cursor: number): Promise<void> {
  for await (const ids of decidedWithin(store, scope, edge)) {
    for (const facts of (await store.facts(scope, ids, cursor)).values()) {
      const contribution = contributionOf(facts)
      if (contribution !== null) groups.addExecution(contribution, 1)
    }
  }
}

/** Ids of the executions decided in a stretch of time, page by page from its end. */
export async function* decidedWithin(store: Store, scope: string, { fromUs, toUs }: Span): AsyncGenerator<string[]> {
  // Of the moment at which the last page ended, some were given already.
  let given = new Set<string>()
  for (let untilUs = toUs - 1; ; ) {
    const limit = pageLength + given.size
    const rows = await store.executions(scope, { sinceUs: fromUs, untilUs, limit })
    yield rows.filter(({ id }) => !given.has(id)).map(({ id }) => id)
    if (rows.length < limit) return
    const lastUs = rows.at(-1)!.decidedAtUs!
    const here = rows.filter(({ decidedAtUs }) => decidedAtUs === lastUs).map(({ id }) => id)
    given = new Set(lastUs === untilUs ? [...given, ...here] : here)
    untilUs = lastUs
  }
}
