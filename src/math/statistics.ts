/**
 * The p-quantile of ascending values, interpolated linearly between order statistics (Hyndman & Fan 1996, type 7: the
 * default of R and NumPy).
 * @throws RangeError without values, or unless 0 <= p <= 1.
 */
export function quantile(sorted: ArrayLike<number>, p: number): number {
  if (sorted.length === 0) throw new RangeError('a quantile needs at least one value')
  if (!(p >= 0 && p <= 1)) throw new RangeError(`p must be in 0..1, not ${p}`)
  const position = p * (sorted.length - 1)
  const below = Math.floor(position)
  const low = sorted[below]!
  const high = sorted[Math.min(below + 1, sorted.length - 1)]!
  return low + (position - below) * (high - low)
}

/**
 * Wilson's score interval for a proportion (Wilson 1927), by default 95 %. `n` may be fractional (decayed counts);
 * without observations it is [0, 1].
 * @throws RangeError unless 0 <= successes <= n.
 */
export function wilsonInterval(successes: number, n: number, z = 1.959963984540054): [number, number] {
  if (!(successes >= 0 && successes <= n)) throw new RangeError(`${successes} successes in ${n} trials cannot be`)
  if (n === 0) return [0, 1]
  const share = successes / n
  const square = (z * z) / n
  const centre = (share + square / 2) / (1 + square)
  const half = Math.sqrt(square * (share * (1 - share) + square / 4)) / (1 + square)
  return [successes === 0 ? 0 : Math.max(0, centre - half), successes === n ? 1 : Math.min(1, centre + half)]
}

/**
 * Brier score: the mean squared difference between forecasts and outcomes, both 0..1. Null without forecasts.
 * @throws RangeError if the lengths differ.
 */
export function brier(forecasts: ArrayLike<number>, outcomes: ArrayLike<number | boolean>): number | null {
  checkSameLength(forecasts, outcomes)
  if (forecasts.length === 0) return null
  let sum = 0
  for (let index = 0; index < forecasts.length; index++) sum += (forecasts[index]! - Number(outcomes[index]!)) ** 2
  return sum / forecasts.length
}

/**
 * Area under the ROC curve: the probability that a random positive scores above a random negative, ties counting half
 * (Mann-Whitney). Null when one class is empty.
 * @throws RangeError if the lengths differ or a score is not a number.
 */
export function auc(scores: ArrayLike<number>, labels: ArrayLike<0 | 1 | boolean>): number | null {
  checkSameLength(scores, labels)
  const order = Array.from(scores, (_, index) => index).sort((a, b) => scores[a]! - scores[b]!)
  let positives = 0
  let rankSum = 0
  for (let start = 0, end = 0; start < order.length; start = end) {
    const score = scores[order[start]!]!
    if (Number.isNaN(score)) throw new RangeError(`score ${order[start]} is not a number`)
    let tiedPositives = 0
    for (end = start; end < order.length && scores[order[end]!] === score; end++) {
      if (labels[order[end]!]) tiedPositives++
    }
    // Ranks count from 1; a tied group shares the mean of its ranks start + 1 … end.
    rankSum += tiedPositives * ((start + 1 + end) / 2)
    positives += tiedPositives
  }
  const negatives = order.length - positives
  if (positives === 0 || negatives === 0) return null
  return (rankSum - (positives * (positives + 1)) / 2) / (positives * negatives)
}

/**
 * Expected calibration error: |mean forecast - mean outcome| of each of `bins` equal-width bins of the forecast, weighted
 * by the bin's share (Naeini et al. 2015). Null without forecasts.
 * @throws RangeError if the lengths differ, a forecast lies outside 0..1, or `bins` is not a positive integer.
 */
export function calibrationError(
  forecasts: ArrayLike<number>,
  outcomes: ArrayLike<number | boolean>,
  bins = 10,
): number | null {
  checkSameLength(forecasts, outcomes)
  if (!Number.isSafeInteger(bins) || bins < 1) throw new RangeError(`bins must be a positive integer, not ${bins}`)
  const gaps = new Float64Array(bins)
  for (let index = 0; index < forecasts.length; index++) {
    const forecast = forecasts[index]!
    if (!(forecast >= 0 && forecast <= 1)) throw new RangeError(`forecast ${index} is ${forecast}, not in 0..1`)
    gaps[Math.min(bins - 1, Math.floor(forecast * bins))]! += forecast - Number(outcomes[index]!)
  }
  if (forecasts.length === 0) return null
  return gaps.reduce((sum, gap) => sum + Math.abs(gap), 0) / forecasts.length
}

/** Count, mean and sum of squared deviations from the mean: plain data that can be merged. */
export interface Moments {
  readonly n: number
  /** 0 while n is 0. */
  readonly mean: number
  readonly m2: number
}

export const emptyMoments: Moments = { n: 0, mean: 0, m2: 0 }

/** The moments with one more value (Welford 1962). @throws RangeError unless x is finite. */
export function addToMoments(moments: Moments, x: number): Moments {
  if (!Number.isFinite(x)) throw new RangeError(`a value must be finite, not ${x}`)
  const n = moments.n + 1
  const delta = x - moments.mean
  const mean = moments.mean + delta / n
  return { n, mean, m2: moments.m2 + delta * (x - mean) }
}

/** The moments of both sets of values together (Chan, Golub & LeVeque 1979). Symmetric to the last bit. */
export function mergeMoments(a: Moments, b: Moments): Moments {
  const n = a.n + b.n
  if (n === 0) return emptyMoments
  const delta = a.mean - b.mean
  return {
    n,
    mean: a.mean * (a.n / n) + b.mean * (b.n / n),
    m2: a.m2 + b.m2 + delta * delta * ((a.n * b.n) / n),
  }
}

/** The sample variance m2 / (n - 1); null with fewer than two values. */
export function variance(moments: Moments): number | null {
  return moments.n < 2 ? null : moments.m2 / (moments.n - 1)
}

function checkSameLength(a: ArrayLike<unknown>, b: ArrayLike<unknown>): void {
  if (a.length !== b.length) throw new RangeError(`${a.length} forecasts and ${b.length} outcomes do not pair up`)
}
