import type { CompiledQuery } from 'kysely'
import { comparePositions, type FactKind, type Position } from '../../records.ts'
import { assertAppendable, assertScope } from '../append.ts'
import { cosineTo } from '../cosine.ts'
import { toExecutionRow } from '../projection.ts'
import { executionsQuery, postgresQueries, scanQuery } from '../queries.ts'
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
  ReplicaState,
  Snapshot,
  Store,
  StoreStats,
  VectorRow,
} from '../store.ts'
import { Changes } from './changes.ts'
import type { Database, Row } from './database.ts'
import { Lanes } from './lanes.ts'
import { prune, saveCheckpoint } from './prune.ts'
import type { Replica } from './replica.ts'
import { PostgresRollups } from './rollups.ts'

/** Rows taken per read, so that a long answer does not fill the memory. */
const pageLength = 512
/**
 * The database orders vectors by single and half precision; so it is asked for more than needed, and these are compared
 * again in double precision.
 */
const candidates = (limit: number) => Math.max(limit + 64, Math.min(4 * limit, 1000))

const selectTail = {
  name: 'tacit_tail',
  text: `SELECT ${factColumns} FROM fact WHERE scope = $1 AND cursor > $2 ORDER BY cursor LIMIT $3`,
}
const selectLog = {
  name: 'tacit_log',
  text: `
    (SELECT ${factColumns} FROM fact WHERE scope = $1 AND recorded_at_us = $2)
    UNION ALL
    (SELECT ${factColumns} FROM fact WHERE scope = $1 AND recorded_at_us > $2
      ORDER BY recorded_at_us FETCH FIRST $3 ROWS WITH TIES)`,
}
const selectOfExecutions = {
  name: 'tacit_facts',
  text: `SELECT ${factColumns} FROM fact WHERE scope = $1 AND execution_id = ANY($2) AND cursor + 0 <= $3`,
}
const selectExecutions = {
  name: 'tacit_find_executions',
  text: 'SELECT * FROM execution WHERE scope = $1 AND id = ANY($2)',
}
const selectNearest = {
  text: 'SELECT execution_id, embedding::text FROM nearest_vectors($1, $2, $3::vector, $4, $5, $6, $7, $8, $9, $10, $11)',
}
const selectSnapshot = {
  text: 'SELECT cursor, recorded_at_us, fact_id, bytes FROM snapshot WHERE scope = $1 AND name = $2',
}
const upsertSnapshot = {
  text: `
    INSERT INTO snapshot (scope, name, cursor, recorded_at_us, fact_id, bytes) VALUES ($1, $2, $3, $4, $5, $6)
    ON CONFLICT (scope, name) DO UPDATE SET cursor = excluded.cursor, recorded_at_us = excluded.recorded_at_us,
      fact_id = excluded.fact_id, bytes = excluded.bytes WHERE excluded.cursor > snapshot.cursor`,
}
const deleteSnapshot = { text: 'DELETE FROM snapshot WHERE scope = $1 AND name = $2' }
const addToCounter = {
  text: `
    INSERT INTO counter (scope, name, value) VALUES ($1, $2, $3)
    ON CONFLICT (scope, name) DO UPDATE SET value = counter.value + excluded.value`,
}
const selectCounters = { text: 'SELECT name, value FROM counter WHERE scope = $1 ORDER BY name' }
const selectKinds = {
  text: 'SELECT kind, count(*) AS n, min(at_us) AS first, max(at_us) AS last FROM fact WHERE scope = $1 GROUP BY kind',
}
const countExecutions = {
  text: `
    SELECT count(decided_at_us) AS decided,
      count(*) FILTER (WHERE decided_at_us IS NOT NULL AND outcome_at_us IS NOT NULL) AS joined,
      count(*) FILTER (WHERE decided_at_us IS NULL AND outcome_at_us IS NOT NULL) AS parked
    FROM execution WHERE scope = $1`,
}
const selectSize = {
  text: `SELECT coalesce(sum(pg_total_relation_size(oid)), 0)::bigint AS bytes FROM pg_class
    WHERE relnamespace = 'tacit'::regnamespace AND relkind = 'r'`,
}
const selectPrunedUpTo = { text: 'SELECT max(cursor) AS cursor FROM pruned WHERE scope = $1' }
const selectScopes = { text: 'SELECT scope FROM scope WHERE cursor > 0 ORDER BY scope' }

