import type { State } from '../state.ts'
import { ArmStatistics } from './arm-statistics.ts'
import type { Choice, Experience, Policy, Situation } from './policy.ts'

/** What policies that are blind to the task have in common: counts per arm, no watch for changes, nothing in flight. */
export abstract class ContextFreePolicy implements Policy {
  abstract readonly id: string
  abstract readonly version: number
  readonly drifts = []
  protected readonly statistics: ArmStatistics

  constructor(options: { readonly halfLifeDays: number | null }, state?: State) {
    this.statistics = new ArmStatistics(options.halfLifeDays, state)
  }

  abstract choose(situation: Situation): Choice

  advance(day: number): void {
    this.statistics.advance(day)
  }

  learn(experience: Experience): readonly [] {
    this.statistics.add(experience, 1)
    return []
  }

  retract(experience: Experience): void {
    this.statistics.add(experience, -1)
  }

  begin(): void {}
  end(): void {}

  toState(): State {
    return this.statistics.toState()
  }
}
