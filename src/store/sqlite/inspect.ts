import { accessSync, closeSync, constants, existsSync, fstatSync, openSync, readSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { TacitError } from '../../errors.ts'
import { applicationId, foreignError, latestVersion, newerError } from './migrations.ts'

/** Byte offsets in a SQLite file: https://sqlite.org/fileformat.html#the_database_header */
const magic = Buffer.from('SQLite format 3\0', 'latin1')
const headerLength = 100
const pageSizeAt = 16
const changeCounterAt = 24
const pageCountAt = 28
const userVersionAt = 60
const applicationIdAt = 68
const versionValidForAt = 92

/**
 * Looks at the file with plain reads before SQLite may touch it: even opening and closing a database can change it.
 * @throws TacitError STORE_UNAVAILABLE, STORE_READ_ONLY, STORE_CORRUPT or STORE_NEWER; the file is then as it was.
 */
export function inspectFile(path: string, readOnly: boolean): void {
  try {
    inspect(path, readOnly)
  } catch (cause) {
    if (cause instanceof TacitError) throw cause
    throw unavailable(path, `cannot be looked at: ${(cause as Error).message}. Check the path`, cause)
  }
}

function inspect(path: string, readOnly: boolean): void {
  if (!existsSync(path)) {
    assertCanCreate(path, readOnly)
    return
  }
  if (!statSync(path).isFile()) throw unavailable(path, 'is not a file. Give the path of a file')
  assertAccess(path, readOnly)
  const problem = problemOf(path, readOnly)
  if (problem === null) return
  if (problem.isCertain) throw problem.error
  // Another process may be in the middle of creating or extending the file, or died there; a journal then stands beside
  // it, and SQLite knows what to do. Without a journal, what is read now is final.
  if (sizeOf(`${path}-journal`) > 0 || sizeOf(`${path}-wal`) > 0) return
  const lasting = problemOf(path, readOnly)
  if (lasting !== null) throw lasting.error
}

/** `isCertain`: the file would look like this in no stage of being written by Tacit. */
interface Problem {
  readonly error: TacitError
  readonly isCertain: boolean
}

function problemOf(path: string, readOnly: boolean): Problem | null {
  const { header, size } = readHeader(path)
  if (size === 0) {
    return readOnly ? { error: unavailable(path, 'is empty. Open it once without readOnly'), isCertain: false } : null
  }
  if (header.length < headerLength || !header.subarray(0, magic.length).equals(magic)) {
    return { error: foreignError(path), isCertain: header.some(byte => byte !== 0) }
  }
  if (header.readUInt32BE(applicationIdAt) !== applicationId) return { error: foreignError(path), isCertain: true }
  const version = header.readUInt32BE(userVersionAt)
  if (version > latestVersion) return { error: newerError(path, version), isCertain: true }
  // SQLite's rule for when the count of pages in the header can be relied on.
  const isPageCountValid = header.readUInt32BE(changeCounterAt) === header.readUInt32BE(versionValidForAt)
  const pageSize = header.readUInt16BE(pageSizeAt) === 1 ? 65_536 : header.readUInt16BE(pageSizeAt)
  const expectedBytes = isPageCountValid ? header.readUInt32BE(pageCountAt) * pageSize : 0
  return size >= expectedBytes ? null : { error: cutOffError(path, size, expectedBytes), isCertain: false }
}

function cutOffError(path: string, size: number, expectedBytes: number): TacitError {
  return new TacitError(
    'STORE_CORRUPT',
    `${path} is cut off: ${size} bytes of ${expectedBytes}. It was left as it is; restore it from a backup or an export.`,
    { details: { location: path, size, expectedBytes } },
  )
}

function readHeader(path: string): { header: Buffer; size: number } {
  const file = openSync(path, 'r')
  try {
    const header = Buffer.alloc(headerLength)
    const length = readSync(file, header, 0, headerLength, 0)
    return { header: header.subarray(0, length), size: fstatSync(file).size }
  } finally {
    closeSync(file)
  }
}

function assertCanCreate(path: string, readOnly: boolean): void {
  if (readOnly) throw unavailable(path, 'does not exist. Check the path')
  const directory = dirname(path)
  if (!existsSync(directory)) {
    throw unavailable(path, `cannot be created: there is no directory ${directory}. Create it first`)
  }
  if (!isAllowed(directory, constants.W_OK | constants.X_OK)) {
    throw unavailable(path, `cannot be created: this user may not write in ${directory}. Give it the right to`)
  }
}

function assertAccess(path: string, readOnly: boolean): void {
  if (!isAllowed(path, constants.R_OK)) throw unavailable(path, 'may not be read by this user. Give it the right to')
  if (readOnly || (isAllowed(path, constants.W_OK) && isAllowed(dirname(path), constants.W_OK))) return
  throw new TacitError(
    'STORE_READ_ONLY',
    `The database ${path} or its directory may not be written by this user. Give it the right to, or open it read-only.`,
    { details: { location: path } },
  )
}

function isAllowed(path: string, mode: number): boolean {
  try {
    accessSync(path, mode)
    return true
  } catch {
    return false
  }
}

const sizeOf = (path: string) => statSync(path, { throwIfNoEntry: false })?.size ?? 0

const unavailable = (path: string, text: string, cause?: unknown) =>
  new TacitError('STORE_UNAVAILABLE', `The database ${path} ${text}.`, { cause, details: { location: path } })