/** The store over a database whose schema is up to date. */
export class PostgresStore implements Store {
  readonly location: string
  readonly origin: string
  readonly rollups: PostgresRollups
  readonly #database: Database
  readonly #changes: Changes
  readonly #lanes: Lanes
  #replica: Replica | null = null
  #closing: Promise<void> | null = null

  constructor(database: Database, origin: string, now: () => number) {
    this.location = database.location
    this.origin = origin
    this.#database = database
    this.rollups = new PostgresRollups(database)
    this.#changes = new Changes(database)
    this.#lanes = new Lanes(database, this.#changes, now)
  }

  async append(
    scope: string,
    groups: readonly (readonly FactDraft[])[],
    vectors: readonly VectorRow[] = [],
    options: AppendOptions = {},
  ): Promise<Appended[]> {
    this.#database.assertOpen()
    assertScope(scope)
    assertAppendable(groups, vectors)
    if (groups.length === 0 && vectors.length === 0) return []
    return this.#lanes.append(scope, { groups, vectors, options })
  }

  async tail(scope: string, cursor: number, limit: number): Promise<LoggedFact[]> {
    return (await this.#database.query(selectTail, scope, cursor, limit)).map(toLoggedFact)
  }

  /**
   * PostgreSQL compares text by its UTF-8 bytes, canonical order by UTF-16 units. So facts recorded at the same
   * microsecond (only imports have them) are read together and put in order here.
   */
  async log(scope: string, after: Position | null, limit: number): Promise<LoggedFact[]> {
    const rows = await this.#database.query(selectLog, scope, after?.recordedAtUs ?? -1, limit)
    const facts = rows.map(toLoggedFact).sort((a, b) => comparePositions(a.fact, b.fact))
    return facts.filter(({ fact }) => after === null || comparePositions(fact, after) > 0).slice(0, limit)
  }

  async facts(
    scope: string,
    executionIds: readonly string[],
    untilCursor = Number.MAX_SAFE_INTEGER,
  ): Promise<Map<string, LoggedFact[]>> {
    const rows = await this.#database.query(selectOfExecutions, scope, executionIds, untilCursor)
    const facts = rows.map(toLoggedFact).sort((a, b) => comparePositions(a.fact, b.fact))
    return Map.groupBy(facts, ({ fact }) => fact.executionId)
  }

  get connections() {
    return this.#database.connections
  }

  changedByOthers(scope: string): Promise<boolean> {
    return this.#changes.changedByOthers(scope)
  }

  subscribe(scope: string, listener: () => void): Promise<() => Promise<void>> {
    return this.#changes.subscribe(scope, listener)
  }

  async executions(scope: string, filter: ExecutionFilter): Promise<ExecutionRow[]> {
    return (await this.#query(executionsQuery(postgresQueries, scope, filter))).map(toRow)
  }

  async *scan(scope: string, filter: ExecutionFilter): AsyncGenerator<ExecutionRow> {
    let left = filter.limit ?? Number.POSITIVE_INFINITY
    for (let afterId = ''; left > 0; ) {
      const length = Math.min(pageLength, left)
      const rows = await this.#query(scanQuery(postgresQueries, scope, filter, afterId, length))
      for (const row of rows) yield toRow(row)
      if (rows.length < length) return
      left -= rows.length
      afterId = rows.at(-1)!.id as string
    }
  }

  async nearest(scope: string, query: NearestQuery): Promise<Neighbour[]> {
    const { embedder, vector, threshold, limit, filter = {} } = query
    if (limit <= 0) this.#database.assertOpen()
    if (limit <= 0) return []
    // An index knows no vector of length zero, whose similarity to everything is 0.
    const isExact = threshold <= 0 || vector.every(value => value === 0)
    const { taskType, arm, repository, sinceUs, untilUs, withOutcome } = filter
    const conditions = [taskType, arm, repository, sinceUs, untilUs, withOutcome].map(value => value ?? null)
    const text = `[${vector.join(',')}]`
    const found = await this.#database.query(
      selectNearest,
      scope,
      embedder,
      text,
      isExact,
      candidates(limit),
      ...conditions,
    )
    const similarityOf = cosineTo(vector)
    const best = found
      .map(row => ({ id: row.execution_id as string, similarity: similarityOf(toVector(row.embedding as string)) }))
      .filter(({ similarity }) => similarity >= threshold)
      .sort((a, b) => b.similarity - a.similarity)
      .slice(0, limit)
    const rows = await this.#database.query(
      selectExecutions,
      scope,
      best.map(({ id }) => id),
    )
    const executions = new Map(rows.map(toRow).map(execution => [execution.id, execution]))
    return best.flatMap(({ id, similarity }) => {
      const execution = executions.get(id)
      return execution === undefined ? [] : [{ similarity, execution }]
    })
  }

