import { existsSync } from 'node:fs'
import type { Command } from 'commander'
import { type Config, isPostgres, loadConfig, settingFromText, urlToPaste, withoutPassword } from '../../config.ts'
import type { StoreOptions } from '../../engine/database.ts'
import type { Tacit } from '../../engine/types.ts'
import { TacitError } from '../../errors.ts'
import { quote } from './flags.ts'
import { note } from './output.ts'

/** The options that every command has. */
export interface GlobalOptions {
  readonly db?: string
  readonly replica?: string
  readonly scope?: string
  readonly config?: string
  readonly set?: readonly string[]
  readonly json?: boolean
  /** A database in memory is all that this command needs, so there is nothing to warn of. */
  readonly isScratch?: boolean
}

export const defaultConfigFile = 'tacit.config.json'

/** The options of every command, as given to this one. */
export function globalOptions(command: Command): GlobalOptions {
  return command.optsWithGlobals<GlobalOptions>()
}

/** The configuration as the command line, the environment and the file give it. */
export function resolveConfig(options: GlobalOptions) {
  const file = configFile(options)
  return { ...loadConfig({ flags: configFlags(options), environment: process.env, file }), file }
}

/**
 * Opens Tacit, runs `work` and closes it again.
 * @param access `existing`: a database that is not there is an error; `create`: it is made.
 * @throws TacitError NOT_FOUND if `access` is `existing` and there is no database.
 */
export async function withTacit<Result>(
  options: GlobalOptions,
  access: 'existing' | 'create',
  work: (tacit: Tacit) => Promise<Result>,
  { takesHookEvents = true }: { takesHookEvents?: boolean } = {},
): Promise<Result> {
  const { config } = resolveConfig(options)
  const hooks = takesHookEvents ? await waitingHookEvents(config) : null
  if (access === 'existing' && hooks === null) await assertExists(config)
  if (config.db === ':memory:' && !options.isScratch) note(memoryWarning)
  const { openTacit } = await import('../../engine/open.ts')
  const tacit = await openTacit(config)
  tacit.events.on('error', ({ where, error }) => {
    if (where === 'replica') note(`${error.message} The primary answered in its place.`)
  })
  try {
    await hooks?.takeIn(tacit)
    return await work(tacit)
  } finally {
    await tacit.close()
  }
}

const memoryWarning = 'The database is in memory (:memory:): nothing of this is kept when the command ends.'

/** What hooks have left is part of the history that a command works with; null if there is nothing. */
async function waitingHookEvents({ db, scope }: Config) {
  if (db === ':memory:') return null
  const { hookFiles, noteHookError } = await import('../../engine/hooks/hook.ts')
  const files = hookFiles(db, scope)
  if (!existsSync(files.directory)) return null
  const { drainEvents, hasLeftEvents } = await import('../../engine/hooks/drain.ts')
  if (!hasLeftEvents(files)) return null
  // They stay where they are until they can be taken in; the command goes on without them.
  const takeIn = (tacit: Tacit) => drainEvents(tacit, files).catch(error => noteHookError(files, 'drain', error))
  return { takeIn }
}

/** @throws TacitError NOT_FOUND if there is no database; see `isThere`. */
export async function assertExists(options: StoreOptions): Promise<void> {
  if (await isThere(options)) return
  const db = urlToPaste(options.db)
  throw new TacitError(
    'NOT_FOUND',
    `There is no database${isPostgres(db) ? ' of Tacit' : ''} at ${db}. ${howToCreate(options.db)}`,
    { details: { db } },
  )
}

/** Whether there is a database: a file, or what Tacit sets up on a PostgreSQL server. Makes nothing. */
export async function isThere(options: StoreOptions): Promise<boolean> {
  if (isFilePath(options.db)) return existsSync(options.db)
  if (!isPostgres(options.db)) return true
  const { checkDatabase } = await import('../../engine/database.ts')
  return (await checkDatabase(options)).version > 0
}

/** What to do where there is no database. */
export function howToCreate(db: string): string {
  const place = isPostgres(db) ? ` --db ${quote(urlToPaste(db))}` : ''
  return `Create it with "tacit init${place}", or name another with --db.`
}

/** ` --db …` for a line to paste; nothing where the environment or the file names a database with its password. */
export function dbToPaste({ db: given }: GlobalOptions, db: string): string {
  if (given === undefined && withoutPassword(db) !== db) return ''
  return ` --db ${quote(urlToPaste(given ?? db))}`
}

/** Where the password of a line to paste comes from; empty if nothing was left out of it. */
export function passwordHint({ db = '' }: GlobalOptions): string {
  if (urlToPaste(db) === db) return ''
  return 'The password is left out above: PGPASSWORD gives it, or TACIT_DB with the whole URL in place of --db.'
}

export const isFilePath = (db: string) => db !== ':memory:' && !/^\w+:\/\//.test(db)

function configFile({ config }: GlobalOptions): string | undefined {
  return config ?? (process.env.TACIT_CONFIG || (existsSync(defaultConfigFile) ? defaultConfigFile : undefined))
}

/** --db, --scope and --replica are short for --set db=… and so on; where both are given, the short ones hold. */
function configFlags({ db, scope, replica, set }: GlobalOptions): Record<string, unknown> {
  const named = {
    ...(db === undefined ? {} : { db }),
    ...(scope === undefined ? {} : { scope }),
    ...(replica === undefined ? {} : { postgres: { replicaUrl: replica } }),
  }
  return [...(set ?? []).map(parseSetting), named].reduce(merge, {})
}

function parseSetting(text: string): Record<string, unknown> {
  const at = text.indexOf('=')
  if (at < 1) {
    throw new TacitError('INVALID_INPUT', `--set ${JSON.stringify(text)} is not of the form key=value.`, {
      details: { text },
    })
  }
  return settingFromText(text.slice(0, at), text.slice(at + 1))
}

function merge(target: Record<string, unknown>, source: Record<string, unknown>): Record<string, unknown> {
  const result = { ...target }
  for (const [key, value] of Object.entries(source)) {
    const previous = result[key]
    result[key] = isPlainObject(previous) && isPlainObject(value) ? merge(previous, value) : value
  }
  return result
}

function isPlainObject(value: unknown): value is Record<string, unknown> {
  return value !== null && typeof value === 'object' && !Array.isArray(value)
}
