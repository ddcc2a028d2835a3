import type { Command } from 'commander'
import { addExamples } from '../examples.ts'
import { addLearnSettings } from './learn-settings.ts'

/** Adds the subcommands of `tacit learn`. */
export function addLearn(command: Command): void {
  command.description('Looks at what was learned, and switches learning on, off, or into another mode.')
  addExamples(command, [
    { title: 'The learning modes', line: 'tacit learn modes' },
    { title: 'Switch Tacit off in the configuration file', line: 'tacit learn disable --yes' },
  ])
  addLearnSettings(command)
}