  async loadSnapshot(scope: string, name: string): Promise<Snapshot | null> {
    const [row] = await this.#database.query(selectSnapshot, scope, name)
    if (row === undefined) return null
    const position = { recordedAtUs: row.recorded_at_us as number, id: row.fact_id as string }
    return { cursor: row.cursor as number, position, bytes: new Uint8Array(row.bytes as Buffer) }
  }

  async saveSnapshot(scope: string, name: string, { cursor, position, bytes }: Snapshot): Promise<void> {
    assertScope(scope)
    const data = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    await this.#database.query(upsertSnapshot, scope, name, cursor, position.recordedAtUs, position.id, data)
  }

  async dropSnapshot(scope: string, name: string): Promise<void> {
    await this.#database.query(deleteSnapshot, scope, name)
  }

  /** Not repeated when the connection fails: the answer would be false if it had been kept. */
  async saveCheckpoint(scope: string, name: string, snapshot: Snapshot, replaced: Snapshot | null): Promise<boolean> {
    assertScope(scope)
    return this.#database.session(session => saveCheckpoint(session, scope, name, snapshot, replaced))
  }

  /** Not repeated when the connection fails: the second time there would be nothing to count. */
  async prune(scope: string, request: PruneRequest): Promise<Pruned> {
    let changes: number | null = null
    this.#changes.changing(scope)
    try {
      const pruned = await this.#database.session(session => prune(session, scope, request))
      changes = pruned.facts
      return pruned
    } finally {
      this.#changes.changed(scope, changes)
    }
  }

  async prunedUpTo(scope: string): Promise<number> {
    const [row] = await this.#database.query(selectPrunedUpTo, scope)
    return Number(row?.cursor ?? 0)
  }

  /** Not repeated when the connection fails: it could count twice. */
  async count(scope: string, counter: string, by = 1): Promise<void> {
    assertScope(scope)
    await this.#database.once(addToCounter, scope, counter, by)
  }

  async counters(scope: string): Promise<Record<string, number>> {
    const rows = await this.#database.query(selectCounters, scope)
    return Object.fromEntries(rows.map(row => [row.name as string, row.value as number]))
  }

  async stats(scope: string): Promise<StoreStats> {
    const [, kinds, [executions], [size]] = await this.#database.retry(() =>
      this.#database.session(session =>
        Promise.all([
          session.run({ text: 'BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY' }),
          session.run(selectKinds, scope),
          session.run(countExecutions, scope),
          session.run(selectSize),
          session.run({ text: 'COMMIT' }),
        ]),
      ),
    )
    const countOf = (kind: FactKind) => Number(kinds.find(row => row.kind === kind)?.n ?? 0)
    return {
      facts: {
        decision: countOf('decision'),
        step: countOf('step'),
        outcome: countOf('outcome'),
        feedback: countOf('feedback'),
      },
      executions: Number(executions!.decided),
      withOutcome: Number(executions!.joined),
      parkedOutcomes: Number(executions!.parked),
      firstAtUs: kinds.length === 0 ? null : Math.min(...kinds.map(row => Number(row.first))),
      lastAtUs: kinds.length === 0 ? null : Math.max(...kinds.map(row => Number(row.last))),
      sizeBytes: Number(size!.bytes),
    }
  }

  /** From now on questions may be answered by `replica`, which is closed with this store. */
  readFrom(replica: Replica): void {
    this.#replica = replica
  }

  readAside<T>(scope: string, read: (store: Store) => Promise<T>): Promise<T> {
    return this.#replica === null ? read(this) : this.#replica.read(scope, read)
  }

  async replica(scope: string): Promise<ReplicaState | null> {
    return this.#replica === null ? null : this.#replica.state(scope)
  }

  async scopes(): Promise<string[]> {
    return (await this.#database.query(selectScopes)).map(row => row.scope as string)
  }

  /** Waits for the appends that are on their way. */
  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    await this.#lanes.settled()
    await this.#changes.close()
    await this.#replica?.close()
    await this.#database.close()
  }

  #query({ sql, parameters }: CompiledQuery): Promise<Row[]> {
    return this.#database.query({ text: sql }, ...parameters)
  }
}

const toRow = (row: Row): ExecutionRow => toExecutionRow(toProjection(row))

export const toVector = (text: string): Float32Array => Float32Array.from(JSON.parse(text) as number[])
