import type { Fact, Position, Stage } from '../records.ts'
import type { RollupStore } from './rollups.ts'

/**
 * What is kept. A store holds, per scope, the append-only log of facts; a projection of it with one typed row per
 * execution; vectors of task texts; snapshots of learned state; and counters of Tacit's own errors.
 *
 * Every write is one transaction: after a call returns, its facts are on disk to the configured durability; after it
 * throws, none of them are. Reads never write. Each implementation runs `test/contract/store.suite.ts`.
 */
export interface Store {
  /** Where the data is, for people: a path or a URL without credentials. */
  readonly location: string

  /**
   * Appends groups of facts in one transaction. A group is kept whole or not at all. A fact whose id is already in the
   * scope with the same kind and execution is a duplicate and is left as it was; an id that is taken by anything else
   * makes its group a conflict. The store sets `recordedAtUs` of a draft to a value above every fact that the scope
   * already holds, unless the draft brings its own (imports do).
   *
   * An execution has one vector per embedder, the first that came. Vectors given along with a decision that turns out a
   * duplicate or a conflict are dropped; others may be given for executions that are there already.
   * @throws TacitError INVALID_INPUT for a draft or vector that cannot be kept; nothing is then written.
   */
  append(
    scope: string,
    groups: readonly (readonly FactDraft[])[],
    vectors?: readonly VectorRow[],
    options?: AppendOptions,
  ): Promise<Appended[]>

  /**
   * Facts in the order in which this database took them, after `cursor` (0 for the start). Whoever goes on from the last
   * cursor that it has seen misses nothing, however many write.
   */
  tail(scope: string, cursor: number, limit: number): Promise<LoggedFact[]>
  /** Facts in canonical order (recordedAtUs, id), after `after`. */
  log(scope: string, after: Position | null, limit: number): Promise<LoggedFact[]>
  /**
   * Every fact of the given executions (that arrived up to `untilCursor`, if given), in canonical order; executions
   * without facts are absent.
   */
  facts(scope: string, executionIds: readonly string[], untilCursor?: number): Promise<Map<string, LoggedFact[]>>
  /**
   * False only if nobody else added or removed facts of the scope since the last call (at first: since this handle was
   * opened). Cheap enough to ask before each decision.
   */
  changedByOthers(scope: string): Promise<boolean>
  /**
   * Calls `listener` soon after others added or removed facts of the scope; now and then also for nothing. The function
   * that comes back ends it. A subscription keeps no process alive.
   */
  subscribe(scope: string, listener: () => void): Promise<() => Promise<void>>

  /** Projected executions, newest decision first; those that wait for their decision come last. */
  executions(scope: string, filter: ExecutionFilter): Promise<ExecutionRow[]>
  /** The same, streamed in unspecified order without holding them all. */
  scan(scope: string, filter: ExecutionFilter): AsyncIterable<ExecutionRow>
  /**
   * Executions whose task vector (of the same embedder) has cosine similarity ≥ `threshold`, most similar first. A
   * vector of length zero has similarity 0 to everything.
   */
  nearest(scope: string, query: NearestQuery): Promise<Neighbour[]>

  loadSnapshot(scope: string, name: string): Promise<Snapshot | null>
  /** Keeps `snapshot` unless the kept one of that name is at the same cursor or later. */
  saveSnapshot(scope: string, name: string, snapshot: Snapshot): Promise<void>
  /** Forgets the snapshots of a name: learned state is then rebuilt from the log. */
  dropSnapshot(scope: string, name: string): Promise<void>

  /**
   * Keeps a snapshot from which replay begins, in place of the one that stands at `replaced` (null: none). False, with
   * nothing changed, if another one stands there.
   */
  saveCheckpoint(scope: string, name: string, snapshot: Snapshot, replaced: Snapshot | null): Promise<boolean>
  /**
   * Removes facts, rows and vectors of executions in one transaction; an execution with facts after `request.cursor` is
   * left whole. Ids stay known: a removed fact that is given again is a duplicate, unless it brings its `recordedAtUs`
   * (as an archive does): then it comes back at the place that it had in the order of arrival.
   */
  prune(scope: string, request: PruneRequest): Promise<Pruned>
  /** The highest place in the order of arrival from which a fact was pruned; 0 if there is none. */
  prunedUpTo(scope: string): Promise<number>

