import { type ErrorCode, TacitError } from '../../errors.ts'

/** SQLSTATEs (https://www.postgresql.org/docs/current/errcodes-appendix.html) by their beginning; the longest match counts. */
const known: readonly (readonly [string, ErrorCode, string])[] = [
  ['22', 'INVALID_INPUT', 'refuses a value; nothing was written. Correct the value'],
  ['23', 'INVALID_INPUT', 'refuses a value out of range; nothing was written. Correct the value'],
  ['54', 'INVALID_INPUT', 'cannot take a value of this size; nothing was written. Make the value smaller'],
  ['25006', 'STORE_READ_ONLY', 'may be read but not written. Connect to the primary server'],
  ['28', 'STORE_UNAVAILABLE', 'refuses this user. Check the user, the password and pg_hba.conf'],
  ['3D000', 'STORE_UNAVAILABLE', 'does not exist. Create it with "createdb", or correct the URL'],
  ['42501', 'STORE_READ_ONLY', 'does not give this role the right. Grant it as docs/postgres.md shows'],
  ['53100', 'DISK_FULL', 'has no space left; nothing of this write was kept. Free some space and write again'],
  ['53300', 'STORE_BUSY', 'takes no more connections. Use a smaller pool or raise max_connections'],
  ['53', 'STORE_UNAVAILABLE', 'is out of resources'],
  ['55P03', 'STORE_BUSY', 'kept its rows locked for longer than the time limit. Try again, or raise busyTimeoutMs'],
  ['40', 'STORE_BUSY', 'could not order this write among others. Try again'],
  ['57014', 'STORE_BUSY', 'took longer than the time limit of a statement. Try again, or raise it'],
  ['57', 'STORE_UNAVAILABLE', 'is shutting down or starting up. Try again'],
  ['58', 'STORE_UNAVAILABLE', 'cannot read or write its files. Look into the log of the server'],
  ['XX001', 'STORE_CORRUPT', 'is damaged. Restore it from a backup'],
  ['XX002', 'STORE_CORRUPT', 'has a damaged index. Run REINDEX, or restore a backup'],
]

/** SQLSTATEs after which the transaction is certainly undone and the same one may go through. */
const undone = /^(40001|40P01|25P03|25P04|57P0[1234])$/
/** What the driver and the operating system say of a connection that failed. */
const lost =
  /^(08...|57P0[1234]|25P03|25P04|ECONNRESET|ECONNREFUSED|EPIPE|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|ENOTFOUND|EAI_AGAIN)$/
const lostMessages =
  /^(Connection terminated|Client has encountered a connection error|Query read timeout|timeout expired|timeout exceeded when trying to connect|Connection ended unexpectedly|The server closed)/i

const codeOf = (error: unknown): string => String((error as { code?: unknown } | null)?.code ?? '')
const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))

/** Whether the connection failed: what was sent on it may or may not have been done. */
export const isConnectionLost = (error: unknown): boolean =>
  lost.test(codeOf(error)) || lostMessages.test(messageOf(error))

/** Whether the server undid the transaction for the sake of others, so that trying again makes sense. */
export const isUndone = (error: unknown): boolean => undone.test(codeOf(error))

/** `error` as a TacitError about the database at `location`; what came from neither server nor driver is returned as it is. */
export function translateFailure(error: unknown, location: string): unknown {
  if (error instanceof TacitError) return error
  const state = codeOf(error)
  if (isConnectionLost(error) && !state.startsWith('57')) {
    return failure(
      'STORE_UNAVAILABLE',
      'cannot be reached. Check that the server runs and accepts connections',
      error,
      location,
    )
  }
  if (!/^[0-9A-Z]{5}$/.test(state)) return error
  const match = known
    .filter(([beginning]) => state.startsWith(beginning))
    .toSorted((a, b) => b[0].length - a[0].length)[0]
  const [, code, text] = match ?? ['', 'STORE_UNAVAILABLE' as const, 'failed']
  return failure(code, text, error, location)
}

/** The same for a failure to open, whatever it was. */
export function openFailure(error: unknown, location: string): TacitError {
  const translated = translateFailure(error, location)
  if (translated instanceof TacitError) return translated
  return failure('STORE_UNAVAILABLE', 'cannot be opened. Check the URL', error, location)
}

function failure(code: ErrorCode, text: string, cause: unknown, location: string): TacitError {
  const state = codeOf(cause)
  return new TacitError(code, `The database ${location} ${text} (${messageOf(cause)}).`, {
    cause,
    details: { location, ...(state === '' ? {} : { sqlState: state }) },
  })
}
