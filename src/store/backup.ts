import { randomUUID } from 'node:crypto'
import { existsSync, statSync } from 'node:fs'
import { copyFile, link, rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { TacitError } from '../errors.ts'
import type { OnProgress, StoreAdmin, Tally } from './admin.ts'
import { type About, aboutOf, assertVersion, copyDatabase, type MigrationReport, withAdmin } from './care.ts'
import type { StoreOptions } from './open.ts'

/** A backup is a SQLite file that Tacit can open, whatever kind of database it was taken from. */
export interface BackupReport {
  readonly file: string
  readonly sizeBytes: number
  readonly schemaVersion: number
  readonly scopes: readonly (Tally & { readonly scope: string })[]
}

const silent: OnProgress = () => {}

/**
 * Writes everything that the database holds at one moment into one file, while others go on writing, and checks it.
 * `file` appears only when it is whole.
 * @throws TacitError ALREADY_EXISTS if `file` is there; STORE_CORRUPT if what was written is not sound.
 */
export async function backupDatabase(
  options: StoreOptions,
  file: string,
  onProgress: OnProgress = silent,
): Promise<BackupReport & About> {
  return withAdmin(options, 'read', async admin => ({
    ...aboutOf(admin),
    ...(await writeBackup(admin, options, file, onProgress)),
  }))
}

export interface Changed {
  /** The backup that was taken before; null where there was nothing to keep. */
  readonly backup: BackupReport | null
}

/**
 * Replaces everything by what `file` holds, after checking it and after a backup of what is there, and brings the schema up
 * to date. Nobody else may use the database.
 * @throws TacitError STORE_CORRUPT or STORE_NEWER for a file that cannot be used, STORE_BUSY for a database in use; nothing
 *   is then changed.
 */
export async function restoreDatabase(
  options: StoreOptions,
  file: string,
  onProgress: OnProgress = silent,
): Promise<BackupReport & About & Changed> {
  const expected = await examineBackup(file)
  const target = await withTarget(options, async admin => {
    await admin.assertAlone()
    const backup = await keepBackup(admin, options, 'restore')
    if (admin.restore === undefined) await empty(admin)
    else {
      await admin.restore(file, onProgress)
      await admin.migrateTo((await admin.schema()).latestVersion)
    }
    return { ...aboutOf(admin), backup, isReplaced: admin.restore !== undefined }
  })
  const { isReplaced, ...report } = target
  if (!isReplaced) await copyFromFile(options, file, onProgress)
  await withAdmin(options, 'read', admin => assertHolds(admin, expected))
  return { ...report, ...expected }
}

/**
 * Takes the schema down to `version`, after a backup, for an older Tacit to use. What only the newer tables held is lost.
 * @throws TacitError INVALID_INPUT for a version that is not below the present one; STORE_BUSY for a database in use.
 */
export function rollbackDatabase(options: StoreOptions, version: number): Promise<MigrationReport & Changed> {
  return withAdmin(options, 'write', async admin => {
    const schema = await admin.schema()
    assertVersion(version, schema, 1, schema.version - 1)
    await admin.assertAlone()
    const backup = await keepBackup(admin, options, 'rollback')
    await admin.migrateTo(version)
    return { ...aboutOf(admin), from: schema.version, to: (await admin.schema()).version, backup }
  })
}

/** Removes everything, after a backup, and leaves an empty database with a new identity. */
export function resetDatabase(options: StoreOptions): Promise<About & Changed> {
  return withAdmin(options, 'write', async admin => {
    await admin.schema()
    await admin.assertAlone()
    const backup = await keepBackup(admin, options, 'reset')
    await empty(admin)
    await admin.maintain({ full: true }, silent)
    return { ...aboutOf(admin), backup }
  })
}

// ---- helpers -------------------------------------------------------------------------------------------------------

async function empty(admin: StoreAdmin): Promise<void> {
  const { latestVersion } = await admin.schema()
  await admin.migrateTo(0)
  await admin.migrateTo(latestVersion)
}

/** A backup beside the database (of a server: in the working directory), under a name that says why it was taken. */
async function keepBackup(admin: StoreAdmin, options: StoreOptions, before: string): Promise<BackupReport | null> {
  const { version } = await admin.schema()
  if (version === 0 || (await admin.scopes()).length === 0) return null
  const stamp = new Date().toISOString().replace(/[-:.]/g, '')
  const place = admin.dialect === 'sqlite' ? admin.location : join(process.cwd(), 'tacit-postgres')
  return writeBackup(admin, options, `${place}.before-${before}-${stamp}`, silent)
}

async function writeBackup(
  admin: StoreAdmin,
  options: StoreOptions,
  file: string,
  onProgress: OnProgress,
): Promise<BackupReport> {
  if (existsSync(file)) throw alreadyThere(file)
  const temporary = join(dirname(file), `.${basename(file)}.${randomUUID()}.tmp`)
  try {
    if (admin.backup === undefined) await copyDatabase(options, fileOptions(temporary), { onProgress })
    else await admin.backup(temporary, onProgress)
    await settle(temporary)
    const report = await examineBackup(temporary)
    // A link, unlike a renaming, does not replace a file that has appeared meanwhile.
    await link(temporary, file)
    return { ...report, file }
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'EEXIST') throw alreadyThere(file)
    throw cause
  } finally {
    await removeDatabase(temporary)
  }
}

