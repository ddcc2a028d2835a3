import { executionRollup, nextFold } from '../analyse/rollup/fold.ts'
import type { Store } from '../store/store.ts'

/** Facts folded at a time, and facts that wait before a writer folds them. */
const foldLength = 2048
/** Folds at a time; after a large import the next writes go on. */
const foldsAtOnce = 4

/**
 * Keeps the rollups near the end of the log: whoever writes folds what has gathered. Answers are exact without it, since
 * they add up the rest themselves.
 */
export class RollupKeeper {
  readonly #store: Store
  readonly #scope: string
  /** There is nothing to fold before this place in the log. */
  #nextCursor = 0

  constructor(store: Store, scope: string) {
    this.#store = store
    this.#scope = scope
  }

  /** Whether enough facts may have gathered. `cursor` is the place of the last fact known. */
  isDue(cursor: number): boolean {
    return cursor >= this.#nextCursor
  }

  /** Folds whole stretches, a few at most. */
  async fold(cursor: number): Promise<void> {
    for (let folds = 0; folds < foldsAtOnce && this.isDue(cursor); folds++) await this.#foldOne(cursor)
  }

  /** Another process may have folded a stretch already: then only the place is noted. */
  async #foldOne(cursor: number): Promise<void> {
    this.#nextCursor = cursor + foldLength
    const folded = await this.#store.rollups.cursor(this.#scope, executionRollup)
    if (cursor - folded < foldLength) {
      this.#nextCursor = folded + foldLength
      return
    }
    const fold = await nextFold(this.#store, this.#scope, foldLength)
    // Where scopes share one order of arrival, fewer facts than places may be ours.
    if (fold.facts < foldLength) return
    await this.#store.rollups.save(this.#scope, executionRollup, fold)
    this.#nextCursor = fold.toCursor + 1
  }
}

/**
 * Folds everything that waits, as upkeep and pruning ask for.
 * @returns the number of facts folded here; other processes may have folded some.
 */
export async function foldRollups(
  store: Store,
  scope: string,
  onProgress: (facts: number) => void = () => undefined,
): Promise<number> {
  let facts = 0
  for (;;) {
    const fold = await nextFold(store, scope, foldLength)
    if (fold.facts === 0) return facts
    if (!(await store.rollups.save(scope, executionRollup, fold))) continue
    facts += fold.facts
    onProgress(facts)
  }
}

/**
 * Folds the whole log anew. Where facts were pruned it cannot tell all any more, and the rollups, which still do, stay;
 * what waits is folded.
 */
export async function rebuildRollups(store: Store, scope: string): Promise<void> {
  const isPruned = ((await store.prunedUpTo(scope)) ?? 0) > 0
  if (!isPruned) await store.rollups.drop(scope, executionRollup)
  await foldRollups(store, scope)
}