  /** Adds to a named counter, for what must be counted and shown (errors of learning, for example). */
  count(scope: string, counter: string, by?: number): Promise<void>
  counters(scope: string): Promise<Record<string, number>>
  stats(scope: string): Promise<StoreStats>
  /** Sums folded from the log. */
  readonly rollups: RollupStore
  /** Answers a question from a replica, if there is one that is fit, else from this store. `read` may run twice. */
  readAside?<T>(scope: string, read: (store: Store) => Promise<T>): Promise<T>
  /** What is known of that replica; null if there is none. */
  replica?(scope: string): Promise<ReplicaState | null>
  scopes(): Promise<string[]>
  /** Connections of this handle to a server: open, of these idle, and calls that wait for one. */
  readonly connections?: { readonly open: number; readonly idle: number; readonly waiting: number }
  /** This database's identity, made when it was created: the `origin` of facts recorded here. */
  readonly origin: string
  close(): Promise<void>
}

/** A server that follows this one and may answer questions in its place. */
export interface ReplicaState {
  /** For people: without credentials. */
  readonly location: string
  /** Facts of the scope that have not arrived there, and how long the first of them is missing; null: not known. */
  readonly lagFacts: number | null
  readonly lagMs: number | null
  /** Why the primary answers in its place; null while it is used. */
  readonly reason: string | null
  /** Questions that the primary had to answer, since this store was opened. */
  readonly fallbacks: number
}

/** A fact before the store has taken it. */
export type FactDraft = Fact extends infer F
  ? F extends Fact
    ? Omit<F, 'recordedAtUs'> & { recordedAtUs?: number }
    : never
  : never

export interface LoggedFact {
  readonly fact: Fact
  /** Place in the order of arrival; grows with every fact of its scope. */
  readonly cursor: number
}

export interface AppendOptions {
  /** Whether the answer is to hold the history of each group, which saves reading it afterwards. Default: false. */
  readonly withHistory?: boolean
}

export interface Appended {
  /** stored: at least one fact is new. duplicate: all were there before. conflict: an id is taken; nothing was kept. */
  readonly status: 'stored' | 'duplicate' | 'conflict'
  /** The facts as the log now holds them (for a duplicate: the first ones); empty for a conflict. */
  readonly facts: readonly LoggedFact[]
  /** For a conflict: the id that is taken. */
  readonly conflictId?: string
  /** If it was asked for: every fact of the group's executions as the log now holds them, in canonical order. */
  readonly history?: readonly Fact[]
}

/** One execution as a typed row: its decision joined with its last outcome and the count of its feedback. */
export interface ExecutionRow {
  readonly id: string
  /** Null while an outcome waits for its decision. */
  readonly decidedAtUs: number | null
  readonly task: string | null
  readonly taskType: string | null
  readonly repository: string | null
  /** The arm that was used: the outcome's if it names one, else the chosen one. */
  readonly arm: string | null
  readonly chosenArm: string | null
  /** Null for recorded history. */
  readonly propensity: number | null
  readonly stage: Stage | null
  readonly outcomeAtUs: number | null
  readonly success: boolean | null
  readonly quality: number | null
  readonly durationMs: number | null
  readonly costUsd: number | null
  readonly errorType: string | null
  /** Sum and number of its feedback values (0..1). */
  readonly ratingSum: number
  readonly ratingCount: number
}

export interface ExecutionFilter {
  readonly taskType?: string
  readonly arm?: string
  readonly repository?: string
  /** Decided at or after, integer microseconds. */
  readonly sinceUs?: number
  /** Decided at or before. */
  readonly untilUs?: number
  readonly withOutcome?: boolean
  readonly limit?: number
}

export interface VectorRow {
  readonly executionId: string
  /** Identity of the embedder; vectors of different embedders never meet. */
  readonly embedder: string
  readonly vector: Float32Array
}

export interface NearestQuery {
  readonly embedder: string
  readonly vector: Float32Array
  readonly threshold: number
  readonly limit: number
  readonly filter?: Omit<ExecutionFilter, 'limit'>
}

export interface Neighbour {
  readonly similarity: number
  readonly execution: ExecutionRow
}

/** Learned state after all facts up to `cursor` (arrival order) were folded. */
export interface Snapshot {
  readonly cursor: number
  /** The last folded fact's place in canonical order. */
  readonly position: Position
  readonly bytes: Uint8Array
}

export interface PruneRequest {
  readonly executionIds: readonly string[]
  /** The log as far as it was read when these executions were chosen. */
  readonly cursor: number
  /** executions: all their facts, rows and vectors. */
  readonly what: 'executions' | 'steps' | 'vectors'
}

/** How much was removed. */
export interface Pruned {
  readonly executions: number
  readonly facts: number
  readonly vectors: number
}

export interface StoreStats {
  readonly facts: Readonly<Record<Fact['kind'], number>>
  /** Executions with a decision, and those of them that have an outcome. */
  readonly executions: number
  readonly withOutcome: number
  /** Outcomes whose decision has not arrived. */
  readonly parkedOutcomes: number
  /** When the first and the last fact happened. */
  readonly firstAtUs: number | null
  readonly lastAtUs: number | null
  /** Of the whole database, all scopes. */
  readonly sizeBytes: number
}
