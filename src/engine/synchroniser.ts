import { setImmediate as answered } from 'node:timers/promises'
import type { Config } from '../config.ts'
import { TacitError } from '../errors.ts'
import { comparePositions, type Fact, type Position } from '../records.ts'
import type { Appended, LoggedFact, Snapshot, Store } from '../store/store.ts'
import { Learner } from './learner.ts'
import { RollupKeeper, rebuildRollups } from './rollups.ts'

const pageSize = 1000
const noop = () => {}
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
  /** Others have written, so facts that were not read yet may have been pruned. */
  #mayMissPruned = true
  #sinceSnapshot = 0
  /** What this process has appended and nobody folded yet, by cursor: each with the facts of its execution. */
  readonly #arrived = new Map<number, { readonly logged: LoggedFact; readonly execution: readonly Fact[] }>()
  readonly #rollups: RollupKeeper
  readonly #waiting = new Set<Upkeep>()
  /** Upkeep that failed, where not even that could be written down. */
  readonly uncounted: Record<Upkeep, number> = { snapshot: 0, rollup: 0 }
  /** What replay begins with, where the scope was pruned under these settings. */
  #checkpoint: Snapshot | null = null
  #lane: Promise<unknown> = Promise.resolve()
  readonly #beside = new Set<Promise<void>>()

  private constructor(store: Store, config: Config) {
    this.#store = store
    this.#scope = config.scope
    this.#config = config
    this.#learner = new Learner(config)
    this.#rollups = new RollupKeeper(store, config.scope)
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

  /** Where learning without any fact of the log begins: with nothing, or with the checkpoint that pruning left. */
  static async #begin(store: Store, config: Config): Promise<Synchroniser> {
    const synchroniser = new Synchroniser(store, config)
    const checkpoint = await store.loadSnapshot(config.scope, checkpointName(config))
    const learner = checkpoint && restore(config, checkpoint)
    if (checkpoint !== null && learner === null) await store.count(config.scope, 'checkpoint')
    if (checkpoint === null || learner === null) return synchroniser
    synchroniser.#checkpoint = checkpoint
    synchroniser.#learner = learner
    return synchroniser
  }

  /** One task after the other: what runs in here sees and leaves a state that belongs to one point of the log. */
  exclusive<T>(task: () => Promise<T>): Promise<T> {
    const result = this.#lane.then(task)
    this.#lane = result.catch(() => undefined)
    return result
  }

  /** Work that need not wait for its turn as a whole; it may take turns in it. */
  beside<T>(work: () => Promise<T>): Promise<T> {
    const result = work()
    const ended = result.then(noop, noop)
    this.#beside.add(ended)
    void ended.then(() => this.#beside.delete(ended))
    return result
  }

  /** Ends when all work that was begun so far has ended. */
  async settled(): Promise<void> {
    await Promise.all(this.#beside)
    await this.#lane
  }

  /** The learner after every fact committed so far. Reads only. To be called inside `exclusive`. */
  async current(): Promise<Learner> {
    if (await this.#store.changedByOthers(this.#scope)) {
      this.#isBehind = true
      this.#mayMissPruned = true
    }
    this.#foldArrived()
    while (this.#isBehind) {
      const page = await this.#store.tail(this.#scope, this.#cursor, pageSize)
      this.#isBehind = page.length === pageSize
      if ((await this.#missesPruned()) || !(await this.#foldPage(page))) await this.#rebuild()
    }
    this.#mayMissPruned = false
    return this.#learner
  }

  /** The place in the order of arrival up to which the log was read. To be called inside `exclusive`. */
  get cursor(): number {
    return this.#cursor
  }

  /**
   * Takes note of what this process has just appended, with its history, at once and outside of any turn; whoever has the
   * next turn learns from it.
   */
  appended(results: readonly Appended[]): void {
    for (const { status, facts, history } of results) {
      if (status !== 'stored') continue
      for (const logged of facts) {
        if (logged.cursor <= this.#cursor) continue
        const execution = history!.filter(({ executionId }) => executionId === logged.fact.executionId)
        this.#arrived.set(logged.cursor, { logged, execution })
      }
    }
  }

  /** Learns from what was `appended`. To be called inside `exclusive`. */
  async learn(): Promise<void> {
    this.#foldArrived()
    if (this.#isBehind) await this.current()
    this.saveIfDue()
  }

  /** Facts were appended that are still to be read back. */
  noteAppended(): void {
    this.#isBehind = true
  }

  /** Keeps a snapshot, and folds the rollups on, if enough has come since the last time. */
  saveIfDue(): void {
    if (this.#sinceSnapshot >= this.#config.learning.snapshotEvery) this.#later('snapshot', () => this.#saveSnapshot())
    if (this.#rollups.isDue(this.#cursor)) this.#later('rollup', () => this.#rollups.fold(this.#cursor))
  }

  /**
   * Does upkeep once the present call has answered, so that no call waits for it or fails with it. A failure is counted,
   * and everything still follows from the log.
   */
  #later(kind: Upkeep, task: () => Promise<void>): void {
    if (this.#waiting.has(kind)) return
    this.#waiting.add(kind)
    this.exclusive(async () => {
      await answered()
      await task()
    })
      .catch(() => this.#store.count(this.#scope, kind))
      .catch(() => {
        this.uncounted[kind]++
      })
      .finally(() => this.#waiting.delete(kind))
  }

  /**
   * Rebuilds the state from the log alone, as far as `current` has read it (others may be writing on), and returns it
   * without taking it over.
   */
  async replay(onFact: (done: number, fact: Fact) => void): Promise<Learner> {
    const rebuilt = await Synchroniser.#begin(this.#store, this.#config)
    await rebuilt.#foldLog({ onFact, until: this.#position })
    return rebuilt.#learner
  }

  /**
   * Keeps what was learned from the facts read up to `cursor` and recorded up to `recordedAtUs` as a checkpoint: replay
   * then begins with it, and those facts may go. To be called inside `exclusive`.
   * @throws TacitError REPLAY_MISMATCH if live state and log disagree; STORE_BUSY if another process kept a checkpoint
   *   meanwhile. Nothing has changed then.
   */
  async keepCheckpoint(cursor: number, recordedAtUs: number): Promise<void> {
    const live = (await this.current()).toBytes()
    const base = await Synchroniser.#begin(this.#store, this.#config)
    const before = base.#checkpoint
    const checkpoint = {
      cursor: Math.max(cursor, before?.cursor ?? 0),
      position: { recordedAtUs: Math.max(recordedAtUs, before?.position.recordedAtUs ?? 0), id: '' },
    }
    await base.#foldLog({ within: checkpoint, until: endOf(checkpoint) })
    const kept = { ...checkpoint, bytes: base.#learner.toBytes() }
    base.#checkpoint = kept
    await base.#foldLog({ until: this.#position })
    if (Buffer.compare(base.#learner.toBytes(), live) !== 0) {
      throw new TacitError(
        'REPLAY_MISMATCH',
        'What was learned differs from what the log gives, so nothing was pruned. Run "tacit replay" first.',
      )
    }
    await this.#saveSnapshot()
    if (!(await this.#store.saveCheckpoint(this.#scope, checkpointName(this.#config), kept, before))) {
      throw new TacitError('STORE_BUSY', 'Another process is pruning this scope. Nothing was pruned here; try again.')
    }
  }

  /** Replaces the state by what the log says, keeps it as the new snapshot, and folds the rollups anew. To be called inside `exclusive`. */
  async reset(): Promise<Learner> {
    await this.#rebuild()
    return this.adopt(this.#learner)
  }

  /** Takes over what `replay` has rebuilt in the same turn of `exclusive`, and keeps it as the new snapshot. */
  async adopt(rebuilt: Learner): Promise<Learner> {
    this.#learner = rebuilt
    await this.#store.dropSnapshot(this.#scope, Learner.nameFor(this.#config))
    await this.#saveSnapshot()
    await rebuildRollups(this.#store, this.#scope)
    return this.#learner
  }

  /** Folds what this process appended, without reading it back, unless somebody else wrote in between. */
  #foldArrived(): void {
    for (;;) {
      // Cursors are handed out without gaps; a gap means facts of others.
      const next = this.#arrived.get(this.#cursor + 1)
      if (next === undefined || comparePositions(next.logged.fact, this.#position) < 0) break
      this.#fold(next.logged, next.execution)
      this.#arrived.delete(this.#cursor)
    }
    for (const cursor of this.#arrived.keys()) {
      if (cursor > this.#cursor) this.#isBehind = true
      else this.#arrived.delete(cursor)
    }
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

  /** Folds in canonical order what the checkpoint does not cover; the cursors of all facts that were read. */
  async #foldLog({ onFact, until, within }: FoldOptions = {}): Promise<Set<number>> {
    const cursors = new Set<number>()
    const end = until && latest(until, this.#checkpoint && endOf(this.#checkpoint))
    let after: Position | null = null
    let page: LoggedFact[]
    do {
      page = await this.#store.log(this.#scope, after, pageSize)
      const executions = await this.#executionsOf(page)
      for (const logged of page) {
        if (end !== undefined && comparePositions(logged.fact, end) > 0) return cursors
        const isWanted = within === undefined || covers(within, logged)
        if (isWanted && !covers(this.#checkpoint, logged)) this.#fold(logged, executions.get(logged.fact.executionId)!)
        cursors.add(logged.cursor)
        onFact?.(cursors.size, logged.fact)
      }
      after = page.at(-1)?.fact ?? after
    } while (page.length === pageSize)
    return cursors
  }

  /** Facts that came after what was read last are gone: the tail alone does not tell all. */
  async #missesPruned(): Promise<boolean> {
    return this.#mayMissPruned && (await this.#prunedUpTo()) > this.#cursor
  }

  /** Folds the whole log in canonical order, and again if facts slipped in behind the reader meanwhile. */
  async #rebuild(): Promise<void> {
    for (;;) {
      const fresh = await Synchroniser.#begin(this.#store, this.#config)
      const folded = await fresh.#foldLog()
      let missed = 0
      let cursor = 0
      for (;;) {
        const page = await this.#store.tail(this.#scope, cursor, pageSize)
        missed += page.filter(logged => !folded.has(logged.cursor)).length
        cursor = page.at(-1)?.cursor ?? cursor
        if (page.length < pageSize) break
      }
      if (missed > 0 || !(await fresh.#hasLatestCheckpoint())) continue
      this.#learner = fresh.#learner
      this.#position = fresh.#position
      this.#sinceSnapshot += folded.size
      this.#cursor = Math.max(cursor, await this.#prunedUpTo())
      this.#isBehind = false
      return
    }
  }

  /** False if facts were pruned after reading began. */
  async #hasLatestCheckpoint(): Promise<boolean> {
    const latest = await this.#store.loadSnapshot(this.#scope, checkpointName(this.#config))
    if (latest === null || this.#checkpoint === null) return latest === null || restore(this.#config, latest) === null
    const { cursor, position } = this.#checkpoint
    return latest.cursor === cursor && latest.position.recordedAtUs === position.recordedAtUs
  }

  async #prunedUpTo(): Promise<number> {
    return (await this.#store.prunedUpTo(this.#scope)) ?? 0
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

/** What is kept beside the log to save time. */
type Upkeep = 'snapshot' | 'rollup'

interface FoldOptions {
  readonly onFact?: (done: number, fact: Fact) => void
  /** Facts after this position are left. */
  readonly until?: Position
  /** Only what this checkpoint is to cover. */
  readonly within?: Omit<Snapshot, 'bytes'>
}

const checkpointName = (config: Config) => `${Learner.nameFor(config)}-checkpoint`

/** After every position that a checkpoint may cover. */
const endOf = ({ position }: Omit<Snapshot, 'bytes'>): Position => ({ recordedAtUs: position.recordedAtUs + 1, id: '' })

const latest = (a: Position, b: Position | null): Position => (b === null || comparePositions(a, b) > 0 ? a : b)

/** A checkpoint stands for the facts that had arrived by its cursor and were recorded by its time. */
function covers(checkpoint: Omit<Snapshot, 'bytes'> | null, { cursor, fact }: LoggedFact): boolean {
  return checkpoint !== null && cursor <= checkpoint.cursor && fact.recordedAtUs <= checkpoint.position.recordedAtUs
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
