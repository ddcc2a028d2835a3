import type { Drift } from '../detector/drift-monitor.ts'
import type { LevelShares } from '../level-shares.ts'
import type { State } from '../state.ts'

/**
 * A policy chooses an arm and says with which probability. Policies are pure: no clock, no I/O; the day comes in, the
 * caller draws. Each implementation runs `test/contract/policy.suite.ts`.
 *
 * Statistics are learned by the day so that evidence can fade with age: an observation of age d days has weight
 * 2^(-d / halfLifeDays).
 */
export interface Policy {
  readonly id: string
  readonly version: number
  /** Exact distribution over `situation.arms` and what it rests on. Changes nothing. */
  choose(situation: Situation): Choice
  /**
   * What each level says about the estimate of each arm; null before anything was learned. A policy without it looks at
   * the arm alone.
   */
  shares?(situation: Situation): readonly LevelShares[] | null
  /** Lets all evidence age until `day` (days since 1970); earlier days change nothing. */
  advance(day: number): void
  /** Takes in one observed reward; returns the changes in the world that it gives away (usually none). */
  learn(experience: Experience): readonly Drift[]
  /** Takes an earlier observation out of the statistics (an outcome was corrected). */
  retract(experience: Experience): void
  /** An execution of the arm is in flight / no longer in flight: uncertainty is shared among parallel executions. */
  begin(arm: string, category: string | null): void
  end(arm: string, category: string | null): void
  /** The last changes in the world that were noticed, oldest first; none where the policy does not watch for them. */
  readonly drifts: readonly Drift[]
  /** Everything learned, as plain JSON values and typed arrays; `policyFromState` in policies.ts restores it. */
  toState(): State
}

/** What is known before choosing. */
export interface Situation {
  readonly arms: readonly string[]
  /** The task type, or null. */
  readonly category: string | null
  /** Identity of this very task (a hash of its text), so that a task met before is known again. */
  readonly task: number
  /** Days since 1970, UTC, fraction allowed. */
  readonly day: number
  /** Added to each arm's estimated utility before arms are compared (a price, a load); `values` stay without it. */
  readonly adjustment?: Float64Array
}

export interface Experience {
  readonly arm: string
  readonly category: string | null
  readonly task: number
  readonly day: number
  /** Utility, usually 0..1. */
  readonly reward: number
}

export interface Choice {
  /** Probabilities of the arms, same order; sum 1. */
  readonly probabilities: Float64Array
  /** Estimated utility of each arm for this task. */
  readonly values: Float64Array
  /** Standard deviation of that estimate (of the mean, not of one outcome). */
  readonly deviations: Float64Array
  /** Effective number of observations of each arm. */
  readonly nEff: Float64Array
  /** Which evidence spoke: number of observations at each level, per arm. */
  readonly levels: readonly { readonly level: 'all' | 'taskType' | 'task'; readonly counts: Float64Array }[]
}
