import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { CsvError, parse } from 'csv-parse'
import { stringify } from 'csv-stringify/sync'
import type { Fact } from '../../records.ts'
import {
  type BundleHead,
  type BundleInfo,
  Checksum,
  type Column,
  checkFacts,
  checkHead,
  columns,
  type FactRow,
  formatName,
  headOf,
  invalid,
  isObject,
  rowOf,
  tryParse,
} from './manifest.ts'

const firstLine = columns.join(',')
/** Kinds of the first and the last row, which hold what the bundle says about itself. */
const [headKind, endKind] = ['bundle', 'end']
const batchSize = 200

/** True if a file that begins with this line is a bundle in CSV. */
export const isCsvHeader = (line: string): boolean => line.trimEnd() === firstLine

/** A bundle as comma-separated rows (RFC 4180, with line feeds). */
export async function* writeCsv(
  facts: Iterable<Fact> | AsyncIterable<Fact>,
  about: Omit<BundleHead, 'version'>,
): AsyncGenerator<string, BundleInfo> {
  const { format, ...head } = headOf(about)
  const checksum = new Checksum()
  yield `${firstLine}\n${stringify([aboutRow(headKind, { format, ...head })])}`
  let batch: string[][] = []
  for await (const fact of facts) {
    const json = JSON.stringify(fact)
    checksum.add(json)
    batch.push(cellsOf(rowOf(fact, json)))
    if (batch.length < batchSize) continue
    yield stringify(batch)
    batch = []
  }
  const found = checksum.digest()
  yield stringify([...batch, aboutRow(endKind, { end: formatName, ...found })])
  return { ...head, ...found }
}

/** The facts of a bundle in CSV, from the lines after its first one; see `readBundle`. */
export async function* readCsv(lines: AsyncIterator<string>): AsyncGenerator<unknown, BundleInfo> {
  const rows = rowsOf(lines)
  const first = await rows.next()
  if (first.done) throw invalid('The bundle has no rows')
  const head = checkHead(objectIn(first.value))
  const checksum = new Checksum()
  for (;;) {
    const next = await rows.next()
    if (next.done)
      throw invalid(`The bundle ends after ${checksum.facts} facts without its closing row: it was cut off`)
    const row = next.value
    const value = objectIn(row)
    if (row[0] === endKind) {
      if (!(await rows.next()).done) throw invalid('Rows of the bundle follow its closing row')
      return checkFacts(head, checksum, { facts: value.facts, sha256: value.sha256 })
    }
    const json = row.at(-1)!
    checksum.add(json)
    assertSame(row, value, json, checksum.facts)
    yield value
  }
}

/** The other columns only show what is in the fact: a cell that was edited must not be passed over. */
function assertSame(row: readonly string[], value: Record<string, unknown>, json: string, number: number): void {
  const cells = cellsOrNull(value, json)
  const at = cells === null ? 0 : cells.findIndex((cell, i) => cell !== row[i])
  if (at >= 0) throw invalid(`Fact ${number} of the bundle has another ${columns[at]} than its column "fact" says`)
}

/** Null for a value that has not the shape of a fact. */
function cellsOrNull(value: Record<string, unknown>, json: string): string[] | null {
  try {
    return cellsOf(rowOf(value as unknown as Fact, json))
  } catch (error) {
    if (error instanceof TypeError || error instanceof RangeError) return null
    throw error
  }
}

async function* rowsOf(lines: AsyncIterator<string>): AsyncGenerator<string[]> {
  const text = {
    async *[Symbol.asyncIterator]() {
      for (let next = await lines.next(); !next.done; next = await lines.next()) yield `${next.value}\n`
    },
  }
  const parser = parse({ record_delimiter: ['\n', '\r\n'] })
  // An error of either stream ends the rows below, and is met there.
  const piped = pipeline(Readable.from(text), parser).catch(() => {})
  try {
    for await (const row of parser) yield row as string[]
  } catch (error) {
    if (error instanceof CsvError) throw invalid(`The bundle is not CSV as it was written (${error.message})`, error)
    throw error
  } finally {
    parser.destroy()
    await piped
  }
}

function objectIn(row: readonly string[]): Record<string, unknown> {
  const value = row.length === columns.length ? tryParse(row.at(-1)!) : undefined
  if (isObject(value)) return value
  throw invalid('A row of the bundle has no JSON object in its column "fact"')
}

const aboutRow = (kind: string, value: object): string[] => [
  kind,
  ...columns.slice(1, -1).map(() => ''),
  JSON.stringify(value),
]

const cellsOf = (row: FactRow): string[] => columns.map(column => cellOf(column, row[column]))

function cellOf(column: Column, value: string | number | boolean | null): string {
  if (value === null) return ''
  if (column === 'at' || column === 'recorded_at') return isoOf(value as number)
  // A text that a spreadsheet would take for a formula is made a text by a quote mark before it.
  return typeof value === 'string' && /^[=+\-@\t\r]/.test(value) ? `'${value}` : String(value)
}

/** ISO 8601 with microseconds. */
function isoOf(us: number): string {
  const iso = new Date(Math.floor(us / 1000)).toISOString()
  return `${iso.slice(0, -1)}${String(us % 1000).padStart(3, '0')}Z`
}
