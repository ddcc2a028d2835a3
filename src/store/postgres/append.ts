import { type AppendTarget, appendGroups, asRead, type PrunedFact } from '../append.ts'
import type { Projection } from '../projection.ts'
import { executionColumns, executionValues, factColumns, toLoggedFact, toProjection } from '../rows.ts'
import type { Appended, AppendOptions, FactDraft, LoggedFact, VectorRow } from '../store.ts'
import type { Row, Session } from './database.ts'

/** One call of `append`. */
export interface Call {
  readonly groups: readonly (readonly FactDraft[])[]
  readonly vectors: readonly VectorRow[]
  readonly options: AppendOptions
}
export type CallResult = { readonly appended: Appended[] } | { readonly error: unknown }

/** What became of each call, and how many facts were added. */
export interface Committed {
  readonly results: readonly CallResult[]
  readonly added: number
}

/** A transaction of which it is not known whether it was committed, what it would have answered, and a fact of it. */
export interface Doubt {
  readonly transaction: string
  readonly factId: string
  readonly committed: Committed
}

const executionTypes = {
  decided_at_us: 'bigint',
  propensity: 'double precision',
  outcome_at_us: 'bigint',
  success: 'boolean',
  quality: 'double precision',
  duration_ms: 'double precision',
  cost_micro_usd: 'bigint',
  rating_sum_nano: 'bigint',
  rating_count: 'bigint',
  outcome_recorded_at_us: 'bigint',
} as Readonly<Record<string, string>>
const typedExecutionColumns = executionColumns.map(column => `${column} ${executionTypes[column] ?? 'text'}`).join(', ')
const updatedExecutionColumns = executionColumns.slice(1).map(column => `${column} = excluded.${column}`)

const lockScope = {
  name: 'tacit_lock_scope',
  text: `SELECT cursor, recorded_at_us, pg_current_xact_id()::xid::text AS transaction
    FROM scope WHERE scope = $1 FOR UPDATE`,
}
const makeScope = {
  text: 'INSERT INTO scope (scope, cursor, recorded_at_us, changes) VALUES ($1, 0, 0, 0) ON CONFLICT DO NOTHING',
}
const findFacts = {
  name: 'tacit_find_facts',
  text: `
    SELECT ${factColumns} FROM fact WHERE scope = $1 AND id = ANY($2)
    UNION ALL
    SELECT ${factColumns} FROM fact WHERE scope = $1 AND execution_id = ANY($3) AND id <> ALL($2)`,
}
const findPruned = {
  name: 'tacit_find_pruned',
  text: 'SELECT id, kind, execution_id, cursor FROM pruned WHERE scope = $1 AND id = ANY($2)',
}
const findExecutions = {
  name: 'tacit_find_executions',
  text: 'SELECT * FROM execution WHERE scope = $1 AND id = ANY($2)',
}
const write = {
  name: 'tacit_write',
  text: `
    WITH facts AS (
      INSERT INTO fact (scope, ${factColumns})
      SELECT $1, ${factColumns} FROM json_to_recordset($2) AS new (
        cursor bigint, id text, kind text, execution_id text, at_us bigint, recorded_at_us bigint, origin text, body text)
    ), executions AS (
      INSERT INTO execution (scope, seq, ${executionColumns.join(', ')})
      SELECT $1, seq, ${executionColumns.join(', ')} FROM json_to_recordset($3) AS new (
        seq bigint, ${typedExecutionColumns})
      ON CONFLICT (scope, id) DO UPDATE SET ${updatedExecutionColumns.join(', ')}
    ), vectors AS (
      INSERT INTO task_vector (scope, embedder, execution_id, dimension, embedding)
      SELECT $1, embedder, execution_id, dimension, embedding FROM json_to_recordset($4) AS new (
        embedder text, execution_id text, dimension integer, embedding vector)
      ON CONFLICT DO NOTHING
    ), restored AS (
      DELETE FROM pruned WHERE scope = $1 AND id IN (SELECT id FROM json_to_recordset($2) AS new (id text))
    )
    UPDATE scope SET cursor = $5, recorded_at_us = $6, changes = changes + json_array_length($2) WHERE scope = $1`,
}
const findWriter = { text: 'SELECT xmin::text AS transaction FROM fact WHERE scope = $1 AND id = $2' }

/** Rows of one statement; longer writes take several in the same transaction. */
const writeLength = 1000

