import type { Command } from 'commander'
import { operationSummaries } from '../../../engine/operation-summaries.ts'
import { addExamples } from '../examples.ts'
import { addOperation } from './operation.ts'

/** Adds the subcommands of `tacit compat`. */
export function addCompat(command: Command): void {
  command.description('Reproduces the scores of earlier systems from what is on record. Nothing is chosen by them.')
  addExamples(command, [
    { title: 'Which are there, and what is wrong with each?', line: 'tacit compat list' },
    { title: 'Arms by the rule for best combinations', line: 'tacit compat score best_combo --by arm' },
  ])
  for (const name of ['list', 'score'] as const)
    addOperation(command.command(name).summary(operationSummaries[`compat ${name}`]), `compat ${name}`)
}
