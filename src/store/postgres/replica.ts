import { TacitError } from '../../errors.ts'
import type { ReplicaState, Store } from '../store.ts'
import type { Database } from './database.ts'

/** How long it holds what a look at the replica showed, and what a failure of it showed. */
const looksHoldMs = 1_000
const failuresHoldMs = 5_000
/** Scopes that are remembered; forgetting costs no more than looking again. */
const maxScopes = 1_000

const selectHead = { name: 'tacit_head', text: 'SELECT cursor FROM scope WHERE scope = $1' }
const selectMissing = {
  name: 'tacit_missing',
  text: `
    SELECT (SELECT cursor FROM scope WHERE scope = $1) AS cursor,
      (SELECT recorded_at_us FROM fact WHERE scope = $1 AND cursor > $2 ORDER BY cursor LIMIT 1) AS since_us`,
}

/** A store with the connections that it works on. */
export interface Copy {
  readonly store: Store
  readonly database: Database
}

export interface ReplicaOptions {
  /** For people: without credentials. */
  readonly location: string
  /** Opens the replica for reading. */
  readonly open: () => Promise<Copy>
  /** Facts may be missing there for so long, milliseconds; then the primary answers. */
  readonly maxLagMs: number
  /** Milliseconds since 1970. */
  readonly now: () => number
}

interface Look {
  /** When it stops to hold, on the clock of the process. */
  readonly untilMs: number
  readonly lagFacts: number | null
  readonly lagMs: number | null
  /** Why the replica cannot be used; null if it can. */
  readonly reason: string | null
}

/**
 * A standby server that follows the primary and answers questions in its place. It is looked at before it is asked: one
 * that is gone, that is another database or that lags too far behind is passed over until it is fit again.
 */
export class Replica {
  readonly #options: ReplicaOptions
  readonly #primary: Copy
  #copy: Promise<Copy> | null = null
  /** The last look, by scope. */
  readonly #looks = new Map<string, Look>()
  #fallbacks = 0

  constructor(primary: Copy, options: ReplicaOptions) {
    this.#primary = primary
    this.#options = options
  }

  /** Asks the replica if it is fit, else the primary. `read` may run twice. */
  async read<T>(scope: string, read: (store: Store) => Promise<T>): Promise<T> {
    if ((await this.#lookAt(scope)).reason === null) {
      try {
        return await read((await this.#opened()).store)
      } catch (error) {
        this.#keep(scope, failed(error))
      }
    }
    this.#fallbacks += 1
    return read(this.#primary.store)
  }

  async state(scope: string): Promise<ReplicaState> {
    const { lagFacts, lagMs, reason } = await this.#lookAt(scope)
    return { location: this.#options.location, lagFacts, lagMs, reason, fallbacks: this.#fallbacks }
  }

  async close(): Promise<void> {
    const copy = this.#copy
    this.#copy = null
    await copy?.then(({ store }) => store.close())
  }

  async #lookAt(scope: string): Promise<Look> {
    const last = this.#looks.get(scope)
    if (last !== undefined && performance.now() < last.untilMs) return last
    const look = await this.#lookAgain(scope)
    this.#keep(scope, look)
    return look
  }

  #keep(scope: string, look: Look): void {
    if (this.#looks.size >= maxScopes) this.#looks.clear()
    this.#looks.set(scope, look)
  }

  async #lookAgain(scope: string): Promise<Look> {
    let head: number
    try {
      const copy = await this.#opened()
      const [row] = await copy.database.query(selectHead, scope)
      head = Number(row?.cursor ?? 0)
    } catch (error) {
      return failed(error)
    }
    // Asked after the replica: so what is missing there is never underestimated.
    const [missing] = await this.#primary.database.query(selectMissing, scope, head)
    const lagFacts = Math.max(0, Number(missing!.cursor ?? 0) - head)
    const sinceUs = missing!.since_us as number | null
    const lagMs = sinceUs === null ? 0 : Math.max(0, Math.round(this.#options.now() - sinceUs / 1000))
    const reason = lagMs > this.#options.maxLagMs ? `${this.#options.location} is ${lagMs} ms behind.` : null
    return { untilMs: performance.now() + looksHoldMs, lagFacts, lagMs, reason }
  }

  #opened(): Promise<Copy> {
    this.#copy ??= this.#open()
    return this.#copy
  }

  async #open(): Promise<Copy> {
    try {
      const copy = await this.#options.open()
      if (copy.store.origin === this.#primary.store.origin) return copy
      await copy.store.close()
      throw new TacitError('STORE_UNAVAILABLE', `${this.#options.location} is not a replica of this database.`)
    } catch (error) {
      // The next one who asks tries anew.
      this.#copy = null
      throw error
    }
  }
}

/** @throws what did not come from the store: the question itself was wrong. */
function failed(error: unknown): Look {
  if (!(error instanceof TacitError) || !error.code.startsWith('STORE_')) throw error
  return { untilMs: performance.now() + failuresHoldMs, lagFacts: null, lagMs: null, reason: error.message }
}
