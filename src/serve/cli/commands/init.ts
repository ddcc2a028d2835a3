import { writeFile } from 'node:fs/promises'
import type { Command } from 'commander'
import { type Config, withoutPassword } from '../../../config.ts'
import { TacitError } from '../../../errors.ts'
import { addExamples } from '../examples.ts'
import { plural } from '../format.ts'
import { bold, note, print, printJson } from '../output.ts'
import {
  dbToPaste,
  defaultConfigFile,
  type GlobalOptions,
  globalOptions,
  isThere,
  passwordHint,
  resolveConfig,
  withTacit,
} from '../session.ts'

export function addInit(command: Command): void {
  command
    .description(
      'Creates the database where there is none, and says how to go on. An existing database is left as it is.',
    )
    .option(
      '--with-config',
      `Also write ${defaultConfigFile} with the options in effect; an existing one is never replaced`,
    )
  addExamples(command, [
    { title: 'In this directory', line: 'tacit init' },
    { title: 'Elsewhere, with a configuration file to edit', line: 'tacit init --db data/tacit.db --with-config' },
  ])
  command.action(async () => {
    const options = globalOptions(command)
    const { config } = resolveConfig(options)
    const { withConfig = false } = command.opts<{ withConfig?: boolean }>()
    const existed = config.db !== ':memory:' && (await isThere(config))
    if (withConfig) await writeConfigFile(config)
    const { executions } = await withTacit(options, 'create', tacit => tacit.status())
    const configFile = withConfig ? defaultConfigFile : null
    if (options.json) {
      printJson({ db: withoutPassword(config.db), scope: config.scope, created: !existed, executions, configFile })
      return
    }
    print(
      existed
        ? `${withoutPassword(config.db)} is there already, with ${plural(executions, 'execution')}.`
        : `Created ${bold(withoutPassword(config.db))}.`,
    )
    if (withConfig) print(`Wrote ${bold(defaultConfigFile)}; "tacit config" explains every option.`)
    note(nextSteps(options))
  })
}

/** The options that people change first; the others keep their defaults until they are named. */
async function writeConfigFile({ db, scope, stage, durability, learning }: Config): Promise<void> {
  const { policy, halfLifeDays } = learning
  const text = `${JSON.stringify({ db, scope, stage, durability, learning: { policy, halfLifeDays } }, null, 2)}\n`
  try {
    await writeFile(defaultConfigFile, text, { flag: 'wx' })
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'EEXIST') throw cause
    throw new TacitError(
      'ALREADY_EXISTS',
      `${defaultConfigFile} is there already and was left as it is. Edit it instead.`,
      {
        cause,
      },
    )
  }
}

function nextSteps(options: GlobalOptions): string {
  const place = options.db === undefined ? '' : dbToPaste(options, options.db)
  const hint = passwordHint(options)
  return `
Next:
  tacit decide "Speed up the nightly report" --type database --arms optimizer,architect${place}
  tacit observe <decision id> --success --duration-ms 1250${place}
  tacit record history.ndjson${place}${hint && `\n${hint}`}

"tacit demo" shows it learning, in a database of its own.`
}
