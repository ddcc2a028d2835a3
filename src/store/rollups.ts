import { createHash } from 'node:crypto'

/**
 * Tables of sums that are folded from the log: per scope and name a set of cells, and the cursor up to which the log is
 * in them. What a cell's value holds is its folder's affair. Each store's implementation runs
 * `test/contract/store/rollups.ts`.
 */
export interface RollupStore {
  /** The cursor up to which the log is folded; 0 for a rollup that does not exist. */
  cursor(scope: string, name: string): Promise<number>
  /** The values of cells, in the order of `places`; null for those that are not there. */
  get(scope: string, name: string, places: readonly RollupPlace[]): Promise<(string | null)[]>
  /** The cells of a period whose start lies in [fromUs, toUs), by start, page by page: others may write in between. */
  scan(scope: string, name: string, range: RollupRange): AsyncIterable<RollupCell & { readonly value: string }>
  /**
   * Replaces cells and moves the cursor, all or nothing, if the cursor still stands at `fromCursor`. Cells with value
   * null are removed. False, with nothing written, when another process was first.
   */
  save(scope: string, name: string, fold: RollupFold): Promise<boolean>
  /** Removes all cells of a rollup, which is then folded from the start of the log. */
  drop(scope: string, name: string): Promise<void>
}

export interface RollupPlace {
  /** Kind of period: hour, day … */
  readonly period: string
  /** Start of the period, integer microseconds since 1970. */
  readonly startUs: number
  /** What tells the cells of one period apart. */
  readonly key: string
}

export interface RollupCell extends RollupPlace {
  readonly value: string | null
}

export interface RollupRange {
  readonly period: string
  readonly fromUs: number
  /** May be Infinity. */
  readonly toUs: number
}

export interface RollupFold {
  readonly fromCursor: number
  readonly toCursor: number
  readonly cells: readonly RollupCell[]
}

/**
 * Digests of keys, each computed once: they stand for the keys in the index, since a team of many names would not fit
 * there.
 */
export function keyDigests(): (key: string) => string {
  const digests = new Map<string, string>()
  return key => {
    const digest = digests.get(key) ?? createHash('sha256').update(key).digest('base64url')
    digests.set(key, digest)
    return digest
  }
}
