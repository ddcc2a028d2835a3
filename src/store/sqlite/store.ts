import type { CompiledQuery } from 'kysely'
import { comparePositions, type FactKind, type Position } from '../../records.ts'
import { appendGroups, assertAppendable, assertScope } from '../append.ts'
import { toExecutionRow } from '../projection.ts'
import { executionsQuery, scanQuery, sqliteQueries } from '../queries.ts'
import { factColumns, toLoggedFact, toProjection } from '../rows.ts'
import type {
  Appended,
  AppendOptions,
  ExecutionFilter,
  ExecutionRow,
  FactDraft,
  LoggedFact,
  NearestQuery,
  Neighbour,
  Pruned,
  PruneRequest,
  Snapshot,
  Store,
  StoreStats,
  VectorRow,
} from '../store.ts'
import { RecordClock, SqliteTarget, selectOfExecutions } from './append.ts'
import type { Connection, Row, Value } from './connection.ts'
import { isBusy, translateFailure } from './failure.ts'
import { prune, saveCheckpoint } from './prune.ts'
import { SqliteRollups } from './rollups.ts'
import { withScopes } from './rows.ts'
import { VectorSearch } from './vector-search.ts'
import { WriteLane } from './write-lane.ts'

/** Rows taken per read, so that a long answer neither fills the memory nor holds a view of the data open. */
const pageLength = 512
/** Scopes whose last question is remembered. */
const mostScopes = 10_000
/** How often a subscriber looks for changes, milliseconds. */
const lookAgainMs = 250
const selectTail = `SELECT ${factColumns} FROM fact WHERE scope = ? AND cursor > ? ORDER BY cursor LIMIT ?`
const selectRecordedAt = `SELECT ${factColumns} FROM fact WHERE scope = ? AND recorded_at_us = ?`
const selectRecordedAfter = `SELECT ${factColumns} FROM fact WHERE scope = ? AND recorded_at_us > ? ORDER BY recorded_at_us LIMIT ?`
const selectScopes = `${withScopes} SELECT scope FROM scopes WHERE scope IS NOT NULL`

/** The store over a connection whose schema is up to date. */
export class SqliteStore implements Store {
  readonly location: string
  readonly origin: string
  readonly rollups: SqliteRollups
  readonly #connection: Connection
  readonly #clock: RecordClock
  readonly #lane: WriteLane
  readonly #vectors: VectorSearch
  readonly #timers = new Set<NodeJS.Timeout>()
  /** The state of the file when it was first opened, and when each scope last asked for changes. */
  readonly #firstVersion: number
  readonly #versions = new Map<string, number>()

  constructor(connection: Connection, now: () => number, vectorMemoryMb = 0) {
    this.#connection = connection
    this.location = connection.location
    this.rollups = new SqliteRollups(connection)
    this.#clock = new RecordClock(connection, now)
    this.#lane = new WriteLane(connection, () => this.#clock.catchUp())
    this.#vectors = new VectorSearch(connection, vectorMemoryMb * 1_048_576)
    this.origin = String(connection.value('SELECT value FROM meta WHERE key = ?', 'origin'))
    this.#firstVersion = this.#readDataVersion()
  }

