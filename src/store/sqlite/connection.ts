import { randomInt } from 'node:crypto'
import type { DatabaseSync, SQLInputValue, SQLOutputValue, StatementSync } from 'node:sqlite'
import { setTimeout as sleep } from 'node:timers/promises'
import { TacitError } from '../../errors.ts'
import { isBusy, openFailure, translateFailure } from './failure.ts'
import { loadSqlite } from './runtime.ts'

export type Value = SQLInputValue
export type Row = Record<string, SQLOutputValue>

/** Pages copied at a time; other work goes on in between. */
const copiedPages = 1000

export interface ConnectionOptions {
  readonly path: string
  readonly readOnly: boolean
  /** Longest wait for other writers. */
  readonly busyTimeoutMs: number
}

/**
 * One connection to one file: prepared statements by their text, and transactions.
 *
 * The body of a transaction is synchronous, so calls of one process cannot interleave inside it. SQLite's own busy
 * handler is off: under contention it starves writers, while short random waits between attempts gave three times the
 * throughput with eight writers.
 */
export class Connection {
  readonly location: string
  readonly #database: DatabaseSync
  readonly #busyTimeoutMs: number
  /** Bounded by the number of query shapes in the code: values are always bound. */
  readonly #statements = new Map<string, StatementSync>()
  #isOpen = true

  constructor(options: ConnectionOptions) {
    const { DatabaseSync } = loadSqlite()
    this.location = options.path
    this.#busyTimeoutMs = options.busyTimeoutMs
    try {
      this.#database = new DatabaseSync(options.path, { readOnly: options.readOnly, timeout: 0 })
    } catch (error) {
      throw openFailure(error, options.path)
    }
  }

  /** Runs SQL that takes no values, several statements at once if need be. */
  exec(sql: string): void {
    this.#assertOpen()
    this.#database.exec(sql)
  }

  /** The prepared statement of this text. */
  statement(sql: string): StatementSync {
    this.#assertOpen()
    let statement = this.#statements.get(sql)
    if (statement === undefined) {
      statement = this.#database.prepare(sql)
      this.#statements.set(sql, statement)
    }
    return statement
  }

  all(sql: string, ...values: readonly Value[]): Row[] {
    return this.statement(sql).all(...values)
  }

  get(sql: string, ...values: readonly Value[]): Row | undefined {
    return this.statement(sql).get(...values)
  }

  /** The first column of the first row. */
  value(sql: string, ...values: readonly Value[]): SQLOutputValue | undefined {
    const row = this.get(sql, ...values)
    return row && Object.values(row)[0]
  }

  run(sql: string, ...values: readonly Value[]): void {
    this.statement(sql).run(...values)
  }

  get isOpen(): boolean {
    return this.#isOpen
  }

  get isInTransaction(): boolean {
    return this.#database.isTransaction
  }

  /** `body` in one transaction under the write lock: all of it is kept, or, if it throws, nothing. It may run again. */
  write<T>(body: () => T): Promise<T> {
    return this.attempt(() => this.#transaction('BEGIN IMMEDIATE', body))
  }

  /** `body` on one unchanging view of the data. */
  read<T>(body: () => T): Promise<T> {
    return this.attempt(() => this.#transaction('BEGIN', body))
  }

  /** `action`, again and again while other processes hold the lock, up to the time limit. */
  async attempt<T>(action: () => T): Promise<T> {
    const startedAtMs = performance.now()
    for (;;) {
      try {
        this.#assertOpen()
        return action()
      } catch (error) {
        if (!isBusy(error)) throw translateFailure(error, this.location)
        if (performance.now() - startedAtMs >= this.#busyTimeoutMs) throw this.#busyError(error)
      }
      await sleep(randomInt(500, 3_501) / 1000)
    }
  }

  /**
   * Copies everything, as of one moment, page by page into the database at `path`, replacing what that holds in one
   * transaction of its own. Nothing else may use this connection meanwhile.
   */
  async copyTo(path: string, onProgress: (done: number, total: number) => void): Promise<void> {
    this.#assertOpen()
    const { backup } = loadSqlite()
    const progress = ({ totalPages, remainingPages }: { totalPages: number; remainingPages: number }) =>
      onProgress(totalPages - remainingPages, totalPages)
    // An open read transaction holds the view: otherwise each commit of another process starts the copy anew.
    this.exec('BEGIN')
    try {
      this.value('SELECT count(*) FROM sqlite_schema')
      await backup(this.#database, path, { rate: copiedPages, progress })
    } catch (error) {
      throw openFailure(error, path)
    } finally {
      this.exec('ROLLBACK')
    }
  }

  close(): void {
    if (!this.#isOpen) return
    this.#isOpen = false
    this.#statements.clear()
    this.#database.close()
  }

  #transaction<T>(begin: string, body: () => T): T {
    this.statement(begin).run()
    try {
      const result = body()
      this.statement('COMMIT').run()
      return result
    } catch (error) {
      // After some failures (a full disk) SQLite has rolled back by itself.
      if (this.#database.isTransaction) this.#database.exec('ROLLBACK')
      throw error
    }
  }

  #assertOpen(): void {
    if (this.#isOpen) return
    throw new TacitError('CLOSED', `The store ${this.location} was closed before this call. Open it again.`)
  }

  #busyError(cause: unknown): TacitError {
    return new TacitError(
      'STORE_BUSY',
      `The database ${this.location} stayed locked by other writers for ${this.#busyTimeoutMs} ms; nothing was written. ` +
        'Try again, or raise busyTimeoutMs.',
      { cause, details: { location: this.location, busyTimeoutMs: this.#busyTimeoutMs } },
    )
  }
}
