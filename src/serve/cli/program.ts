import { readFileSync } from 'node:fs'
import { Command, CommanderError } from 'commander'
import { TacitError } from '../../errors.ts'
import { commandGroups, commands } from './commands.ts'
import { paint, reportError } from './output.ts'

/** Runs `tacit` with the given arguments; the exit code is left in `process.exitCode`. */
export async function runCli(args: readonly string[]): Promise<void> {
  applyColorFlags(args)
  process.stdout.on('error', endQuietlyWhenNobodyReads)
  const asJson = args.includes('--json')
  try {
    const program = await createProgram(args)
    if (args.length === 0) program.outputHelp()
    else await program.parseAsync(args, { from: 'user' })
  } catch (error) {
    if (!(error instanceof CommanderError)) reportError(error, asJson)
    else if (error.exitCode !== 0) reportError(usageError(error, 'tacit'), asJson)
  }
}

/** The program, with the commands that `args` name completed. */
async function createProgram(args: readonly string[]): Promise<Command> {
  const program = new Command('tacit')
  program
    .description(
      'The learning layer for agent systems: remembers every task your agents attempted, and learns which to trust with the next one.',
    )
    .version(version(), '-V, --version', 'Print the version')
    .helpOption('-h, --help', 'Show help')
    .option('--db <path>', 'Database file or postgres:// URL (default: ./tacit.db)')
    .option('--replica <url>', 'Standby of a postgres:// database that answers questions about the past')
    .option('--scope <name>', 'Project whose history is read and written (default: default)')
    .option('--config <file>', 'Configuration file (default: tacit.config.json, if there is one)')
    .option('--set <key=value>', 'Set any option of the configuration; may be repeated', (text, all?: string[]) => [
      ...(all ?? []),
      text,
    ])
    .option('--json', 'Print the result as one JSON value')
    .option('--no-color', 'Print without colours')
    .configureHelp({
      showGlobalOptions: true,
      styleTitle: text => paint('bold', text),
      styleCommandText: text => paint('cyan', text),
      styleSubcommandText: text => paint('cyan', text),
      styleOptionText: text => paint('cyan', text),
      styleArgumentText: text => paint('cyan', text),
    })
    // Errors are reported in one place, by runCli.
    .configureOutput({ outputError: () => {} })
    .exitOverride()
    .addHelpText('after', programHelp)
  const help = new Command('help').argument('[command]').description('Show help for a command')
  program.addHelpCommand(help.helpGroup(commandGroups.start))
  for (const entry of commands) {
    const command = program.command(entry.name).summary(entry.summary).description(entry.summary)
    command.helpGroup(entry.group)
    if (args.includes(entry.name)) (await entry.load())(command)
    pointToOwnHelp(command, `tacit ${entry.name}`)
  }
  return program
}

/** Wrong usage of a command points to the help of that very command. */
function pointToOwnHelp(command: Command, name: string): void {
  command.exitOverride(error => {
    throw error.exitCode === 0 ? error : usageError(error, name)
  })
  for (const child of command.commands) pointToOwnHelp(child, `${name} ${child.name()}`)
}

const programHelp = `
Examples:
  $ tacit init
  $ tacit decide "Speed up the nightly sales report" --type database --arms optimizer,architect
  $ tacit observe <decision id> --success --duration-ms 1250
  $ tacit status

Options are read from flags, then the environment (TACIT_DB …), then the configuration file.
Exit codes: 0 done, 1 failed, 2 wrong usage or input, 130 interrupted.`

function version(): string {
  const url = new URL('../../../package.json', import.meta.url)
  return (JSON.parse(readFileSync(url, 'utf8')) as { version: string }).version
}

function usageError(error: CommanderError, name: string): TacitError {
  const message = error.message
    .replace(/^error: /, '')
    .replace(/\n/g, ' ')
    .trim()
  return new TacitError('INVALID_INPUT', `${message.replace(/[^.)?]$/, '$&.')} See "${name} --help".`)
}

/** Node decides about colours from the environment, for both streams at once. */
function applyColorFlags(args: readonly string[]): void {
  if (!args.includes('--no-color')) return
  delete process.env.FORCE_COLOR
  process.env.NO_COLOR = '1'
}

/** `tacit … | head` closes our output early. That is not an error. */
function endQuietlyWhenNobodyReads(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE') throw error
  process.exit()
}
