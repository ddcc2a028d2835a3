import { type Command, InvalidArgumentError } from 'commander'
import { withoutPassword } from '../../../config.ts'
import * as database from '../../../engine/database.ts'
import { TacitError } from '../../../errors.ts'
import { addExamples, type Example } from '../examples.ts'
import { formatCount } from '../format.ts'
import { exitCodes, print, printJson } from '../output.ts'
import { createProgress } from '../progress.ts'
import * as render from '../render/database.ts'
import { assertExists, type GlobalOptions, globalOptions, resolveConfig } from '../session.ts'

/** Adds the subcommands of `tacit db`: the care of a database, whatever its kind. */
export function addDb(command: Command): void {
  command.description(
    'Looks after the database: its schema, its soundness, backups, copies and upkeep. Before anything is taken away, a ' +
      'backup is made and its place is printed.',
  )
  addExamples(command, [
    { title: 'Is everything as it must be?', line: 'tacit db validate' },
    { title: 'A backup, while others go on writing', line: 'tacit db backup tacit-backup.db' },
    { title: 'Move to PostgreSQL', line: 'tacit db copy --from tacit.db --to postgres://user@host/tacit' },
  ])
  addSchemaCommands(command)
  addBackupCommands(command)
  addUpkeepCommands(command)
}

function addSchemaCommands(db: Command): void {
  const check = subcommand(
    db,
    'check',
    'Shows the version of the schema and its migrations; exit code 1 if it is behind',
    [{ title: 'Before a new version is rolled out', line: 'tacit db check --json' }],
  )
  check.action(() =>
    run(check, 'existing', async options => {
      const report = await database.checkDatabase(options)
      if (report.version < report.latestVersion) process.exitCode = exitCodes.failed
      return [report, render.renderSchema(report)]
    }),
  )

  const migrate = subcommand(db, 'migrate', 'Brings the schema up to date; makes the database if there is none', [
    { title: 'To the newest version', line: 'tacit db migrate' },
  ]).option('--to <version>', 'Stop at this version', version)
  migrate.action(() =>
    run(migrate, 'create', async options => {
      const report = await database.migrateDatabase(options, migrate.opts<{ to?: number }>().to)
      return [report, render.renderMigration(report)]
    }),
  )

  const rollback = subcommand(db, 'rollback', 'Takes the schema back to an older version, after a backup', [
    { title: 'For an older Tacit, which knows version 1', line: 'tacit db rollback --to 1' },
  ]).requiredOption('--to <version>', 'The version to go back to', version)
  rollback.action(() =>
    run(rollback, 'existing', async options => {
      const report = await database.rollbackDatabase(options, rollback.opts<{ to: number }>().to)
      return [report, render.renderRollback(report, globalOptions(rollback), options.db)]
    }),
  )
}

function addBackupCommands(db: Command): void {
  const backup = subcommand(db, 'backup', 'Writes everything into one checked file, while others go on writing', [
    { title: 'A copy to keep elsewhere', line: 'tacit db backup tacit-backup.db' },
  ]).argument('<file>', 'File to write; one that is there is never replaced')
  backup.action((file: string) =>
    run(backup, 'existing', async (options, onProgress) => {
      const report = await database.backupDatabase(options, file, onProgress('Copying'))
      return [report, render.renderBackup(report)]
    }),
  )

  const restore = subcommand(db, 'restore', 'Puts a backup in the place of what is there, after a backup of that', [
    { title: 'Back to yesterday', line: 'tacit db restore tacit-backup.db' },
  ]).argument('<file>', 'File that "tacit db backup" wrote')
  restore.action((file: string) =>
    run(restore, 'create', async (options, onProgress) => {
      const report = await database.restoreDatabase(options, file, onProgress('Restoring'))
      return [
        report,
        `Restored from ${render.renderBackup(report)}\n${render.renderKept(report, globalOptions(restore), options.db)}`,
      ]
    }),
  )

  const reset = subcommand(db, 'reset', 'Removes everything in all scopes, after a backup', [
    { title: 'Begin anew', line: 'tacit db reset --confirm' },
  ]).option('--confirm', 'Do it; without it nothing is changed')
  reset.action(() =>
    run(reset, 'existing', async options => {
      assertReset(globalOptions(reset), options.db, reset.opts<{ confirm?: boolean }>().confirm ?? false)
      const report = await database.resetDatabase(options)
      return [
        report,
        `${report.location} is empty now.\n${render.renderKept(report, globalOptions(reset), options.db)}`,
      ]
    }),
  )
}

