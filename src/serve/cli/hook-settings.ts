import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmdirSync, rmSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import { TacitError } from '../../errors.ts'

/** Where Claude Code keeps settings. */
export const settingsPlaces = ['project', 'local', 'user'] as const
export type SettingsPlace = (typeof settingsPlaces)[number]

/** The events that the hooks are set up for. */
const hookedEvents = [
  'SessionStart',
  'UserPromptSubmit',
  'PostToolUse',
  'PostToolUseFailure',
  'SubagentStart',
  'SubagentStop',
  'Stop',
  'SessionEnd',
] as const

/** What setting hooks up, or taking them out, does to the settings of Claude Code. */
export interface SettingsChange {
  readonly file: string
  /** Null where there is no file. */
  readonly before: string | null
  readonly after: string | null
  /** False if settings have changed since the hooks were set up: then only the hooks go, and the layout may change. */
  readonly isExact: boolean
}

type Json = Record<string, unknown>

/** What `install` leaves beside the settings, so that `uninstall` can restore them to the byte. */
interface Manifest {
  readonly before: string | null
  readonly afterSha256: string
  readonly command: string
}

function settingsFile(place: SettingsPlace): string {
  const home = process.env.CLAUDE_CONFIG_DIR || join(homedir(), '.claude')
  if (place === 'user') return join(home, 'settings.json')
  return join('.claude', place === 'project' ? 'settings.json' : 'settings.local.json')
}

/** The hooks as Claude Code expects them, one entry per event. */
export function hookEntries(command: string): Json {
  const hooks = [{ type: 'command', command, timeout: 5 }]
  return Object.fromEntries(
    hookedEvents.map(event => [event, [event.startsWith('PostToolUse') ? { matcher: '*', hooks } : { hooks }]]),
  )
}

/**
 * What setting up `command` would change.
 * @throws TacitError ALREADY_EXISTS if hooks of Tacit are there; INVALID_INPUT if the settings cannot be understood.
 */
export function planInstall(place: SettingsPlace, command: string): SettingsChange & { readonly manifest: Manifest } {
  const file = settingsFile(place)
  if (existsSync(manifestOf(file))) {
    throw new TacitError(
      'ALREADY_EXISTS',
      `The hooks are in ${file} already. Take them out with "tacit hook uninstall".`,
    )
  }
  const before = existsSync(file) ? readFileSync(file, 'utf8') : null
  const settings = before === null ? {} : parseSettings(file, before)
  const hooks = { ...(settings.hooks as Json | undefined) }
  for (const [event, entries] of Object.entries(hookEntries(command))) {
    const there = hooks[event] ?? []
    if (!Array.isArray(there)) throw unreadable(file, `hooks.${event} is not a list`)
    hooks[event] = [...there, ...(entries as unknown[])]
  }
  const after = `${JSON.stringify({ ...settings, hooks }, null, 2)}\n`
  return { file, before, after, isExact: true, manifest: { before, afterSha256: sha256(after), command } }
}

/** Writes what `planInstall` planned. */
export function install({ file, after, manifest }: ReturnType<typeof planInstall>): void {
  mkdirSync(dirname(file), { recursive: true })
  replace(manifestOf(file), `${JSON.stringify(manifest, null, 2)}\n`)
  replace(file, after!)
}

/**
 * What taking the hooks out would change.
 * @throws TacitError NOT_FOUND if they were not set up here.
 */
export function planUninstall(place: SettingsPlace): SettingsChange {
  const file = settingsFile(place)
  const manifest = readManifest(file)
  const current = existsSync(file) ? readFileSync(file, 'utf8') : null
  if (current === null) return { file, before: null, after: null, isExact: manifest.before === null }
  if (sha256(current) === manifest.afterSha256) {
    return { file, before: current, after: manifest.before, isExact: true }
  }
  const after = `${JSON.stringify(withoutHooks(parseSettings(file, current), manifest.command), null, 2)}\n`
  return { file, before: current, after, isExact: false }
}

/** Writes what `planUninstall` planned; a directory that is then empty goes too. */
export function uninstall({ file, after }: SettingsChange): void {
  if (after === null) rmSync(file, { force: true })
  else replace(file, after)
  rmSync(manifestOf(file), { force: true })
  if (existsSync(dirname(file)) && readdirSync(dirname(file)).length === 0) rmdirSync(dirname(file))
}

/** Whether the hooks are set up in a place. */
export const isInstalled = (place: SettingsPlace): boolean => existsSync(manifestOf(settingsFile(place)))

function withoutHooks(settings: Json, command: string): Json {
  const { hooks, ...rest } = settings
  const isOurs = (hook: unknown) => (hook as Json | null)?.command === command
  const kept = Object.entries((hooks ?? {}) as Json).flatMap(([event, entries]) => {
    if (!Array.isArray(entries)) return [[event, entries]]
    const others = entries.flatMap((entry: unknown) => {
      const list = (entry as Json | null)?.hooks
      if (!Array.isArray(list) || !list.some(isOurs)) return [entry]
      const remaining = list.filter(hook => !isOurs(hook))
      return remaining.length === 0 ? [] : [{ ...(entry as Json), hooks: remaining }]
    })
    return others.length === 0 ? [] : [[event, others]]
  })
  return kept.length === 0 ? rest : { ...rest, hooks: Object.fromEntries(kept) }
}

const manifestOf = (file: string) => file.replace(/\.json$/, '.tacit.json')

function readManifest(file: string): Manifest {
  const path = manifestOf(file)
  if (!existsSync(path)) {
    throw new TacitError(
      'NOT_FOUND',
      `The hooks were not set up in ${file} by "tacit hook install". Nothing was changed.`,
    )
  }
  return parseSettings(path, readFileSync(path, 'utf8')) as unknown as Manifest
}

function parseSettings(file: string, text: string): Json {
  try {
    const value: unknown = JSON.parse(text)
    const hooks = (value as Json | null)?.hooks ?? {}
    if (isObject(value) && isObject(hooks)) return value
  } catch (cause) {
    throw unreadable(file, (cause as Error).message, cause)
  }
  throw unreadable(file, 'it is not a JSON object with hooks by event')
}

const isObject = (value: unknown): value is Json => value !== null && typeof value === 'object' && !Array.isArray(value)

const unreadable = (file: string, why: string, cause?: unknown) =>
  new TacitError('INVALID_INPUT', `${file} cannot be understood: ${why}. Correct it first; nothing was changed.`, {
    cause,
  })

function replace(file: string, text: string): void {
  const fresh = `${file}.${process.pid}.new`
  writeFileSync(fresh, text)
  renameSync(fresh, file)
}

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex')
