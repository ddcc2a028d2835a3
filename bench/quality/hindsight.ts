/**
 * What could have been had, seen afterwards. `rewards` holds for each visit the reward of every arm; null: the arm was not
 * offered there. A visit on which a single arm is not offered gives it the mean of the arms that are (a fair draw).
 */
export type Rewards = readonly (readonly (number | null)[])[]

/** Mean reward of taking the best arm on every visit. It contains luck: one sample per arm and visit. */
export function oracleReward(rewards: Rewards): number {
  return mean(rewards.map(visit => Math.max(...known(visit))))
}

/** Expected mean reward of drawing an arm uniformly on every visit. */
export function uniformReward(rewards: Rewards): number {
  return mean(rewards.map(visit => mean(known(visit))))
}

/** Mean reward of taking the same arm on every visit. */
export function singleArmReward(rewards: Rewards, arm: number): number {
  return mean(rewards.map(visit => visit[arm] ?? mean(known(visit))))
}

/** The arm with the greatest singleArmReward; the first of equals. */
export function bestSingleArm(rewards: Rewards): number {
  const values = (rewards[0] ?? []).map((_, arm) => singleArmReward(rewards, arm))
  return values.indexOf(Math.max(...values))
}

/** The arithmetic mean; NaN of nothing. */
export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}

function known(visit: readonly (number | null)[]): number[] {
  return visit.filter(reward => reward !== null)
}