/**
 * Appends several calls to one scope in one transaction. Each call is kept whole or not at all, by itself; what the
 * database refuses fails them all, and nothing is then written.
 *
 * @param doubt what an earlier attempt left open. The lock on the scope waits for that attempt to end: if it was
 *   committed after all, its own answer is given again, so that what we stored is not called a duplicate.
 * @param onCommit told before the transaction is committed what to look for if the answer gets lost.
 */
export async function appendCalls(
  session: Session,
  scope: string,
  calls: readonly Call[],
  now: () => number,
  doubt: Doubt | null,
  onCommit: (doubt: Doubt) => void,
): Promise<Committed> {
  const before = await begin(session, scope, calls)
  if (doubt !== null && (await wasCommitted(session, scope, doubt))) {
    await session.run({ text: 'ROLLBACK' })
    return doubt.committed
  }
  const batch = new Batch(before)
  const results = calls.map(call => batch.append(scope, call, now))
  const committed = { results, added: batch.facts.length }
  const first = batch.facts[0]
  if (first === undefined && batch.vectors.length === 0) {
    await session.run({ text: 'ROLLBACK' })
    return committed
  }
  if (first !== undefined) onCommit({ transaction: before.transaction, factId: first.id, committed })
  await writeAndCommit(session, scope, batch)
  return committed
}

/** What a scope held when it was locked, as far as the calls ask. */
interface Before {
  readonly cursor: number
  readonly recordedAtUs: number
  readonly transaction: string
  readonly facts: ReadonlyMap<string, LoggedFact>
  readonly pruned: ReadonlyMap<string, PrunedFact>
  readonly executions: ReadonlyMap<string, Projection>
}

async function begin(session: Session, scope: string, calls: readonly Call[]): Promise<Before> {
  const drafts = calls.flatMap(({ groups }) => groups.flat())
  const ids = [...new Set(drafts.map(({ id }) => id))]
  const vectors = calls.flatMap(call => call.vectors)
  const told = calls.flatMap(({ groups, options }) => (options.withHistory ? groups.flat() : []))
  const toldIds = [...new Set(told.map(({ executionId }) => executionId))]
  const executionIds = [...new Set([...drafts, ...vectors].map(({ executionId }) => executionId))]
  for (;;) {
    const [, [row], facts, pruned, executions] = await Promise.all([
      session.run({ text: 'BEGIN ISOLATION LEVEL READ COMMITTED' }),
      session.run(lockScope, scope),
      session.run(findFacts, scope, ids, toldIds),
      session.run(findPruned, scope, ids),
      session.run(findExecutions, scope, executionIds),
    ])
    if (row !== undefined) {
      return {
        cursor: Number(row.cursor),
        recordedAtUs: Number(row.recorded_at_us),
        transaction: String(row.transaction),
        facts: new Map(facts.map(toLoggedFact).map(logged => [logged.fact.id, logged])),
        pruned: new Map(pruned.map(fact => [fact.id as string, toPruned(fact)])),
        executions: new Map(executions.map(toProjection).map(execution => [execution.id, execution])),
      }
    }
    // The first facts of a scope: its row is made for good, and says with cursor 0 that there is nothing yet.
    await Promise.all([session.run(makeScope, scope), session.run({ text: 'COMMIT' })])
  }
}

const toPruned = (row: Row) => ({ kind: row.kind, executionId: row.execution_id, cursor: row.cursor }) as PrunedFact

async function wasCommitted(session: Session, scope: string, { transaction, factId }: Doubt): Promise<boolean> {
  const [row] = await session.run(findWriter, scope, factId)
  return row?.transaction === transaction
}

async function writeAndCommit(session: Session, scope: string, batch: Batch): Promise<void> {
  const { facts, vectors } = batch
  const executions = batch.executionRows()
  const longest = Math.max(facts.length, executions.length, vectors.length)
  for (let start = 0; start < longest; start += writeLength) {
    const part = (rows: readonly unknown[]) => JSON.stringify(rows.slice(start, start + writeLength))
    const values = [scope, part(facts), part(executions), part(vectors), batch.cursor, batch.recordedAtUs]
    const isLast = start + writeLength >= longest
    await Promise.all([session.run(write, ...values), ...(isLast ? [session.run({ text: 'COMMIT' })] : [])])
  }
}

interface FactRow {
  readonly id: string
  readonly cursor: number
  readonly execution_id: string
}

/** What the calls of one transaction add to a scope. */
class Batch {
  cursor: number
  recordedAtUs: number
  readonly facts: FactRow[] = []
  readonly vectors: unknown[] = []
  readonly #before: Before
  readonly #factsBefore: ReadonlyMap<string, readonly LoggedFact[]>
  readonly #logged = new Map<string, LoggedFact>()
  readonly #executions = new Map<string, Projection>()

