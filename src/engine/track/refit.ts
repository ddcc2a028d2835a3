import { setImmediate as answered } from 'node:timers/promises'
import type { Store } from '../../store/store.ts'
import { KeptDocument } from './kept-document.ts'
import type { Keeping } from './models.ts'

/** Reports kept; older ones are forgotten. */
const maxReports = 20

export interface RefitReport {
  /** ISO 8601, UTC. */
  readonly at: string
  /** Facts of the log that it rests on. */
  readonly facts: number
  /** Whether what was learned differs from what it was before; by design it does not. */
  readonly changed: boolean
  readonly durationMs: number
}

/** The document that reports of a scope are kept in. */
export const refitsOf = (store: Store, scope: string) =>
  new KeptDocument<readonly RefitReport[]>(store, scope, 'refits', [])

/**
 * Learns everything anew from the log when the last time was longer ago than `learning.refitHours`. It looks whenever
 * something was written, so it needs no timer, and runs after the write has answered. Of many processes one does it.
 */
export class Refits {
  readonly #parts: Keeping
  readonly #document: KeptDocument<readonly RefitReport[]>
  readonly #failed: (error: Error) => void
  /** Not due before this moment, as far as this process knows. */
  #notBeforeMs = 0
  #isRunning = false

  /** `failed` is told what goes wrong: learning never fails the task that it watches. */
  constructor(parts: Keeping, failed: (error: Error) => void) {
    this.#parts = parts
    this.#document = refitsOf(parts.store, parts.config.scope)
    this.#failed = failed
  }

  /** The last ones, oldest first. */
  history(): Promise<readonly RefitReport[]> {
    return this.#document.read()
  }

  /** Begins a refit if one is due. */
  afterWrite(): void {
    const { config, now } = this.#parts
    const { refitHours } = config.learning
    if (refitHours === null || this.#isRunning || now() < this.#notBeforeMs) return
    this.#isRunning = true
    this.#refitIfDue(refitHours * 3_600_000)
      .catch(this.#failed)
      .finally(() => {
        this.#isRunning = false
      })
  }

  #refitIfDue(everyMs: number): Promise<void> {
    const { synchroniser, now } = this.#parts
    return synchroniser.exclusive(async () => {
      await answered()
      const startedMs = now()
      // Should it fail, the next one is due in its time, not at once again.
      this.#notBeforeMs = startedMs + everyMs
      const last = (await this.#document.read()).at(-1)
      if (last !== undefined && Date.parse(last.at) + everyMs > startedMs) {
        this.#notBeforeMs = Date.parse(last.at) + everyMs
        return
      }
      const before = (await synchroniser.current()).toBytes()
      let facts = 0
      const rebuilt = await synchroniser.replay(done => {
        facts = done
      })
      const changed = Buffer.compare(rebuilt.toBytes(), before) !== 0
      await synchroniser.adopt(rebuilt)
      const at = new Date(startedMs).toISOString()
      const report = { at, facts, changed, durationMs: Math.max(0, now() - startedMs) }
      await this.#document.change(reports => [...reports, report].slice(-maxReports))
    })
  }
}
