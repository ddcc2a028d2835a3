import { z } from 'zod'
import { TacitError } from '../errors.ts'
import { hash53 } from '../math/hash.ts'
import { type Fact, factSchema, parse } from '../records.ts'
import { canonicalJson } from '../store/log-hash.ts'
import type { Appended, VectorRow } from '../store/store.ts'
import { assertNotAhead } from './drafts.ts'
import type { Parts } from './parts.ts'
import { guarded } from './privacy.ts'

const batchSize = 500
const pageSize = 1000
/** Conflicts that are listed one by one; further ones are only counted. */
const maxListed = 100

export interface ImportOptions {
  /** Only say what would happen. */
  readonly dryRun?: boolean
  /** Called now and then with the number of facts looked at. */
  readonly onProgress?: (facts: number) => void
}

export interface ImportReport {
  readonly stored: number
  /** Facts that are on record already: what is on record stays. */
  readonly duplicates: number
  /** Duplicates whose content is not that of the fact on record. */
  readonly differing: number
  /** Facts left out, since their id belongs to another fact here. */
  readonly conflicts: number
  /** The first hundred facts that conflict or differ. */
  readonly listed: readonly {
    readonly id: string
    readonly kind: Fact['kind']
    readonly problem: 'conflict' | 'differing'
  }[]
}

const importSchema = z.strictObject({
  dryRun: z.boolean().default(false),
  onProgress: z.custom<ImportOptions['onProgress']>(value => typeof value === 'function').optional(),
})

/** Every fact of the scope in canonical order. */
export async function* exportFacts({ store, config }: Parts): AsyncGenerator<Fact> {
  let after: Fact | null = null
  for (;;) {
    const page = await store.log(config.scope, after, pageSize)
    for (const { fact } of page) yield fact
    if (page.length < pageSize) return
    after = page.at(-1)!.fact
  }
}

/**
 * Appends facts that were exported elsewhere, ids, times and origins kept. Every fact is checked before it is written,
 * batch by batch; given once more after an interruption, what is there already is a duplicate. With `dryRun` nothing is
 * written and the counts say what would happen; only an id that the database already holds for another execution is not
 * foreseen as a conflict.
 * @throws TacitError INVALID_INPUT at the first fact that is none; the batches before it stay.
 */
export async function importFacts(
  parts: Parts,
  facts: Iterable<unknown> | AsyncIterable<unknown>,
  options: ImportOptions,
): Promise<ImportReport> {
  const { dryRun, onProgress } = parse(importSchema, options, 'import')
  assertIterable(facts)
  const { store, config, synchroniser } = parts
  const tally = new Tally()
  const claims = new Map<string, Claim>()
  return synchroniser.exclusive(async () => {
    const prunedBefore = await store.prunedUpTo(config.scope)
    try {
      for await (const batch of batches(parts, facts)) {
        if (dryRun) await judge(parts, batch, tally, claims)
        else await append(parts, batch, tally)
        onProgress?.(tally.facts)
      }
      return tally.report()
    } finally {
      // Batches before a fact that is none stay, and are learned from.
      if (!dryRun) synchroniser.noteAppended()
      await synchroniser.current()
      // What comes back out of an archive was learned before; what came later about it was not.
      if (prunedBefore && !dryRun) await synchroniser.reset()
      else if (!dryRun) await synchroniser.saveIfDue()
    }
  })
}

async function* batches(
  { now, guard }: Parts,
  facts: Iterable<unknown> | AsyncIterable<unknown>,
): AsyncGenerator<Fact[]> {
  let batch: Fact[] = []
  let index = 0
  for await (const value of facts) {
    const where = `import: fact ${++index}`
    const fact = guarded(guard, parse(factSchema, value, where))
    assertNotAhead(fact.atUs, now(), `${where}: at`)
    assertNotAhead(fact.recordedAtUs, now(), `${where}: recordedAt`)
    batch.push(fact)
    if (batch.length < batchSize) continue
    yield batch
    batch = []
  }
  if (batch.length > 0) yield batch
}

function assertIterable(facts: unknown): void {
  if (typeof facts === 'object' && facts !== null && (Symbol.iterator in facts || Symbol.asyncIterator in facts)) return
  throw new TacitError('INVALID_INPUT', 'import: facts must be an array or another iterable. Nothing was written.')
}

async function append({ store, config, embedder }: Parts, batch: readonly Fact[], tally: Tally): Promise<void> {
  const decisions = batch.filter(fact => fact.kind === 'decision')
  const vectors = await embedder.embed(decisions.map(({ body }) => body.task))
  const rows: VectorRow[] = decisions.map(({ id }, i) => ({
    executionId: id,
    embedder: embedder.id,
    vector: vectors[i]!,
  }))
  const results = await store.append(
    config.scope,
    batch.map(fact => [fact]),
    rows,
  )
  for (const [i, { status, facts }] of results.entries())
    tally.add(batch[i]!, status, facts[0] && claimOf(facts[0].fact))
}

/** What stands under an id: two facts of one id are the same fact, or a conflict. */
async function judge(
  { store, config }: Parts,
  batch: readonly Fact[],
  tally: Tally,
  claims: Map<string, Claim>,
): Promise<void> {
  const held = await store.facts(config.scope, [...new Set(batch.map(fact => fact.executionId))])
  for (const fact of batch) {
    const logged = held.get(fact.executionId)?.find(({ fact: { id } }) => id === fact.id)
    const known = logged === undefined ? claims.get(fact.id) : claimOf(logged.fact)
    if (known === undefined) claims.set(fact.id, claimOf(fact))
    const isSame = known?.kind === fact.kind && known.executionId === fact.executionId
    tally.add(fact, known === undefined ? 'stored' : isSame ? 'duplicate' : 'conflict', known)
  }
}

/** What stands under an id, in short. */
interface Claim extends Pick<Fact, 'kind' | 'executionId'> {
  /** Hash of the content. */
  readonly content: number
}

const claimOf = ({ kind, executionId, body }: Fact): Claim => ({
  kind,
  executionId,
  content: hash53(canonicalJson(body)),
})

class Tally {
  facts = 0
  readonly #counts = { stored: 0, duplicates: 0, differing: 0, conflicts: 0 }
  readonly #listed: ImportReport['listed'][number][] = []

  /** @param held the fact on record. */
  add(fact: Fact, status: Appended['status'], held: Claim | undefined): void {
    this.facts++
    if (status === 'stored') this.#counts.stored++
    else if (status === 'conflict') this.#list(fact, 'conflict')
    else {
      this.#counts.duplicates++
      if (held !== undefined && held.content !== claimOf(fact).content) this.#list(fact, 'differing')
    }
  }

  report(): ImportReport {
    return { ...this.#counts, listed: this.#listed }
  }

  #list({ id, kind }: Fact, problem: 'conflict' | 'differing'): void {
    this.#counts[problem === 'conflict' ? 'conflicts' : 'differing']++
    if (this.#listed.length < maxListed) this.#listed.push({ id, kind, problem })
  }
}
