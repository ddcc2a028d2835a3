import type { Command } from 'commander'
import { operationSummaries } from '../../../engine/operation-summaries.ts'
import { addExamples } from '../examples.ts'
import { addLearnExport } from './learn-export.ts'
import { addLearnSettings } from './learn-settings.ts'
import { addOperation } from './operation.ts'

/** Adds the subcommands of `tacit learn`; without one it is `tacit learn status`. */
export function addLearn(command: Command): void {
  command.description('Looks at what was learned, and switches learning on, off, or into another mode.')
  addExamples(command, [
    { title: 'Where learning stands', line: 'tacit learn status' },
    { title: 'Reward day by day', line: 'tacit learn analytics --days-back 30' },
    { title: 'Switch Tacit off in the configuration file', line: 'tacit learn disable --yes' },
  ])
  const isDefault = { isDefault: true }
  for (const name of ['status', 'analytics', 'history', 'q-table', 'recommend', 'execution'] as const) {
    const subcommand = command.command(name, name === 'status' ? isDefault : {})
    addOperation(subcommand.summary(operationSummaries[`learn ${name}`]), `learn ${name}`)
  }
  addLearnExport(command.command('export'))
  addLearnSettings(command)
}
