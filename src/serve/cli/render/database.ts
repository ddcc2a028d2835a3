import type {
  About,
  BackupReport,
  Changed,
  ConnectionsReport,
  CopyReport,
  MaintenanceReport,
  MigrationReport,
  SchemaReport,
  Validation,
} from '../../../engine/database.ts'
import { quote } from '../flags.ts'
import { formatBytes, formatCount, plural, unknown } from '../format.ts'
import { bold, dim, paint } from '../output.ts'
import { dbToPaste, type GlobalOptions, passwordHint } from '../session.ts'
import { renderPairs, renderTable } from '../table.ts'

/** What `tacit db …` prints for people. */

const kinds = { sqlite: 'SQLite', postgres: 'PostgreSQL' } as const
const place = ({ location, dialect }: About) => `${bold(location)} (${kinds[dialect]})`

export function renderSchema(report: SchemaReport & About): string {
  const { version, latestVersion, migrations } = report
  const state = version === latestVersion ? '' : paint('yellow', '  behind: run "tacit db migrate"')
  const columns = [
    { title: 'version', align: 'right' as const, cell: (one: (typeof migrations)[number]) => String(one.version) },
    { title: 'applied', cell: (one: (typeof migrations)[number]) => (one.isApplied ? 'yes' : paint('yellow', 'no')) },
    { title: 'what it brings', cell: (one: (typeof migrations)[number]) => one.name },
  ]
  return `${place(report)}\nSchema version ${version} of ${latestVersion}${state}\n\n${renderTable(columns, migrations, bold)}`
}

export function renderMigration({ from, to, ...about }: MigrationReport): string {
  if (from === to) return `${place(about)} has schema version ${to} already.`
  return `${place(about)}: schema version ${from} → ${bold(String(to))}`
}

export function renderValidation(report: Validation & About): string {
  const { isSound, problemCount, problems, scopes } = report
  const columns = [
    { title: 'scope', cell: (one: (typeof scopes)[number]) => one.scope },
    { title: 'facts', align: 'right' as const, cell: (one: (typeof scopes)[number]) => formatCount(one.facts) },
    {
      title: 'executions',
      align: 'right' as const,
      cell: (one: (typeof scopes)[number]) => formatCount(one.executions),
    },
    { title: 'vectors', align: 'right' as const, cell: (one: (typeof scopes)[number]) => formatCount(one.vectors) },
    { title: 'sha256 of the log', cell: (one: (typeof scopes)[number]) => dim(one.logHash ?? unknown) },
  ]
  const verdict = isSound
    ? paint('green', 'Sound: everything is as it must be.')
    : paint('red', plural(problemCount, 'problem'))
  const lines = problems.map(({ kind, scope, id, message }) =>
    [`  ${kind}`, scope === null ? null : `scope ${scope}`, id, message].filter(part => part !== null).join('  '),
  )
  const more = problemCount > problems.length ? [dim(`  and ${formatCount(problemCount - problems.length)} more`)] : []
  const table = scopes.length === 0 ? [] : ['', renderTable(columns, scopes, bold)]
  return [place(report), ...table, '', verdict, ...lines, ...more].join('\n')
}

export function renderBackup({ file, sizeBytes, scopes }: BackupReport): string {
  const facts = scopes.reduce((sum, one) => sum + one.facts, 0)
  return `${bold(file)}: ${plural(facts, 'fact')} in ${plural(scopes.length, 'scope')}, ${formatBytes(sizeBytes)}, checked`
}

export function renderRollback(report: MigrationReport & Changed, options: GlobalOptions, db: string): string {
  const warning = 'This Tacit brings the schema up again when it next uses the database: go on with the older one.'
  const warnings = report.from === report.to ? [] : [paint('yellow', warning)]
  // A backup is put back into the newest tables.
  const kept = renderKept(report, options, db, `tacit db migrate${dbToPaste(options, db)} && `)
  return [renderMigration(report), ...warnings, kept].join('\n')
}

/** Where the data that was there before went, and how to get it back from the database that `options` name. */
export function renderKept({ backup }: Changed, options: GlobalOptions, db: string, before = ''): string {
  if (backup === null) return dim('There was nothing to keep a backup of.')
  const undo = `Undo: ${before}tacit db restore ${quote(backup.file)}${dbToPaste(options, db)}`
  const hint = passwordHint(options)
  return `What was there before is kept in ${renderBackup(backup)}\n${dim(undo)}${hint && `\n${dim(hint)}`}`
}

export function renderMaintenance(report: MaintenanceReport): string {
  const pairs = report.steps.map(({ name, result }) => [name, result ?? dim('nothing to do')] as const)
  return `${place(report)}\n${renderPairs(pairs, text => text)}`
}

export function renderConnections(report: ConnectionsReport & About): string {
  const pairs = Object.entries(report.summary).map(([name, value]) => {
    const isBytes = name.endsWith('Bytes') && typeof value === 'number'
    return [name, isBytes ? formatBytes(value) : String(value ?? unknown)] as const
  })
  const { clients } = report
  const columns = [
    {
      title: 'process',
      align: 'right' as const,
      cell: (one: NonNullable<typeof clients>[number]) => String(one.processId),
    },
    { title: 'name', cell: (one: NonNullable<typeof clients>[number]) => one.name },
    { title: 'state', cell: (one: NonNullable<typeof clients>[number]) => one.state },
  ]
  const list =
    clients === null
      ? 'This system does not tell which processes use the file.'
      : clients.length === 0
        ? 'No other process uses it.'
        : renderTable(columns, clients, bold)
  return `${place(report)}\n${renderPairs(pairs, dim)}\n\n${list}`
}

export function renderCopy({ from, to, scopes }: CopyReport): string {
  const columns = [
    { title: 'scope', cell: (one: (typeof scopes)[number]) => one.scope },
    { title: 'facts', align: 'right' as const, cell: (one: (typeof scopes)[number]) => formatCount(one.facts) },
    { title: 'vectors', align: 'right' as const, cell: (one: (typeof scopes)[number]) => formatCount(one.vectors) },
    { title: 'sha256 of the log, the same on both sides', cell: (one: (typeof scopes)[number]) => dim(one.logHash) },
  ]
  const table = scopes.length === 0 ? 'There was nothing to copy.' : renderTable(columns, scopes, bold)
  return `${from} → ${bold(to)}\n\n${table}`
}
