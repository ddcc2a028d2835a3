import { TacitError } from '../errors.ts'
import { Fields, type Row, Unusable } from '../ingest/shapes/fields.ts'
import type { Shape, TableShape, Taken } from '../ingest/shapes/shape.ts'
import { shapes } from '../ingest/shapes/shapes.ts'
import { type Table, tablesOfParquet, tablesOfSqlite, tablesOfText } from '../ingest/tables.ts'
import { feedbackSchema, parse, type RecordInput, recordSchema } from '../records.ts'
import type { Tacit } from './types.ts'

export type { Table } from '../ingest/tables.ts'
export { tablesOfParquet, tablesOfText }

/** Names and titles of the earlier forms that can be taken in. */
export const shapeTitles: Readonly<Record<string, string>> = Object.fromEntries(
  shapes.map(({ id, title }) => [id, title]),
)

const batchSize = 500
/** Rows that are named one by one; further ones are only counted. */
const maxListed = 1000

export interface ShapeImportReport {
  readonly from: string
  /** Rows of the tables that are taken. */
  readonly rows: number
  readonly stored: number
  readonly duplicates: number
  /** Rows that were checked and found good, on a dry run. */
  readonly valid: number
  readonly skipped: number
  /** The first thousand of the rows that were skipped, with the reason; numbers start at 1 within their table. */
  readonly skippedRows: readonly { readonly table: string; readonly row: number; readonly reason: string }[]
  /** Tables of which nothing is taken, with the reason. */
  readonly refused: readonly { readonly table: string; readonly rows: number; readonly reason: string }[]
  /** Columns that no fact has a place for. */
  readonly unusedColumns: readonly string[]
  readonly dryRun: boolean
}

export interface ShapeImportOptions {
  readonly from: string
  /** Only check the rows; write nothing. */
  readonly dryRun?: boolean
  /** Called now and then with the number of rows read. */
  readonly onProgress?: (rows: number) => void
}

/** The tables of a SQLite file that `from` knows. @throws TacitError INVALID_INPUT for a form that is not known. */
export function tablesOfSqliteFile(path: string, from: string): AsyncIterable<Table> {
  return tablesOfSqlite(
    path,
    shapeOf(from).tables.map(({ name }) => name),
  )
}

/**
 * Takes in the history that an earlier system kept in tables. Each row becomes a recorded execution with an id made of
 * the row, so taking it in again changes nothing; what a row does not say stays unknown.
 * @throws TacitError INVALID_INPUT if no table is one of the form that was named; DISABLED if Tacit is switched off.
 */
export async function importShape(
  tacit: Pick<Tacit, 'recordBatch' | 'feedback'>,
  tables: AsyncIterable<Table>,
  options: ShapeImportOptions,
): Promise<ShapeImportReport> {
  const shape = shapeOf(options.from)
  const taking = new Taking(tacit, options)
  const seen: string[] = []
  for await (const table of tables) {
    const known = await taking.table(shape, table)
    seen.push(known?.name ?? table.name ?? 'a table without a name')
    if (known !== undefined) taking.isKnown = true
  }
  if (taking.isKnown) return taking.report()
  const names = shape.tables.map(({ name }) => name).join(', ')
  throw new TacitError(
    'INVALID_INPUT',
    `import: found ${seen.join(', ') || 'no table'}, but ${shape.id} is made of ${names}. docs/data.md lists the columns; nothing was written.`,
  )
}

function shapeOf(from: string): Shape {
  const shape = shapes.find(({ id }) => id === from)
  if (shape !== undefined) return shape
  throw new TacitError(
    'INVALID_INPUT',
    `import: ${from} is not known. Known are ${Object.keys(shapeTitles).join(', ')}.`,
  )
}

/** Rows on their way in. */
class Taking {
  isKnown = false
  readonly #tacit: Pick<Tacit, 'recordBatch' | 'feedback'>
  readonly #options: ShapeImportOptions
  readonly #counts = { rows: 0, stored: 0, duplicates: 0, valid: 0, skipped: 0 }
  readonly #skippedRows: ShapeImportReport['skippedRows'][number][] = []
  readonly #refused: ShapeImportReport['refused'][number][] = []
  readonly #columns = new Set<string>()
  readonly #used = new Set<string>()
  #batch: { readonly table: string; readonly row: number; readonly record: RecordInput }[] = []

