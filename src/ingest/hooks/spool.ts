import { createHash } from 'node:crypto'
import { appendFileSync, existsSync, mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { dirname, isAbsolute, join, resolve } from 'node:path'
import type { HookEvent } from './event.ts'

/**
 * Where hooks leave what they saw until a process takes it into the database: a hook must be quick and must not fail the
 * agent, and opening a database takes longer than an agent should wait. Beside a database file; for a server, in the
 * user's state directory.
 */
export interface HookFiles {
  readonly directory: string
  /** One event per line. */
  readonly spool: string
  /** Work that goes on, from one taking-in to the next. */
  readonly state: string
  /** What past tasks show, for recommendations. */
  readonly advice: string
  /** What went wrong in hooks; bounded. */
  readonly errors: string
}

/** The files of the hooks of one database and scope. */
export function hookFiles(db: string, scope: string): HookFiles {
  const isUrl = /^\w+:\/\//.test(db)
  const key = createHash('sha256')
    .update(`${isUrl ? db : resolve(db)}\u0000${scope}`)
    .digest('hex')
    .slice(0, 16)
  const directory = isUrl ? join(stateHome(), 'tacit', key) : join(`${resolve(db)}.hooks`, key)
  const file = (name: string) => join(directory, name)
  return {
    directory,
    spool: file('spool.ndjson'),
    state: file('state.json'),
    advice: file('advice'),
    errors: file('errors.ndjson'),
  }
}

function stateHome(): string {
  const { XDG_STATE_HOME: home } = process.env
  return home !== undefined && isAbsolute(home) ? home : join(homedir(), '.local', 'state')
}

/** A spool that nobody takes in stops growing here; what comes after is counted as an error. */
const maxSpoolBytes = 64 * 1024 * 1024
const maxErrorBytes = 64 * 1024

/**
 * Leaves one event to be taken in. It is on disk when this returns.
 * @throws Error if it cannot be written or nobody has taken in the others for too long.
 */
export function leaveEvent(files: HookFiles, event: HookEvent): void {
  ensureDirectory(files.directory)
  if (sizeOf(files.spool) > maxSpoolBytes) throw new Error(`The spool ${files.spool} is full. Run "tacit hook drain".`)
  appendFileSync(files.spool, `${JSON.stringify(event)}\n`, { mode: 0o600 })
}

/** Notes an error of a hook; the oldest give way. Never throws: the agent goes on whatever happens. */
export function noteHookError(files: HookFiles, event: string | null, error: unknown): void {
  try {
    ensureDirectory(files.directory)
    const message = (error instanceof Error ? error.message : String(error)).slice(0, 500)
    const line = `${JSON.stringify({ at: new Date().toISOString(), event, message })}\n`
    if (sizeOf(files.errors) > maxErrorBytes) {
      const lines = readFileSync(files.errors, 'utf8').split('\n')
      const fresh = `${files.errors}.${process.pid}`
      writeFileSync(fresh, lines.slice(Math.floor(lines.length / 2)).join('\n'), { mode: 0o600 })
      renameSync(fresh, files.errors)
    }
    appendFileSync(files.errors, line, { mode: 0o600 })
  } catch (unwritable) {
    if (process.env.TACIT_DEBUG) process.stderr.write(`tacit hook: ${String(unwritable)}\n`)
  }
}

/** Makes a directory and those around it. (Node's own recursive way never ends where the system refuses with ENOENT.) */
export function ensureDirectory(directory: string): void {
  try {
    mkdirSync(directory, { mode: 0o700 })
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'EEXIST') return
    if (code !== 'ENOENT' || dirname(directory) === directory) throw error
    ensureDirectory(dirname(directory))
    if (!existsSync(dirname(directory))) throw error
    mkdirSync(directory, { mode: 0o700 })
  }
}

/** Size of a file in bytes; 0 if there is none. */
export function sizeOf(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.size ?? 0
}
