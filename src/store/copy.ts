import { isDeepStrictEqual } from 'node:util'
import { TacitError } from '../errors.ts'
import type { Position } from '../records.ts'
import type { NamedSnapshot, OnProgress, StoreAdmin } from './admin.ts'
import { logHash } from './log-hash.ts'
import type { LoggedFact, Store, VectorRow } from './store.ts'

const pageLength = 1000

/** A database with both its sides open. */
export interface Opened {
  readonly store: Store
  readonly admin: StoreAdmin
}

export interface CopiedScope {
  readonly scope: string
  readonly facts: number
  readonly vectors: number
  /** SHA-256 of the log in canonical order, the same on both sides. */
  readonly logHash: string
}

/**
 * Copies scopes from one database into another, whatever the kind of both: facts with their ids, origins, times and order
 * of arrival, vectors, snapshots and counters. A copy that was broken off goes on where it stopped. Facts that arrive at
 * the source after the copy of their scope has reached the end of the log are not part of it.
 * @throws TacitError ALREADY_EXISTS if the target holds other facts in one of the scopes (nothing is then written to that
 *   scope); COPY_MISMATCH if what stands in the target afterwards is not what was read.
 */
export async function copyScopes(
  from: Opened,
  to: Opened,
  scopes: readonly string[],
  onProgress: OnProgress,
): Promise<CopiedScope[]> {
  const tallies = await Promise.all(scopes.map(scope => from.admin.tally(scope)))
  // Every fact is written once and read twice more for the comparison of both sides.
  const total = tallies.reduce((sum, { facts, vectors }) => sum + 3 * facts + vectors, 0)
  let done = 0
  const step = (count: number) => {
    done += count
    onProgress(Math.min(done, total), total)
  }
  const copied: CopiedScope[] = []
  for (const scope of scopes) copied.push(await copyScope(from, to, scope, step))
  return copied
}

async function copyScope(from: Opened, to: Opened, scope: string, step: (n: number) => void): Promise<CopiedScope> {
  await assertUnpruned(from.store, scope)
  const snapshots = await from.admin.snapshots(scope)
  const { last, targetCursors } = await copyFacts(from.store, to.store, scope, snapshots, step)
  const vectors = await copyVectors(from.admin, to.store, scope, step)
  for (const { name, ...snapshot } of snapshots) {
    const cursor = targetCursors.get(name)
    if (cursor !== undefined) await to.store.saveSnapshot(scope, name, { ...snapshot, cursor })
  }
  await copyCounters(from.store, to.store, scope)
  const read = await hashUpTo(from.store, scope, last, step)
  const written = await hashUpTo(to.store, scope, Number.POSITIVE_INFINITY, step)
  if (read.logHash !== written.logHash) throw mismatch(scope, to.store.location, 'the logs of both sides differ')
  const kept = (await to.admin.tally(scope)).vectors
  if (kept !== vectors) throw mismatch(scope, to.store.location, `it holds ${kept} vectors instead of ${vectors}`)
  return { scope, facts: read.facts, vectors, logHash: read.logHash }
}

/** What pruning left behind belongs to the places of its own database, and what it removed is in no log any more. */
async function assertUnpruned(store: Store, scope: string): Promise<void> {
  if (store.prunedUpTo === undefined || (await store.prunedUpTo(scope)) === 0) return
  throw new TacitError(
    'INVALID_INPUT',
    `The scope ${scope} of ${store.location} was pruned, so its log alone is not all of it, and it cannot be copied to ` +
      'another database; "tacit db backup" keeps a SQLite file with everything. Nothing was written.',
    { details: { scope, location: store.location } },
  )
}

interface Places {
  /** The last place in the source that was copied. */
  readonly last: number
  /** By the name of each snapshot: where the facts that were folded into it end in the target. */
  readonly targetCursors: ReadonlyMap<string, number>
}

