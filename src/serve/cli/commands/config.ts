import type { Command } from 'commander'
import type { Setting, Source } from '../../../config.ts'
import { addExamples } from '../examples.ts'
import { unknown } from '../format.ts'
import { bold, dim, note, paint, print, printJson } from '../output.ts'
import { globalOptions, resolveConfig } from '../session.ts'
import { renderTable } from '../table.ts'

export function addConfig(command: Command): void {
  command
    .description(
      'Shows every option: its value, the source that set it (flag, environment, file or default) and the variable that ' +
        'can set it. Unknown keys and values out of range are refused.',
    )
    .option('--explain', 'Also say what each option means')
  addExamples(command, [
    { title: 'What is in effect here', line: 'tacit config --explain' },
    { title: 'Try a setting', line: 'tacit config --set learning.halfLifeDays=7 --json' },
  ])
  command.action(() => {
    const options = globalOptions(command)
    const { settings, file } = resolveConfig(options)
    const { explain = false } = command.opts<{ explain?: boolean }>()
    if (options.json)
      printJson({ file: file ?? null, settings: settings.map(one => ({ ...one, value: one.value ?? null })) })
    else {
      print(renderSettings(settings, explain))
      note(dim(`\nConfiguration file: ${file ?? 'none'}`))
    }
  })
}

function renderSettings(settings: readonly Setting[], explain: boolean): string {
  const columns = [
    { title: 'option', cell: ({ key }: Setting) => key },
    { title: 'value', cell: ({ value }: Setting) => showValue(value) },
    { title: 'source', cell: ({ source }: Setting) => showSource(source) },
    { title: 'variable', cell: ({ variable }: Setting) => dim(variable) },
  ]
  const meaning = { title: 'meaning', cell: ({ description }: Setting) => description }
  return renderTable(explain ? [...columns, meaning] : columns, settings, bold)
}

const showSource = (source: Source) => (source === 'default' ? dim(source) : paint('green', source))

function showValue(value: unknown): string {
  if (value === undefined) return unknown
  return typeof value === 'string' && value !== '' ? value : JSON.stringify(value)
}
