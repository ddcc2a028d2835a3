import { type Command, Option } from 'commander'
import { verifyBundle } from '../../../engine/bundle.ts'
import { type Prunable, prunable } from '../../../engine/prune.ts'
import type { PruneOptions, PruneReport } from '../../../engine/types.ts'
import { TacitError } from '../../../errors.ts'
import type { Fact } from '../../../records.ts'
import { assertWritable, formatOf, openBundle, writeBundleFile } from '../bundle-file.ts'
import { addExamples } from '../examples.ts'
import { formatTime, plural } from '../format.ts'
import { note, print, printJson } from '../output.ts'
import { createProgress } from '../progress.ts'
import { globalOptions, resolveConfig, withTacit } from '../session.ts'

interface Flags {
  readonly before?: string
  readonly days?: string
  readonly what?: Prunable
  readonly unfinished?: boolean
  readonly archive?: string
  readonly dryRun?: boolean
  readonly confirm?: boolean
}

export function addPrune(command: Command): void {
  command
    .description(
      'Removes what is older than a date, a number of days, or the retention in the configuration. What was learned from ' +
        'it stays: it is kept as a checkpoint with which replay begins. Decisions whose outcome is awaited are kept.',
    )
    .option('--before <date>', 'What happened before this moment goes (2026-01-31, or ISO 8601 with a zone)')
    .addOption(new Option('--days <n>', 'What is older than so many days goes').conflicts('before'))
    .addOption(new Option('--what <class>', 'executions: whole ones; steps; vectors of task texts').choices(prunable))
    .option('--unfinished', 'Also what waits for its outcome, or for its decision')
    .option('--archive <file>', 'First write what goes into this bundle (.parquet, .ndjson.gz …); import reads it')
    .option('--dry-run', 'Only say what would go')
    .option('--confirm', 'Really remove it')
  addExamples(
    command,
    [
      { title: 'What would go?', line: 'tacit prune --days 90 --dry-run' },
      {
        title: 'Keep ninety days, and the rest in an archive',
        line: 'tacit prune --days 90 --archive 2026-01.parquet --confirm',
      },
      { title: 'As configured, every night', line: 'tacit prune --confirm --set retention.executionsDays=90' },
    ],
    'Without --before and --days every class goes whose retention is configured: retention.executionsDays, .stepsDays and\n' +
      '.vectorsDays.',
  )
  command.action(() => run(command))
}

async function run(command: Command): Promise<void> {
  const options = globalOptions(command)
  const flags = command.opts<Flags>()
  if (flags.archive !== undefined) assertWritable(flags.archive, formatOf(flags.archive))
  const tasks = tasksOf(flags, resolveConfig(options).config.retention)
  const progress = createProgress('Pruning')
  const onProgress = (executions: number) => progress.update(null, `${plural(executions, 'execution')} looked at`)
  const reports = await withTacit(options, 'existing', async tacit => {
    const found: PruneReport[] = []
    for (const task of tasks) found.push(await tacit.prune({ ...task, dryRun: true, onProgress }))
    if (flags.dryRun || found.every(({ executions }) => executions === 0)) return found
    if (!flags.confirm) throw unconfirmed(found)
    const done: PruneReport[] = []
    for (const task of tasks) done.push(await tacit.prune({ ...task, ...archiveOf(flags, options), onProgress }))
    return done
  }).finally(() => progress.clear())
  // Where nothing was to go, no archive was written.
  const archive = reports.some(({ dryRun }) => !dryRun) ? (flags.archive ?? null) : null
  if (options.json) printJson({ pruned: reports, archive })
  else {
    for (const report of reports) print(sentence(report))
    if (archive !== null) print(`Kept in ${archive}; "tacit import ${archive}" takes it back in.`)
  }
  if (flags.dryRun) note('Nothing was removed (--dry-run).')
}

function tasksOf(
  { before, days, what, unfinished = false, archive }: Flags,
  retention: { executionsDays: number | null; stepsDays: number | null; vectorsDays: number | null },
): PruneOptions[] {
  if (before !== undefined || days !== undefined) {
    return [
      {
        what: what ?? 'executions',
        unfinished,
        ...(before === undefined ? { days: daysOf(days!) } : { before }),
      },
    ]
  }
  const kept = { executions: retention.executionsDays, steps: retention.stepsDays, vectors: retention.vectorsDays }
  const tasks = prunable
    .filter(name => (what === undefined || what === name) && kept[name] !== null)
    .map(name => ({ what: name, unfinished }))
  if (tasks.length === 0) {
    throw new TacitError(
      'INVALID_INPUT',
      'Nothing says how old data may get. Give --before or --days, or configure retention.executionsDays.',
    )
  }
  if (archive !== undefined && tasks.length > 1) {
    throw new TacitError('INVALID_INPUT', 'An archive holds one class of data: name it with --what.')
  }
  return tasks
}

/** Writes the archive, and reads it back before anything goes. */
function archiveOf({ archive }: Flags, options: ReturnType<typeof globalOptions>) {
  if (archive === undefined) return {}
  const { scope } = resolveConfig(options).config
  return {
    archive: async (facts: AsyncIterable<Fact>) => {
      const about = { scope, format: formatOf(archive), createdAt: new Date().toISOString() }
      const written = await writeBundleFile(archive, facts, about)
      const read = await verifyBundle(await openBundle(archive))
      if (read.sha256 === written.sha256) return
      throw new TacitError('BUNDLE_INVALID', `${archive} does not read back as it was written. Nothing was removed.`)
    },
  }
}

function sentence({ what, before, executions, facts, vectors, unfinished, dryRun }: PruneReport): string {
  const verb = dryRun ? 'would go' : 'removed'
  const kept = unfinished > 0 ? `; ${plural(unfinished, 'unfinished one')} kept` : ''
  const until = ` from before ${formatTime(before)}`
  if (what === 'vectors') {
    return vectors === null
      ? `Vectors of ${plural(executions, 'execution')}${until} ${verb}${kept}`
      : `${plural(vectors, 'vector')}${until} ${verb}${kept}`
  }
  const named = what === 'steps' ? 'Steps of ' : ''
  return `${named}${plural(executions, 'execution')}${until} ${verb} (${plural(facts, 'fact')})${kept}`
}

function unconfirmed(reports: readonly PruneReport[]): TacitError {
  const what = reports.map(sentence).join('. ')
  return new TacitError(
    'INVALID_INPUT',
    `${what}. Nothing was removed: add --confirm to do it, --archive to keep a copy, or --dry-run to ask only.`,
  )
}

function daysOf(text: string): number {
  const days = Number(text)
  if (text.trim() !== '' && Number.isFinite(days) && days >= 0) return days
  throw new TacitError('INVALID_INPUT', `--days ${JSON.stringify(text)} must be a number of days, 0 or more.`)
}
