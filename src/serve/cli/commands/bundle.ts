import { randomUUID } from 'node:crypto'
import { createWriteStream, existsSync } from 'node:fs'
import { link, rename, rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGzip } from 'node:zlib'
import { type Command, Option } from 'commander'
import {
  type BundleFormat,
  type BundleInfo,
  bundleFormats,
  readBundle,
  verifyBundle,
  writeBundle,
} from '../../../engine/bundle.ts'
import { TacitError } from '../../../errors.ts'
import type { Fact } from '../../../records.ts'
import { addExamples } from '../examples.ts'
import { formatTime, plural } from '../format.ts'
import { openLines, textOf } from '../lines.ts'
import { exitCodes, note, print, printJson } from '../output.ts'
import { createProgress, type Progress } from '../progress.ts'
import { globalOptions, isFilePath, resolveConfig, withTacit } from '../session.ts'

export function addExport(command: Command): void {
  command
    .description(
      'Writes every fact of the scope, in the order of the log, into a bundle with a checksum: to a file, or to standard ' +
        'output. A file named .gz is compressed. An existing file is not replaced without --force.',
    )
    .argument('[file]', 'File to write; left out: standard output')
    .addOption(
      new Option('--format <format>', 'ndjson: a line per fact; json: one object')
        .choices(bundleFormats)
        .default('ndjson'),
    )
    .option('--force', 'Replace an existing file')
  addExamples(command, [
    { title: 'Keep a copy', line: 'tacit export backup.ndjson.gz' },
    { title: 'One JSON object for another program', line: 'tacit export facts.json --format json' },
    { title: 'Look at the decisions', line: `tacit export | jq 'select(.kind == "decision") | .body.task'` },
  ])
  command.action((file: string | undefined) => runExport(command, file))
}

export function addImport(command: Command): void {
  command
    .description(
      'Takes in a bundle written by export, ids and times kept. Version and checksum are checked before anything is ' +
        'written; facts that are there already stay as they are.',
    )
    .argument('<file>', 'Bundle to read, compressed or not')
    .option('--dry-run', 'Check the bundle and count what is new; write nothing')
  addExamples(command, [
    { title: 'Take in a copy', line: 'tacit import backup.ndjson.gz --db restored.db' },
    { title: 'Check it only', line: 'tacit import backup.ndjson.gz --dry-run' },
  ])
  command.action((file: string) => runImport(command, file))
}

async function runExport(command: Command, file: string | undefined): Promise<void> {
  const options = globalOptions(command)
  const { format, force = false } = command.opts<{ format: BundleFormat; force?: boolean }>()
  if (file === undefined && options.json) {
    throw new TacitError(
      'INVALID_INPUT',
      'Standard output carries the bundle itself: use --format json, or name a file.',
    )
  }
  if (file !== undefined && !force && existsSync(file)) throw alreadyThere(file)
  const { scope } = resolveConfig(options).config
  const progress = createProgress('Exporting')
  const info = await withTacit(options, 'existing', async tacit => {
    const facts = counted(tacit.exportFacts(), progress)
    const text = new Remembering(writeBundle(facts, { scope, format, createdAt: new Date().toISOString() }))
    await (file === undefined
      ? pipeline(Readable.from(text), process.stdout, { end: false })
      : writeWhole(file, text, force))
    return text.result!
  }).finally(() => progress.clear())
  if (file === undefined) return
  if (options.json) printJson({ file, ...info })
  else print(`${plural(info.facts, 'fact')} of scope ${info.scope} written to ${file}\nsha256 ${info.sha256}`)
}

async function runImport(command: Command, file: string): Promise<void> {
  const options = globalOptions(command)
  const { dryRun = false } = command.opts<{ dryRun?: boolean }>()
  if (file === '-') {
    throw new TacitError('INVALID_INPUT', 'A bundle is read twice (checked, then taken in), so it must be a file.')
  }
  const info = await verifyBundle(textOf(await openLines(file)))
  const { db } = resolveConfig(options).config
  const place = dryRun && isFilePath(db) && !existsSync(db) ? { ...options, db: ':memory:' } : options
  const counts = await withTacit(place, 'create', async tacit =>
    tacit.importFacts(readBundle(textOf(await openLines(file))), { dryRun }),
  )
  if (counts.conflicts > 0) process.exitCode = exitCodes.failed
  if (options.json) {
    printJson({ ...info, ...counts, dryRun })
    return
  }
  const taken = `${plural(counts.stored, 'new fact')}, ${plural(counts.duplicates, 'duplicate')}, ${plural(counts.conflicts, 'conflict')}`
  print(`${plural(info.facts, 'fact')} of scope ${info.scope}, written ${formatTime(info.createdAt)}: ${taken}`)
  if (dryRun) note('Nothing was written (--dry-run).')
  if (counts.conflicts > 0) note('A conflict is an id that another fact has here; those facts were left out.')
}

/**
 * Writes to a temporary file beside `file` and gives it the name at the end, so that `file` is either whole or untouched.
 * Without `force` a file that has appeared meanwhile is kept: a link, unlike a renaming, does not replace.
 */
async function writeWhole(file: string, text: AsyncIterable<string>, force: boolean): Promise<void> {
  const temporary = join(dirname(file), `.${basename(file)}.${randomUUID()}.tmp`)
  try {
    const target = createWriteStream(temporary, { flags: 'wx', flush: true })
    await (file.endsWith('.gz')
      ? pipeline(Readable.from(text), createGzip(), target)
      : pipeline(Readable.from(text), target))
    await (force ? rename(temporary, file) : link(temporary, file))
  } catch (cause) {
    if (cause instanceof TacitError) throw cause
    if ((cause as NodeJS.ErrnoException).code === 'EEXIST') throw alreadyThere(file)
    throw new TacitError('NOT_FOUND', `Cannot write ${file}: ${(cause as Error).message}. Check the directory.`, {
      cause,
    })
  } finally {
    await rm(temporary, { force: true })
  }
}

function alreadyThere(file: string): TacitError {
  return new TacitError('ALREADY_EXISTS', `${file} is there already and was left as it is. Use --force to replace it.`)
}

/** An async generator as an iterable that keeps what the generator returns. */
class Remembering implements AsyncIterable<string> {
  result: BundleInfo | undefined
  readonly #source: AsyncGenerator<string, BundleInfo>

  constructor(source: AsyncGenerator<string, BundleInfo>) {
    this.#source = source
  }

  async *[Symbol.asyncIterator]() {
    this.result = yield* this.#source
  }
}

async function* counted(facts: AsyncIterable<Fact>, progress: Progress): AsyncGenerator<Fact> {
  let count = 0
  for await (const fact of facts) {
    count += 1
    if (count % 500 === 0) progress.update(null, plural(count, 'fact'))
    yield fact
  }
}
