import { fileURLToPath } from 'node:url'
import { TacitError } from '../errors.ts'
import type { StoreAdmin } from './admin.ts'
import { isPostgresUrl } from './postgres/address.ts'
import type { PostgresOptions } from './postgres/open.ts'
import { openSqliteAdmin } from './sqlite/admin.ts'
import { openSqliteStore, type SqliteOptions } from './sqlite/open.ts'
import type { Store } from './store.ts'

/** How to open a store. */
export interface StoreOptions extends Omit<SqliteOptions, 'path'> {
  /** A file path, a `file:` URL, `:memory:`, or a `postgres://` URL. */
  readonly db: string
  /** For PostgreSQL alone. */
  readonly postgres?: Omit<PostgresOptions, keyof SqliteOptions | 'url'>
}

/**
 * Opens the store that `db` names, creating it if it does not exist.
 * @throws TacitError INVALID_CONFIG for a kind of database that this version does not have, and whatever
 *   `openSqliteStore` and `openPostgresStore` throw.
 * @example const store = await openStore({ db: './tacit.db', durability: 'normal', busyTimeoutMs: 10_000 })
 */
export async function openStore({ db, postgres, ...options }: StoreOptions): Promise<Store> {
  if (isPostgresUrl(db)) {
    // Its driver takes a while to load, which whoever uses files does not wait for.
    const { openPostgresStore } = await import('./postgres/open.ts')
    return openPostgresStore({ url: db, ...postgres, ...options })
  }
  if (postgres?.replicaUrl != null) {
    throw new TacitError('INVALID_CONFIG', 'A replica is given, but "db" is not a PostgreSQL database. Leave one out.')
  }
  return openSqliteStore({ path: pathOf(db), ...options })
}

/**
 * Opens the database that `db` names for its care, leaving its schema as it is.
 * @param access read: it must exist, and nothing can change it. write: it is made when something is written.
 */
export async function openAdmin(options: StoreOptions, access: 'read' | 'write'): Promise<StoreAdmin> {
  const { db, durability, busyTimeoutMs, postgres } = options
  if (isPostgresUrl(db)) {
    const { openPostgresAdmin } = await import('./postgres/admin.ts')
    return openPostgresAdmin({ url: db, durability, busyTimeoutMs, ...postgres, readOnly: access === 'read' })
  }
  return openSqliteAdmin({ path: pathOf(db), busyTimeoutMs, access })
}

function pathOf(db: string): string {
  if (db === '') throw new TacitError('INVALID_CONFIG', 'The path of the database is empty. Give a path as "db".')
  if (/^file:/i.test(db)) return fromFileUrl(db)
  const scheme = /^([a-z][a-z0-9+.-]+):\/\//i.exec(db)?.[1]
  if (scheme !== undefined) {
    throw new TacitError(
      'INVALID_CONFIG',
      `"${scheme}" databases are not known. Give the path of a file or a postgres:// URL as "db".`,
    )
  }
  return db
}

function fromFileUrl(url: string): string {
  try {
    return fileURLToPath(url)
  } catch (cause) {
    throw new TacitError('INVALID_CONFIG', `"${url}" is not the URL of a local file. Give a path as "db".`, { cause })
  }
}
