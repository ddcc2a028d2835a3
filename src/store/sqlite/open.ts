import { TacitError } from '../../errors.ts'
import type { Store } from '../store.ts'
import { Connection } from './connection.ts'
import { inspectFile } from './inspect.ts'
import { assertUnchanged, foreignError, latestVersion, migrate, newerError, schemaVersion } from './migrations.ts'
import { SqliteStore } from './store.ts'

export interface SqliteOptions {
  /** A file path, or `:memory:` for a database that ends with the store. */
  readonly path: string
  /** normal: a commit survives the death of the process; full: also a power cut. */
  readonly durability: 'normal' | 'full'
  /** Longest wait for other writers, milliseconds. */
  readonly busyTimeoutMs: number
  /** Default false. The file must exist; writes are refused with STORE_READ_ONLY. */
  readonly readOnly?: boolean
  /** Most memory for a quick search among vectors, MB. Default 300; 0: none are kept. */
  readonly vectorMemoryMb?: number
  /** The clock: milliseconds since 1970. Default: the system's. */
  readonly now?: () => number
}

/** Codes of a million vectors of 256 numbers take 260 MB. */
const defaultVectorMemoryMb = 300
/** Frames after which the write-ahead log is folded into the file, and the size to which it is cut back then. */
const walPages = 1000
const walBytes = 8 * 1024 * 1024

/**
 * Opens a SQLite file as a store. A missing or empty file becomes a new database; an older schema is brought up to date.
 * @throws TacitError STORE_UNAVAILABLE (no directory, no rights, no such file to read), STORE_READ_ONLY (not writable),
 *   STORE_CORRUPT (not a Tacit database, or damaged; the file stays as it is), STORE_NEWER, STORE_BUSY.
 * @example const store = await openSqliteStore({ path: './tacit.db', durability: 'normal', busyTimeoutMs: 10_000 })
 */
export async function openSqliteStore(options: SqliteOptions): Promise<Store> {
  const { path, durability, busyTimeoutMs, readOnly = false, now = Date.now } = options
  const { vectorMemoryMb = defaultVectorMemoryMb } = options
  const isInMemory = path === ':memory:'
  if (!isInMemory) inspectFile(path, readOnly)
  const connection = new Connection({ path, readOnly, busyTimeoutMs })
  try {
    if (readOnly) await connection.read(() => assertReadable(connection))
    else {
      await migrate(connection)
      if (!isInMemory) await setWriteAheadLog(connection, durability)
    }
    return await connection.attempt(() => new SqliteStore(connection, now, vectorMemoryMb))
  } catch (error) {
    connection.close()
    throw error
  }
}

function assertReadable(connection: Connection): void {
  const version = schemaVersion(connection)
  if (version > latestVersion) throw newerError(connection.location, version)
  if (version === 0) throw foreignError(connection.location)
  assertUnchanged(connection, version)
  if (version === latestVersion) return
  throw new TacitError(
    'STORE_READ_ONLY',
    `The schema of ${connection.location} is at version ${version} and must be brought to ${latestVersion}. ` +
      'Open it once without readOnly.',
  )
}

/** Readers do not block writers, and a commit is one append to the log beside the file, which is kept short. */
async function setWriteAheadLog(connection: Connection, durability: 'normal' | 'full'): Promise<void> {
  const mode = await connection.attempt(() => connection.value('PRAGMA journal_mode = WAL'))
  if (mode !== 'wal') {
    throw new TacitError(
      'STORE_UNAVAILABLE',
      `The file system of ${connection.location} cannot share memory between processes. Use a path on a local disk.`,
    )
  }
  connection.exec(`PRAGMA wal_autocheckpoint = ${walPages}`)
  connection.exec(`PRAGMA journal_size_limit = ${walBytes}`)
  // FULL also flushes the disk's own cache where the system distinguishes (macOS).
  connection.exec(
    durability === 'full' ? 'PRAGMA synchronous = FULL; PRAGMA fullfsync = ON' : 'PRAGMA synchronous = NORMAL',
  )
}