function addUpkeepCommands(db: Command): void {
  const validate = subcommand(
    db,
    'validate',
    'Compares all that is kept with what it must be; exit code 1 if it is not',
    [{ title: 'After a crash, or every night', line: 'tacit db validate --json' }],
  )
  validate.action(() =>
    run(validate, 'existing', async (options, onProgress) => {
      const report = await database.validateDatabase(options, onProgress('Validating'))
      if (!report.isSound) process.exitCode = exitCodes.failed
      return [report, render.renderValidation(report)]
    }),
  )

  const maintain = subcommand(db, 'maintain', 'Folds logs in and gives space back; others may go on working', [
    { title: 'Every night', line: 'tacit db maintain' },
    { title: 'After much was pruned', line: 'tacit db maintain --full' },
  ]).option('--full', 'Rebuild everything, whether it seems worth it or not')
  maintain.action(() =>
    run(maintain, 'existing', async (options, onProgress) => {
      const { full = false } = maintain.opts<{ full?: boolean }>()
      const report = await database.maintainDatabase({ ...options, full }, onProgress('Maintaining'))
      return [report, render.renderMaintenance(report)]
    }),
  )

  const copy = subcommand(db, 'copy', 'Copies one database into another, of whatever kind, and compares both', [
    { title: 'Move to PostgreSQL', line: 'tacit db copy --from tacit.db --to postgres://user@host/tacit' },
    { title: 'One scope only', line: 'tacit db copy --from tacit.db --to other.db --scope project' },
  ])
    .requiredOption('--from <path or URL>', 'Database to read')
    .requiredOption('--to <path or URL>', 'Database to write; it is made if it is not there')
  copy.action(() =>
    run(copy, 'create', async (options, onProgress) => {
      const { from, to } = copy.opts<{ from: string; to: string }>()
      const { scope } = globalOptions(copy)
      await assertExists({ ...options, db: from })
      const report = await database.copyDatabase(
        { ...options, db: from },
        { ...options, db: to },
        { ...(scope === undefined ? {} : { scope }), onProgress: onProgress('Copying') },
      )
      return [report, render.renderCopy(report)]
    }),
  )

  const connections = subcommand(db, 'connections', 'Shows who uses the database now', [
    { title: 'Before a rollback or a restore', line: 'tacit db connections' },
  ])
  connections.action(() =>
    run(connections, 'existing', async options => {
      const report = await database.connectionsOf(options)
      return [report, render.renderConnections(report)]
    }),
  )
}

// ---- helpers -------------------------------------------------------------------------------------------------------

function subcommand(db: Command, name: string, summary: string, examples: readonly Example[]): Command {
  const command = db.command(name).summary(summary).description(`${summary}.`)
  addExamples(command, examples)
  return command
}

type Start = (label: string) => database.OnProgress
type Work = (options: database.StoreOptions, onProgress: Start) => Promise<[report: unknown, text: string]>

/** Runs `work` with a line of progress, and prints what it reports. */
async function run(command: Command, access: 'existing' | 'create', work: Work): Promise<void> {
  const options = globalOptions(command)
  const { config } = resolveConfig(options)
  if (access === 'existing') await assertExists(config)
  let clear = () => {}
  const onProgress: Start = label => {
    const progress = createProgress(label)
    clear = progress.clear
    return (done, total) =>
      progress.update(total === 0 ? 1 : done / total, `${formatCount(done)} of ${formatCount(total)}`)
  }
  const [report, text] = await work(config, onProgress).finally(() => clear())
  if (options.json) printJson(report)
  else print(text)
}

function version(text: string): number {
  if (/^\d+$/.test(text)) return Number(text)
  throw new InvalidArgumentError('It is a whole number, as "tacit db check" shows.')
}

function assertReset({ scope }: GlobalOptions, db: string, isConfirmed: boolean): void {
  if (scope !== undefined) {
    throw new TacitError(
      'INVALID_INPUT',
      'reset empties all scopes, so --scope has no place here. Nothing was changed.',
    )
  }
  if (isConfirmed) return
  throw new TacitError(
    'INVALID_INPUT',
    `reset removes everything in ${withoutPassword(db)}, all scopes, after a backup of it. Repeat it with --confirm. Nothing was changed.`,
  )
}
