import { TacitError } from '../../errors.ts'
import type { Appended } from '../store.ts'
import { appendCalls, type Call, type CallResult, type Doubt } from './append.ts'
import type { Changes } from './changes.ts'
import type { Database } from './database.ts'

interface Waiting {
  readonly call: Call
  readonly resolve: (appended: Appended[]) => void
  readonly reject: (error: unknown) => void
}

/** Facts of one transaction, beyond which further calls wait for the next. */
const maxFactsTogether = 2000

/**
 * Group commit: the appends that wait for one scope at the same moment share one transaction, since its lock lets only
 * one pass at a time. Different scopes run side by side.
 */
export class Lanes {
  readonly #database: Database
  readonly #changes: Changes
  readonly #now: () => number
  /** Scopes with calls on their way. */
  readonly #waiting = new Map<string, Waiting[]>()
  readonly #running = new Set<Promise<void>>()

  constructor(database: Database, changes: Changes, now: () => number) {
    this.#database = database
    this.#changes = changes
    this.#now = now
  }

  append(scope: string, call: Call): Promise<Appended[]> {
    return new Promise<Appended[]>((resolve, reject) => {
      const one = { call, resolve, reject }
      const waiting = this.#waiting.get(scope)
      if (waiting !== undefined) {
        waiting.push(one)
        return
      }
      this.#waiting.set(scope, [one])
      const run = this.#drain(scope).finally(() => this.#running.delete(run))
      this.#running.add(run)
    })
  }

  /** When everything that was asked for so far has been answered. */
  async settled(): Promise<void> {
    await Promise.all(this.#running)
  }

  async #drain(scope: string): Promise<void> {
    const waiting = this.#waiting.get(scope)!
    // Whatever else this turn of the event loop appends joins in.
    await Promise.resolve()
    while (waiting.length > 0) await this.#appendTogether(scope, takeGroup(waiting))
    this.#waiting.delete(scope)
  }

  async #appendTogether(scope: string, group: readonly Waiting[]): Promise<void> {
    try {
      const calls = group.map(({ call }) => call)
      for (const [index, result] of (await this.#commit(scope, calls)).entries()) {
        if ('error' in result) group[index]!.reject(result.error)
        else group[index]!.resolve(result.appended)
      }
    } catch (error) {
      // What the database refuses of one call must not cost the others.
      const isRefused = error instanceof TacitError && error.code === 'INVALID_INPUT'
      if (group.length === 1 || !isRefused) for (const { reject } of group) reject(error)
      else for (const one of group) await this.#appendTogether(scope, [one])
    }
  }

  async #commit(scope: string, calls: readonly Call[]): Promise<readonly CallResult[]> {
    let doubt: Doubt | null = null
    let added: number | null = null
    this.#changes.changing(scope)
    try {
      const committed = await this.#database.retry(() =>
        this.#database.session(
          session =>
            appendCalls(session, scope, calls, this.#now, doubt, next => {
              doubt = next
            }),
          this.#database.options.busyTimeoutMs,
        ),
      )
      added = committed.added
      return committed.results
    } finally {
      this.#changes.changed(scope, added)
    }
  }
}

function takeGroup(waiting: Waiting[]): Waiting[] {
  let facts = 0
  const length = waiting.findIndex(({ call }, index) => {
    facts += call.groups.reduce((sum, group) => sum + group.length, 0)
    return index > 0 && facts > maxFactsTogether
  })
  return waiting.splice(0, length < 0 ? waiting.length : length)
}