/** Looks through a backup: its schema, its soundness, and how much it holds. */
async function examineBackup(file: string): Promise<BackupReport> {
  if (!existsSync(file)) throw new TacitError('NOT_FOUND', `There is no backup at ${file}. Check the path.`)
  return withAdmin(fileOptions(file), 'read', async admin => {
    const { version } = await admin.schema()
    const [problem] = await admin.integrityProblems(1)
    if (problem !== undefined) {
      throw new TacitError('STORE_CORRUPT', `The backup ${file} is damaged (${problem}). Use another one.`)
    }
    return { file, sizeBytes: statSync(file).size, schemaVersion: version, scopes: await talliesOf(admin) }
  })
}

async function talliesOf(admin: StoreAdmin) {
  const scopes = await admin.scopes()
  return Promise.all(scopes.map(async scope => ({ scope, ...(await admin.tally(scope)) })))
}

async function assertHolds(admin: StoreAdmin, { scopes }: BackupReport): Promise<void> {
  const [problem] = await admin.integrityProblems(1)
  const isSame = JSON.stringify(await talliesOf(admin)) === JSON.stringify(scopes)
  if (problem === undefined && isSame) return
  throw new TacitError(
    'COPY_MISMATCH',
    `The database ${admin.location} does not hold what the backup does (${problem ?? 'other counts'}). Restore it again.`,
  )
}

/** From a file to a server, scope by scope. An older file is brought up to date in a copy of its own. */
async function copyFromFile(options: StoreOptions, file: string, onProgress: OnProgress): Promise<void> {
  const temporary = `${file}.${randomUUID()}.tmp`
  try {
    await copyFile(file, temporary)
    await withAdmin(fileOptions(temporary), 'write', async admin =>
      admin.migrateTo((await admin.schema()).latestVersion),
    )
    await copyDatabase(fileOptions(temporary), options, { onProgress })
  } finally {
    await removeDatabase(temporary)
  }
}

/** Opens what is to be replaced; what cannot be opened is not replaced either. */
async function withTarget<T>(options: StoreOptions, work: (admin: StoreAdmin) => Promise<T>): Promise<T> {
  try {
    return await withAdmin(options, 'write', work)
  } catch (error) {
    if (!(error instanceof TacitError) || error.code !== 'STORE_CORRUPT') throw error
    throw new TacitError(
      'STORE_CORRUPT',
      `${error.message} To restore in its place, first move it away, with the files that end in -wal and -shm beside it.`,
      { cause: error, details: error.details },
    )
  }
}

/** Folds the log of a file in, so that the file alone is the database. */
function settle(file: string): Promise<void> {
  return withAdmin(fileOptions(file), 'write', admin => admin.assertAlone())
}

const fileOptions = (db: string): StoreOptions => ({ db, durability: 'full', busyTimeoutMs: 10_000 })

async function removeDatabase(file: string): Promise<void> {
  for (const suffix of ['', '-wal', '-shm', '-journal']) await rm(`${file}${suffix}`, { force: true })
}

function alreadyThere(file: string): TacitError {
  return new TacitError('ALREADY_EXISTS', `${file} is there already and was left as it is. Name another file.`)
}
