import { ArmStatistics } from '../../src/learn/policy/arm-statistics.ts'
import type { Choice, Experience, Policy, Situation } from '../../src/learn/policy/policy.ts'
import { beta, type Rng } from '../../src/math/rng.ts'

/**
 * Thompson sampling by drawing from the posteriors: context-free (the law of src/learn's baseline without its integral,
 * which a hundred arms make slow), or with a table of its own for each task type, which shares nothing between them.
 * The one drawn arm has probability 1, so nothing here may be used as a propensity.
 */
export class SampledThompson implements Policy {
  readonly id = 'thompson'
  readonly version = 1
  readonly drifts = []
  readonly #tables = new Map<string, ArmStatistics>()
  readonly #halfLifeDays: number | null
  readonly #isPerType: boolean
  readonly #rng: Rng

  constructor(options: { halfLifeDays: number | null; isPerType: boolean }, rng: Rng) {
    this.#halfLifeDays = options.halfLifeDays
    this.#isPerType = options.isPerType
    this.#rng = rng
  }

  choose({ arms, category, day }: Situation): Choice {
    const statistics = this.#table(category)
    statistics.advance(day)
    const draws = arms.map(arm => {
      const { successes, failures } = statistics.counts(arm)
      return beta(this.#rng, 1 + successes, 1 + failures)
    })
    const best = draws.indexOf(Math.max(...draws))
    return { probabilities: Float64Array.from(arms, (_, i) => Number(i === best)), ...statistics.summary(arms) }
  }

  /** Tables age when they are used. */
  advance(): void {}

  learn(experience: Experience): readonly [] {
    this.#table(experience.category).add(experience, 1)
    return []
  }

  retract(experience: Experience): void {
    this.#table(experience.category).add(experience, -1)
  }

  begin(): void {}
  end(): void {}

  toState() {
    return Object.fromEntries([...this.#tables].map(([key, table]) => [key, table.toState()]))
  }

  #table(category: string | null): ArmStatistics {
    const key = this.#isPerType ? (category ?? '') : ''
    const known = this.#tables.get(key)
    if (known !== undefined) return known
    const fresh = new ArmStatistics(this.#halfLifeDays)
    this.#tables.set(key, fresh)
    return fresh
  }
}
