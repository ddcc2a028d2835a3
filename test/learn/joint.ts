import type { Observation } from '../../src/learn/hierarchy/evidence.ts'
import type { Prior, Variances } from '../../src/learn/hierarchy/model.ts'
import { inverse } from '../../src/math/linear.ts'

/** A value of the hierarchy: an arm at the root, in a category, or on a task of it. */
export interface Place {
  readonly arm: number
  readonly category?: string
  readonly task?: number
}

/** An observation and the variance of its noise. */
export interface Noisy extends Observation {
  readonly noise: number
}

/**
 * The hierarchy by brute force: the covariance of any two values follows from the effects that they share, and the
 * posterior from conditioning all values at once on all observations. It knows nothing of messages or levels.
 */
export function conditioned(variances: Variances, prior: Prior, observations: readonly Noisy[]) {
  const covariance = (x: Place, y: Place) => {
    const same = x.arm === y.arm ? 1 : 0
    let value = prior.shared + same * prior.own
    if (!x.category || x.category !== y.category) return value
    value += variances.categoryShared + same * variances.categoryOwn
    return value
  }
  const withTask = (x: Place, y: Place) => {
    const isSameTask = x.task !== undefined && x.task === y.task
    const own = x.arm === y.arm ? variances.taskOwn : 0
    return covariance(x, y) + (isSameTask ? variances.taskShared + own : 0)
  }
  const size = observations.length
  const joint = new Float64Array(size * size)
  for (const [i, x] of observations.entries()) {
    for (const [j, y] of observations.entries()) joint[i * size + j] = withTask(x, y) + (i === j ? x.noise : 0)
  }
  const precision = inverse(joint, size)
  const weighted = (x: Place) => {
    const row = observations.map(y => withTask(x, y))
    return row.map((_, i) => row.reduce((sum, value, j) => sum + value * precision[j * size + i]!, 0))
  }
  return {
    mean: (x: Place) =>
      weighted(x).reduce((sum, weight, i) => sum + weight * (observations[i]!.value - prior.mean), prior.mean),
    covariance: (x: Place, y: Place) =>
      weighted(x).reduce((left, weight, i) => left - weight * withTask(observations[i]!, y), withTask(x, y)),
  }
}
