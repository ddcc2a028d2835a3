import type { OutOfFold } from './cross-fit.ts'

/**
 * Every estimator here is a forecast plus a weighted correction by what was observed,
 *     value = mean(forecast) + Σ weight · (reward - expected) / divisor,
 * so that one interval (interval.ts) serves them all. Rewards are on 0..1.
 */
export interface WeightedEstimate {
  readonly rewards: Float64Array
  /** Expected reward of the arm taken, per choice. */
  readonly expected: Float64Array
  /** Expected reward under the target, per choice. */
  readonly forecast: Float64Array
  readonly weights: Float64Array
  readonly divisor: number
}

/** The value of the target policy: its mean reward per choice. NaN without choices. */
export function policyValue({ rewards, expected, forecast, weights, divisor }: WeightedEstimate): number {
  let mean = 0
  let correction = 0
  for (const [row, weight] of weights.entries()) {
    mean += forecast[row]!
    correction += weight * (rewards[row]! - expected[row]!)
  }
  return mean / weights.length + (correction === 0 ? 0 : correction / divisor)
}

/** Direct method: the outcome model's forecast alone. As wrong as the model is. */
export function directMethod(rewards: Float64Array, model: OutOfFold): WeightedEstimate {
  const weights = new Float64Array(rewards.length)
  return { rewards, expected: model.taken, forecast: model.target, weights, divisor: rewards.length }
}

/** Inverse propensity scoring (Horvitz & Thompson 1952): unbiased, with a variance that grows with the weights. */
export function inversePropensity(rewards: Float64Array, weights: Float64Array): WeightedEstimate {
  const zero = new Float64Array(rewards.length)
  return { rewards, expected: zero, forecast: zero, weights, divisor: rewards.length }
}

/**
 * The same with no weight above `limit`, by default √n (truncated importance sampling; Ionides 2008). Less variance, but it
 * reads too low wherever weights were cut.
 */
export function clippedInversePropensity(
  rewards: Float64Array,
  weights: Float64Array,
  limit = Math.sqrt(rewards.length),
): WeightedEstimate {
  return inversePropensity(
    rewards,
    weights.map(weight => Math.min(weight, limit)),
  )
}

/** Self-normalised: divided by the sum of the weights (Hájek 1971; Swaminathan & Joachims 2015). Bias of order 1/n. */
export function selfNormalised(rewards: Float64Array, weights: Float64Array): WeightedEstimate {
  const divisor = weights.reduce((sum, weight) => sum + weight, 0)
  return { ...inversePropensity(rewards, weights), divisor }
}

/**
 * Doubly robust (Dudík, Langford & Li 2011) with cross-fitting (Chernozhukov et al. 2018): the forecast, corrected by the
 * weighted residuals. Unbiased where the propensities are right, however wrong the model; the better the model, the less
 * variance.
 */
export function doublyRobust(rewards: Float64Array, weights: Float64Array, model: OutOfFold): WeightedEstimate {
  return { rewards, expected: model.taken, forecast: model.target, weights, divisor: rewards.length }
}
