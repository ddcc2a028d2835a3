import { TacitError } from '../../errors.ts'
import type {
  ConnectionsReport,
  ExecutionWithFacts,
  MaintenanceStep,
  NamedSnapshot,
  OnProgress,
  PlacedPruned,
  SchemaReport,
  StoreAdmin,
  Strays,
  Tally,
} from '../admin.ts'
import type { RollupCell } from '../rollups.ts'
import { factColumns, toLoggedFact, toPlacedPruned, toProjection } from '../rows.ts'
import type { VectorRow } from '../store.ts'
import type { Database, Row, Session } from './database.ts'
import { maintain } from './maintain.ts'
import { assertServer, latestVersion, migrate, schemaVersion } from './migrations.ts'
import { databaseOf, type PostgresOptions } from './open.ts'
import { steps } from './schema.ts'
import { toVector } from './store.ts'

const pageLength = 512

const beginRead = { text: 'BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY' }
const commit = { text: 'COMMIT' }
const selectScopes = {
  text: 'SELECT scope FROM scope WHERE cursor > 0 UNION SELECT scope FROM snapshot UNION SELECT scope FROM counter ORDER BY scope',
}
const selectTally = {
  text: `SELECT (SELECT count(*) FROM fact WHERE scope = $1) AS facts,
    (SELECT count(decided_at_us) FROM execution WHERE scope = $1) AS executions,
    (SELECT count(*) FROM task_vector WHERE scope = $1) AS vectors`,
}
const selectExecutions = { text: 'SELECT * FROM execution WHERE scope = $1 AND id > $2 ORDER BY id LIMIT $3' }
const selectFacts = { text: `SELECT ${factColumns} FROM fact WHERE scope = $1 AND execution_id = ANY($2)` }
const selectFactsWithoutRow = {
  text: `SELECT DISTINCT execution_id AS id FROM fact f WHERE scope = $1
    AND NOT EXISTS (SELECT FROM execution e WHERE e.scope = f.scope AND e.id = f.execution_id) LIMIT $2`,
}
const selectVectorsWithoutExecution = {
  text: `SELECT DISTINCT execution_id AS id FROM task_vector v WHERE scope = $1
    AND NOT EXISTS (SELECT FROM execution e WHERE e.scope = v.scope AND e.id = v.execution_id) LIMIT $2`,
}
const selectVectors = {
  text: `SELECT embedder, execution_id, embedding::text FROM task_vector
    WHERE scope = $1 AND (embedder, execution_id) > ($2, $3) ORDER BY embedder, execution_id LIMIT $4`,
}
const selectSnapshots = {
  text: 'SELECT name, cursor, recorded_at_us, fact_id, bytes FROM snapshot WHERE scope = $1 ORDER BY name',
}
const selectPruned = {
  text: 'SELECT id, kind, execution_id, cursor FROM pruned WHERE scope = $1 AND cursor > $2 ORDER BY cursor LIMIT $3',
}
const insertPruned = {
  text: `
    WITH moved AS (
      INSERT INTO scope (scope, cursor, recorded_at_us, changes) VALUES ($1, $5, 0, $5)
      ON CONFLICT (scope) DO UPDATE SET cursor = scope.cursor + $5, changes = scope.changes + $5
      RETURNING cursor - $5 AS last
    )
    INSERT INTO pruned (scope, id, kind, execution_id, cursor)
      SELECT $1, id, kind, execution_id, last + place
      FROM moved, unnest($2::text[], $3::text[], $4::text[]) WITH ORDINALITY AS given (id, kind, execution_id, place)
    RETURNING cursor`,
}
const selectRollups = { text: 'SELECT name, cursor FROM rollup WHERE scope = $1 ORDER BY name' }
const selectCells = {
  text: `SELECT period, start_us, key_digest, key, value FROM rollup_cell WHERE scope = $1 AND name = $2
    AND (period, start_us, key_digest) > ($3, $4, $5) ORDER BY period, start_us, key_digest LIMIT $6`,
}
const updateOrigin = { text: "UPDATE meta SET value = $1 WHERE key = 'origin'" }
/** What no statement of Tacit leaves behind: an index that was never finished, pages that are not as they were written, places given out twice. */
const selectProblems = {
  text: `
    SELECT format('the index %s is not valid', indexrelid::regclass) AS problem FROM pg_index
      JOIN pg_class ON pg_class.oid = indexrelid WHERE relnamespace = 'tacit'::regnamespace AND NOT indisvalid
    UNION ALL
    SELECT format('the server found %s pages with a wrong checksum', checksum_failures) FROM pg_stat_database
      WHERE datname = current_database() AND checksum_failures > 0
    UNION ALL
    SELECT format('the scope %s gave out the place %s, but its facts and what was pruned fill %s', scope, cursor, places)
      FROM (SELECT scope, cursor, (SELECT count(*) FROM fact WHERE fact.scope = scope.scope)
        + (SELECT count(*) FROM pruned WHERE pruned.scope = scope.scope) AS places FROM scope) counted WHERE cursor <> places
    LIMIT $1`,
}
/** Connections that call themselves as this one does, in the same database. */
const selectClients = {
  text: `
    SELECT pid, coalesce(usename, '?') AS "user", coalesce(host(client_addr), 'local') AS host, application_name,
      coalesce(state, 'not shown to this role') AS state
    FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'
      AND application_name = current_setting('application_name')
    ORDER BY pid`,
}
const selectSummary = {
  text: `
    SELECT current_setting('server_version') AS "serverVersion",
      (SELECT extversion FROM pg_extension WHERE extname = 'vector') AS "pgvectorVersion",
      current_setting('max_connections')::integer AS "maxConnections",
      (SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend') AS "connectionsOfServer",
      (SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend' AND datname = current_database())
        AS "connectionsOfDatabase",
      pg_database_size(current_database()) AS "databaseBytes"`,
}

