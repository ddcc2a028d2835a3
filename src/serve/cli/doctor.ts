import { accessSync, constants, existsSync, readFileSync, statfsSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { type Config, urlToPaste } from '../../config.ts'
import { hasLeftEvents } from '../../engine/hooks/drain.ts'
import { hookFiles } from '../../engine/hooks/hook.ts'
import { openTacit } from '../../engine/open.ts'
import type { Status, Tacit } from '../../engine/types.ts'
import { TacitError } from '../../errors.ts'
import { formatBytes, plural } from './format.ts'
import { isInstalled, settingsPlaces } from './hook-settings.ts'
import { type GlobalOptions, howToCreate, isFilePath, isThere, resolveConfig } from './session.ts'

/** What a check found, and what to do about it. */
export interface Finding {
  readonly check: string
  /** warning: it works, but not as well as it could. */
  readonly state: 'ok' | 'warning' | 'failed'
  readonly message: string
  /** What to do; null where nothing is to be done. */
  readonly advice: string | null
}

const leastNode = [22, 16] as const
const littleSpaceBytes = 200 * 1024 * 1024
const largeDatabaseBytes = 10 * 1024 ** 3
const manyAwaited = 1000

/**
 * Checks an installation, one thing after the other; what cannot be looked at any more is left out. Changes nothing.
 * @param verify whether to replay the log, too, and compare what was learned.
 */
export async function* checks(options: GlobalOptions, verify: boolean): AsyncGenerator<Finding> {
  yield runtime()
  const configured = configuration(options)
  yield configured.finding
  if (configured.config === null) return
  const { config } = configured
  yield switchedOn(config)
  if (isFilePath(config.db)) yield space(config.db)
  const isMissing = yield* database(config, verify)
  if (!isMissing) yield hooks(config)
}

const ok = (check: string, message: string): Finding => ({ check, state: 'ok', message, advice: null })
const warn = (check: string, message: string, advice: string): Finding => ({ check, state: 'warning', message, advice })
const fail = (check: string, message: string, advice: string): Finding => ({ check, state: 'failed', message, advice })

function runtime(): Finding {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
  const isNewEnough = major > leastNode[0] || (major === leastNode[0] && minor >= leastNode[1])
  if (isNewEnough) return ok('runtime', `Node ${process.versions.node}`)
  return fail('runtime', `Node ${process.versions.node} is too old.`, `Install Node ${leastNode.join('.')} or newer.`)
}

function configuration(options: GlobalOptions): { finding: Finding; config: Config | null } {
  try {
    const { config, settings, file } = resolveConfig(options)
    const set = settings.filter(({ source }) => source !== 'default').length
    const where = file === undefined ? 'no file' : file
    return { finding: ok('configuration', `${where}, ${plural(set, 'option')} set`), config }
  } catch (error) {
    if (!(error instanceof TacitError)) throw error
    return {
      finding: fail('configuration', error.message, '"tacit config --explain" lists every option.'),
      config: null,
    }
  }
}

function switchedOn({ enabled, stage }: Config): Finding {
  if (!enabled || stage === 'off') {
    return warn(
      'switch',
      'Tacit is switched off: nothing is recorded or learned.',
      'Set enabled to true and a stage other than off.',
    )
  }
  return ok('switch', `on, stage ${stage}`)
}

function space(db: string): Finding {
  const directory = dirname(resolve(db))
  try {
    accessSync(directory, constants.W_OK)
    const { bavail, bsize } = statfsSync(directory)
    const free = formatBytes(bavail * bsize)
    if (bavail * bsize < littleSpaceBytes)
      return warn('disk', `Only ${free} are free in ${directory}.`, 'Make room, or prune: "tacit prune".')
    return ok('disk', `${free} free in ${directory}`)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    return fail(
      'disk',
      `${directory} cannot be written (${code}).`,
      'Check that it exists and who owns it, or name another file with --db.',
    )
  }
}

/** True if there is none. */
async function* database(config: Config, verify: boolean): AsyncGenerator<Finding, boolean> {
  let tacit: Tacit
  try {
    if (!(await isThere(config))) {
      yield warn('database', `There is no database at ${urlToPaste(config.db)} yet.`, howToCreate(config.db))
      return true
    }
    tacit = await openTacit(config)
  } catch (error) {
    if (!(error instanceof TacitError)) throw error
    yield fail('database', `${error.code}: ${error.message}`, adviceFor(error.code))
    return false
  }
  try {
    const status = await tacit.status()
    yield size(status)
    yield outcomes(status)
    yield ownErrors(status)
    if (!verify) return false
    const { verified } = await tacit.replay({ verify: true })
    yield verified === false
      ? fail('learned state', 'It differs from what the log gives.', 'Rebuild it: "tacit replay".')
      : ok('learned state', 'the same as the log gives, byte by byte')
  } catch (error) {
    if (!(error instanceof TacitError)) throw error
    yield fail('database', `${error.code}: ${error.message}`, adviceFor(error.code))
  } finally {
    await tacit.close()
  }
  return false
}

function adviceFor(code: string): string {
  const known: Readonly<Record<string, string>> = {
    STORE_NEWER: 'Upgrade Tacit, or use another database.',
    STORE_CORRUPT: 'Restore a backup: "tacit db restore". A copy of the damaged file may still be of use.',
    STORE_BUSY: 'Another process holds the database. Wait, or raise busyTimeoutMs.',
    STORE_READ_ONLY: 'Make the file and its directory writable.',
    DISK_FULL: 'Make room on the disk.',
  }
  return known[code] ?? 'docs/troubleshooting.md has more.'
}

function size({ executions, sizeBytes, db }: Status): Finding {
  const message = `${db}: ${plural(executions, 'execution')}, ${formatBytes(sizeBytes)}`
  if (sizeBytes > largeDatabaseBytes) return warn('database', message, 'Prune what is old: "tacit prune".')
  return ok('database', message)
}

function outcomes({ executions, joinRate, inFlight }: Status): Finding {
  if (executions === 0)
    return warn(
      'outcomes',
      'Nothing is on record.',
      'Decide and observe, or take in history: "tacit record", "tacit import".',
    )
  const share = joinRate === null ? 'none' : `${Math.round(joinRate * 100)} %`
  if (joinRate !== null && joinRate < 0.5) {
    return warn(
      'outcomes',
      `Only ${share} of the executions have an outcome.`,
      'Report what came of decisions with observe; learning needs it.',
    )
  }
  if (inFlight > manyAwaited) {
    return warn(
      'outcomes',
      `${plural(inFlight, 'decision')} wait for their outcome.`,
      'See whether whoever decides also observes.',
    )
  }
  return ok('outcomes', `${share} of the executions have one, ${inFlight} awaited`)
}

function ownErrors({ errors }: Status): Finding {
  const counted = Object.entries(errors).filter(([, count]) => count > 0)
  if (counted.length === 0) return ok('own errors', 'none')
  return warn(
    'own errors',
    counted.map(([where, count]) => `${where} ${count}`).join(', '),
    'docs/troubleshooting.md says what they mean.',
  )
}

function hooks({ db, scope }: Config): Finding {
  const places = settingsPlaces.filter(isInstalled)
  const files = hookFiles(db, scope)
  const errors = existsSync(files.errors) ? readFileSync(files.errors, 'utf8').split('\n').length - 1 : 0
  if (errors > 0) return warn('hooks', `${plural(errors, 'error')} on record.`, '"tacit hook status" shows them.')
  if (hasLeftEvents(files))
    return warn('hooks', 'Events wait to be taken in.', 'Any command takes them in, or "tacit hook drain".')
  return ok('hooks', places.length === 0 ? 'not set up here' : `set up in ${places.join(', ')}`)
}
