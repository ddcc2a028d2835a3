/**
 * A world with a known optimum: tasks, arms, and for each pair the true expected utility. Everything follows from the
 * seed; nothing has a state. What an arm would do in a round is the same whoever asks and however often, so that
 * policies meet the same luck. Arms and kinds of task are named by their index.
 */
export interface World {
  readonly name: string
  readonly summary: string
  readonly arms: readonly string[]
  /** Task types; a single null where tasks have none. */
  readonly taskTypes: readonly (string | null)[]
  readonly rounds: number
  /** Number of tasks that come again and again; null: each round brings a new one. */
  readonly tasks: number | null
  /** How fast its time runs: what age means to a learner whose evidence fades. */
  readonly tasksPerDay: number
  /** Rounds at which the truth changes, ascending; rounds before and after are each stationary. */
  readonly changes: readonly number[]
  /** Decisions made between a choice and its outcome; 0: none. */
  readonly delay: number
  /** Utility = success − costWeight × cost / costUnitUsd, with the cost cut off at costUnitUsd. */
  readonly costWeight: number
  /** Whether each task type (each task, where tasks recur) keeps one utility per arm, so that estimates can be judged. */
  readonly isStationary: boolean
  task(round: number): WorldTask
  /** Arms that may be chosen in the round, ascending. */
  eligible(round: number): readonly number[]
  /** What the arm asks for in the round, US dollars. */
  costUsd(round: number, arm: number): number
  /** Probability that the arm solves the round's task. */
  successRate(round: number, arm: number, past?: Past): number
  /** Expected utility of the arm on the round's task, outcomes that go missing included. */
  utility(round: number, arm: number, past?: Past): number
  outcome(round: number, arm: number, past?: Past): WorldOutcome
}

/** A price of this much weighs fully. */
export const costUnitUsd = 0.1
export const usualCostUsd = 0.01

export interface WorldTask {
  readonly text: string
  /** Index of its task type. */
  readonly kind: number
  /** Index among the tasks that come again; the round itself where each task comes once. */
  readonly identity: number
}

export interface WorldOutcome {
  readonly success: boolean
  readonly costUsd: number
  readonly utility: number
  /** The outcome happened and was never reported. */
  readonly isMissing: boolean
}

/** All that an adversary may see: how often each arm was chosen before this round. */
export type Past = readonly number[]

/** The best eligible arm of the round and its expected utility. */
export function optimum(world: World, round: number, past: Past = []): { arm: number; utility: number } {
  let best = { arm: -1, utility: Number.NEGATIVE_INFINITY }
  for (const arm of world.eligible(round)) {
    const utility = world.utility(round, arm, past)
    if (utility > best.utility) best = { arm, utility }
  }
  return best
}

/** Mean expected utility of the eligible arms: what a uniform choice earns. */
export function uniformUtility(world: World, round: number, past: Past = []): number {
  const arms = world.eligible(round)
  return arms.reduce((sum, arm) => sum + world.utility(round, arm, past), 0) / arms.length
}
