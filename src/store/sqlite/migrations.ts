import { createHash, randomUUID } from 'node:crypto'
import { TacitError } from '../../errors.ts'
import type { SchemaReport } from '../admin.ts'
import type { Connection } from './connection.ts'

/** Stands in the file's header and says that it is ours: "Taci". */
export const applicationId = 0x54616369

interface Migration {
  readonly name: string
  readonly up: string
  readonly down: string
}

/** In order; the first one brings a file to schema version 1. A published migration is never edited. */
const migrations: readonly Migration[] = [
  {
    name: 'facts, their projection, vectors, snapshots, counters',
    up: `
      CREATE TABLE meta (key TEXT NOT NULL PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID, STRICT;

      -- The log. Only ever appended to. Arrival order is the cursor; canonical order is (recorded_at_us, id).
      CREATE TABLE fact (
        cursor INTEGER PRIMARY KEY AUTOINCREMENT,
        scope TEXT NOT NULL,
        id TEXT NOT NULL,
        kind TEXT NOT NULL CHECK (kind IN ('decision', 'step', 'outcome', 'feedback')),
        execution_id TEXT NOT NULL CHECK (kind <> 'decision' OR id = execution_id),
        at_us INTEGER NOT NULL CHECK (at_us >= 0),
        recorded_at_us INTEGER NOT NULL CHECK (recorded_at_us >= 0),
        origin TEXT NOT NULL,
        body TEXT NOT NULL,
        UNIQUE (scope, id)
      ) STRICT;
      CREATE INDEX fact_by_arrival ON fact (scope); -- the cursor is the row id, so every index ends with it
      CREATE INDEX fact_by_record_time ON fact (scope, recorded_at_us);
      -- Also covers the counts of a scope.
      CREATE INDEX fact_by_execution ON fact (scope, execution_id, kind, at_us);

      -- One row per execution, computed from its facts in the same transaction (projection.ts).
      CREATE TABLE execution (
        seq INTEGER PRIMARY KEY,
        scope TEXT NOT NULL,
        id TEXT NOT NULL,
        decided_at_us INTEGER,
        task_type TEXT,
        repository TEXT,
        arm TEXT,
        chosen_arm TEXT,
        propensity REAL CHECK (propensity BETWEEN 0 AND 1),
        stage TEXT,
        outcome_at_us INTEGER,
        success INTEGER CHECK (success IN (0, 1)),
        quality REAL CHECK (quality BETWEEN 0 AND 1),
        duration_ms REAL CHECK (duration_ms >= 0),
        cost_micro_usd INTEGER CHECK (cost_micro_usd >= 0),
        error_type TEXT,
        rating_sum_nano INTEGER NOT NULL CHECK (rating_sum_nano >= 0),
        rating_count INTEGER NOT NULL CHECK (rating_count >= 0),
        outcome_arm TEXT,
        outcome_id TEXT,
        outcome_recorded_at_us INTEGER,
        -- As a JSON string, so that any text comes back exactly; last, because it can be long.
        task_json TEXT,
        UNIQUE (scope, id)
      ) STRICT;
      CREATE INDEX execution_by_time ON execution (scope, decided_at_us);

      -- Vectors of task texts: 32-bit floats, little-endian.
      CREATE TABLE vector (
        scope TEXT NOT NULL,
        embedder TEXT NOT NULL,
        execution_id TEXT NOT NULL,
        dimension INTEGER NOT NULL CHECK (dimension > 0),
        vector BLOB NOT NULL CHECK (length(vector) = 4 * dimension),
        UNIQUE (scope, embedder, execution_id)
      ) STRICT;

      CREATE TABLE snapshot (
        scope TEXT NOT NULL,
        name TEXT NOT NULL,
        cursor INTEGER NOT NULL CHECK (cursor >= 0),
        recorded_at_us INTEGER NOT NULL,
        fact_id TEXT NOT NULL,
        bytes BLOB NOT NULL,
        PRIMARY KEY (scope, name)
      ) STRICT;

      CREATE TABLE counter (
        scope TEXT NOT NULL,
        name TEXT NOT NULL,
        value INTEGER NOT NULL,
        PRIMARY KEY (scope, name)
      ) WITHOUT ROWID, STRICT;`,
    down: `
      DROP TABLE counter;
      DROP TABLE snapshot;
      DROP TABLE vector;
      DROP TABLE execution;
      DROP TABLE fact;
      DROP TABLE meta;`,
  },
  {
    name: 'what is remembered of pruned facts',
    up: `
      -- Ids of facts that were pruned, and the place that each had in the order of arrival.
      CREATE TABLE pruned (
        scope TEXT NOT NULL,
        id TEXT NOT NULL,
        kind TEXT NOT NULL,
        execution_id TEXT NOT NULL,
        cursor INTEGER NOT NULL,
        PRIMARY KEY (scope, id)
      ) WITHOUT ROWID, STRICT;
      CREATE INDEX pruned_by_cursor ON pruned (scope, cursor);`,
    down: 'DROP TABLE pruned;',
  },
  {
    name: 'sums folded from the log',
    up: `
      CREATE TABLE rollup (
        scope TEXT NOT NULL,
        name TEXT NOT NULL,
        cursor INTEGER NOT NULL CHECK (cursor >= 0),
        PRIMARY KEY (scope, name)
      ) WITHOUT ROWID, STRICT;

      -- A key may be long, so a digest of it stands in the index.
      CREATE TABLE rollup_cell (
        scope TEXT NOT NULL,
        name TEXT NOT NULL,
        period TEXT NOT NULL,
        start_us INTEGER NOT NULL,
        key_digest TEXT NOT NULL,
        key TEXT NOT NULL,
        value TEXT NOT NULL,
        PRIMARY KEY (scope, name, period, start_us, key_digest)
      ) STRICT;`,
    down: 'DROP TABLE rollup_cell; DROP TABLE rollup;',
  },
]

