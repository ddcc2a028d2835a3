import { statSync } from 'node:fs'
import type { Connection } from './connection.ts'
import { isSqliteFailure } from './failure.ts'

/** Size of the write-ahead log from which readers are waited for. */
const limitBytes = 32 * 1024 * 1024
/** Growth after which a log that could not be folded is tried again: each attempt costs the writers their wait. */
const growthBytes = 8 * 1024 * 1024
/** Longest wait for readers to finish; writers of all processes wait as long. */
const patienceMs = 50

/**
 * Keeps the write-ahead log from growing without bound. SQLite folds it into the file by itself, but starts it anew only
 * in a moment without readers, which never comes where their reads overlap. So a log that has grown large is folded
 * while writers wait, and new readers do not need it any more. A reader that stays longer than that still holds it: the
 * log shrinks when that one leaves.
 */
export class LogLimit {
  readonly #connection: Connection
  #nextAtBytes = limitBytes

  constructor(connection: Connection) {
    this.#connection = connection
  }

  /** To be called after each commit. */
  afterCommit(): void {
    if (!this.#connection.isOpen) return
    const size = this.#size()
    if (size < this.#nextAtBytes) {
      if (size < limitBytes) this.#nextAtBytes = limitBytes
      return
    }
    this.#fold()
    this.#nextAtBytes = Math.max(limitBytes, this.#size() + growthBytes)
  }

  #size(): number {
    return statSync(`${this.#connection.location}-wal`, { throwIfNoEntry: false })?.size ?? 0
  }

  #fold(): void {
    const connection = this.#connection
    try {
      connection.exec(`PRAGMA busy_timeout = ${patienceMs}`)
      connection.value('PRAGMA wal_checkpoint(TRUNCATE)')
    } catch (error) {
      // The commits are safe in the log; what kept it from being folded (a full disk, say) the next commit will meet too.
      if (!isSqliteFailure(error)) throw error
    } finally {
      connection.exec('PRAGMA busy_timeout = 0')
    }
  }
}
