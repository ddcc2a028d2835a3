import type { Command } from 'commander'
import { type Access, accessLevels } from '../../../engine/operation.ts'
import { TacitError } from '../../../errors.ts'
import { nameSchema, parse } from '../../../records.ts'
import { KeyFile, type ShownKey } from '../../http/keys.ts'
import { addExamples } from '../examples.ts'
import { bold, dim, note, print, printJson } from '../output.ts'
import { globalOptions, resolveConfig } from '../session.ts'
import { renderTable } from '../table.ts'

const usualAccess = ['read', 'record', 'decide'] as const
const dayMs = 86_400_000

/** Adds `create`, `list` and `revoke`. */
export function addKeys(command: Command): void {
  command.description(
    'Makes, lists and revokes the API keys of "tacit serve". They are kept as hashes in the file server.keysFile; a ' +
      'running server follows it at once.',
  )
  addExamples(command, [
    { title: 'A key for an agent, in the project of --scope', line: 'tacit keys create agent-7 --scope shop' },
    { title: 'One that may only look, for 30 days', line: 'tacit keys create dashboard --access read --days 30' },
    { title: 'Which keys there are', line: 'tacit keys list' },
    { title: 'Revoke one', line: 'tacit keys revoke 1f2e3d4c' },
  ])
  addCreate(command.command('create'))
  addList(command.command('list'))
  addRevoke(command.command('revoke'))
}

function addCreate(command: Command): void {
  command
    .description('Makes a key for the project of --scope, and shows it once')
    .argument('<name>', 'What the key is for')
    .option('--access <list>', `What it allows: ${accessLevels.join(', ')} (default: ${usualAccess.join(',')})`)
    .option('--days <days>', 'How long it lasts (default: until it is revoked)')
  addExamples(command, [{ title: 'For a program that records', line: 'tacit keys create ci --access record' }])
  command.action((name: string, { access, days }: { access?: string; days?: string }) => {
    const options = globalOptions(command)
    const { config } = resolveConfig(options)
    const nowMs = Date.now()
    const { key, secret } = new KeyFile(config.server.keysFile).create({
      name: parse(nameSchema, name, 'keys create: name'),
      project: config.scope,
      access: access === undefined ? [...usualAccess] : accessFrom(access),
      createdAt: new Date(nowMs).toISOString(),
      expiresAt: days === undefined ? null : new Date(nowMs + daysFrom(days) * dayMs).toISOString(),
    })
    if (options.json) printJson({ ...key, key: secret })
    else {
      print(secret)
      note(
        `Key ${key.id} (${key.access.join(', ')}) for the project ${key.project}. It is shown only now; note it down.`,
      )
    }
  })
}

function addList(command: Command): void {
  command.description('Lists the keys; what opens a door is not shown')
  addExamples(command, [{ title: 'Which keys there are', line: 'tacit keys list' }])
  command.action(() => {
    const options = globalOptions(command)
    const file = fileOf(command)
    const keys = file.list()
    if (options.json) printJson({ file: file.path, keys })
    else if (keys.length === 0) note(`There is no key in ${file.path}. Make one with "tacit keys create <name>".`)
    else print(renderKeys(keys))
  })
}

function addRevoke(command: Command): void {
  command.description('Revokes a key: the next request with it is refused').argument('<id>', 'Its id, from the list')
  addExamples(command, [{ title: 'Revoke one', line: 'tacit keys revoke 1f2e3d4c' }])
  command.action((id: string) => {
    const key = fileOf(command).revoke(id)
    if (globalOptions(command).json) printJson(key)
    else print(`Revoked ${key.id} (${key.name}, project ${key.project}).`)
  })
}

const fileOf = (command: Command) => new KeyFile(resolveConfig(globalOptions(command)).config.server.keysFile)

function renderKeys(keys: readonly ShownKey[]): string {
  return renderTable(
    [
      { title: 'id', cell: ({ id }: ShownKey) => id },
      { title: 'name', cell: ({ name }: ShownKey) => name },
      { title: 'project', cell: ({ project }: ShownKey) => project },
      { title: 'access', cell: ({ access }: ShownKey) => access.join(', ') },
      { title: 'made', cell: ({ createdAt }: ShownKey) => dim(createdAt) },
      { title: 'expires', cell: ({ expiresAt }: ShownKey) => dim(expiresAt ?? 'never') },
    ],
    keys,
    bold,
  )
}

function accessFrom(text: string): Access[] {
  return [...new Set(text.split(','))].map(word => {
    const level = accessLevels.find(each => each === word.trim())
    if (level !== undefined) return level
    throw new TacitError('INVALID_INPUT', `--access ${JSON.stringify(word)}: use some of ${accessLevels.join(', ')}.`)
  })
}

function daysFrom(text: string): number {
  const days = Number(text)
  if (text.trim() !== '' && days > 0 && days <= 36_500) return days
  throw new TacitError('INVALID_INPUT', `--days ${JSON.stringify(text)} must be a number of days above 0.`)
}
