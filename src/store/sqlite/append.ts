import { TacitError } from '../../errors.ts'
import type { Fact } from '../../records.ts'
import { type Projection, project } from '../projection.ts'
import type { Appended, FactDraft, LoggedFact, VectorRow } from '../store.ts'
import type { Connection } from './connection.ts'
import {
  executionValues,
  factColumns,
  toBytes,
  toLoggedFact,
  toProjection,
  upsertExecution,
  withScopes,
} from './rows.ts'

/** A time beyond this (the year 2200) is a mistake; kept, it would push the clock of every later fact ahead. */
const latestRecordableUs = 7_258_118_400_000_000

const selectFact = `SELECT ${factColumns} FROM fact WHERE scope = ? AND id = ?`
const insertFact =
  'INSERT INTO fact (scope, id, kind, execution_id, at_us, recorded_at_us, origin, body) VALUES (?, ?, ?, ?, ?, ?, ?, ?)'
const selectExecution = 'SELECT * FROM execution WHERE scope = ? AND id = ?'
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

  /** Takes in what was committed since the last call. To be called inside the transaction that will append. */
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

/** @throws TacitError INVALID_INPUT for a draft or a vector that cannot be kept. */
export function assertAppendable(groups: readonly (readonly FactDraft[])[], vectors: readonly VectorRow[]): void {
  for (const draft of groups.flat()) {
    const { id, kind, executionId, recordedAtUs } = draft
    if (kind === 'decision' && id !== executionId) {
      throw invalid(`the decision ${id} names another execution, ${executionId}; the two must be the same`)
    }
    if (recordedAtUs !== undefined && !(recordedAtUs >= 0 && recordedAtUs <= latestRecordableUs)) {
      throw invalid(`the fact ${id} was recorded at ${recordedAtUs} µs, which is not between the years 1970 and 2200`)
    }
  }
  for (const { executionId, vector } of vectors) {
    if (vector.length === 0 || !vector.every(Number.isFinite)) {
      throw invalid(`the vector of ${executionId} is empty or holds a value that is not a finite number`)
    }
  }
}

/** Appends inside the transaction of the caller; the clock must have caught up. */
export function appendGroups(
  connection: Connection,
  clock: RecordClock,
  scope: string,
  groups: readonly (readonly FactDraft[])[],
  vectors: readonly VectorRow[],
): Appended[] {
  const stored = new Set<string>()
  const results = groups.map(group => appendGroup(connection, clock, scope, group, stored))
  const decided = new Set(groups.flat().flatMap(({ kind, id }) => (kind === 'decision' ? [id] : [])))
  for (const { executionId, embedder, vector } of vectors) {
    if (decided.has(executionId) && !stored.has(executionId)) continue
    if (connection.get(selectExecution, scope, executionId) === undefined) {
      throw invalid(`there is a vector for ${executionId}, but no such execution in the scope ${scope}`)
    }
    connection.run(insertVector, scope, embedder, executionId, vector.length, toBytes(vector))
  }
  return results
}

function appendGroup(
  connection: Connection,
  clock: RecordClock,
  scope: string,
  group: readonly FactDraft[],
  stored: Set<string>,
): Appended {
  const earlier = new Map<string, FactDraft | LoggedFact>()
  for (const draft of group) {
    const held = earlier.get(draft.id) ?? findFact(connection, scope, draft.id)
    const other = held === undefined ? draft : 'fact' in held ? held.fact : held
    if (other.kind !== draft.kind || other.executionId !== draft.executionId) {
      return { status: 'conflict', facts: [], conflictId: draft.id }
    }
    earlier.set(draft.id, held ?? draft)
  }
  const executions = new Map<string, Projection>()
  const facts: LoggedFact[] = []
  let isNew = false
  for (const held of earlier.values()) {
    if ('fact' in held) {
      facts.push(held)
      continue
    }
    const logged = insert(connection, clock, scope, held)
    const { executionId } = logged.fact
    const before = executions.get(executionId) ?? findExecution(connection, scope, executionId)
    executions.set(executionId, project(before, logged.fact))
    facts.push(logged)
    stored.add(logged.fact.id)
    isNew = true
  }
  for (const execution of executions.values()) connection.run(upsertExecution, ...executionValues(scope, execution))
  return { status: isNew ? 'stored' : 'duplicate', facts }
}

function insert(connection: Connection, clock: RecordClock, scope: string, draft: FactDraft): LoggedFact {
  const { id, kind, executionId, atUs, origin } = draft
  const recordedAtUs = draft.recordedAtUs ?? clock.next()
  clock.note(recordedAtUs)
  const body = JSON.stringify(draft.body)
  const { lastInsertRowid } = connection
    .statement(insertFact)
    .run(scope, id, kind, executionId, atUs, recordedAtUs, origin, body)
  // The body as it will be read back, so that what is learned now and what is learned on replay are the same.
  const fact = { id, kind, executionId, atUs, recordedAtUs, origin, body: JSON.parse(body) } as Fact
  return { fact, cursor: Number(lastInsertRowid) }
}

function findFact(connection: Connection, scope: string, id: string): LoggedFact | undefined {
  const row = connection.get(selectFact, scope, id)
  return row && toLoggedFact(row)
}

function findExecution(connection: Connection, scope: string, id: string): Projection | null {
  const row = connection.get(selectExecution, scope, id)
  return row === undefined ? null : toProjection(row)
}

const invalid = (text: string) => new TacitError('INVALID_INPUT', `append: ${text}. Nothing was written.`)
