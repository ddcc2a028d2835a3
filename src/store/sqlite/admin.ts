import { existsSync, statSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
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
import { Connection, type Row } from './connection.ts'
import { isBusy, translateFailure } from './failure.ts'
import { inspectFile } from './inspect.ts'
import { maintain } from './maintain.ts'
import { describeSchema, migrate } from './migrations.ts'
import { processesWith } from './processes.ts'
import { toVector, withScopes } from './rows.ts'

export interface SqliteAdminOptions {
  readonly path: string
  /** Longest wait for other writers, milliseconds. */
  readonly busyTimeoutMs: number
  /** read: the file must exist, and nothing can change it. write: a missing file is made when something is written. */
  readonly access: 'read' | 'write'
}

const pageLength = 512
/** Attempts to be alone, and the pause between them: enough for a process that is just leaving. */
const aloneAttempts = 20
const alonePauseMs = 50

const selectScopes = `${withScopes}
  SELECT scope FROM scopes WHERE scope IS NOT NULL
  UNION SELECT scope FROM snapshot UNION SELECT scope FROM counter ORDER BY scope`
const selectExecutions = 'SELECT * FROM execution WHERE scope = ? AND id > ? ORDER BY id LIMIT ?'
const selectFacts = `SELECT ${factColumns} FROM fact WHERE scope = ? AND execution_id = ?`
const selectFactsWithoutRow =
  'SELECT DISTINCT execution_id AS id FROM fact WHERE scope = ? AND NOT EXISTS ' +
  '(SELECT 1 FROM execution WHERE execution.scope = fact.scope AND execution.id = fact.execution_id) LIMIT ?'
const selectVectorsWithoutExecution =
  'SELECT DISTINCT execution_id AS id FROM vector WHERE scope = ? AND NOT EXISTS ' +
  '(SELECT 1 FROM execution WHERE execution.scope = vector.scope AND execution.id = vector.execution_id) LIMIT ?'
const selectVectors =
  'SELECT embedder, execution_id, vector FROM vector WHERE scope = ? AND (embedder, execution_id) > (?, ?) ' +
  'ORDER BY embedder, execution_id LIMIT ?'
const selectTally =
  'SELECT (SELECT count(*) FROM fact WHERE scope = ?1) AS facts, ' +
  '(SELECT count(decided_at_us) FROM execution WHERE scope = ?1) AS executions, ' +
  '(SELECT count(*) FROM vector WHERE scope = ?1) AS vectors'
const selectSnapshots =
  'SELECT name, cursor, recorded_at_us, fact_id, bytes FROM snapshot WHERE scope = ? ORDER BY name'

const selectPruned =
  'SELECT id, kind, execution_id, cursor FROM pruned WHERE scope = ? AND cursor > ? ORDER BY cursor LIMIT ?'
const insertPruned = 'INSERT INTO pruned (scope, id, kind, execution_id, cursor) VALUES (?, ?, ?, ?, ?)'
/** The last place that was given out, whether or not its fact is still there. */
const selectLastPlace = "SELECT seq FROM sqlite_sequence WHERE name = 'fact'"
const updateLastPlace = "UPDATE sqlite_sequence SET seq = ? WHERE name = 'fact'"
const insertLastPlace = "INSERT INTO sqlite_sequence (name, seq) VALUES ('fact', ?)"
const selectRollups = 'SELECT name, cursor FROM rollup WHERE scope = ? ORDER BY name'
const selectCells =
  'SELECT period, start_us, key_digest, key, value FROM rollup_cell WHERE scope = ? AND name = ? ' +
  'AND (period, start_us, key_digest) > (?, ?, ?) ORDER BY period, start_us, key_digest LIMIT ?'

/**
 * Opens a SQLite file for its care.
 * @throws TacitError as `openSqliteStore` does; an older schema is left as it is.
 */
export async function openSqliteAdmin({ path, busyTimeoutMs, access }: SqliteAdminOptions): Promise<StoreAdmin> {
  if (path === ':memory:') {
    throw new TacitError('INVALID_CONFIG', 'A database in memory ends with its process. Name a file with --db.')
  }
  const readOnly = access === 'read'
  inspectFile(path, readOnly)
  return new SqliteAdmin(new Connection({ path, readOnly, busyTimeoutMs }))
}

class SqliteAdmin implements StoreAdmin {
  readonly dialect = 'sqlite'
  readonly location: string
  readonly #connection: Connection

  constructor(connection: Connection) {
    this.#connection = connection
    this.location = connection.location
  }

  schema(): Promise<SchemaReport> {
    return this.#connection.read(() => describeSchema(this.#connection))
  }

  migrateTo(version: number): Promise<void> {
    return migrate(this.#connection, version)
  }

  /** Only the last connection of a file can take it out of WAL mode. Opening the store puts it back. */
  async assertAlone(): Promise<void> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        this.#connection.value('PRAGMA journal_mode = DELETE')
        return
      } catch (error) {
        if (!isBusy(error)) throw translateFailure(error, this.location)
        if (attempt === aloneAttempts) throw this.#inUseError(error)
      }
      await sleep(alonePauseMs)
    }
  }

  async integrityProblems(limit: number): Promise<string[]> {
    try {
      const problems = (await this.#rows('PRAGMA integrity_check')).map(row => String(row.integrity_check))
      return problems.filter(problem => problem !== 'ok').slice(0, limit)
    } catch (error) {
      if (error instanceof TacitError && error.code === 'STORE_CORRUPT') return [error.message]
      throw error
    }
  }

  async scopes(): Promise<string[]> {
    return (await this.#rows(selectScopes)).map(row => row.scope as string)
  }

  async tally(scope: string): Promise<Tally> {
    const [row] = await this.#rows(selectTally, scope)
    return { facts: Number(row!.facts), executions: Number(row!.executions), vectors: Number(row!.vectors) }
  }

  executionsWithFacts(scope: string, afterId: string, limit: number): Promise<ExecutionWithFacts[]> {
    const connection = this.#connection
    return connection.read(() =>
      connection.all(selectExecutions, scope, afterId, limit).map(row => ({
        id: row.id as string,
        row: toProjection(row),
        facts: connection.all(selectFacts, scope, row.id as string).map(toLoggedFact),
      })),
    )
  }

  async strays(scope: string, limit: number): Promise<Strays> {
    const ids = (rows: readonly Row[]) => rows.map(row => row.id as string)
    return {
      factsWithoutRow: ids(await this.#rows(selectFactsWithoutRow, scope, limit)),
      vectorsWithoutExecution: ids(await this.#rows(selectVectorsWithoutExecution, scope, limit)),
    }
  }

  async *vectors(scope: string): AsyncGenerator<VectorRow> {
    let last = { embedder: '', executionId: '' }
    for (;;) {
      const rows = await this.#rows(selectVectors, scope, last.embedder, last.executionId, pageLength)
      for (const row of rows) {
        last = { embedder: row.embedder as string, executionId: row.execution_id as string }
        yield { ...last, vector: toVector(row.vector as Uint8Array) }
      }
      if (rows.length < pageLength) return
    }
  }

  async snapshots(scope: string): Promise<NamedSnapshot[]> {
    return (await this.#rows(selectSnapshots, scope)).map(row => ({
      name: row.name as string,
      cursor: row.cursor as number,
      position: { recordedAtUs: row.recorded_at_us as number, id: row.fact_id as string },
      bytes: row.bytes as Uint8Array,
    }))
  }

  async pruned(scope: string, cursor: number, limit: number): Promise<PlacedPruned[]> {
    return (await this.#rows(selectPruned, scope, cursor, limit)).map(toPlacedPruned)
  }

  keepPruned(scope: string, facts: readonly PlacedPruned[]): Promise<number[]> {
    const connection = this.#connection
    return connection.write(() => {
      const held = connection.value(selectLastPlace)
      const first = Number(held ?? 0) + 1
      for (const [index, { id, kind, executionId }] of facts.entries()) {
        connection.run(insertPruned, scope, id, kind, executionId, first + index)
      }
      connection.run(held === undefined ? insertLastPlace : updateLastPlace, first + facts.length - 1)
      return facts.map((_, index) => first + index)
    })
  }

  async rollups(scope: string): Promise<{ name: string; cursor: number }[]> {
    return (await this.#rows(selectRollups, scope)).map(row => ({
      name: row.name as string,
      cursor: row.cursor as number,
    }))
  }

  async *rollupCells(scope: string, name: string): AsyncGenerator<RollupCell> {
    let last: readonly [string, number, string] = ['', -1, '']
    for (;;) {
      const rows = await this.#rows(selectCells, scope, name, ...last, pageLength)
      for (const row of rows) {
        last = [row.period as string, row.start_us as number, row.key_digest as string]
        yield { period: last[0], startUs: last[1], key: row.key as string, value: row.value as string }
      }
      if (rows.length < pageLength) return
    }
  }

  adoptOrigin(origin: string): Promise<void> {
    return this.#connection.write(() =>
      this.#connection.run('UPDATE meta SET value = ? WHERE key = ?', origin, 'origin'),
    )
  }

  async backup(file: string, onProgress: OnProgress): Promise<void> {
    await this.#connection.copyTo(file, onProgress)
    // A copy of a file in WAL mode is in WAL mode as well, and would need a second file beside it.
    const copy = new Connection({ path: file, readOnly: false, busyTimeoutMs: 0 })
    try {
      await copy.attempt(() => copy.value('PRAGMA journal_mode = DELETE'))
    } finally {
      copy.close()
    }
  }

  async restore(file: string, onProgress: OnProgress): Promise<void> {
    inspectFile(file, true)
    const source = new Connection({ path: file, readOnly: true, busyTimeoutMs: 0 })
    try {
      await source.copyTo(this.location, onProgress)
    } finally {
      source.close()
    }
  }

  maintain(options: { readonly full: boolean }, onProgress: OnProgress): Promise<MaintenanceStep[]> {
    return maintain(this.#connection, options, onProgress)
  }

  async connections(): Promise<ConnectionsReport> {
    const connection = this.#connection
    const journalMode = await connection.attempt(() => String(connection.value('PRAGMA journal_mode')))
    const log = `${this.location}-wal`
    return {
      summary: {
        journalMode,
        fileBytes: statSync(this.location).size,
        logBytes: existsSync(log) ? statSync(log).size : 0,
      },
      clients: processesWith(this.location),
    }
  }

  async close(): Promise<void> {
    this.#connection.close()
  }

  #rows(sql: string, ...values: readonly (string | number)[]): Promise<Row[]> {
    return this.#connection.attempt(() => this.#connection.all(sql, ...values))
  }

  #inUseError(cause: unknown): TacitError {
    const clients = processesWith(this.location)
    const who = clients?.length ? ` (${clients.map(({ name, processId }) => `${name} ${processId}`).join(', ')})` : ''
    return new TacitError(
      'STORE_BUSY',
      `The database ${this.location} is in use by another process${who}; nothing was changed. Stop it, then try again.`,
      { cause, details: { location: this.location, clients } },
    )
  }
}
