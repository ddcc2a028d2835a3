import { policyValue, type WeightedEstimate } from './estimators.ts'
import { type PolicyValue, scoreInterval } from './interval.ts'

/** What the log itself earned: its mean reward, as a policy that is judged with weights of 1. */
export function loggedValue(rewards: Float64Array, tasks: ArrayLike<number>): PolicyValue {
  const zero = new Float64Array(rewards.length)
  const weights = new Float64Array(rewards.length).fill(1)
  const estimate = { rewards, expected: zero, forecast: zero, weights, divisor: rewards.length }
  return { value: policyValue(estimate), interval: scoreInterval(estimate, tasks) }
}

/**
 * The target's value less the log's, with a 95 % interval made from the intervals of both (MOVER; Zou & Donner 2008) and the
 * correlation between them, since they rest on the same choices.
 */
export function differenceFromLog(estimate: WeightedEstimate, target: PolicyValue, logged: PolicyValue): PolicyValue {
  const value = target.value - logged.value
  if (target.interval === null || logged.interval === null) return { value, interval: null }
  const correlation = correlationWithRewards(estimate)
  const reach = (ofTarget: number, ofLog: number) =>
    Math.sqrt(Math.max(0, ofTarget ** 2 + ofLog ** 2 - 2 * correlation * ofTarget * ofLog))
  const below = reach(target.value - target.interval[0], logged.interval[1] - logged.value)
  const above = reach(target.interval[1] - target.value, logged.value - logged.interval[0])
  return { value, interval: [value - below, value + above] }
}

/** Between what each choice adds to the estimate and its reward; 0 where either does not vary. */
function correlationWithRewards({ rewards, expected, forecast, weights, divisor }: WeightedEstimate): number {
  const n = rewards.length
  const terms = rewards.map((reward, row) => forecast[row]! + (weights[row]! * (reward - expected[row]!) * n) / divisor)
  const mean = (values: Float64Array) => values.reduce((sum, value) => sum + value, 0) / n
  const [meanTerm, meanReward] = [mean(terms), mean(rewards)]
  let [both, ofTerms, ofRewards] = [0, 0, 0]
  for (const [row, term] of terms.entries()) {
    both += (term - meanTerm) * (rewards[row]! - meanReward)
    ofTerms += (term - meanTerm) ** 2
    ofRewards += (rewards[row]! - meanReward) ** 2
  }
  return both === 0 ? 0 : both / Math.sqrt(ofTerms * ofRewards)
}