  constructor(tacit: Pick<Tacit, 'recordBatch' | 'feedback'>, options: ShapeImportOptions) {
    this.#tacit = tacit
    this.#options = options
  }

  /** Takes a whole table; undefined if it is none of the form. */
  async table(shape: Shape, { name, rows }: Table): Promise<TableShape | undefined> {
    let known = shape.tables.find(table => table.name === name)
    let row = 0
    for await (const cells of rows) {
      if (row === 0) known ??= recognised(shape, cells)
      if (known === undefined) return undefined
      row++
      if (typeof known.take !== 'string') await this.#row(known, cells, row)
    }
    if (known !== undefined && typeof known.take === 'string') {
      this.#refused.push({ table: known.name, rows: row, reason: known.take })
    }
    await this.#flush()
    return known
  }

  report(): ShapeImportReport {
    const { from, dryRun = false } = this.#options
    const unusedColumns = [...this.#columns].filter(column => !this.#used.has(column)).sort()
    return { from, ...this.#counts, skippedRows: this.#skippedRows, refused: this.#refused, unusedColumns, dryRun }
  }

  async #row(table: TableShape, cells: Row, row: number): Promise<void> {
    this.#counts.rows++
    const fields = new Fields(cells)
    try {
      for (const taken of (table.take as Exclude<TableShape['take'], string>)(fields))
        await this.#take(taken, table.name, row)
    } catch (error) {
      if (!(error instanceof Unusable || error instanceof TacitError) || isOver(error)) throw error
      this.#skip(table.name, row, error.message)
    }
    for (const column of fields.columns) this.#columns.add(column)
    for (const column of fields.used) this.#used.add(column)
    if (this.#counts.rows % batchSize === 0) this.#options.onProgress?.(this.#counts.rows)
  }

  async #take(taken: Taken, table: string, row: number): Promise<void> {
    if ('record' in taken) {
      // Checked here, so that a dry run says of a row what taking it in would.
      parse(recordSchema, taken.record, 'row')
      if (this.#options.dryRun) this.#counts.valid++
      else this.#batch.push({ table, row, record: taken.record })
      if (this.#batch.length >= batchSize) await this.#flush()
      return
    }
    parse(feedbackSchema, taken.feedback, 'row')
    if (this.#options.dryRun) this.#counts.valid++
    else this.#count((await this.#tacit.feedback(taken.executionId, taken.feedback)).status)
  }

  async #flush(): Promise<void> {
    const batch = this.#batch
    this.#batch = []
    if (batch.length === 0) return
    for (const item of await this.#tacit.recordBatch(batch.map(({ record }) => record))) {
      const { table, row } = batch[item.index]!
      if (item.status === 'error') this.#skip(table, row, item.error.message)
      else this.#count(item.status)
    }
  }

  #count(status: 'stored' | 'duplicate' | 'disabled'): void {
    if (status === 'disabled') {
      throw new TacitError('DISABLED', 'import: Tacit is switched off; nothing was taken in. Set enabled to true.')
    }
    this.#counts[status === 'stored' ? 'stored' : 'duplicates']++
  }

  #skip(table: string, row: number, message: string): void {
    this.#counts.skipped++
    if (this.#skippedRows.length < maxListed) this.#skippedRows.push({ table, row, reason: reasonIn(message) })
  }
}

function recognised(shape: Shape, row: Row): TableShape | undefined {
  const columns = new Set(Object.keys(row).map(name => name.trim().toLowerCase()))
  return shape.tables.find(table => table.recognises(columns))
}

/** Errors that concern all rows. */
const isOver = (error: Error) =>
  error instanceof TacitError && error.code !== 'INVALID_INPUT' && error.code !== 'ID_CONFLICT'

const reasonIn = (message: string) =>
  message
    .replace(/^(row|recordBatch\[\d+\]): /, '')
    .replace(/\.? ?Correct the input and call again; nothing was written\.$/, '')
