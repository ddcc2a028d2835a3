import type { Config } from '../config.ts'
import { TacitError } from '../errors.ts'
import { comparePositions, type Fact, type Position } from '../records.ts'
import type { LoggedFact, Snapshot, Store } from '../store/store.ts'
import { Learner } from './learner.ts'

const pageSize = 1000
const start: Position = { recordedAtUs: -1, id: '' }

/**
 * Keeps learned state level with the log: it loads the last snapshot, folds what came after it, follows what other
 * processes add, and rebuilds everything in canonical order when facts arrive that belong earlier (imports).
 */
export class Synchroniser {
  readonly #store: Store
  readonly #scope: string
  readonly #config: Config
  #learner: Learner
  #cursor = 0
  #position = start
  #isBehind = true
  #sinceSnapshot = 0
  #lane: Promise<unknown> = Promise.resolve()

  private constructor(store: Store, config: Config) {
    this.#store = store
    this.#scope = config.scope
    this.#config = config
    this.#learner = new Learner(config)
  }

  static async open(store: Store, config: Config): Promise<Synchroniser> {
    const synchroniser = new Synchroniser(store, config)
    const snapshot = await store.loadSnapshot(config.scope, Learner.nameFor(config))
    const learner = snapshot && restore(config, snapshot)
    if (snapshot !== null && learner !== null) {
      synchroniser.#learner = learner
      synchroniser.#cursor = snapshot.cursor
      synchroniser.#position = snapshot.position
    } else if (snapshot !== null) {
      await store.dropSnapshot(config.scope, Learner.nameFor(config))
      await store.count(config.scope, 'snapshot')
    }
    return synchroniser
  }

  /** One task after the other: what runs in here sees and leaves a state that belongs to one point of the log. */
  exclusive<T>(task: () => Promise<T>): Promise<T> {
    const result = this.#lane.then(task)
    this.#lane = result.catch(() => undefined)
    return result
  }

  /** The learner after every fact committed so far. Reads only. To be called inside `exclusive`. */
  async current(): Promise<Learner> {
    if (this.#store.changedByOthers()) this.#isBehind = true
    while (this.#isBehind) {
      const page = await this.#store.tail(this.#scope, this.#cursor, pageSize)
      this.#isBehind = page.length === pageSize
      if (!(await this.#foldPage(page))) await this.#rebuild()
    }
    return this.#learner
  }

  /** Takes in facts that this process has just appended. To be called inside `exclusive`. */
  async appended(facts: readonly LoggedFact[], known: readonly Fact[] | null): Promise<void> {
    if (facts.length === 0) return
    // Cursors are handed out without gaps; a gap means that somebody else has written in between.
    const isNext = !this.#isBehind && facts[0]!.cursor === this.#cursor + 1
    if (isNext && known !== null && facts.length === 1) this.#fold(facts[0]!, known)
    else this.#isBehind = true
    await this.current()
    await this.saveIfDue()
  }

  /** Facts were appended that are still to be read back. */
  noteAppended(): void {
    this.#isBehind = true
  }

  /** Keeps a snapshot if enough has been folded since the last one. */
  async saveIfDue(): Promise<void> {
    if (this.#sinceSnapshot >= this.#config.learning.snapshotEvery) await this.#saveSnapshot()
  }

  /**
   * Rebuilds the state from the log alone, as far as `current` has read it (others may be writing on), and returns it
   * without taking it over.
   */
  async replay(onFact: (done: number, fact: Fact) => void): Promise<Learner> {
    const rebuilt = new Synchroniser(this.#store, this.#config)
    await rebuilt.#foldLog(onFact, this.#position)
    return rebuilt.#learner
  }

  /** Replaces the state by what the log says, and keeps it as the new snapshot. To be called inside `exclusive`. */
  async reset(): Promise<Learner> {
    await this.#rebuild()
    await this.#store.dropSnapshot(this.#scope, Learner.nameFor(this.#config))
    await this.#saveSnapshot()
    return this.#learner
  }

  /** Folds facts in order of arrival. False, with nothing folded further, at one that belongs earlier. */
  async #foldPage(page: readonly LoggedFact[]): Promise<boolean> {
    const executions = await this.#executionsOf(page)
    for (const logged of page) {
      if (comparePositions(logged.fact, this.#position) < 0) return false
      this.#fold(logged, executions.get(logged.fact.executionId)!)
    }
    return true
  }

  async #foldLog(onFact?: (done: number, fact: Fact) => void, until?: Position): Promise<Set<number>> {
    const cursors = new Set<number>()
    let page: LoggedFact[]
    do {
      page = await this.#store.log(this.#scope, this.#position === start ? null : this.#position, pageSize)
      const executions = await this.#executionsOf(page)
      for (const logged of page) {
        if (until !== undefined && comparePositions(logged.fact, until) > 0) return cursors
        this.#fold(logged, executions.get(logged.fact.executionId)!)
        cursors.add(logged.cursor)
        onFact?.(cursors.size, logged.fact)
      }
    } while (page.length === pageSize)
    return cursors
  }

  /** Folds the whole log in canonical order, and again if facts slipped in behind the reader meanwhile. */
  async #rebuild(): Promise<void> {
    for (;;) {
      const fresh = new Synchroniser(this.#store, this.#config)
      const folded = await fresh.#foldLog()
      let missed = 0
      let cursor = 0
      for (;;) {
        const page = await this.#store.tail(this.#scope, cursor, pageSize)
        missed += page.filter(logged => !folded.has(logged.cursor)).length
        cursor = page.at(-1)?.cursor ?? cursor
        if (page.length < pageSize) break
      }
      if (missed > 0) continue
      this.#learner = fresh.#learner
      this.#position = fresh.#position
      this.#sinceSnapshot += folded.size
      this.#cursor = cursor
      this.#isBehind = false
      return
    }
  }

  #fold({ fact, cursor }: LoggedFact, execution: readonly Fact[]): void {
    this.#learner.fold(
      fact,
      execution.filter(other => comparePositions(other, fact) <= 0),
    )
    this.#cursor = Math.max(cursor, this.#cursor)
    this.#position = fact
    this.#sinceSnapshot++
  }

  async #executionsOf(page: readonly LoggedFact[]): Promise<Map<string, Fact[]>> {
    const ids = new Set(page.map(({ fact }) => fact.executionId))
    const found = await this.#store.facts(this.#scope, [...ids])
    return new Map([...found].map(([id, facts]) => [id, facts.map(({ fact }) => fact)]))
  }

  async #saveSnapshot(): Promise<void> {
    this.#sinceSnapshot = 0
    const { recordedAtUs, id } = this.#position
    await this.#store.saveSnapshot(this.#scope, Learner.nameFor(this.#config), {
      cursor: this.#cursor,
      position: { recordedAtUs, id },
      bytes: this.#learner.toBytes(),
    })
  }
}

/** Null for a snapshot that cannot be read: everything it held follows from the log, so it is counted and rebuilt. */
function restore(config: Config, { bytes }: Snapshot): Learner | null {
  try {
    return new Learner(config, bytes)
  } catch (error) {
    if (error instanceof TacitError || error instanceof TypeError || error instanceof RangeError) return null
    throw error
  }
}