async function copyFacts(
  from: Store,
  to: Store,
  scope: string,
  snapshots: readonly NamedSnapshot[],
  step: (n: number) => void,
): Promise<Places> {
  const targetCursors = new Map<string, number>()
  let target = 0
  let last = 0
  for (;;) {
    const page = await from.tail(scope, last, pageLength)
    const cursors = await copyPage(to, scope, page, target)
    for (const [index, { cursor }] of page.entries()) {
      for (const snapshot of snapshots) if (cursor <= snapshot.cursor) targetCursors.set(snapshot.name, cursors[index]!)
    }
    target = cursors.at(-1) ?? target
    last = page.at(-1)?.cursor ?? last
    step(page.length)
    if (page.length < pageLength) break
  }
  const [further] = await to.tail(scope, target, 1)
  if (further !== undefined) throw otherFacts(scope, to.location, further)
  return { last, targetCursors }
}

/** The places in the target of the facts of `page`: of those that an earlier copy has brought, and of the new ones. */
async function copyPage(to: Store, scope: string, page: readonly LoggedFact[], after: number): Promise<number[]> {
  const held = page.length === 0 ? [] : await to.tail(scope, after, page.length)
  const other = held.find(({ fact }, index) => !isDeepStrictEqual(fact, page[index]!.fact))
  if (other !== undefined) throw otherFacts(scope, to.location, other)
  const rest = page.slice(held.length).map(({ fact }) => [fact])
  const appended = rest.length === 0 ? [] : await to.append(scope, rest)
  return [...held, ...appended.map(({ facts }) => facts[0])].map((logged, index) => {
    if (logged !== undefined) return logged.cursor
    throw mismatch(scope, to.location, `it did not take the fact ${page[index]!.fact.id}`)
  })
}

async function copyVectors(from: StoreAdmin, to: Store, scope: string, step: (n: number) => void): Promise<number> {
  let count = 0
  let batch: VectorRow[] = []
  const flush = async () => {
    // An execution that came to the source only after its facts were copied is not there.
    const known = await to.facts(scope, [...new Set(batch.map(({ executionId }) => executionId))])
    const wanted = batch.filter(({ executionId }) => known.has(executionId))
    if (wanted.length > 0) await to.append(scope, [], wanted)
    count += wanted.length
    step(batch.length)
    batch = []
  }
  for await (const row of from.vectors(scope)) {
    batch.push(row)
    if (batch.length === pageLength) await flush()
  }
  await flush()
  return count
}

async function copyCounters(from: Store, to: Store, scope: string): Promise<void> {
  const held = await to.counters(scope)
  for (const [name, value] of Object.entries(await from.counters(scope))) {
    const missing = value - (Object.hasOwn(held, name) ? held[name]! : 0)
    if (missing > 0) await to.count(scope, name, missing)
  }
}

async function hashUpTo(store: Store, scope: string, last: number, step: (n: number) => void) {
  const hash = logHash()
  let facts = 0
  for (let after: Position | null = null; ; ) {
    const page = await store.log(scope, after, pageLength)
    for (const { fact, cursor } of page) {
      if (cursor > last) continue
      hash.add(fact)
      facts += 1
    }
    step(page.length)
    if (page.length < pageLength) return { facts, logHash: hash.digest() }
    after = page.at(-1)!.fact
  }
}

/** What an earlier copy has brought may be there already; with anything else in the scope it would be mixed. */
function otherFacts(scope: string, location: string, { fact }: LoggedFact): TacitError {
  return new TacitError(
    'ALREADY_EXISTS',
    `The scope ${scope} of ${location} holds other facts already (${fact.id}). Copy into an empty scope, or merge with ` +
      '"tacit export" and "tacit import".',
    { details: { scope, location, id: fact.id } },
  )
}

function mismatch(scope: string, location: string, what: string): TacitError {
  return new TacitError(
    'COPY_MISMATCH',
    `The copy of scope ${scope} in ${location} is not whole: ${what}. Something else writes to it; stop that, remove the ` +
      'copy, and copy again.',
    { details: { scope, location } },
  )
}