  async append(
    scope: string,
    groups: readonly (readonly FactDraft[])[],
    vectors: readonly VectorRow[] = [],
    options: AppendOptions = {},
  ): Promise<Appended[]> {
    assertScope(scope)
    assertAppendable(groups, vectors)
    return this.#lane.write(() =>
      appendGroups(new SqliteTarget(this.#connection, this.#clock, scope), scope, groups, vectors, options),
    )
  }

  async tail(scope: string, cursor: number, limit: number): Promise<LoggedFact[]> {
    return (await this.#rows(selectTail, scope, cursor, limit)).map(toLoggedFact)
  }

  /**
   * SQLite compares text by its UTF-8 bytes, canonical order by UTF-16 units. So facts recorded at the same microsecond
   * (only imports have them) are read together and put in order here.
   */
  async log(scope: string, after: Position | null, limit: number): Promise<LoggedFact[]> {
    const connection = this.#connection
    const rows = await connection.read(() => {
      const same = after === null ? [] : connection.all(selectRecordedAt, scope, after.recordedAtUs)
      const later = connection.all(selectRecordedAfter, scope, after?.recordedAtUs ?? -1, limit)
      const lastAt = later.at(-1)?.recorded_at_us
      if (lastAt === undefined) return same
      const whole = later.filter(row => row.recorded_at_us !== lastAt)
      return [...same, ...whole, ...connection.all(selectRecordedAt, scope, lastAt)]
    })
    const facts = rows.map(toLoggedFact).sort((a, b) => comparePositions(a.fact, b.fact))
    return facts.filter(({ fact }) => after === null || comparePositions(fact, after) > 0).slice(0, limit)
  }

  async facts(
    scope: string,
    executionIds: readonly string[],
    untilCursor = Number.MAX_SAFE_INTEGER,
  ): Promise<Map<string, LoggedFact[]>> {
    const rows = await this.#rows(selectOfExecutions, scope, JSON.stringify(executionIds), untilCursor)
    const found = new Map<string, LoggedFact[]>(executionIds.map(id => [id, []]))
    for (const logged of rows.map(toLoggedFact)) found.get(logged.fact.executionId)!.push(logged)
    for (const [id, facts] of found) {
      if (facts.length === 0) found.delete(id)
      else facts.sort((a, b) => comparePositions(a.fact, b.fact))
    }
    return found
  }

  async changedByOthers(scope: string): Promise<boolean> {
    const version = this.#versionOrBusy()
    // Whoever holds the file so that it cannot even be read may be changing it.
    if (version === null) return true
    const isChanged = version !== (this.#versions.get(scope) ?? this.#firstVersion)
    // Forgetting makes it say "changed" once too often.
    if (this.#versions.size >= mostScopes) this.#versions.clear()
    this.#versions.set(scope, version)
    return isChanged
  }

  /** Other processes cannot call here, so this looks from time to time. */
  async subscribe(_scope: string, listener: () => void): Promise<() => Promise<void>> {
    let version = this.#readDataVersion()
    const timer = setInterval(() => {
      const before = version
      version = this.#versionOrBusy() ?? before
      if (version !== before) listener()
    }, lookAgainMs).unref()
    this.#timers.add(timer)
    return async () => {
      this.#timers.delete(timer)
      clearInterval(timer)
    }
  }

  async executions(scope: string, filter: ExecutionFilter): Promise<ExecutionRow[]> {
    return (await this.#query(executionsQuery(sqliteQueries, scope, filter))).map(toRow)
  }

  async *scan(scope: string, filter: ExecutionFilter): AsyncGenerator<ExecutionRow> {
    let left = filter.limit ?? Number.POSITIVE_INFINITY
    for (let afterId = ''; left > 0; ) {
      const length = Math.min(pageLength, left)
      const rows = await this.#query(scanQuery(sqliteQueries, scope, filter, afterId, length))
      for (const row of rows) yield toRow(row)
      if (rows.length < length) return
      left -= rows.length
      afterId = rows.at(-1)!.id as string
    }
  }

  async nearest(scope: string, query: NearestQuery): Promise<Neighbour[]> {
    const found = await this.#vectors.nearest(scope, query)
    return this.#connection.read(() =>
      found.flatMap(({ score, item }) => {
        // It may have been pruned just now.
        const row = this.#connection.get('SELECT * FROM execution WHERE scope = ? AND id = ?', scope, item)
        return row === undefined ? [] : [{ similarity: score, execution: toRow(row) }]
      }),
    )
  }

  async loadSnapshot(scope: string, name: string): Promise<Snapshot | null> {
    const sql = 'SELECT cursor, recorded_at_us, fact_id, bytes FROM snapshot WHERE scope = ? AND name = ?'
    const [row] = await this.#rows(sql, scope, name)
    if (row === undefined) return null
    const position = { recordedAtUs: row.recorded_at_us as number, id: row.fact_id as string }
    return { cursor: row.cursor as number, position, bytes: row.bytes as Uint8Array }
  }

  async saveSnapshot(scope: string, name: string, { cursor, position, bytes }: Snapshot): Promise<void> {
    assertScope(scope)
    const sql =
      'INSERT INTO snapshot (scope, name, cursor, recorded_at_us, fact_id, bytes) VALUES (?, ?, ?, ?, ?, ?) ' +
      'ON CONFLICT (scope, name) DO UPDATE SET cursor = excluded.cursor, recorded_at_us = excluded.recorded_at_us, ' +
      'fact_id = excluded.fact_id, bytes = excluded.bytes WHERE excluded.cursor > snapshot.cursor'
    await this.#change(sql, scope, name, cursor, position.recordedAtUs, position.id, bytes)
  }

  async dropSnapshot(scope: string, name: string): Promise<void> {
    await this.#change('DELETE FROM snapshot WHERE scope = ? AND name = ?', scope, name)
  }

  async saveCheckpoint(scope: string, name: string, snapshot: Snapshot, replaced: Snapshot | null): Promise<boolean> {
    assertScope(scope)
    return this.#connection.write(() => saveCheckpoint(this.#connection, scope, name, snapshot, replaced))
  }

  async prune(scope: string, request: PruneRequest): Promise<Pruned> {
    return this.#connection.write(() => prune(this.#connection, scope, request))
  }

  async prunedUpTo(scope: string): Promise<number> {
    const [row] = await this.#rows('SELECT max(cursor) AS cursor FROM pruned WHERE scope = ?', scope)
    return Number(row?.cursor ?? 0)
  }

  async count(scope: string, counter: string, by = 1): Promise<void> {
    assertScope(scope)
    const sql =
      'INSERT INTO counter (scope, name, value) VALUES (?, ?, ?) ' +
      'ON CONFLICT (scope, name) DO UPDATE SET value = value + excluded.value'
    await this.#change(sql, scope, counter, by)
  }

  async counters(scope: string): Promise<Record<string, number>> {
    const rows = await this.#rows('SELECT name, value FROM counter WHERE scope = ? ORDER BY name', scope)
    return Object.fromEntries(rows.map(row => [row.name as string, row.value as number]))
  }

  async stats(scope: string): Promise<StoreStats> {
    const connection = this.#connection
    return connection.read(() => {
      const kinds = connection.all(
        'SELECT kind, count(*) AS n, min(at_us) AS first, max(at_us) AS last FROM fact WHERE scope = ? GROUP BY kind',
        scope,
      )
      const executions = connection.get(
        'SELECT count(decided_at_us) AS decided, ' +
          'count(*) FILTER (WHERE decided_at_us IS NOT NULL AND outcome_at_us IS NOT NULL) AS joined, ' +
          'count(*) FILTER (WHERE decided_at_us IS NULL AND outcome_at_us IS NOT NULL) AS parked ' +
          'FROM execution WHERE scope = ?',
        scope,
      )!
      const countOf = (kind: FactKind) => Number(kinds.find(row => row.kind === kind)?.n ?? 0)
      return {
        facts: {
          decision: countOf('decision'),
          step: countOf('step'),
          outcome: countOf('outcome'),
          feedback: countOf('feedback'),
        },
        executions: Number(executions.decided),
        withOutcome: Number(executions.joined),
        parkedOutcomes: Number(executions.parked),
        firstAtUs: kinds.length === 0 ? null : Math.min(...kinds.map(row => Number(row.first))),
        lastAtUs: kinds.length === 0 ? null : Math.max(...kinds.map(row => Number(row.last))),
        sizeBytes: Number(connection.value('PRAGMA page_count')) * Number(connection.value('PRAGMA page_size')),
      }
    })
  }

  async scopes(): Promise<string[]> {
    return (await this.#rows(selectScopes)).map(row => row.scope as string)
  }

  async close(): Promise<void> {
    for (const timer of this.#timers) clearInterval(timer)
    this.#timers.clear()
    this.#connection.close()
  }

  #query({ sql, parameters }: CompiledQuery): Promise<Row[]> {
    return this.#rows(sql, ...(parameters as readonly Value[]))
  }

  #rows(sql: string, ...values: readonly Value[]): Promise<Row[]> {
    return this.#connection.attempt(() => this.#connection.all(sql, ...values))
  }

  #change(sql: string, ...values: readonly Value[]): Promise<void> {
    return this.#connection.write(() => this.#connection.run(sql, ...values))
  }

  /** Null while somebody holds the file so that it cannot be read. */
  #versionOrBusy(): number | null {
    try {
      return this.#readDataVersion()
    } catch (error) {
      if (isBusy(error)) return null
      throw translateFailure(error, this.location)
    }
  }

  /** Changes exactly when another connection, of this process or another, has committed. */
  #readDataVersion(): number {
    return Number(this.#connection.value('PRAGMA data_version'))
  }
}

const toRow = (row: Row): ExecutionRow => toExecutionRow(toProjection(row))
