import type { Command } from 'commander'
import type { Config } from '../../../config.ts'
import type { Facets } from '../../../records.ts'
import { readAgentFiles } from '../agent-files.ts'
import { changeConfigFile, readConfigJson } from '../config-file.ts'
import { addExamples } from '../examples.ts'
import { plural, shorten, unknown } from '../format.ts'
import { bold, dim, exitCodes, note, paint, print, printJson } from '../output.ts'
import { defaultConfigFile, globalOptions, resolveConfig } from '../session.ts'
import { renderTable } from '../table.ts'

const defaultDirectory = '.claude/agents'

export function addAgents(command: Command): void {
  command.description(
    'Registers agents as arms, from their definitions: they can then be chosen before they were ever seen, and start from ' +
      'what agents of the same model and group achieved.',
  )
  addExamples(command, [{ title: 'Register the agents of this project', line: 'tacit agents import --yes' }])
  const take = command
    .command('import')
    .description(
      'Registers agents as arms, from their definitions (Markdown with YAML front matter, as Claude Code keeps them): ' +
        'name, description, model, and as group the category or the folder. Registered arms can be chosen before they ' +
        'were ever seen, and start from what agents of the same model and group achieved.',
    )
    .argument('[path]', `Directory of definitions, or one file (default: ${defaultDirectory})`)
    .option('--yes', 'Write the configuration file; without it the change is only shown')
  addExamples(take, [
    { title: 'See what would be registered', line: 'tacit agents import' },
    { title: 'Register them', line: 'tacit agents import .claude/agents --yes' },
  ])
  take.action((path: string | undefined) => importAgents(take, path ?? defaultDirectory))

  const list = command.command('list').description('Lists the registered agents.')
  addExamples(list, [{ title: 'Who can be chosen?', line: 'tacit agents list' }])
  list.action(() => listAgents(list))
}

type Arms = Config['arms']
type Overrides = Partial<Arms[string]>

function importAgents(command: Command, path: string): void {
  const options = globalOptions(command)
  const { yes = false } = command.opts<{ yes?: boolean }>()
  const { agents, problems, skipped } = readAgentFiles(path)
  const file = resolveConfig(options).file ?? defaultConfigFile
  const before = armsIn(file)
  const after = { ...before }
  const changes: { name: string; change: 'new' | 'changed' | 'same' }[] = []
  for (const { name, description, facets } of agents) {
    const { facets: _facets, description: _description, ...kept } = before[name] ?? {}
    after[name] = { ...kept, facets, ...(description === null ? {} : { description }) }
    const isSame = JSON.stringify(after[name]) === JSON.stringify(before[name])
    changes.push({ name, change: before[name] === undefined ? 'new' : isSame ? 'same' : 'changed' })
  }
  const isChange = changes.some(({ change }) => change !== 'same')
  const written = isChange && changeConfigFile(file, { arms: after }, yes).written
  if (problems.length > 0 || agents.length === 0) process.exitCode = exitCodes.failed
  if (options.json) {
    printJson({ path, file, agents, changes, problems, skipped, written })
    return
  }
  for (const { file, message } of problems) note(`${file}: ${message}`)
  for (const { name, change } of changes) print(`${change === 'new' ? paint('green', change) : dim(change)}  ${name}`)
  const others = skipped.length === 0 ? '' : `, ${plural(skipped.length, 'file')} without front matter skipped`
  print(`${plural(agents.length, 'agent')} in ${path}${others}${written ? `; ${bold(file)} written` : ''}`)
  if (isChange && !written) note('Nothing was written. Repeat with --yes to write it.')
}

/** The arms as the file has them, without defaults. */
const armsIn = (file: string) => (readConfigJson(file).arms ?? {}) as Record<string, Overrides>

function listAgents(command: Command): void {
  const options = globalOptions(command)
  const { config } = resolveConfig(options)
  const agents = Object.entries(config.arms)
    .filter(([, { facets }]) => facets !== undefined)
    .map(([name, { facets, description }]) => ({ name, facets: facets as Facets, description: description ?? null }))
  if (options.json) {
    printJson({ agents })
    return
  }
  if (agents.length === 0) {
    print('No agent is registered. "tacit agents import" takes them from their definitions.')
    return
  }
  print(
    renderTable<(typeof agents)[number]>(
      [
        { title: 'agent', cell: ({ name }) => name },
        { title: 'model', cell: ({ facets }) => facets.model ?? unknown },
        { title: 'group', cell: ({ facets }) => facets.pool ?? unknown },
        { title: 'description', cell: ({ description }) => dim(shorten(description, 80)) },
      ],
      agents,
      bold,
    ),
  )
}
