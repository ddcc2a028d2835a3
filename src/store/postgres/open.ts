import type { Store } from '../store.ts'
import { parseAddress } from './address.ts'
import { Database } from './database.ts'
import { assertServer, latestVersion, migrate, outdatedError, schemaVersion } from './migrations.ts'
import { Replica } from './replica.ts'
import { PostgresStore } from './store.ts'

export interface PostgresOptions {
  /** `postgres://user:password@host:5432/database?sslmode=verify-full`, or parts of it. */
  readonly url: string
  /** full: a commit is on disk before it is acknowledged, whatever the server's default; normal: as the server says. */
  readonly durability: 'normal' | 'full'
  /** Longest wait for other writers, and for a server that went away to come back, milliseconds. */
  readonly busyTimeoutMs: number
  /** Most connections at a time. Default 10. */
  readonly poolSize?: number
  /** Longest time of one statement, milliseconds; 0: no limit. Default 60 000. */
  readonly statementTimeoutMs?: number
  /** Longest wait for a connection, milliseconds. Default 10 000. */
  readonly connectTimeoutMs?: number
  /** Default false. The schema must be up to date; writes are refused with STORE_READ_ONLY. */
  readonly readOnly?: boolean
  /** The clock: milliseconds since 1970. Default: the system's. */
  readonly now?: () => number
  /** URL of a standby that answers questions about the past; null or left out: this server answers them itself. */
  readonly replicaUrl?: string | null
  /** How long a fact may be missing on the standby before it is passed over, milliseconds. Default 60 000. */
  readonly replicaMaxLagMs?: number
}

/** A standby that cannot be reached at once is passed over. */
const replicaConnectTimeoutMs = 2_000

const selectOrigin = { text: "SELECT value FROM tacit.meta WHERE key = 'origin'" }

/**
 * Opens a PostgreSQL database as a store. Everything is kept in its schema `tacit`, which is made if it is not there;
 * an older one is brought up to date.
 * @throws TacitError INVALID_CONFIG (the URL), STORE_UNAVAILABLE (cannot be reached, refuses the user, has no pgvector),
 *   STORE_READ_ONLY (this role may not set it up), STORE_CORRUPT (the schema is not Tacit's), STORE_NEWER, STORE_BUSY.
 * @example const store = await openPostgresStore({ url: 'postgres://localhost/tacit', durability: 'normal', busyTimeoutMs: 10_000 })
 */
export async function openPostgresStore(postgres: PostgresOptions): Promise<Store> {
  const { replicaUrl = null, replicaMaxLagMs = 60_000, now = Date.now } = postgres
  const location = replicaUrl === null ? null : parseAddress(replicaUrl).location
  const primary = await connect(postgres)
  if (replicaUrl === null || location === null) return primary.store
  const connectTimeoutMs = Math.min(replicaConnectTimeoutMs, postgres.connectTimeoutMs ?? replicaConnectTimeoutMs)
  const open = () => connect({ ...postgres, url: replicaUrl, readOnly: true, busyTimeoutMs: 0, connectTimeoutMs })
  primary.store.readFrom(new Replica(primary, { location, open, maxLagMs: replicaMaxLagMs, now }))
  return primary.store
}

async function connect(options: PostgresOptions): Promise<{ store: PostgresStore; database: Database }> {
  const database = databaseOf(options)
  try {
    await database.open()
    const version = await database.session(async session => {
      await assertServer(session, database.location)
      return schemaVersion(session, database.location)
    })
    if (version !== latestVersion) {
      if (options.readOnly) throw outdatedError(database.location, version)
      await migrate(database)
    }
    const [origin] = await database.query(selectOrigin)
    return { store: new PostgresStore(database, String(origin!.value), options.now ?? Date.now), database }
  } catch (error) {
    await database.close()
    throw error
  }
}

/** The database that `options` name, not yet connected. */
export function databaseOf(postgres: PostgresOptions): Database {
  const {
    url,
    durability,
    busyTimeoutMs,
    poolSize = 10,
    statementTimeoutMs = 60_000,
    connectTimeoutMs = 10_000,
    readOnly = false,
  } = postgres
  return new Database({
    address: parseAddress(url),
    durability,
    busyTimeoutMs,
    poolSize,
    statementTimeoutMs,
    connectTimeoutMs,
    readOnly,
  })
}
