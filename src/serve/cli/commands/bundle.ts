import { type Command, Option } from 'commander'
import { type BundleFormat, bundleFormats, readBundle, verifyBundle } from '../../../engine/bundle.ts'
import type { ImportReport } from '../../../engine/types.ts'
import { TacitError } from '../../../errors.ts'
import type { Fact } from '../../../records.ts'
import { assertWritable, formatOf, openBundle, placeOf, printBundle, writeBundleFile } from '../bundle-file.ts'
import { addExamples } from '../examples.ts'
import { formatTime, plural } from '../format.ts'
import { exitCodes, note, print, printJson } from '../output.ts'
import { createProgress, type Progress } from '../progress.ts'
import { globalOptions, resolveConfig, withTacit } from '../session.ts'
import { addShapeOptions, importShape } from './import-shape.ts'

/** Conflicts that are shown one by one; --json lists a hundred. */
const maxShown = 10

export function addExport(command: Command): void {
  command
    .description(
      'Writes every fact of the scope, in the order of the log, into a bundle with a checksum: to a file, or to standard ' +
        'output. A file named .gz is compressed. An existing file is not replaced without --force.',
    )
    .argument('[file]', 'File to write; left out: standard output')
    .addOption(
      new Option(
        '--format <format>',
        'ndjson: a line per fact; json: one object; csv, parquet: a row per fact (default: as the file is named)',
      ).choices(bundleFormats),
    )
    .option('--force', 'Replace an existing file')
  addExamples(command, [
    { title: 'Keep a copy', line: 'tacit export backup.ndjson.gz' },
    { title: 'For a spreadsheet, and for analysis', line: 'tacit export facts.csv && tacit export facts.parquet' },
    { title: 'Look at the decisions', line: `tacit export | jq 'select(.kind == "decision") | .body.task'` },
  ])
  command.action((file: string | undefined) => runExport(command, file))
}

export function addImport(command: Command): void {
  command
    .description(
      'Takes in a bundle written by export or an archive written by prune, in any form, ids and times kept; or, with ' +
        '--from, the history of an earlier system. A bundle is checked before anything is written; facts that are there ' +
        'already stay as they are, so an import that was interrupted can be run again.',
    )
    .argument('<file>', 'File to read, compressed or not')
    .option('--dry-run', 'Check the file and count what is new; write nothing')
  addShapeOptions(command)
  addExamples(command, [
    { title: 'Take in a copy', line: 'tacit import backup.ndjson.gz --db restored.db' },
    { title: 'Check it only', line: 'tacit import backup.ndjson.gz --dry-run' },
    {
      title: 'The history of an earlier system',
      line: 'tacit import --from agent-performance agent_performance.csv',
    },
  ])
  command.action((file: string) => {
    const { from } = command.opts<{ from?: string }>()
    return from === undefined ? runImport(command, file) : importShape(command, file)
  })
}

async function runExport(command: Command, file: string | undefined): Promise<void> {
  const options = globalOptions(command)
  const { force = false, ...flags } = command.opts<{ format?: BundleFormat; force?: boolean }>()
  const format = flags.format ?? (file === undefined ? 'ndjson' : exportFormatOf(file))
  if (file === undefined && options.json) {
    throw new TacitError(
      'INVALID_INPUT',
      'Standard output carries the bundle itself: use --format json, or name a file.',
    )
  }
  if (file === undefined && format === 'parquet' && process.stdout.isTTY) {
    throw new TacitError('INVALID_INPUT', 'A Parquet file is no text: name a file.')
  }
  if (file !== undefined) assertWritable(file, format, force)
  const { scope } = resolveConfig(options).config
  const about = { scope, format, createdAt: new Date().toISOString() }
  const progress = createProgress('Exporting')
  const info = await withTacit(options, 'existing', async tacit => {
    const facts = counted(tacit.exportFacts(), progress)
    if (file !== undefined) return writeBundleFile(file, facts, { ...about, force })
    await printBundle(facts, about)
    return null
  }).finally(() => progress.clear())
  if (file === undefined || info === null) return
  if (options.json) printJson({ file, ...info })
  else print(`${plural(info.facts, 'fact')} of scope ${info.scope} written to ${file}\nsha256 ${info.sha256}`)
}

/** As the file is named; an extension that says nothing can be overruled. */
function exportFormatOf(file: string): BundleFormat {
  try {
    return formatOf(file)
  } catch (cause) {
    if (!(cause instanceof TacitError)) throw cause
    throw new TacitError(cause.code, `${cause.message} --format overrules the name.`, { cause })
  }
}

async function runImport(command: Command, file: string): Promise<void> {
  const options = globalOptions(command)
  const { dryRun = false } = command.opts<{ dryRun?: boolean }>()
  if (file === '-') {
    throw new TacitError('INVALID_INPUT', 'A bundle is read twice (checked, then taken in), so it must be a file.')
  }
  const info = await verifyBundle(await openBundle(file))
  const progress = createProgress(dryRun ? 'Comparing' : 'Importing')
  const onProgress = (facts: number) => progress.update(facts / Math.max(1, info.facts), plural(facts, 'fact'))
  const report = await withTacit(await placeOf(options, dryRun), 'create', async tacit =>
    tacit.importFacts(readBundle(await openBundle(file)), { dryRun, onProgress }),
  ).finally(() => progress.clear())
  if (report.conflicts > 0) process.exitCode = exitCodes.failed
  if (options.json) {
    printJson({ ...info, ...report, dryRun })
    return
  }
  const differing = report.differing > 0 ? ` (${report.differing} with other content)` : ''
  const taken = `${plural(report.stored, 'new fact')}, ${plural(report.duplicates, 'duplicate')}${differing}, ${plural(report.conflicts, 'conflict')}`
  print(`${plural(info.facts, 'fact')} of scope ${info.scope}, written ${formatTime(info.createdAt)}: ${taken}`)
  if (dryRun) note('Nothing was written (--dry-run).')
  noteProblems(report)
}

function noteProblems({ conflicts, differing, listed }: ImportReport): void {
  for (const { id, kind, problem } of listed.slice(0, maxShown)) note(`${problem}: ${kind} ${id}`)
  const hidden = conflicts + differing - Math.min(listed.length, maxShown)
  if (hidden > 0) note(`… and ${hidden} more.`)
  if (conflicts > 0) note('A conflict is an id that another fact has here; those facts were left out.')
  if (differing > 0) note('Facts with other content than the ones on record were left out; the first ones stay.')
}

async function* counted(facts: AsyncIterable<Fact>, progress: Progress): AsyncGenerator<Fact> {
  let count = 0
  for await (const fact of facts) {
    count += 1
    if (count % 500 === 0) progress.update(null, plural(count, 'fact'))
    yield fact
  }
}
