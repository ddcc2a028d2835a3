import type { Position } from '../records.ts'
import type { OnProgress, StoreAdmin } from './admin.ts'
import { copyLog, mismatch, type Opened } from './copy-log.ts'
import { logHash } from './log-hash.ts'
import type { RollupCell } from './rollups.ts'
import type { Store, VectorRow } from './store.ts'

const pageLength = 1000

export interface CopiedScope {
  readonly scope: string
  readonly facts: number
  readonly vectors: number
  /** SHA-256 of the log in canonical order, the same on both sides. */
  readonly logHash: string
}

/**
 * Copies scopes from one database into another, whatever the kind of both: facts with their ids, origins, times and order
 * of arrival, what is remembered of pruned ones, vectors, snapshots and counters. A copy that was broken off goes on where
 * it stopped, unless its scope was pruned. Facts that arrive at the source after the copy of their scope has reached the end of the log are not part of it.
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
  const snapshots = await from.admin.snapshots(scope)
  const rollups = await rollupsToCopy(from.admin, scope)
  const marks = [
    ...snapshots.map(({ name, cursor }) => ({ key: `snapshot ${name}`, cursor })),
    ...rollups.map(({ name, cursor }) => ({ key: `rollup ${name}`, cursor })),
  ]
  const { last, places } = await copyLog(from, to, scope, marks, step)
  const vectors = await copyVectors(from.admin, to.store, scope, step)
  for (const { name, ...snapshot } of snapshots) {
    const cursor = places.get(`snapshot ${name}`)
    if (cursor !== undefined) await to.store.saveSnapshot(scope, name, { ...snapshot, cursor })
  }
  for (const { name } of rollups) {
    const cursor = places.get(`rollup ${name}`)
    if (cursor !== undefined) await copyRollup(from.admin, to.store, scope, name, cursor)
  }
  await copyCounters(from.store, to.store, scope)
  const read = await hashUpTo(from.store, scope, last, step)
  const written = await hashUpTo(to.store, scope, Number.POSITIVE_INFINITY, step)
  if (read.logHash !== written.logHash) throw mismatch(scope, to.store.location, 'the logs of both sides differ')
  const kept = (await to.admin.tally(scope)).vectors
  if (kept !== vectors) throw mismatch(scope, to.store.location, `it holds ${kept} vectors instead of ${vectors}`)
  return { scope, facts: read.facts, vectors, logHash: read.logHash }
}

/** Sums follow from the log and are folded anew, except where facts that are in them were pruned. */
async function rollupsToCopy(admin: StoreAdmin, scope: string) {
  const [pruned] = await admin.pruned(scope, 0, 1)
  return pruned === undefined ? [] : admin.rollups(scope)
}

async function copyRollup(from: StoreAdmin, to: Store, scope: string, name: string, cursor: number): Promise<void> {
  let cells: RollupCell[] = []
  const save = async (toCursor: number) => {
    if (!(await to.rollups.save(scope, name, { fromCursor: 0, toCursor, cells }))) {
      throw mismatch(scope, to.location, `its sums "${name}" are written by somebody else`)
    }
    cells = []
  }
  try {
    for await (const cell of from.rollupCells(scope, name)) {
      cells.push(cell)
      if (cells.length === pageLength) await save(0)
    }
    await save(cursor)
  } catch (error) {
    // Half of the sums would be taken for none of them, and the rest be added to it.
    await to.rollups.drop(scope, name)
    throw error
  }
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
