import type { Command } from 'commander'
import { dim } from './output.ts'

export interface Example {
  readonly title: string
  /** The command line. */
  readonly line: string
}

/** Shows examples below the help of a command. */
export function addExamples(command: Command, examples: readonly Example[], remark?: string): void {
  const list = () => examples.map(({ title, line }) => `  ${dim(`# ${title}`)}\n  $ ${line}`).join('\n')
  command.addHelpText('after', () => `\nExamples:\n${list()}${remark ? `\n\n${remark}` : ''}`)
}
