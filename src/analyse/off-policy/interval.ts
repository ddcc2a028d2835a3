import { studentTQuantile } from '../../math/distributions.ts'
import { policyValue, type WeightedEstimate } from './estimators.ts'

export type Interval = readonly [number, number]

/** The value of a policy: its mean reward per choice. */
export interface PolicyValue {
  readonly value: number
  /** 95 % interval; null where there is none that can be trusted. */
  readonly interval: Interval | null
}

/**
 * Score interval of a weighted estimate of rewards on 0..1: Wilson's interval (1927) carried over to weighted, possibly
 * model-assisted sums, as Kott & Carr (1997) do for surveys. It holds every value θ that is at most t standard errors
 * from the estimate, the standard error being that which the estimate would have *if θ were true*. So it does not
 * collapse when all of a few heavily weighted rewards happen to be 1, as intervals from the sample variance do.
 *
 * With δ = θ - mean(forecast), p_i = expected_i + δ cut to 0..1, and W the divisor:
 *     Var(θ) = D · { φ Σ w_i² p_i(1 - p_i) / W² + δ² (Σ w_i² / W² - 1/n) + Var(forecast) / n }
 * where the middle term is left out if self-normalised. A reward on 0..1 has variance p(1 - p) - E[r(1 - r)]; φ is the
 * ratio of that to p(1 - p) at the estimate, exactly 1 for rewards of 0 and 1 and less for graded ones. D is the design
 * effect of repeated tasks. t is Student's with as many degrees of freedom as the weights leave (effective sample size
 * less 1).
 * @param tasks Identity of the task of each row.
 */
export function scoreInterval(estimate: WeightedEstimate, tasks: ArrayLike<number>, level = 0.95): Interval {
  const { rewards, forecast, weights } = estimate
  const value = policyValue(estimate)
  const meanForecast = forecast.reduce((sum, each) => sum + each, 0) / rewards.length
  const variance = varianceUnder(estimate, meanForecast, designEffect(estimate, tasks))
  const t = studentTQuantile((1 + level) / 2, Math.max(1, effectiveSize(weights) - 1))
  const centre = clip(value)
  const end = (limit: 0 | 1) => {
    const isWithin = (theta: number) => (value - theta) ** 2 <= t * t * variance(theta - meanForecast)
    if (isWithin(limit)) return limit
    let [inside, outside] = [centre, limit as number]
    for (let step = 0; step < 40; step++) {
      const middle = (inside + outside) / 2
      if (isWithin(middle)) inside = middle
      else outside = middle
    }
    return inside
  }
  return [end(0), end(1)]
}

/**
 * Student's interval from the sample variance of what each row adds, rows of one task summed first. For plain inverse
 * propensity scores, whose variance comes from the weights more than from the rewards.
 */
export function studentInterval(estimate: WeightedEstimate, tasks: ArrayLike<number>, level = 0.95): Interval {
  const n = estimate.rewards.length
  const { single, grouped } = sumsOfSquares(estimate, tasks)
  const t = studentTQuantile((1 + level) / 2, Math.max(1, effectiveSize(estimate.weights) - 1))
  const half = (t * Math.sqrt(Math.max(single, grouped) / Math.max(1, n - 1))) / Math.sqrt(n)
  const value = policyValue(estimate)
  return [clip(value - half), clip(value + half)]
}

/** The variance of the estimate if its true value were mean(forecast) + δ. */
function varianceUnder(estimate: WeightedEstimate, meanForecast: number, effect: number): (delta: number) => number {
  const { rewards, expected, forecast, weights, divisor } = estimate
  const rows = [...weights.keys()].filter(row => weights[row]! > 0)
  const squares = Float64Array.from(rows, row => weights[row]! ** 2)
  const expectations = Float64Array.from(rows, row => expected[row]!)
  const n = rewards.length
  const ofForecast = forecast.reduce((sum, each) => sum + (each - meanForecast) ** 2, 0) / n / n
  const bernoulli = (delta: number) => {
    let sum = 0
    for (let i = 0; i < squares.length; i++) {
      const p = Math.min(1, Math.max(0, expectations[i]! + delta))
      sum += squares[i]! * p * (1 - p)
    }
    return sum
  }
  const sumOfSquares = squares.reduce((sum, square) => sum + square, 0)
  const ofMean = divisor === n ? Math.max(0, sumOfSquares / n / n - 1 / n) : 0
  const grading = gradedShare(estimate, rows, bernoulli)
  return delta => effect * ((grading * bernoulli(delta)) / divisor ** 2 + delta * delta * ofMean + ofForecast)
}

/** φ: how much of p(1 - p) the rewards really vary, at the estimate; at least what their residuals show. */
function gradedShare(
  { rewards, expected, weights }: WeightedEstimate,
  rows: readonly number[],
  bernoulli: (delta: number) => number,
): number {
  let [sum, residual] = [0, 0]
  for (const row of rows) {
    sum += weights[row]!
    residual += weights[row]! * (rewards[row]! - expected[row]!)
  }
  const delta = residual / sum
  let [inner, squared] = [0, 0]
  for (const row of rows) {
    const reward = rewards[row]!
    inner += weights[row]! ** 2 * reward * (1 - reward)
    squared += weights[row]! ** 2 * (reward - expected[row]! - delta) ** 2
  }
  const most = bernoulli(delta)
  if (inner === 0 || most === 0) return 1
  return Math.min(1, Math.max((most - inner) / most, squared / most))
}

/**
 * How much wider repeated tasks make the estimate's spread: the variance of sums by task over that of single rows (Kish
 * 1965), at least 1; exactly 1 where no task recurs.
 */
function designEffect(estimate: WeightedEstimate, tasks: ArrayLike<number>): number {
  const { single, grouped } = sumsOfSquares(estimate, tasks)
  return single === 0 ? 1 : Math.max(1, grouped / single)
}

/** Squared deviations of what each row adds to the estimate, row by row and summed by task first. */
function sumsOfSquares(estimate: WeightedEstimate, tasks: ArrayLike<number>): { single: number; grouped: number } {
  const { rewards, expected, forecast, weights, divisor } = estimate
  const value = policyValue(estimate)
  const byTask = new Map<number, number>()
  let single = 0
  for (const [row, weight] of weights.entries()) {
    const correction = weight === 0 ? 0 : (weight * (rewards[row]! - expected[row]!) * rewards.length) / divisor
    const deviation = forecast[row]! + correction - value
    single += deviation * deviation
    byTask.set(tasks[row]!, (byTask.get(tasks[row]!) ?? 0) + deviation)
  }
  if (byTask.size === rewards.length) return { single, grouped: single }
  let grouped = 0
  for (const sum of byTask.values()) grouped += sum * sum
  return { single, grouped }
}

function effectiveSize(weights: Float64Array): number {
  let [sum, squares] = [0, 0]
  for (const weight of weights) {
    sum += weight
    squares += weight * weight
  }
  return squares === 0 ? 0 : (sum * sum) / squares
}

const clip = (value: number) => Math.min(1, Math.max(0, value))
