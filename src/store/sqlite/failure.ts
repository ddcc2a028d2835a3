import { type ErrorCode, TacitError } from '../../errors.ts'

/** SQLite's primary result codes (https://sqlite.org/rescode.html) that a caller can do something about. */
const busy = 5
const ioErrorOfSharedMemorySize = 10 | (19 << 8)
const known: Readonly<Record<number, readonly [ErrorCode, string]>> = {
  8: ['STORE_READ_ONLY', 'may not be written. Give this user write access to the file and its directory'],
  10: ['STORE_UNAVAILABLE', 'cannot be read or written. Check the disk and the file system'],
  11: ['STORE_CORRUPT', 'is damaged. Restore it from a backup or an export'],
  13: ['DISK_FULL', 'has no space left; nothing of this write was kept. Free some space and write again'],
  14: ['STORE_UNAVAILABLE', 'cannot be opened. Check that its directory exists and may be read and written'],
  18: ['INVALID_INPUT', 'cannot take a value of this size; nothing was written. Make the value smaller'],
  19: ['INVALID_INPUT', 'refuses a value out of range; nothing was written. Correct the value'],
  26: ['STORE_CORRUPT', 'is not a database. Point Tacit at another path'],
}

interface SqliteFailure extends Error {
  readonly errcode: number
}
export const isSqliteFailure = (error: unknown): error is SqliteFailure =>
  error instanceof Error && (error as { code?: unknown }).code === 'ERR_SQLITE_ERROR'

/** Whether another writer held the lock, so that trying again makes sense. */
export const isBusy = (error: unknown): boolean => isSqliteFailure(error) && (error.errcode & 0xff) === busy

/** `error` as a TacitError about the database at `location`; what did not come from SQLite is returned as it is. */
export function translateFailure(error: unknown, location: string): unknown {
  if (!isSqliteFailure(error)) return error
  const number = error.errcode === ioErrorOfSharedMemorySize ? 13 : error.errcode & 0xff
  const [code, text] = known[number] ?? ['STORE_UNAVAILABLE', 'failed']
  return new TacitError(code, `The database ${location} ${text} (${error.message}).`, {
    cause: error,
    details: { location, sqliteCode: error.errcode },
  })
}

/** The same for a failure to open, where a path that the runtime refuses counts as well. */
export function openFailure(error: unknown, location: string): TacitError {
  const translated = translateFailure(error, location)
  if (translated instanceof TacitError) return translated
  const reason = error instanceof Error ? error.message : String(error)
  return new TacitError('STORE_UNAVAILABLE', `The database ${location} cannot be opened: ${reason}. Check the path.`, {
    cause: error,
    details: { location },
  })
}
