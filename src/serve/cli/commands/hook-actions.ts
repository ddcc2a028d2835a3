import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Command } from 'commander'
import { refreshAdvice } from '../../../engine/hooks/advice.ts'
import { drainEvents, hasLeftEvents } from '../../../engine/hooks/drain.ts'
import { type HookFiles, hookFiles } from '../../../engine/hooks/hook.ts'
import { TacitError } from '../../../errors.ts'
import { plural } from '../format.ts'
import { tokensFrom } from '../hook-flags.ts'
import {
  install,
  isInstalled,
  planInstall,
  planUninstall,
  type SettingsChange,
  type SettingsPlace,
  settingsPlaces,
  uninstall,
} from '../hook-settings.ts'
import { lineDiff } from '../line-diff.ts'
import { bold, note, print, printJson } from '../output.ts'
import { createProgress } from '../progress.ts'
import { globalOptions, isFilePath, resolveConfig, withTacit } from '../session.ts'

/** What the subcommands of `hook` do. */
export const hookActions = { install: installHooks, uninstall: uninstallHooks, drain, status }

interface Flags {
  readonly in?: string
  readonly yes?: boolean
  readonly recommend?: boolean
  readonly maxTokens?: string
  readonly command?: string
}

// The flags of "tacit hook" itself come before those of its subcommands, so both are looked at.
const flagsOf = (command: Command) => command.optsWithGlobals<Flags>()

function installHooks(command: Command): void {
  const flags = flagsOf(command)
  const plan = planInstall(placeOf(flags), commandLine(command, flags))
  if (flags.yes) install(plan)
  show(command, plan, flags.yes === true, 'Claude Code calls the hooks from its next session on.')
}

function uninstallHooks(command: Command): void {
  const flags = flagsOf(command)
  const plan = planUninstall(placeOf(flags))
  if (flags.yes) uninstall(plan)
  const left = 'What was recorded stays in the database.'
  const more = plan.isExact ? left : `The settings have changed since: only the hooks go. ${left}`
  show(command, plan, flags.yes === true, more)
}

function show(command: Command, change: SettingsChange, written: boolean, remark: string): void {
  if (globalOptions(command).json) {
    printJson({ ...change, manifest: undefined, written })
    return
  }
  print(`${bold(change.file)}${written ? '' : ' would change'}:`)
  print(lineDiff(change.before ?? '', change.after ?? ''))
  note(written ? remark : 'Nothing was written. Repeat with --yes to write it.')
}

function placeOf({ in: place = 'project' }: Flags): SettingsPlace {
  const known = settingsPlaces.find(name => name === place)
  if (known !== undefined) return known
  throw new TacitError('INVALID_INPUT', `--in ${place}: there is no such place. One of: ${settingsPlaces.join(', ')}.`)
}

/** Names a database file in full, so that the hook finds it from everywhere and need not read the configuration. */
function commandLine(command: Command, { recommend, maxTokens, command: given }: Flags): string {
  const { config } = resolveConfig(globalOptions(command))
  if (config.db === ':memory:') {
    throw new TacitError('INVALID_INPUT', 'A database in memory is gone before the next hook. Name a file with --db.')
  }
  // Settings are shared and may hold no password: the address of a server stays in the configuration or the environment.
  const db = isFilePath(config.db) ? ['--db', quoted(resolve(config.db))] : []
  const main = fileURLToPath(new URL(import.meta.url.endsWith('.ts') ? '../main.ts' : '../main.js', import.meta.url))
  const program = given ?? `${quoted(process.execPath)} ${quoted(main)} hook`
  const budget = maxTokens === undefined ? [] : ['--max-tokens', `${tokensFrom(maxTokens)}`]
  const advice = recommend ? ['--recommend', ...budget] : []
  return [program, ...db, '--scope', quoted(config.scope), ...advice].join(' ')
}

const quoted = (text: string) => (/^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`)

function filesOf(command: Command): HookFiles {
  const { config } = resolveConfig(globalOptions(command))
  return hookFiles(config.db, config.scope)
}

async function drain(command: Command): Promise<void> {
  const options = globalOptions(command)
  const { recommend } = flagsOf(command)
  const files = filesOf(command)
  const progress = createProgress('Reading past tasks')
  const report = await withTacit(
    options,
    'create',
    async tacit => {
      const drained = await drainEvents(tacit, files)
      if (drained === null) return { busy: true, events: 0, stored: 0, failed: 0, tasks: null }
      // Reading all tasks takes a while at first; it is done for those who want recommendations.
      const tasks = recommend
        ? await refreshAdvice(tacit, files, count => progress.update(null, plural(count, 'task')))
        : null
      return { busy: false, ...drained, tasks }
    },
    { takesHookEvents: false },
  ).finally(() => progress.clear())
  if (options.json) printJson(report)
  else if (report.busy) note('Another process is taking the events in; nothing was left to do.')
  else {
    const failed = report.failed > 0 ? `, ${report.failed} failed ("tacit hook status" says why)` : ''
    print(`${plural(report.events, 'event')} taken in: ${plural(report.stored, 'new fact')}${failed}`)
    if (report.tasks !== null) print(`Recommendations rest on ${plural(report.tasks, 'past task')}.`)
  }
}

function status(command: Command): void {
  const files = filesOf(command)
  const errors = readErrors(files)
  const installed = settingsPlaces.filter(isInstalled)
  const isWaiting = hasLeftEvents(files)
  if (globalOptions(command).json) {
    printJson({ installed, directory: files.directory, isWaiting, errors: errors.length, lastErrors: errors.slice(-5) })
    return
  }
  print(`Set up in: ${installed.length === 0 ? 'no settings of this directory or user' : installed.join(', ')}`)
  print(
    `Events: ${isWaiting ? 'some wait to be taken in ("tacit hook drain")' : 'all taken in'}; kept in ${files.directory}`,
  )
  print(`Errors: ${errors.length === 0 ? 'none' : `${errors.length} (the oldest are dropped)`}`)
  for (const { at, event, message } of errors.slice(-5)) print(`  ${at} ${event ?? ''} ${message}`)
}

interface HookError {
  readonly at: string
  readonly event: string | null
  readonly message: string
}

function readErrors({ errors }: HookFiles): HookError[] {
  try {
    return readFileSync(errors, 'utf8')
      .split('\n')
      .filter(line => line !== '')
      .map(line => JSON.parse(line) as HookError)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw error
  }
}
