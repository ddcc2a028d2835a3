import type { Command } from 'commander'
import type { Setting } from '../../../config.ts'
import { TacitError } from '../../../errors.ts'
import { type LearningMode, learningModes } from '../../../modes.ts'
import { changeConfigFile } from '../config-file.ts'
import { addExamples } from '../examples.ts'
import { bold, dim, note, print, printJson } from '../output.ts'
import { defaultConfigFile, globalOptions, resolveConfig } from '../session.ts'
import { renderTable } from '../table.ts'

const modes = Object.entries(learningModes) as [LearningMode, (typeof learningModes)[LearningMode]][]

/** Adds `enable`, `disable`, `modes` and `mode <name>`: they change the configuration file, and only with --yes. */
export function addLearnSettings(learn: Command): void {
  const enable = learn.command('enable').description('Switches Tacit on in the configuration file')
  addChange(enable, 'tacit learn enable --yes', () => ({ enabled: true }))

  const disable = learn
    .command('disable')
    .description('Switches Tacit off in the configuration file: nothing is recorded, nothing is learned from')
  addChange(disable, 'tacit learn disable --yes', () => ({ enabled: false }))

  const list = learn.command('modes').description('Lists the learning modes and the options that each one sets')
  addExamples(list, [{ title: 'Which are there, and which is in effect', line: 'tacit learn modes' }])
  list.action(() => showModes(list))

  const choose = learn
    .command('mode')
    .description(
      'Sets the learning mode in the configuration file. An option that is set by itself wins over the mode.',
    )
    .argument('<name>', modes.map(([name]) => name).join(', '))
  addChange(choose, 'tacit learn mode conservative --yes', ([name]) => ({ 'learning.mode': knownMode(name!) }))
}

function addChange(
  command: Command,
  line: string,
  settingsOf: (args: readonly string[]) => Record<string, unknown>,
): void {
  command.option('--yes', 'Write the file; without it the change is only shown')
  addExamples(command, [
    { title: 'See what would change', line: line.replace(' --yes', '') },
    { title: 'Change it', line },
  ])
  command.action(() => change(command, settingsOf(command.args)))
}

function change(command: Command, settings: Record<string, unknown>): void {
  const options = globalOptions(command)
  const { yes = false } = command.opts<{ yes?: boolean }>()
  const result = changeConfigFile(resolveConfig(options).file ?? defaultConfigFile, settings, yes)
  const inEffect = resolveConfig(options).settings.filter(({ key }) => key in settings)
  if (options.json)
    printJson({ ...result, inEffect: inEffect.map(({ key, value, source }) => ({ key, value, source })) })
  else print(describeChange(result))
  if (!result.written && result.changes.length > 0) note('Nothing was written. Repeat with --yes to write it.')
  for (const setting of inEffect) {
    if (result.changes.length > 0 && !result.written) continue
    if (setting.value !== settings[setting.key])
      note(`${setting.key} stays ${show(setting.value)}: ${strongerSource(setting)}`)
  }
}

function describeChange({ file, changes, written }: ReturnType<typeof changeConfigFile>): string {
  if (changes.length === 0) return `${file} says so already.`
  const lines = changes.map(
    ({ key, from, to }) => `  ${key}  ${from === null ? dim('unset') : show(from)} → ${bold(show(to))}`,
  )
  return [`${bold(file)}${written ? '' : ' would change'}:`, ...lines].join('\n')
}

function strongerSource({ source, variable }: Setting): string {
  return source === 'environment'
    ? `${variable} in the environment is stronger.`
    : `a ${source} is stronger than the file.`
}

function showModes(command: Command): void {
  const options = globalOptions(command)
  const { config } = resolveConfig(options)
  const current = config.learning.mode
  if (options.json) {
    printJson({ current, modes: modes.map(([name, { meaning, sets }]) => ({ name, meaning, sets })) })
    return
  }
  const table = renderTable<(typeof modes)[number]>(
    [
      { title: 'mode', cell: ([name]) => (name === current ? bold(`${name} (in effect)`) : name) },
      { title: 'sets', cell: ([, { sets }]) => describeSettings(sets) },
      { title: 'meaning', cell: ([, { meaning }]) => dim(meaning) },
    ],
    modes,
    bold,
  )
  print(table)
}

function describeSettings(sets: Readonly<Record<string, unknown>>): string {
  const entries = Object.entries(sets)
  return entries.length === 0 ? dim('nothing') : entries.map(([key, value]) => `${key}=${show(value)}`).join(' ')
}

function knownMode(name: string): LearningMode {
  const known = modes.find(([mode]) => mode === name)
  if (known !== undefined) return known[0]
  throw new TacitError(
    'INVALID_INPUT',
    `learn mode: there is no mode ${JSON.stringify(name)}. "tacit learn modes" lists them.`,
  )
}

const show = (value: unknown) => (typeof value === 'string' ? value : JSON.stringify(value))
