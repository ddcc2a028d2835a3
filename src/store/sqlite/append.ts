import { type AppendTarget, asRead, type PrunedFact } from '../append.ts'
import type { Projection } from '../projection.ts'
import { executionColumns, factColumns, toLoggedFact, toProjection } from '../rows.ts'
import type { FactDraft, LoggedFact, VectorRow } from '../store.ts'
import type { Connection } from './connection.ts'
import { executionValues, toBytes, withScopes } from './rows.ts'

const selectFact = `SELECT ${factColumns} FROM fact WHERE scope = ? AND id = ?`
// The plus keeps the planner from walking the log up to the cursor.
export const selectOfExecutions = `SELECT ${factColumns} FROM fact WHERE scope = ? AND execution_id IN (SELECT value FROM json_each(?)) AND +cursor <= ?`
const insertFact =
  'INSERT INTO fact (scope, id, kind, execution_id, at_us, recorded_at_us, origin, body) VALUES (?, ?, ?, ?, ?, ?, ?, ?)'
const restoreFact =
  'INSERT INTO fact (scope, id, kind, execution_id, at_us, recorded_at_us, origin, body, cursor) ' +
  'VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)'
const selectPruned = 'SELECT kind, execution_id, cursor FROM pruned WHERE scope = ? AND id = ?'
const selectExecution = 'SELECT * FROM execution WHERE scope = ? AND id = ?'
/** Inserts an execution, or replaces what its row holds. */
const upsertExecution =
  `INSERT INTO execution (scope, ${executionColumns.join(', ')}) ` +
  `VALUES (?, ${executionColumns.map(() => '?').join(', ')}) ` +
  `ON CONFLICT (scope, id) DO UPDATE SET ${executionColumns
    .slice(1)
    .map(column => `${column} = excluded.${column}`)
    .join(', ')}`
const insertVector =
  'INSERT INTO vector (scope, embedder, execution_id, dimension, vector) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING'

/** Hands out recording times above every fact that the database holds, also those that other processes added. */
export class RecordClock {
  readonly #connection: Connection
  readonly #now: () => number
  #seenCursor = 0
  #highestUs: number | null = null

  constructor(connection: Connection, now: () => number) {
    this.#connection = connection
    this.#now = now
  }

  /** Takes in what was committed since the last call. To be called first in each transaction that may append. */
  catchUp(): void {
    if (this.#highestUs === null) {
      this.#seenCursor = Number(this.#connection.value('SELECT coalesce(max(cursor), 0) FROM fact'))
      this.#highestUs = Number(this.#connection.value(highestRecordedAt))
      return
    }
    const row = this.#connection.get(
      'SELECT max(cursor) AS cursor, max(recorded_at_us) AS highest FROM fact WHERE cursor > ?',
      this.#seenCursor,
    )!
    if (row.cursor === null) return
    this.#seenCursor = Number(row.cursor)
    this.#highestUs = Math.max(this.#highestUs, Number(row.highest))
  }

  /** A moment later than every moment known: now, or a microsecond after the highest. */
  next(): number {
    this.#highestUs = Math.max(Math.round(this.#now() * 1000), (this.#highestUs ?? 0) + 1)
    return this.#highestUs
  }

  /** Notes the time that a fact brought with it. */
  note(recordedAtUs: number): void {
    this.#highestUs = Math.max(this.#highestUs ?? 0, recordedAtUs)
  }
}

/** The highest time of each scope is the end of an index. */
const highestRecordedAt = `${withScopes}
  SELECT coalesce(max((SELECT max(recorded_at_us) FROM fact WHERE fact.scope = scopes.scope)), 0) FROM scopes`

/** Appends to one scope inside the transaction of the caller; the clock must have caught up. */
export class SqliteTarget implements AppendTarget {
  readonly #connection: Connection
  readonly #clock: RecordClock
  readonly #scope: string

  constructor(connection: Connection, clock: RecordClock, scope: string) {
    this.#connection = connection
    this.#clock = clock
    this.#scope = scope
  }

  findFact(id: string): LoggedFact | undefined {
    const row = this.#connection.get(selectFact, this.#scope, id)
    return row && toLoggedFact(row)
  }

  findPruned(id: string): PrunedFact | undefined {
    const row = this.#connection.get(selectPruned, this.#scope, id)
    if (row === undefined) return undefined
    return { kind: row.kind, executionId: row.execution_id, cursor: row.cursor } as PrunedFact
  }

  findExecution(id: string): Projection | null {
    const row = this.#connection.get(selectExecution, this.#scope, id)
    return row === undefined ? null : toProjection(row)
  }

  factsOf(executionIds: readonly string[]): LoggedFact[] {
    const ids = JSON.stringify(executionIds)
    return this.#connection.all(selectOfExecutions, this.#scope, ids, Number.MAX_SAFE_INTEGER).map(toLoggedFact)
  }

  insertFact(draft: FactDraft): LoggedFact {
    const { fact, body } = asRead(draft, draft.recordedAtUs ?? this.#clock.next())
    this.#clock.note(fact.recordedAtUs)
    const { id, kind, executionId, atUs, recordedAtUs, origin } = fact
    const { lastInsertRowid } = this.#connection
      .statement(insertFact)
      .run(this.#scope, id, kind, executionId, atUs, recordedAtUs, origin, body)
    return { fact, cursor: Number(lastInsertRowid) }
  }

  restoreFact(draft: FactDraft, cursor: number): LoggedFact {
    const { fact, body } = asRead(draft, draft.recordedAtUs!)
    this.#clock.note(fact.recordedAtUs)
    const { id, kind, executionId, atUs, recordedAtUs, origin } = fact
    this.#connection.run(restoreFact, this.#scope, id, kind, executionId, atUs, recordedAtUs, origin, body, cursor)
    this.#connection.run('DELETE FROM pruned WHERE scope = ? AND id = ?', this.#scope, id)
    return { fact, cursor }
  }

  keepExecution(projection: Projection): void {
    this.#connection.run(upsertExecution, this.#scope, ...executionValues(projection))
  }

  keepVector({ executionId, embedder, vector }: VectorRow): void {
    this.#connection.run(insertVector, this.#scope, embedder, executionId, vector.length, toBytes(vector))
  }
}
