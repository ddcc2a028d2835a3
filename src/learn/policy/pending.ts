import type { StateRecord } from '../state.ts'

/** How many executions of each arm are in flight, in all and per task type. */
export class Pending {
  readonly #counts: Map<string, number>

  constructor(state: StateRecord = { keys: [], counts: [] }) {
    const counts = state.counts as number[]
    this.#counts = new Map((state.keys as string[]).map((key, i) => [key, counts[i]!]))
  }

  add(arm: string, category: string | null, by: 1 | -1): void {
    for (const key of category === null ? [arm] : [arm, pair(arm, category)]) {
      const count = (this.#counts.get(key) ?? 0) + by
      if (count > 0) this.#counts.set(key, count)
      else this.#counts.delete(key)
    }
  }

  count(arm: string, category: string | null): { all: number; category: number } {
    if (this.#counts.size === 0) return { all: 0, category: 0 }
    return {
      all: this.#counts.get(arm) ?? 0,
      category: category === null ? 0 : (this.#counts.get(pair(arm, category)) ?? 0),
    }
  }

  toState(): StateRecord {
    return { keys: [...this.#counts.keys()], counts: [...this.#counts.values()] }
  }
}

/** Names hold no control characters, so the separator cannot occur in them. */
const pair = (arm: string, category: string) => `${arm}\u0000${category}`
