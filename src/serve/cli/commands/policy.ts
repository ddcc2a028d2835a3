import type { Command } from 'commander'
import { operationSummaries } from '../../../engine/operation-summaries.ts'
import { addExamples } from '../examples.ts'
import { addOperation } from './operation.ts'

/** Adds the subcommands of `tacit policy`. */
export function addPolicy(command: Command): void {
  command.description('Compares ways of choosing, by the decisions on record.')
  addExamples(command, [
    {
      title: 'Would the best arm of each kind of task have done better?',
      line: 'tacit policy evaluate --policy taskType-best',
    },
  ])
  const evaluate = command.command('evaluate').summary(operationSummaries['policy evaluate'])
  addOperation(evaluate, 'policy evaluate')
}
