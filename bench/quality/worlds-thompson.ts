import { ArmStatistics } from '../../src/learn/policy/arm-statistics.ts'
import type { Choice, Experience, Policy, Situation } from '../../src/learn/policy/policy.ts'
import { beta, type Rng } from '../../src/math/rng.ts'

/**
 * Context-free Thompson sampling by drawing from the posteriors: the law of src/learn's baseline without its integral,
 * which a hundred arms make slow. The one drawn arm has probability 1, so nothing here may be used as a propensity.
 */
export class SampledThompson implements Policy {
  readonly id = 'thompson'
  readonly version = 1
  readonly #statistics: ArmStatistics
  readonly #rng: Rng

  constructor(halfLifeDays: number | null, rng: Rng) {
    this.#statistics = new ArmStatistics(halfLifeDays)
    this.#rng = rng
  }

  choose({ arms }: Situation): Choice {
    const draws = arms.map(arm => {
      const { successes, failures } = this.#statistics.counts(arm)
      return beta(this.#rng, 1 + successes, 1 + failures)
    })
    const best = draws.indexOf(Math.max(...draws))
    return { probabilities: Float64Array.from(arms, (_, i) => Number(i === best)), ...this.#statistics.summary(arms) }
  }

  advance(day: number): void {
    this.#statistics.advance(day)
  }

  learn(experience: Experience): void {
    this.#statistics.add(experience, 1)
  }

  retract(experience: Experience): void {
    this.#statistics.add(experience, -1)
  }

  begin(): void {}
  end(): void {}

  toState() {
    return this.#statistics.toState()
  }
}