  constructor(before: Before) {
    this.#before = before
    this.#factsBefore = Map.groupBy(before.facts.values(), ({ fact }) => fact.executionId)
    this.cursor = before.cursor
    this.recordedAtUs = before.recordedAtUs
  }

  /** Adds what `call` appends, or nothing where it throws. */
  append(scope: string, { groups, vectors, options }: Call, now: () => number): CallResult {
    const added = new Addition(this, now)
    try {
      const appended = appendGroups(added, scope, groups, vectors, options)
      this.cursor = added.cursor
      this.recordedAtUs = added.recordedAtUs
      this.facts.push(...added.facts)
      this.vectors.push(...added.vectors)
      for (const [id, logged] of added.logged) this.#logged.set(id, logged)
      for (const [id, execution] of added.executions) this.#executions.set(id, execution)
      return { appended }
    } catch (error) {
      return { error }
    }
  }

  findFact(id: string): LoggedFact | undefined {
    return this.#logged.get(id) ?? this.#before.facts.get(id)
  }

  findPruned(id: string): PrunedFact | undefined {
    return this.#logged.has(id) ? undefined : this.#before.pruned.get(id)
  }

  findExecution(id: string): Projection | null {
    return this.#executions.get(id) ?? this.#before.executions.get(id) ?? null
  }

  factsOf(executionIds: readonly string[]): LoggedFact[] {
    const before = executionIds.flatMap(id => this.#factsBefore.get(id) ?? [])
    return [...before, ...about(this.#logged, executionIds)]
  }

  executionRows(): unknown[] {
    const seqs = new Map(this.facts.toReversed().map(({ execution_id, cursor }) => [execution_id, cursor]))
    return [...this.#executions.values()].map(execution => {
      const values = executionValues(execution)
      const row = Object.fromEntries(executionColumns.map((column, index) => [column, values[index]]))
      return { seq: seqs.get(execution.id), ...row }
    })
  }
}

const about = (logged: ReadonlyMap<string, LoggedFact>, executionIds: readonly string[]) =>
  [...logged.values()].filter(({ fact }) => executionIds.includes(fact.executionId))

/** What one call adds to its batch. */
class Addition implements AppendTarget {
  cursor: number
  recordedAtUs: number
  readonly facts: FactRow[] = []
  readonly vectors: unknown[] = []
  readonly logged = new Map<string, LoggedFact>()
  readonly executions = new Map<string, Projection>()
  readonly #batch: Batch
  readonly #now: () => number

  constructor(batch: Batch, now: () => number) {
    this.#batch = batch
    this.#now = now
    this.cursor = batch.cursor
    this.recordedAtUs = batch.recordedAtUs
  }

  findFact(id: string): LoggedFact | undefined {
    return this.logged.get(id) ?? this.#batch.findFact(id)
  }

  findPruned(id: string): PrunedFact | undefined {
    return this.logged.has(id) ? undefined : this.#batch.findPruned(id)
  }

  findExecution(id: string): Projection | null {
    return this.executions.get(id) ?? this.#batch.findExecution(id)
  }

  factsOf(executionIds: readonly string[]): LoggedFact[] {
    return [...this.#batch.factsOf(executionIds), ...about(this.logged, executionIds)]
  }

  insertFact(draft: FactDraft): LoggedFact {
    const time = draft.recordedAtUs ?? Math.max(Math.round(this.#now() * 1000), this.recordedAtUs + 1)
    this.cursor += 1
    return this.#keep(draft, time, this.cursor)
  }

  restoreFact(draft: FactDraft, cursor: number): LoggedFact {
    return this.#keep(draft, draft.recordedAtUs!, cursor)
  }

  keepExecution(projection: Projection): void {
    this.executions.set(projection.id, projection)
  }

  keepVector({ executionId, embedder, vector }: VectorRow): void {
    const embedding = `[${vector.join(',')}]`
    this.vectors.push({ embedder, execution_id: executionId, dimension: vector.length, embedding })
  }
  #keep(draft: FactDraft, time: number, cursor: number): LoggedFact {
    this.recordedAtUs = Math.max(this.recordedAtUs, time)
    const { fact, body } = asRead(draft, time)
    const { id, kind, executionId, atUs, recordedAtUs, origin } = fact
    const times = { at_us: atUs, recorded_at_us: recordedAtUs }
    this.facts.push({ cursor, id, kind, execution_id: executionId, ...times, origin, body } as FactRow)
    const logged = { fact, cursor }
    this.logged.set(id, logged)
    return logged
  }
}
