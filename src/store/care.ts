import { TacitError } from '../errors.ts'
import type { ConnectionsReport, Dialect, MaintenanceStep, OnProgress, SchemaReport, StoreAdmin } from './admin.ts'
import { type CopiedScope, copyScopes } from './copy.ts'
import type { Opened } from './copy-log.ts'
import { openAdmin, openStore, type StoreOptions } from './open.ts'
import { type Validation, validate } from './validate.ts'

/** What is done for a database as a whole, beside using it. Backups and what needs one stand in `backup.ts`. */
export interface About {
  readonly location: string
  readonly dialect: Dialect
}

const silent: OnProgress = () => {}

/**
 * The schema of a database as it stands. Writes nothing.
 * @throws TacitError STORE_NEWER, STORE_CORRUPT for a schema that this Tacit did not make.
 */
export function checkDatabase(options: StoreOptions): Promise<SchemaReport & About> {
  return withAdmin(options, 'read', async admin => ({ ...aboutOf(admin), ...(await admin.schema()) }))
}

export interface MigrationReport extends About {
  readonly from: number
  readonly to: number
}

/**
 * Brings the schema up to `version` (left out: the newest); a database that is not there yet is made.
 * @throws TacitError INVALID_INPUT for a version below the present one: that is a rollback.
 */
export function migrateDatabase(options: StoreOptions, version?: number): Promise<MigrationReport> {
  return withAdmin(options, 'write', async admin => {
    const schema = await admin.schema()
    const to = version ?? schema.latestVersion
    assertVersion(to, schema, schema.version, schema.latestVersion)
    await admin.migrateTo(to)
    return { ...aboutOf(admin), from: schema.version, to: (await admin.schema()).version }
  })
}

/** Compares all that a database holds with what it must be; see `validate`. Writes nothing. */
export function validateDatabase(options: StoreOptions, onProgress: OnProgress = silent): Promise<Validation & About> {
  return withOpened(options, 'read', async ({ admin, store }) => ({
    ...aboutOf(admin),
    ...(await validate(admin, store, onProgress)),
  }))
}

export interface MaintenanceReport extends About {
  readonly steps: readonly MaintenanceStep[]
}

/** Upkeep: folds logs in, gathers statistics, gives space back. Others may go on using the database. */
export function maintainDatabase(
  options: StoreOptions & { readonly full?: boolean },
  onProgress: OnProgress = silent,
): Promise<MaintenanceReport> {
  return withAdmin(options, 'write', async admin => {
    await assertNewest(admin)
    return { ...aboutOf(admin), steps: await admin.maintain({ full: options.full ?? false }, onProgress) }
  })
}

/** Who uses the database now. */
export function connectionsOf(options: StoreOptions): Promise<ConnectionsReport & About> {
  return withAdmin(options, 'read', async admin => ({ ...aboutOf(admin), ...(await admin.connections()) }))
}

export interface CopyReport {
  readonly from: string
  readonly to: string
  readonly scopes: readonly CopiedScope[]
}

/**
 * Copies one database into another, whatever the kind of both; see `copyScopes`. The target is made if it is not there. A
 * copy of all scopes into an empty database takes the identity of the source over, so that pseudonyms stay the same.
 * @throws TacitError NOT_FOUND for a scope that the source does not have, and whatever `copyScopes` throws.
 */
export async function copyDatabase(
  from: StoreOptions,
  to: StoreOptions,
  { scope, onProgress = silent }: { readonly scope?: string; readonly onProgress?: OnProgress } = {},
): Promise<CopyReport> {
  if (from.db === to.db) {
    throw new TacitError('INVALID_INPUT', 'Both sides of the copy are the same database. Name two.')
  }
  return withOpened(from, 'read', async source => {
    const all = await source.admin.scopes()
    if (scope !== undefined && !all.includes(scope)) {
      throw new TacitError(
        'NOT_FOUND',
        `There is no scope ${scope} in ${source.store.location}. It has: ${all.join(', ')}.`,
      )
    }
    return withOpened(to, 'write', async target => {
      const isNew = scope === undefined && (await target.admin.scopes()).length === 0
      if (isNew) await target.admin.adoptOrigin(source.store.origin)
      const copied = await copyScopes(source, target, scope === undefined ? all : [scope], onProgress)
      return { from: source.store.location, to: target.store.location, scopes: copied }
    })
  })
}

// ---- opening -------------------------------------------------------------------------------------------------------

/** Opens the care of a database, runs `work` and closes it again. */
export async function withAdmin<T>(
  options: StoreOptions,
  access: 'read' | 'write',
  work: (admin: StoreAdmin) => Promise<T>,
): Promise<T> {
  const admin = await openAdmin(options, access)
  try {
    return await work(admin)
  } finally {
    await admin.close()
  }
}

/** The same with the store open as well; `read` needs the newest schema, `write` brings it there. */
async function withOpened<T>(
  options: StoreOptions,
  access: 'read' | 'write',
  work: (opened: Opened) => Promise<T>,
): Promise<T> {
  const isRead = access === 'read'
  if (isRead) await withAdmin(options, 'read', assertNewest)
  const store = await openStore({ ...options, readOnly: isRead })
  try {
    return await withAdmin(options, access, admin => work({ store, admin }))
  } finally {
    await store.close()
  }
}

async function assertNewest(admin: StoreAdmin): Promise<void> {
  const { version, latestVersion } = await admin.schema()
  if (version === latestVersion) return
  throw new TacitError(
    'STORE_READ_ONLY',
    `The schema of ${admin.location} is at version ${version}, and ${latestVersion} is needed. Run "tacit db migrate" first.`,
    { details: { location: admin.location, version, latestVersion } },
  )
}

/** @throws TacitError INVALID_INPUT unless `version` is a whole number between `lowest` and `highest`. */
export function assertVersion(
  version: number,
  { version: present }: SchemaReport,
  lowest: number,
  highest: number,
): void {
  if (Number.isInteger(version) && version >= lowest && version <= highest) return
  throw new TacitError(
    'INVALID_INPUT',
    `The schema is at version ${present} and cannot be brought to ${version} this way; from ${lowest} to ${highest} it can.`,
    { details: { version, present, lowest, highest } },
  )
}

export const aboutOf = ({ location, dialect }: StoreAdmin): About => ({ location, dialect })
