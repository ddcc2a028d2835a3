import type { Config } from '../config.ts'
import type { StateRecord } from '../learn/state.ts'
import type { Context, Limits } from '../records.ts'

/** Indices closer than this are equal. */
const tie = 1e-12

/** Whether each of the last decisions explored, so that the share of any window can be kept under a ceiling. */
export class ExploredWindow {
  readonly #length: number
  readonly #recent: boolean[]

  /** Remembers the last `length` decisions. */
  constructor(length: number, state?: StateRecord) {
    this.#length = length
    this.#recent = ((state?.recent ?? []) as boolean[]).slice(0, length)
  }

  add(explored: boolean): void {
    this.#recent.push(explored)
    if (this.#recent.length > this.#length) this.#recent.shift()
  }

  /** Whether one more explored decision would make more than `share` of a window of `length` decisions. */
  isUsedUp(share: number): boolean {
    const others = this.#recent.slice(-(this.#length - 1) || this.#recent.length)
    return others.filter(Boolean).length + 1 > share * this.#length + tie
  }

  toState(): StateRecord {
    return { recent: [...this.#recent] }
  }
}

/** Why this choice must not explore; null: it may. */
export function greedyReason(
  { maxShare, noneFromPriority, noneWithinMs }: Config['exploration'],
  { priority, deadline }: Pick<Context, 'priority' | 'deadline'>,
  atUs: number,
  explored: ExploredWindow | null,
): NonNullable<Limits['greedy']> | null {
  if (noneFromPriority !== null && priority !== undefined && priority >= noneFromPriority) return 'priority'
  if (noneWithinMs !== null && deadline !== undefined && deadline - atUs <= noneWithinMs * 1000) return 'deadline'
  return maxShare !== null && explored?.isUsedUp(maxShare) ? 'exploredShare' : null
}

/** All probability on the arms with the largest index, in equal parts; arms outside `places` have none. */
export function greedy(indices: ArrayLike<number>, places: readonly number[]): number[] {
  const best = Math.max(...places.map(i => indices[i]!))
  const winners = places.filter(i => indices[i]! >= best - tie)
  return Array.from(indices, (_, i) => (winners.includes(i) ? 1 / winners.length : 0))
}
