import type { Embedder } from '../embed/embedder.ts'
import { TacitError } from '../errors.ts'
import { type Fact, factSchema, parse } from '../records.ts'
import type { Store, VectorRow } from '../store/store.ts'

const batchSize = 500

interface Target {
  readonly store: Store
  readonly scope: string
  readonly embedder: Embedder
}

export interface ImportCounts {
  stored: number
  duplicates: number
  conflicts: number
}

/**
 * Appends facts that were exported elsewhere, ids, times and origins kept. Every fact is checked before it is written,
 * batch by batch. With `isDryRun` nothing is written and the counts say what would happen; only an id that the database
 * already holds for another execution is not foreseen as a conflict.
 * @throws TacitError INVALID_INPUT at the first fact that is none; the batches before it stay.
 */
export async function importFacts(
  target: Target,
  facts: Iterable<unknown> | AsyncIterable<unknown>,
  isDryRun: boolean,
): Promise<ImportCounts> {
  const counts: ImportCounts = { stored: 0, duplicates: 0, conflicts: 0 }
  const claims = new Map<string, Claim>()
  let batch: Fact[] = []
  let index = 0
  const flush = async () => {
    if (isDryRun) await judge(target, batch, counts, claims)
    else await append(target, batch, counts)
    batch = []
  }
  assertIterable(facts)
  for await (const value of facts) {
    batch.push(parse(factSchema, value, `import: fact ${++index}`))
    if (batch.length >= batchSize) await flush()
  }
  if (batch.length > 0) await flush()
  return counts
}

function assertIterable(facts: unknown): void {
  if (typeof facts === 'object' && facts !== null && (Symbol.iterator in facts || Symbol.asyncIterator in facts)) return
  throw new TacitError('INVALID_INPUT', 'import: facts must be an array or another iterable. Nothing was written.')
}

async function append({ store, scope, embedder }: Target, batch: readonly Fact[], counts: ImportCounts): Promise<void> {
  const decisions = batch.filter(fact => fact.kind === 'decision')
  const vectors = await embedder.embed(decisions.map(({ body }) => body.task))
  const rows: VectorRow[] = decisions.map(({ id }, i) => ({
    executionId: id,
    embedder: embedder.id,
    vector: vectors[i]!,
  }))
  const results = await store.append(
    scope,
    batch.map(fact => [fact]),
    rows,
  )
  for (const { status } of results) {
    if (status === 'stored') counts.stored++
    else if (status === 'duplicate') counts.duplicates++
    else counts.conflicts++
  }
}

/** What stands under an id: two facts of one id are the same fact, or a conflict. */
type Claim = Pick<Fact, 'kind' | 'executionId'>

async function judge(
  { store, scope }: Target,
  batch: readonly Fact[],
  counts: ImportCounts,
  claims: Map<string, Claim>,
): Promise<void> {
  const held = await store.facts(scope, [...new Set(batch.map(fact => fact.executionId))])
  for (const { id, kind, executionId } of batch) {
    const known = held.get(executionId)?.find(({ fact }) => fact.id === id)?.fact ?? claims.get(id)
    if (known === undefined) counts.stored++
    else if (known.kind === kind && known.executionId === executionId) counts.duplicates++
    else counts.conflicts++
    if (known === undefined) claims.set(id, { kind, executionId })
  }
}
