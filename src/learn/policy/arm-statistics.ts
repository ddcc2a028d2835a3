import type { State, StateRecord } from '../state.ts'
import type { Choice, Experience } from './policy.ts'

/** Counts and sums per arm, without any context; what the context-free policies rest on. */
export class ArmStatistics {
  readonly #halfLifeDays: number | null
  readonly #arms: Map<string, { n: number; s: number }>
  #day: number

  constructor(halfLifeDays: number | null, state?: State) {
    const { day, arms, n, s } = (state ?? { day: 0, arms: [], n: [], s: [] }) as StateRecord
    this.#halfLifeDays = halfLifeDays
    this.#day = day as number
    this.#arms = new Map((arms as string[]).map((arm, i) => [arm, { n: (n as number[])[i]!, s: (s as number[])[i]! }]))
  }

  /** Weighted number of successes and failures (a reward of 0.7 is 0.7 of a success). */
  counts(arm: string): { successes: number; failures: number } {
    const { n, s } = this.#arms.get(arm) ?? { n: 0, s: 0 }
    const successes = Math.min(Math.max(s, 0), n)
    return { successes, failures: n - successes }
  }

  /** Lets the evidence age until `day`. */
  advance(day: number): void {
    const days = Math.floor(day) - this.#day
    if (days <= 0) return
    for (const cell of this.#arms.values()) {
      cell.n *= this.#fade(days)
      cell.s *= this.#fade(days)
    }
    this.#day += days
  }

  add({ arm, day, reward }: Experience, by: 1 | -1): void {
    this.advance(day)
    const weight = by * this.#fade(this.#day - Math.floor(day))
    const cell = this.#arms.get(arm) ?? { n: 0, s: 0 }
    cell.n = Math.max(0, cell.n + weight)
    cell.s += weight * reward
    this.#arms.set(arm, cell)
  }

  /** Posterior mean and deviation under a Beta(1, 1) prior. */
  summary(arms: readonly string[]): Omit<Choice, 'probabilities'> {
    const cells = arms.map(arm => this.counts(arm))
    const nEff = Float64Array.from(cells, ({ successes, failures }) => successes + failures)
    return {
      values: Float64Array.from(cells, ({ successes }, i) => (1 + successes) / (2 + nEff[i]!)),
      deviations: Float64Array.from(cells, ({ successes, failures }, i) =>
        Math.sqrt(((1 + successes) * (1 + failures)) / ((2 + nEff[i]!) ** 2 * (3 + nEff[i]!))),
      ),
      nEff,
      levels: [{ level: 'all', counts: nEff }],
    }
  }

  toState(): StateRecord {
    const cells = [...this.#arms.values()]
    return { day: this.#day, arms: [...this.#arms.keys()], n: cells.map(cell => cell.n), s: cells.map(cell => cell.s) }
  }

  #fade(days: number): number {
    return this.#halfLifeDays === null ? 1 : 2 ** (-days / this.#halfLifeDays)
  }
}