/**
 * Opens a PostgreSQL database for its care.
 * @throws TacitError as `openPostgresStore` does; an older schema is left as it is.
 */
export async function openPostgresAdmin(options: PostgresOptions): Promise<StoreAdmin> {
  // Going through everything takes long. One connection is enough, and every other one of the database is somebody else's.
  const database = databaseOf({ ...options, poolSize: 1, statementTimeoutMs: 0 })
  try {
    await database.open()
    await database.session(session => assertServer(session, database.location))
    return new PostgresAdmin(database)
  } catch (error) {
    await database.close()
    throw error
  }
}

class PostgresAdmin implements StoreAdmin {
  readonly dialect = 'postgres'
  readonly location: string
  readonly #database: Database

  constructor(database: Database) {
    this.#database = database
    this.location = database.location
  }

  async schema(): Promise<SchemaReport> {
    const version = await this.#database.session(session => schemaVersion(session, this.location))
    const migrations = steps.map(({ name }, index) => ({ version: index + 1, name, isApplied: index < version }))
    return { version, latestVersion, migrations }
  }

  migrateTo(version: number): Promise<void> {
    return migrate(this.#database, version)
  }

  async assertAlone(): Promise<void> {
    const clients = await this.#clients()
    if (clients.length === 0) return
    const who = clients.map(({ name, processId }) => `${name} ${processId}`).join(', ')
    throw new TacitError(
      'STORE_BUSY',
      `The database ${this.location} is in use by other processes (${who}); nothing was changed. Stop them, then try again.`,
      { details: { location: this.location, clients } },
    )
  }

  async integrityProblems(limit: number): Promise<string[]> {
    return (await this.#database.query(selectProblems, limit)).map(row => row.problem as string)
  }

  async scopes(): Promise<string[]> {
    return (await this.#database.query(selectScopes)).map(row => row.scope as string)
  }

  async tally(scope: string): Promise<Tally> {
    const [row] = await this.#database.query(selectTally, scope)
    return { facts: Number(row!.facts), executions: Number(row!.executions), vectors: Number(row!.vectors) }
  }

  executionsWithFacts(scope: string, afterId: string, limit: number): Promise<ExecutionWithFacts[]> {
    return this.#database.session(async session => {
      await session.run(beginRead)
      const rows = await session.run(selectExecutions, scope, afterId, limit)
      const facts = await factsOf(session, scope, rows)
      await session.run(commit)
      return rows.map(row => ({
        id: row.id as string,
        row: toProjection(row),
        facts: facts.get(row.id as string) ?? [],
      }))
    })
  }

  async strays(scope: string, limit: number): Promise<Strays> {
    const ids = (rows: readonly Row[]) => rows.map(row => row.id as string)
    return {
      factsWithoutRow: ids(await this.#database.query(selectFactsWithoutRow, scope, limit)),
      vectorsWithoutExecution: ids(await this.#database.query(selectVectorsWithoutExecution, scope, limit)),
    }
  }

  async *vectors(scope: string): AsyncGenerator<VectorRow> {
    let last = { embedder: '', executionId: '' }
    for (;;) {
      const rows = await this.#database.query(selectVectors, scope, last.embedder, last.executionId, pageLength)
      for (const row of rows) {
        last = { embedder: row.embedder as string, executionId: row.execution_id as string }
        yield { ...last, vector: toVector(row.embedding as string) }
      }
      if (rows.length < pageLength) return
    }
  }

  async snapshots(scope: string): Promise<NamedSnapshot[]> {
    return (await this.#database.query(selectSnapshots, scope)).map(row => ({
      name: row.name as string,
      cursor: row.cursor as number,
      position: { recordedAtUs: row.recorded_at_us as number, id: row.fact_id as string },
      bytes: new Uint8Array(row.bytes as Buffer),
    }))
  }

  async pruned(scope: string, cursor: number, limit: number): Promise<PlacedPruned[]> {
    return (await this.#database.query(selectPruned, scope, cursor, limit)).map(toPlacedPruned)
  }

  async keepPruned(scope: string, facts: readonly PlacedPruned[]): Promise<number[]> {
    const columns = [facts.map(({ id }) => id), facts.map(({ kind }) => kind), facts.map(one => one.executionId)]
    const rows = await this.#database.once(insertPruned, scope, ...columns, facts.length)
    return rows.map(row => row.cursor as number).sort((a, b) => a - b)
  }

  async rollups(scope: string): Promise<{ name: string; cursor: number }[]> {
    return (await this.#database.query(selectRollups, scope)).map(row => ({
      name: row.name as string,
      cursor: row.cursor as number,
    }))
  }

