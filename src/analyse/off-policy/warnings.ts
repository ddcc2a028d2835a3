import type { LoggedChoice } from './logged-choice.ts'
import type { Support } from './support.ts'

/** Something that makes an estimate less sure than its interval says. */
export interface Warning {
  readonly code: 'little-support' | 'heavy-weight' | 'rare-outcomes' | 'wrong-propensities' | 'coverage-unknown'
  readonly message: string
}

const leastEffectiveShare = 0.1
const mostHeavyWeight = 100
const mostWeightShare = 0.05
const leastRareOutcomes = 100
const leastRareShare = 0.05

/** What should be known before an estimate from this log is believed. */
export function warningsOf(choices: readonly LoggedChoice[], weights: Float64Array, support: Support): Warning[] {
  const { effectiveSampleSize, largestWeight, largestShare, meanWeight, coverage } = support
  const warnings: Warning[] = []
  const warn = (code: Warning['code'], message: string) => warnings.push({ code, message })
  if (effectiveSampleSize < leastEffectiveShare * choices.length) {
    warn(
      'little-support',
      `Little support: ${choices.length} choices count as ${Math.round(effectiveSampleSize)} (effective sample size).`,
    )
  }
  if (largestWeight > mostHeavyWeight || (largestShare ?? 0) > mostWeightShare) {
    warn(
      'heavy-weight',
      `Heavy weights: one choice counts ${largestWeight.toFixed(1)} times, ${((largestShare ?? 0) * 100).toFixed(1)} % of all weight.`,
    )
  }
  const rare = rareOutcomes(choices)
  if (rare < leastRareOutcomes && rare < leastRareShare * choices.length) {
    warn(
      'rare-outcomes',
      `Rare outcomes: only ${rare} of ${choices.length} choices had another reward than the usual one.`,
    )
  }
  // Where the propensities are right the mean weight is the coverage, up to chance.
  const error = Math.sqrt(weights.reduce((sum, weight) => sum + (weight - meanWeight) ** 2, 0)) / weights.length
  if (Math.abs(meanWeight - (coverage ?? 1)) > 4 * error + 1e-9) {
    warn(
      'wrong-propensities',
      `The weights average ${meanWeight.toFixed(2)} instead of ${(coverage ?? 1).toFixed(2)}: the recorded propensities look wrong.`,
    )
  }
  if (coverage === null) {
    warn(
      'coverage-unknown',
      'Only the propensity of the arm taken is on record: whether all arms could be taken is unknown.',
    )
  }
  return warnings
}

/** Choices whose reward is not the most frequent one. */
function rareOutcomes(choices: readonly LoggedChoice[]): number {
  const counts = new Map<number, number>()
  for (const { reward } of choices) counts.set(reward, (counts.get(reward) ?? 0) + 1)
  let most = 0
  for (const count of counts.values()) most = Math.max(most, count)
  return choices.length - most
}
