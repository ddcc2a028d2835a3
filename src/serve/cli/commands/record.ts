import type { Command } from 'commander'
import { operations, runOperation } from '../../../engine/operations.ts'
import type { Tacit } from '../../../engine/types.ts'
import { TacitError } from '../../../errors.ts'
import { parse, recordSchema } from '../../../records.ts'
import { addExamples } from '../examples.ts'
import { formatCount, plural } from '../format.ts'
import { readInput } from '../input.ts'
import { openLines } from '../lines.ts'
import { exitCodes, note, paint, print, printJson } from '../output.ts'
import { createProgress } from '../progress.ts'
import { type LineCounts, type LineFailure, noLines, recordLines } from '../record-lines.ts'
import { renderers } from '../render/renderers.ts'
import { type GlobalOptions, globalOptions, withTacit } from '../session.ts'

/** Bad lines that are shown; further ones are only counted. */
const maxShown = 20

export function addRecord(command: Command): void {
  command
    .description(
      'Takes in executions of the past, chosen without Tacit: one JSON object per line, from a file (gzip-compressed or ' +
        'not) or from standard input. A bad line is reported with its number and leaves the others intact. Give each line ' +
        'an executionId, and the file can be recorded again without harm.',
    )
    .argument('[file]', 'NDJSON file, or - for standard input')
    .option('--dry-run', 'Check every line and write nothing')
    .option('--input <json|@file|->', 'Record one execution, given as JSON')
  addExamples(
    command,
    [
      { title: 'A file of executions', line: 'tacit record history.ndjson' },
      { title: 'Check a compressed file first', line: 'tacit record history.ndjson.gz --dry-run' },
      { title: 'From another program', line: 'tacit record - < history.ndjson' },
      ...operations.record.examples.map(({ title, input }) => ({
        title,
        line: `tacit record --input '${JSON.stringify(input)}'`,
      })),
    ],
    'A line needs at least "task" and "arm"; it may have taskType, success, quality, durationMs, costUsd, error, context,\n' +
      'resources, evaluations, steps, feedback, executionId, at, metadata. Left out means unknown.',
  )
  command.action((file: string | undefined) => run(command, file))
}

async function run(command: Command, file: string | undefined): Promise<void> {
  const options = globalOptions(command)
  const { input, dryRun = false } = command.opts<{ input?: string; dryRun?: boolean }>()
  if ((file === undefined) === (input === undefined)) {
    throw new TacitError(
      'INVALID_INPUT',
      'Name one file (or - for standard input), or give one execution with --input.',
    )
  }
  if (input !== undefined) return recordOne(options, input, dryRun)
  await recordFile(options, file!, dryRun)
}

async function recordOne(options: GlobalOptions, source: string, dryRun: boolean): Promise<void> {
  const input = await readInput(source)
  if (dryRun) {
    parse(recordSchema, input, 'record')
    if (options.json) printJson({ valid: true })
    else print('The input is valid; nothing was written.')
    return
  }
  const written = await withTacit(options, 'create', tacit => runOperation(operations.record, tacit, input))
  if (options.json) printJson(written)
  else print(renderers.record(written))
}

async function recordFile(options: GlobalOptions, file: string, dryRun: boolean): Promise<void> {
  const interruption = new AbortController()
  const interrupt = () => interruption.abort()
  const source = await openLines(file, interruption.signal)
  const progress = createProgress(dryRun ? 'Checking' : 'Recording')
  const counts = noLines()
  const showFailure = ({ line, message }: LineFailure) => {
    if (options.json || counts.failed > maxShown) return
    progress.clear()
    note(`line ${line}: ${message}`)
  }
  const showLine = () => {
    const failed = counts.failed > 0 ? `, ${formatCount(counts.failed)} bad` : ''
    const share = source.totalBytes ? source.readBytes() / source.totalBytes : null
    progress.update(share, `${plural(counts.lines, 'line')}${failed}`)
  }
  const take = (tacit: Tacit | null) =>
    recordLines(source.lines, tacit, counts, { failure: showFailure, line: showLine })
  process.once('SIGINT', interrupt)
  try {
    await (dryRun ? take(null) : withTacit(options, 'create', take))
    if (interruption.signal.aborted) process.exitCode = exitCodes.interrupted
    else if (counts.failed > 0) process.exitCode = exitCodes.failed
  } finally {
    // Also after an error half-way: what went in until then must be known.
    process.off('SIGINT', interrupt)
    progress.clear()
    report(counts, { dryRun, interrupted: interruption.signal.aborted, asJson: options.json ?? false })
  }
}

function report(
  counts: LineCounts,
  { dryRun, interrupted, asJson }: { dryRun: boolean; interrupted: boolean; asJson: boolean },
): void {
  if (asJson) {
    const { lines, stored, duplicates, valid, failed, failures } = counts
    printJson({ dryRun, interrupted, lines, ...(dryRun ? { valid } : { stored, duplicates }), failed, failures })
    return
  }
  const hidden = counts.failed - maxShown
  if (hidden > 0) note(`… and ${plural(hidden, 'more bad line')}; --json lists them.`)
  if (interrupted) note('Interrupted; everything read until then was taken in.')
  const failed = `${formatCount(counts.failed)} failed`
  const good = dryRun
    ? `${formatCount(counts.valid)} valid`
    : `${formatCount(counts.stored)} stored, ${plural(counts.duplicates, 'duplicate')}`
  const end = dryRun ? '; nothing was written' : ''
  print(`${plural(counts.lines, 'line')}: ${good}, ${counts.failed > 0 ? paint('red', failed) : failed}${end}`)
}
