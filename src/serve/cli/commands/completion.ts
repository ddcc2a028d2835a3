import { Argument, Command } from 'commander'
import { type CompletedCommand, completionScript, type Shell, shells } from '../completion.ts'
import { addExamples } from '../examples.ts'

interface Entry {
  readonly name: string
  readonly summary: string
  load(): Promise<(command: Command) => void>
}

/** @param entries every command; each is loaded when the script is made. */
export function addCompletion(command: Command, entries: readonly Entry[]): void {
  command
    .description('Prints the script that completes commands and flags of tacit in a shell. Nothing is installed.')
    .addArgument(new Argument('<shell>', 'Which shell').choices(shells))
  addExamples(command, [
    { title: 'In this bash', line: 'source <(tacit completion bash)' },
    {
      title: 'In every bash from now on',
      line: 'tacit completion bash > ~/.local/share/bash-completion/completions/tacit',
    },
  ])
  command.action(async (shell: Shell) => {
    const commands: CompletedCommand[] = [describe(command.parent!, [], entries)]
    for (const { name, summary, load } of entries) {
      const loaded = new Command(name).summary(summary)
      const add = await load()
      add(loaded)
      describeAll(loaded, [name], commands)
    }
    process.stdout.write(completionScript(shell, commands))
  })
}

function describeAll(command: Command, path: readonly string[], commands: CompletedCommand[]): void {
  commands.push(
    describe(
      command,
      path,
      command.commands.map(child => ({ name: child.name(), summary: child.description() })),
    ),
  )
  for (const child of command.commands) describeAll(child, [...path, child.name()], commands)
}

function describe(
  command: Command,
  path: readonly string[],
  subcommands: readonly { readonly name: string; readonly summary: string }[],
): CompletedCommand {
  const flags = command.options
    .filter(({ long, hidden }) => long != null && !hidden)
    .map(({ long, required, optional, argChoices }) => ({
      name: long!,
      takesValue: required || optional,
      choices: argChoices ?? [],
    }))
  return {
    path: path.join(' '),
    summary: command.summary(),
    subcommands: subcommands.map(({ name, summary }) => ({ name, summary: summary.split('. ')[0]!.slice(0, 80) })),
    flags: [...flags, { name: '--help', takesValue: false, choices: [] }],
  }
}
