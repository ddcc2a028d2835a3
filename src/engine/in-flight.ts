import type { StateRecord } from '../learn/state.ts'

/** Decisions followed at most; beyond this the oldest no longer counts as in flight. */
const maxEntries = 10_000

export interface InFlightEntry {
  readonly arm: string
  readonly taskType: string | null
  readonly untilUs: number
}

/** Decisions whose outcome is awaited, until it comes or their deadline has passed. */
export class InFlight {
  readonly #entries: Map<string, InFlightEntry>
  #earliestUs: number

  constructor(state?: StateRecord) {
    const ids = (state?.ids ?? []) as string[]
    const entries = (state?.entries ?? []) as unknown as InFlightEntry[]
    this.#entries = new Map(ids.map((id, i) => [id, entries[i]!]))
    this.#earliestUs = earliest(entries)
  }

  add(id: string, entry: InFlightEntry): void {
    this.#entries.set(id, entry)
    this.#earliestUs = Math.min(this.#earliestUs, entry.untilUs)
  }

  remove(id: string): InFlightEntry | undefined {
    const entry = this.#entries.get(id)
    this.#entries.delete(id)
    return entry
  }

  /** Takes out the entries whose deadline has passed, and the oldest where there are too many. */
  expire(nowUs: number): InFlightEntry[] {
    const expired: InFlightEntry[] = []
    if (nowUs >= this.#earliestUs) {
      for (const [id, entry] of this.#entries) if (entry.untilUs <= nowUs) expired.push(this.remove(id)!)
      this.#earliestUs = earliest(this.#entries.values())
    }
    for (const id of this.#entries.keys()) {
      if (this.#entries.size <= maxEntries) break
      expired.push(this.remove(id)!)
    }
    return expired
  }

  count(nowUs: number): number {
    let count = 0
    for (const { untilUs } of this.#entries.values()) if (untilUs > nowUs) count++
    return count
  }

  toState(): StateRecord {
    return {
      ids: [...this.#entries.keys()],
      entries: [...this.#entries.values()].map(({ arm, taskType, untilUs }) => ({ arm, taskType, untilUs })),
    }
  }
}

function earliest(entries: Iterable<InFlightEntry>): number {
  let earliestUs = Number.MAX_SAFE_INTEGER
  for (const { untilUs } of entries) earliestUs = Math.min(earliestUs, untilUs)
  return earliestUs
}
