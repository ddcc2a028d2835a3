import { TacitError } from '../../errors.ts'
import type { Connection } from './connection.ts'
import { isBusy, translateFailure } from './failure.ts'
import { LogLimit } from './log-limit.ts'

interface Waiting {
  /** Runs the body and keeps its result. */
  run(): void
  /** After the commit: hands the result out. */
  resolve(): void
  reject(error: unknown): void
}

/** Writes in one transaction; a longer queue takes several. */
const maxGroupSize = 256

/**
 * Group commit: writes that wait at the same moment share one transaction, so that the concurrent writes of a process
 * pay for one flush of the disk between them. Each is still kept whole or not at all, and returns only when it is on
 * disk: a body that fails is undone by itself, and where the transaction as a whole fails (a full disk), each of its
 * writes is tried once more alone.
 */
export class WriteLane {
  readonly #connection: Connection
  readonly #begin: () => void
  readonly #limit: LogLimit
  readonly #waiting: Waiting[] = []
  #isRunning = false

  /** @param begin runs first in every transaction. */
  constructor(connection: Connection, begin: () => void) {
    this.#connection = connection
    this.#begin = begin
    this.#limit = new LogLimit(connection)
  }

  /** `body` under the write lock: all of it is kept, or, if it throws, nothing. It may run again. */
  write<T>(body: () => T): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      let result: T
      this.#waiting.push({
        run: () => {
          result = body()
        },
        resolve: () => resolve(result),
        reject,
      })
      if (this.#isRunning) return
      this.#isRunning = true
      // Whatever else this turn of the event loop has to write joins in.
      setImmediate(() => void this.#drain())
    })
  }

  async #drain(): Promise<void> {
    while (this.#waiting.length > 0) {
      await this.#commitTogether()
      this.#limit.afterCommit()
    }
    this.#isRunning = false
  }

  async #commitTogether(): Promise<void> {
    const countBefore = Math.min(this.#waiting.length, maxGroupSize)
    const group: Waiting[] = []
    const failed = new Map<Waiting, unknown>()
    try {
      await this.#connection.write(() => {
        // Taken only when the lock is held, so that what came while waiting for it joins in.
        group.push(...this.#waiting.splice(0, maxGroupSize - group.length))
        failed.clear()
        this.#begin()
        for (const one of group) this.#runInside(one, failed)
      })
    } catch (error) {
      if (group.length === 0) group.push(...this.#waiting.splice(0, countBefore))
      await this.#settleEach(group, error)
      return
    }
    for (const one of group) {
      if (failed.has(one)) one.reject(failed.get(one))
      else one.resolve()
    }
  }

  /** One body within the shared transaction; its own failure leaves the others as they are. */
  #runInside(one: Waiting, failed: Map<Waiting, unknown>): void {
    const connection = this.#connection
    connection.statement('SAVEPOINT one').run()
    try {
      one.run()
    } catch (error) {
      // After some failures SQLite has rolled everything back by itself.
      if (isBusy(error) || !connection.isInTransaction) throw error
      connection.statement('ROLLBACK TO one').run()
      failed.set(one, translateFailure(error, connection.location))
    }
    connection.statement('RELEASE one').run()
  }

  async #settleEach(group: readonly Waiting[], error: unknown): Promise<void> {
    const isOver = error instanceof TacitError && (error.code === 'STORE_BUSY' || error.code === 'CLOSED')
    for (const one of group) {
      if (isOver || group.length === 1) one.reject(error)
      else await this.#commitAlone(one)
    }
  }

  async #commitAlone(one: Waiting): Promise<void> {
    try {
      await this.#connection.write(() => {
        this.#begin()
        one.run()
      })
      one.resolve()
    } catch (error) {
      one.reject(error)
    }
  }
}
