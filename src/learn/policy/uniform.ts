import type { State } from '../state.ts'
import { ArmStatistics } from './arm-statistics.ts'
import type { Choice, Experience, Policy, Situation } from './policy.ts'

/** Every arm with the same probability, whatever is added to it: the control that any learner has to beat. */
export class UniformPolicy implements Policy {
  readonly id = 'uniform'
  readonly version = 1
  readonly drifts = []
  readonly #statistics: ArmStatistics

  constructor(options: { halfLifeDays: number | null }, state?: State) {
    this.#statistics = new ArmStatistics(options.halfLifeDays, state)
  }

  choose({ arms }: Situation): Choice {
    return {
      probabilities: new Float64Array(arms.length).fill(1 / arms.length),
      ...this.#statistics.summary(arms),
    }
  }

  advance(day: number): void {
    this.#statistics.advance(day)
  }

  learn(experience: Experience): readonly [] {
    this.#statistics.add(experience, 1)
    return []
  }

  retract(experience: Experience): void {
    this.#statistics.add(experience, -1)
  }

  begin(): void {}
  end(): void {}

  toState(): State {
    return this.#statistics.toState()
  }
}
