import { open } from 'node:fs/promises'
import { type Command, Option } from 'commander'
import { asyncBufferFromFile } from 'hyparquet'
import {
  importShape as importRows,
  type ShapeImportReport,
  shapeTitles,
  type Table,
  tablesOfParquet,
  tablesOfSqliteFile,
  tablesOfText,
} from '../../../engine/shapes.ts'
import { TacitError } from '../../../errors.ts'
import { isParquet, placeOf } from '../bundle-file.ts'
import { plural } from '../format.ts'
import { openLines, textOf } from '../lines.ts'
import { exitCodes, note, print, printJson } from '../output.ts'
import { createProgress } from '../progress.ts'
import { globalOptions, withTacit } from '../session.ts'

/** Skipped rows that are shown one by one; --json lists a thousand. */
const maxShown = 10

export function addShapeOptions(command: Command): void {
  const names = Object.keys(shapeTitles)
  command.addOption(
    new Option(
      '--from <system>',
      `Take in tables of an earlier system: CSV, JSON, NDJSON, Parquet, SQLite, PostgreSQL dump. ${names.join(', ')}`,
    ).choices(names),
  )
}

/** Takes in tables of an earlier system; a row that cannot be taken is named, and the others go on. */
export async function importShape(command: Command, file: string): Promise<void> {
  const options = globalOptions(command)
  const { from, dryRun = false } = command.opts<{ from: string; dryRun?: boolean }>()
  const tables = await tablesIn(file, from)
  const progress = createProgress(dryRun ? 'Checking' : 'Importing')
  const onProgress = (rows: number) => progress.update(null, plural(rows, 'row'))
  const report = await withTacit(await placeOf(options, dryRun), 'create', tacit =>
    importRows(tacit, tables, { from, dryRun, onProgress }),
  ).finally(() => progress.clear())
  if (report.skipped > 0) process.exitCode = exitCodes.failed
  if (options.json) printJson(report)
  else show(report)
}

async function tablesIn(file: string, from: string): Promise<AsyncIterable<Table>> {
  if (file !== '-' && (await isParquet(file))) return tablesOfParquet(await asyncBufferFromFile(file))
  const start = file === '-' ? '' : await beginningOf(file)
  if (start.startsWith('SQLite format 3\0')) return tablesOfSqliteFile(file, from)
  if (start.slice(8, 12) === 'DUCK') {
    throw new TacitError(
      'INVALID_INPUT',
      `${file} is a DuckDB database. Export the table there (COPY executions TO 'executions.parquet'), and import that.`,
    )
  }
  return tablesOfText(textOf(await openLines(file)))
}

/** Empty for a file that cannot be opened: reading it says why. */
async function beginningOf(file: string): Promise<string> {
  const handle = await open(file).catch(() => null)
  if (handle === null) return ''
  try {
    const { buffer, bytesRead } = await handle.read({ buffer: Buffer.alloc(16), position: 0 }).catch(() => ({
      buffer: Buffer.alloc(0),
      bytesRead: 0,
    }))
    return buffer.toString('latin1', 0, bytesRead)
  } finally {
    await handle.close()
  }
}

function show(report: ShapeImportReport): void {
  const { rows, stored, duplicates, valid, skipped, skippedRows, refused, unusedColumns, dryRun } = report
  for (const { table, row, reason } of skippedRows.slice(0, maxShown)) note(`${table}, row ${row}: ${reason}`)
  if (skipped > maxShown) note(`… and ${plural(skipped - maxShown, 'more row')}; --json lists them.`)
  for (const { table, rows: count, reason } of refused)
    note(`${table} (${plural(count, 'row')}) was not taken: ${reason}.`)
  if (unusedColumns.length > 0) note(`Columns without a place: ${unusedColumns.join(', ')}.`)
  const good = dryRun ? `${valid} valid` : `${stored} stored, ${plural(duplicates, 'duplicate')}`
  print(`${plural(rows, 'row')}: ${good}, ${skipped} skipped${dryRun ? '; nothing was written' : ''}`)
}