  async *rollupCells(scope: string, name: string): AsyncGenerator<RollupCell> {
    let last: readonly [string, number, string] = ['', -1, '']
    for (;;) {
      const rows = await this.#database.query(selectCells, scope, name, ...last, pageLength)
      for (const row of rows) {
        last = [row.period as string, row.start_us as number, row.key_digest as string]
        yield { period: last[0], startUs: last[1], key: row.key as string, value: row.value as string }
      }
      if (rows.length < pageLength) return
    }
  }

  async adoptOrigin(origin: string): Promise<void> {
    await this.#database.query(updateOrigin, origin)
  }

  maintain(options: { readonly full: boolean }, onProgress: OnProgress): Promise<MaintenanceStep[]> {
    return maintain(this.#database, options, onProgress)
  }

  async connections(): Promise<ConnectionsReport> {
    const [summary] = await this.#database.query(selectSummary)
    return { summary: summary as ConnectionsReport['summary'], clients: await this.#clients() }
  }

  close(): Promise<void> {
    return this.#database.close()
  }

  async #clients() {
    return (await this.#database.query(selectClients)).map(({ pid, user, host, application_name, state }) => ({
      processId: Number(pid),
      name: `${application_name} (${user} from ${host})`,
      state: String(state),
    }))
  }
}

async function factsOf(session: Session, scope: string, rows: readonly Row[]) {
  const ids = rows.map(row => row.id)
  const facts = (await session.run(selectFacts, scope, ids)).map(toLoggedFact)
  return Map.groupBy(facts, ({ fact }) => fact.executionId)
}
