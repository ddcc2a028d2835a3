import type { PrunedFact } from './append.ts'
import type { Projection } from './projection.ts'
import type { RollupCell } from './rollups.ts'
import type { LoggedFact, Snapshot, VectorRow } from './store.ts'

/**
 * The care of a database as a whole, apart from using it: its schema, its soundness, copies and upkeep. Opening it
 * changes nothing, whatever version the schema has. Each implementation runs `test/contract/store-admin.suite.ts`.
 */
export interface StoreAdmin {
  /** Where the data is, for people: a path or a URL without credentials. */
  readonly location: string
  readonly dialect: Dialect

  /**
   * Which migrations were applied.
   * @throws TacitError STORE_NEWER or STORE_CORRUPT for a schema that this Tacit did not make.
   */
  schema(): Promise<SchemaReport>
  /** Takes the steps up or down to `version`, each in a transaction under a lock. Steps down lose what they drop. */
  migrateTo(version: number): Promise<void>
  /** @throws TacitError STORE_BUSY if another process uses the database. */
  assertAlone(): Promise<void>

  /** What the database itself finds wrong with its structures, at most `limit` sentences. */
  integrityProblems(limit: number): Promise<string[]>
  /** Every scope that holds anything, sorted. */
  scopes(): Promise<string[]>
  /** How much a scope holds. */
  tally(scope: string): Promise<Tally>
  /** The next executions after `afterId`, each row beside the facts that it is computed from, as of one moment. */
  executionsWithFacts(scope: string, afterId: string, limit: number): Promise<ExecutionWithFacts[]>
  /** Facts whose execution has no row, and vectors without an execution: at most `limit` ids of executions. */
  strays(scope: string, limit: number): Promise<Strays>
  vectors(scope: string): AsyncIterable<VectorRow>
  snapshots(scope: string): Promise<NamedSnapshot[]>

  /** What is remembered of facts that were pruned, after `cursor`, in their order of arrival. */
  pruned(scope: string, cursor: number, limit: number): Promise<PlacedPruned[]>
  /** Remembers pruned facts at the next places of the scope, in the order given; gives the places. */
  keepPruned(scope: string, facts: readonly PlacedPruned[]): Promise<number[]>
  rollups(scope: string): Promise<{ readonly name: string; readonly cursor: number }[]>
  rollupCells(scope: string, name: string): AsyncIterable<RollupCell>

  /** Makes `origin` the identity of this database, as a move to another place asks for. */
  adoptOrigin(origin: string): Promise<void>
  /** A copy of everything as of one moment in one file, made while others go on writing. */
  backup?(file: string, onProgress: OnProgress): Promise<void>
  /** Replaces everything by what such a file holds, as one change: all of it or nothing. */
  restore?(file: string, onProgress: OnProgress): Promise<void>
  /** Upkeep: folds logs in, gathers statistics, gives space back. `full` rebuilds everything and takes longer. */
  maintain(options: { readonly full: boolean }, onProgress: OnProgress): Promise<MaintenanceStep[]>
  connections(): Promise<ConnectionsReport>
  close(): Promise<void>
}

export type Dialect = 'sqlite' | 'postgres'
/** @param done of `total` */
export type OnProgress = (done: number, total: number) => void

export interface SchemaReport {
  /** 0: there are no tables yet. */
  readonly version: number
  /** The version that this Tacit reads and writes. */
  readonly latestVersion: number
  readonly migrations: readonly { readonly version: number; readonly name: string; readonly isApplied: boolean }[]
}

export interface Tally {
  readonly facts: number
  /** Without those that wait for their decision, as everywhere. */
  readonly executions: number
  readonly vectors: number
}

export interface ExecutionWithFacts {
  readonly id: string
  readonly row: Projection
  /** In no particular order. */
  readonly facts: readonly LoggedFact[]
}

export interface NamedSnapshot extends Snapshot {
  readonly name: string
}

export interface PlacedPruned extends PrunedFact {
  readonly id: string
}

export interface Strays {
  readonly factsWithoutRow: readonly string[]
  readonly vectorsWithoutExecution: readonly string[]
}

export interface MaintenanceStep {
  /** What was done ("write-ahead log folded into the file"). */
  readonly name: string
  /** What came of it; null where there was nothing to do. */
  readonly result: string | null
}

export interface ConnectionsReport {
  /** What can be said of the database as a whole. */
  readonly summary: Readonly<Record<string, string | number | null>>
  /** Who is connected; null where that cannot be found out. */
  readonly clients: readonly Client[] | null
}

export interface Client {
  /** Of this machine's process, or of the server's. */
  readonly processId: number
  readonly name: string
  readonly state: string
}
