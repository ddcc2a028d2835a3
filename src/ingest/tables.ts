import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { CsvError, parse } from 'csv-parse'
import { type AsyncBuffer, type FileMetaData, parquetMetadataAsync, parquetReadObjects } from 'hyparquet'
import { TacitError } from '../errors.ts'
import { loadSqlite } from '../store/sqlite/runtime.ts'
import type { Row } from './shapes/fields.ts'

/** Rows as they were found in a file. */
export interface Table {
  /** Null where the file names none: a table is then known by its columns. */
  readonly name: string | null
  readonly rows: AsyncIterable<Row>
}

/** A JSON document is read as a whole, so it may have at most this many characters. */
const maxJsonLength = 268_435_456

/**
 * The tables in a text: CSV with a line of names, JSON (an array of rows, an object of arrays, or one object per line),
 * or the COPY blocks of a PostgreSQL dump.
 * @param lines without their line feeds.
 * @throws TacitError INVALID_INPUT, while reading, for a text that is none of these or is damaged.
 */
export async function* tablesOfText(lines: AsyncIterable<string>): AsyncGenerator<Table> {
  const iterator = lines[Symbol.asyncIterator]()
  const start: string[] = []
  while (start.join('').trim() === '') {
    const next = await iterator.next()
    if (next.done) throw invalid('the file is empty')
    start.push(next.value)
  }
  const rest = { [Symbol.asyncIterator]: () => joined(start, iterator) }
  const first = start.at(-1)!.trimStart()
  if (/^[[{]/.test(first)) yield* tablesOfJson(first, rest)
  else if (/^(--|COPY |SET |\\)/.test(first)) yield* tablesOfDump(rest)
  else yield { name: null, rows: csvRows(rest) }
}

/** The table in a Parquet file, read one row group at a time. */
export async function* tablesOfParquet(file: AsyncBuffer): AsyncGenerator<Table> {
  const metadata = await parquetMetadataAsync(file).catch(error => {
    throw invalid(`the Parquet file cannot be read (${(error as Error).message})`, error)
  })
  yield { name: null, rows: parquetRows(file, metadata) }
}

/** The rows of a Parquet file; all columns unless some are named. Errors of decoding are the library's own. */
export async function* parquetRows(file: AsyncBuffer, metadata: FileMetaData, columns?: string[]): AsyncGenerator<Row> {
  let rowStart = 0
  for (const group of metadata.row_groups) {
    const rowEnd = rowStart + Number(group.num_rows)
    const range = { file, metadata, rowStart, rowEnd }
    yield* await parquetReadObjects(columns === undefined ? range : { ...range, columns })
    rowStart = rowEnd
  }
}

/** Those of the named tables that a SQLite file has. It is opened for reading only. */
export async function* tablesOfSqlite(path: string, names: readonly string[]): AsyncGenerator<Table> {
  const { DatabaseSync } = loadSqlite()
  const database = new DatabaseSync(path, { readOnly: true })
  try {
    const held = database.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'").all()
    const present = held.map(({ name }) => String(name)).filter(name => names.includes(name))
    if (present.length === 0) throw invalid(`the database has none of the tables ${names.join(', ')}`)
    for (const name of present) {
      // A name of our own list; a table cannot be a bound value.
      const rows = database.prepare('SELECT * FROM '.concat('"', name, '"')).iterate() as Iterable<Row>
      yield { name, rows: Readable.from(rows) }
    }
  } finally {
    database.close()
  }
}

// ---- text ----------------------------------------------------------------------------------------------------------

async function* joined(start: readonly string[], rest: AsyncIterator<string>): AsyncGenerator<string> {
  yield* start
  for (let next = await rest.next(); !next.done; next = await rest.next()) yield next.value
}

async function* csvRows(lines: AsyncIterable<string>): AsyncGenerator<Row> {
  const text = async function* () {
    for await (const line of lines) yield `${line}\n`
  }
  const parser = parse({ columns: true, bom: true, skip_empty_lines: true, record_delimiter: ['\n', '\r\n'] })
  // An error of either stream ends the rows below, and is met there.
  const piped = pipeline(Readable.from(text()), parser).catch(() => {})
  try {
    for await (const row of parser) yield row as Row
  } catch (error) {
    if (error instanceof CsvError) throw invalid(`the file is not sound CSV (${error.message})`, error)
    throw error
  } finally {
    parser.destroy()
    await piped
  }
}

async function* tablesOfJson(first: string, lines: AsyncIterable<string>): AsyncGenerator<Table> {
  if (isWholeObject(first)) {
    yield* tablesOfLines(lines)
    return
  }
  yield* tablesIn(parseJson(await whole(lines)))
}

/** One object per line; a single line is the whole document. */
async function* tablesOfLines(lines: AsyncIterable<string>): AsyncGenerator<Table> {
  const iterator = lines[Symbol.asyncIterator]()
  const first = await nextNotBlank(iterator)
  const second = await nextNotBlank(iterator)
  if (second === null) {
    yield* tablesIn(parseJson(first!))
    return
  }
  const rows = async function* () {
    for await (const line of joined([first!, second], iterator)) if (line.trim() !== '') yield rowIn(parseJson(line))
  }
  yield { name: null, rows: rows() }
}

async function nextNotBlank(lines: AsyncIterator<string>): Promise<string | null> {
  for (let next = await lines.next(); !next.done; next = await lines.next())
    if (next.value.trim() !== '') return next.value
  return null
}

/** An array of rows; or an object with a table under each name (rows by name are rows, too); or one row. */
function* tablesIn(value: unknown): Generator<Table> {
  if (Array.isArray(value)) {
    yield { name: null, rows: Readable.from(value.map(rowIn)) }
    return
  }
  const entries = Object.entries(rowIn(value)).filter(([, table]) => isTable(table))
  if (entries.length === 0) yield { name: null, rows: Readable.from([rowIn(value)]) }
  for (const [name, table] of entries) {
    const rows = Array.isArray(table) ? table : Object.values(table as object)
    yield { name, rows: Readable.from(rows.map(rowIn)) }
  }
}

const isTable = (value: unknown) =>
  value !== null && typeof value === 'object' && Object.values(value).every(isObject) && Object.keys(value).length > 0

const isObject = (value: unknown) => value !== null && typeof value === 'object' && !Array.isArray(value)

function rowIn(value: unknown): Row {
  if (isObject(value)) return value as Row
  throw invalid('a row is not a JSON object')
}

function isWholeObject(line: string): boolean {
  try {
    return isObject(JSON.parse(line))
  } catch (error) {
    if (error instanceof SyntaxError) return false
    throw error
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw invalid(`the file is not sound JSON (${(cause as Error).message})`, cause)
  }
}

async function whole(lines: AsyncIterable<string>): Promise<string> {
  const parts: string[] = []
  let length = 0
  for await (const line of lines) {
    length += line.length + 1
    if (length > maxJsonLength) throw invalid('the JSON document is too large; give one object per line')
    parts.push(line)
  }
  return parts.join('\n')
}

/** `COPY schema.table (columns) FROM stdin;`, lines with tabs between the cells, `\.`: as pg_dump writes them. */
async function* tablesOfDump(lines: AsyncIterable<string>): AsyncGenerator<Table> {
  const iterator = lines[Symbol.asyncIterator]()
  for (let next = await iterator.next(); !next.done; next = await iterator.next()) {
    if (/^INSERT INTO /i.test(next.value)) throw invalid('the dump holds INSERT statements; dump without --inserts')
    const copy = /^COPY (?:"?\w+"?\.)?"?(\w+)"? \((.+)\) FROM stdin;/.exec(next.value)
    if (copy === null) continue
    const columns = copy[2]!.split(',').map(name => name.trim().replaceAll('"', ''))
    const rows = async function* () {
      for (let line = await iterator.next(); ; line = await iterator.next()) {
        if (line.done) throw invalid(`the dump ends within the table ${copy[1]}`)
        if (line.value === '\\.') return
        const cells = line.value.split('\t').map(unescaped)
        yield Object.fromEntries(columns.map((name, i) => [name, cells[i] ?? null]))
      }
    }
    yield { name: copy[1]!, rows: rows() }
  }
}

const escapes: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r', b: '\b', f: '\f', v: '\v' }

function unescaped(cell: string): string | null {
  if (cell === '\\N') return null
  return cell.replace(/\\(.)/g, (_, letter: string) => escapes[letter] ?? letter)
}

function invalid(what: string, cause?: unknown): TacitError {
  return new TacitError('INVALID_INPUT', `import: ${what}. Correct the file, and import it again.`, { cause })
}
