import { createHash, randomUUID } from 'node:crypto'
import { TacitError } from '../../errors.ts'
import type { Database, Row, Session } from './database.ts'
import { type Step, steps } from './schema.ts'

/** The schema version that this version of Tacit reads and writes. */
export const latestVersion = steps.length

/** Months for which partitions are kept ready. */
export const monthsAhead = 12

/** Reads the catalogue's tables: functions such as to_regclass may answer from a cache that is older than the lock. */
const selectSchema = { text: "SELECT FROM pg_namespace WHERE nspname = 'tacit'" }
const selectRights = {
  text: `
    SELECT has_schema_privilege(n.oid, 'USAGE') AND has_table_privilege(c.oid, 'SELECT') AS readable
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = 'tacit' AND c.relname = 'migration'`,
}
const selectApplied = { text: 'SELECT version, checksum FROM tacit.migration ORDER BY version' }
const lock = { text: "SELECT pg_advisory_xact_lock(hashtext('tacit.migration'))" }

/**
 * The version of the schema, 0 where there is none yet.
 * @throws TacitError STORE_CORRUPT when a schema `tacit` is there that is not ours, STORE_NEWER when a newer Tacit made it.
 */
export async function schemaVersion(session: Session, location: string): Promise<number> {
  const [schema] = await session.run(selectSchema)
  if (schema === undefined) return 0
  const [rights] = await session.run(selectRights)
  if (rights === undefined) throw foreignError(location)
  if (rights.readable !== true) throw rightsError(location)
  const applied = await session.run(selectApplied)
  if (applied.length > latestVersion) throw newerError(location, applied.length)
  if (!applied.every(isAsKnown)) throw changedError(location)
  return applied.length
}

/**
 * Brings the schema to `target`, one transaction per step, each under a lock, so that of several processes that start at
 * once exactly one takes each step. Steps down lose what the newer tables held; at 0 nothing of ours is left.
 * @throws TacitError STORE_NEWER, STORE_CORRUPT, or STORE_READ_ONLY for a role that may not change the schema.
 */
export async function migrate(database: Database, target: number = latestVersion): Promise<void> {
  while (await database.retry(() => database.session(session => takeStep(session, database.location, target)))) {
    // One step per transaction.
  }
}

/** True if a step was taken. */
async function takeStep(session: Session, location: string, target: number): Promise<boolean> {
  if ((await schemaVersion(session, location)) === target) return false
  await session.run({ text: 'BEGIN' })
  await session.run(lock)
  const version = await schemaVersion(session, location)
  if (version !== target) {
    try {
      await (version < target ? stepUp(session, version + 1) : stepDown(session, version))
    } catch (cause) {
      throw stepError(cause, location)
    }
  }
  await session.run({ text: 'COMMIT' })
  return version !== target
}

async function stepUp(session: Session, version: number): Promise<void> {
  const step = steps[version - 1]!
  if (version === 1) {
    await session.run({ text: 'CREATE SCHEMA tacit' })
    await session.run({ text: 'CREATE EXTENSION IF NOT EXISTS vector WITH SCHEMA public' })
    await session.run({
      text: 'CREATE TABLE tacit.migration (version integer PRIMARY KEY, name text NOT NULL, checksum text NOT NULL)',
    })
  }
  await session.run({ text: step.up })
  if (version === 1) {
    const origin = { text: "INSERT INTO tacit.meta (key, value) VALUES ('origin', $1)" }
    await session.run(origin, randomUUID())
    await session.run(makePartitions, monthsAhead + 1)
  }
  const note = { text: 'INSERT INTO tacit.migration (version, name, checksum) VALUES ($1, $2, $3)' }
  await session.run(note, version, step.name, checksum(step))
}

/** From the current month on. */
export const makePartitions = {
  text: 'SELECT tacit.make_fact_partitions((extract(epoch FROM now()) * 1000000)::bigint, $1) AS made',
}

async function stepDown(session: Session, version: number): Promise<void> {
  await session.run({ text: steps[version - 1]!.down })
  if (version === 1) {
    await session.run({ text: 'DROP TABLE tacit.migration' })
    await session.run({ text: 'DROP SCHEMA tacit' })
  } else {
    await session.run({ text: 'DELETE FROM tacit.migration WHERE version = $1' }, version)
  }
}

/** @throws TacitError STORE_UNAVAILABLE unless the server and its pgvector are new enough. */
export async function assertServer(session: Session, location: string): Promise<void> {
  const [row] = await session.run({
    text: `SELECT current_setting('server_version_num')::integer AS number, current_setting('server_version') AS version,
      current_setting('server_encoding') AS encoding,
      coalesce((SELECT extversion FROM pg_extension WHERE extname = 'vector'),
        (SELECT default_version FROM pg_available_extensions WHERE name = 'vector')) AS vector`,
  })
  if (Number(row!.number) < 160_000) {
    throw unusable(location, `runs PostgreSQL ${row!.version}; Tacit needs 16 or newer. Upgrade the server`)
  }
  if (row!.encoding !== 'UTF8') {
    throw unusable(location, `is encoded in ${row!.encoding}. Create one with ENCODING UTF8 and use that`)
  }
  if (row!.vector === null) {
    throw unusable(location, 'has no pgvector. Install it on the server (package postgresql-17-pgvector or the like)')
  }
  const [major, minor] = String(row!.vector).split('.').map(Number)
  if (major === 0 && minor! < 8) {
    throw unusable(location, `has pgvector ${row!.vector}; Tacit needs 0.8 or newer. Run ALTER EXTENSION vector UPDATE`)
  }
}

const isAsKnown = (row: Row, index: number) => row.version === index + 1 && row.checksum === checksum(steps[index]!)

const checksum = ({ up, down }: Step) => createHash('sha256').update(`${up}\0${down}`).digest('hex')

const insufficientPrivilege = '42501'

function stepError(cause: unknown, location: string): unknown {
  return (cause as { code?: unknown }).code === insufficientPrivilege ? rightsError(location, cause) : cause
}

function rightsError(location: string, cause?: unknown): TacitError {
  return new TacitError(
    'STORE_READ_ONLY',
    `This role may not set up or read the schema "tacit" of ${location}. Open it once as a role that may (see ` +
      'docs/postgres.md), and grant this role its rights there.',
    { ...(cause === undefined ? {} : { cause }), details: { location } },
  )
}

export function outdatedError(location: string, version: number): TacitError {
  return new TacitError(
    'STORE_READ_ONLY',
    `The schema of ${location} is at version ${version} and must be brought to ${latestVersion}. Open it once with a ` +
      'role that may change it.',
    { details: { location, version, latestVersion } },
  )
}

function newerError(location: string, version: number): TacitError {
  return new TacitError(
    'STORE_NEWER',
    `The schema of ${location} is at version ${version}; this Tacit knows versions up to ${latestVersion}. ` +
      'Upgrade the package, or point it at another database.',
    { details: { location, version, latestVersion } },
  )
}

function changedError(location: string): TacitError {
  return new TacitError(
    'STORE_CORRUPT',
    `The tables of ${location} are not as Tacit made them. Restore it from a backup or an export.`,
    { details: { location } },
  )
}

function foreignError(location: string): TacitError {
  return new TacitError(
    'STORE_CORRUPT',
    `The schema "tacit" of ${location} was not made by Tacit; it was left as it is. Use another database.`,
    { details: { location } },
  )
}

const unusable = (location: string, text: string) =>
  new TacitError('STORE_UNAVAILABLE', `The database ${location} ${text}.`, { details: { location } })