/** The schema version that this version of Tacit reads and writes. */
export const latestVersion = migrations.length

/** The version of the schema, 0 for an empty file. */
export const schemaVersion = (connection: Connection): number => Number(connection.value('PRAGMA user_version'))

/**
 * Brings the schema to `target`, one transaction per step, each under the write lock, so that of several processes that
 * start at once exactly one takes each step. Steps down lose what the newer tables held.
 * @throws TacitError STORE_NEWER when a newer Tacit wrote the file, STORE_CORRUPT when it is not ours or was tampered with.
 */
export async function migrate(connection: Connection, target: number = latestVersion): Promise<void> {
  while (await connection.write(() => takeStep(connection, target))) {
    // One step per transaction.
  }
}

/** True if a step was taken. */
function takeStep(connection: Connection, target: number): boolean {
  const version = assertOurs(connection)
  if (version === target) return false
  if (version < target) stepUp(connection, version + 1)
  else stepDown(connection, version)
  return true
}

/** The schema as it stands, without changing anything. Throws as `migrate` does. */
export function describeSchema(connection: Connection): SchemaReport {
  const version = assertOurs(connection)
  const described = migrations.map(({ name }, index) => ({ version: index + 1, name, isApplied: index < version }))
  return { version, latestVersion, migrations: described }
}

/** The version of a schema that is empty or was made by Tacit. */
function assertOurs(connection: Connection): number {
  const version = schemaVersion(connection)
  if (version > latestVersion) throw newerError(connection.location, version)
  if (version === 0) assertEmpty(connection)
  else assertUnchanged(connection, version)
  return version
}

function stepUp(connection: Connection, version: number): void {
  const migration = migrations[version - 1]!
  if (version === 1) {
    connection.exec(`PRAGMA application_id = ${applicationId}`)
    connection.exec(
      'CREATE TABLE migration (version INTEGER PRIMARY KEY, name TEXT NOT NULL, checksum TEXT NOT NULL) STRICT',
    )
  }
  connection.exec(migration.up)
  if (version === 1) connection.run('INSERT INTO meta (key, value) VALUES (?, ?)', 'origin', randomUUID())
  connection.run(
    'INSERT INTO migration (version, name, checksum) VALUES (?, ?, ?)',
    version,
    migration.name,
    checksum(migration),
  )
  connection.exec(`PRAGMA user_version = ${version}`)
}

function stepDown(connection: Connection, version: number): void {
  connection.exec(migrations[version - 1]!.down)
  connection.run('DELETE FROM migration WHERE version = ?', version)
  connection.exec(`PRAGMA user_version = ${version - 1}`)
  if (version === 1) connection.exec('DROP TABLE migration; PRAGMA application_id = 0')
}

/** @throws TacitError STORE_CORRUPT unless the migrations that were applied are the ones that are known here. */
export function assertUnchanged(connection: Connection, version: number): void {
  const id = connection.value('PRAGMA application_id')
  const tables = connection.all("SELECT name FROM sqlite_schema WHERE type = 'table' AND name = 'migration'")
  const applied = tables.length === 0 ? [] : connection.all('SELECT version, checksum FROM migration ORDER BY version')
  const isOurs =
    id === applicationId &&
    applied.length === version &&
    applied.every((row, index) => row.version === index + 1 && row.checksum === checksum(migrations[index]!))
  if (isOurs) return
  throw new TacitError(
    'STORE_CORRUPT',
    `The tables of ${connection.location} are not as Tacit made them. Restore it from a backup or an export.`,
    { details: { location: connection.location } },
  )
}

export function newerError(location: string, version: number): TacitError {
  return new TacitError(
    'STORE_NEWER',
    `The schema of ${location} is at version ${version}; this Tacit knows versions up to ${latestVersion}. ` +
      'Upgrade the package, or point it at another database.',
    { details: { location, version, latestVersion } },
  )
}

function assertEmpty(connection: Connection): void {
  const tables = connection.value("SELECT count(*) FROM sqlite_schema WHERE name NOT GLOB 'sqlite_*'")
  if (tables === 0 && connection.value('PRAGMA application_id') === 0) return
  throw foreignError(connection.location)
}

export function foreignError(location: string): TacitError {
  return new TacitError(
    'STORE_CORRUPT',
    `${location} is not a Tacit database; it was left as it is. Point Tacit at another path.`,
    { details: { location } },
  )
}

const checksum = ({ up, down }: Migration) => createHash('sha256').update(`${up}\0${down}`).digest('hex')
