import type { LoggedChoice, Target } from './logged-choice.ts'

/** How far a log can speak about a policy. */
export interface Support {
  readonly choices: number
  /** Kish's effective sample size of the weights, (Σw)² / Σw² (Kish 1965): so many equally weighted choices say as much. */
  readonly effectiveSampleSize: number
  readonly largestWeight: number
  /** Share of the largest weight in the sum of all; null where all are 0. */
  readonly largestShare: number | null
  /** Near 1 where the propensities are right and the target's arms were all tried (its expectation is the coverage). */
  readonly meanWeight: number
  /** Share of the target's choices that fall on arms which the log could have taken; null where that is not on record. */
  readonly coverage: number | null
}

/** Importance weights: the target's probability of the arm taken, over the log's. */
export function importanceWeights(choices: readonly LoggedChoice[], target: Target, folds: Int32Array): Float64Array {
  return Float64Array.from(choices, ({ taken, propensity }, row) => {
    if (!(propensity > 0 && propensity <= 1)) {
      throw new RangeError(`the propensity of choice ${row} is ${propensity}, not in 0..1 and above 0`)
    }
    return target(row, folds[row]!)[taken]! / propensity
  })
}

export function supportOf(
  choices: readonly LoggedChoice[],
  target: Target,
  folds: Int32Array,
  weights: Float64Array,
): Support {
  let sum = 0
  let squares = 0
  let largest = 0
  for (const weight of weights) {
    sum += weight
    squares += weight * weight
    largest = Math.max(largest, weight)
  }
  return {
    choices: choices.length,
    effectiveSampleSize: squares === 0 ? 0 : (sum * sum) / squares,
    largestWeight: largest,
    largestShare: sum === 0 ? null : largest / sum,
    meanWeight: choices.length === 0 ? 0 : sum / choices.length,
    coverage: coverageOf(choices, target, folds),
  }
}

function coverageOf(choices: readonly LoggedChoice[], target: Target, folds: Int32Array): number | null {
  let covered = 0
  for (const [row, { propensities }] of choices.entries()) {
    if (propensities === null) return null
    const wanted = target(row, folds[row]!)
    for (const [position, propensity] of propensities.entries()) if (propensity > 0) covered += wanted[position]!
  }
  return choices.length === 0 ? null : covered / choices.length
}
