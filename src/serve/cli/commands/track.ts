import type { Command } from 'commander'
import { operationSummaries } from '../../../engine/operation-summaries.ts'
import { addExamples } from '../examples.ts'
import { addOperation } from './operation.ts'

/** Adds the subcommands of `tacit models`. */
export function addModels(command: Command): void {
  command.description('Keeps versions of what was learned side by side, and switches between them while work goes on.')
  addExamples(command, [
    { title: 'Keep what is known before a risky change', line: 'tacit models save before-upgrade' },
    { title: 'Go back to it, and forward again', line: 'tacit models use before-upgrade' },
  ])
  for (const name of ['list', 'save', 'use', 'drop'] as const)
    addOperation(command.command(name).summary(operationSummaries[`models ${name}`]), `models ${name}`)
}

/** Adds the subcommands of `tacit baseline`. */
export function addBaseline(command: Command): void {
  command.description('Freezes what was achieved so far, and compares what comes later with it.')
  addExamples(command, [
    { title: 'Freeze the last 30 days', line: 'tacit baseline freeze spring --days-back 30' },
    { title: 'Are we better than that now?', line: 'tacit baseline compare spring' },
  ])
  for (const name of ['list', 'freeze', 'compare', 'drop'] as const)
    addOperation(command.command(name).summary(operationSummaries[`baseline ${name}`]), `baseline ${name}`)
}
