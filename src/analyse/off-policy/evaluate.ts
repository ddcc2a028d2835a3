import { seedRng } from '../../math/rng.ts'
import { assignFolds, fitOutcomeModels, forecastOutOfFold } from './cross-fit.ts'
import { differenceFromLog, loggedValue } from './difference.ts'
import {
  clippedInversePropensity,
  directMethod,
  doublyRobust,
  inversePropensity,
  policyValue,
  selfNormalised,
  type WeightedEstimate,
} from './estimators.ts'
import { type Interval, type PolicyValue, scoreInterval, studentInterval } from './interval.ts'
import type { LoggedChoice, Target } from './logged-choice.ts'
import type { OutcomeModel } from './outcome-model.ts'
import { importanceWeights, type Support, supportOf } from './support.ts'
import { type Warning, warningsOf } from './warnings.ts'

export const estimatorNames = [
  'directMethod',
  'inversePropensity',
  'clippedInversePropensity',
  'selfNormalised',
  'doublyRobust',
] as const
export type EstimatorName = (typeof estimatorNames)[number]

/** A log made ready for judging any number of targets: folds, and a model of the outcomes outside of each. */
export interface PreparedLog {
  readonly choices: readonly LoggedChoice[]
  readonly folds: Int32Array
  readonly models: readonly OutcomeModel[]
}

/** Below these a log is refused: it says too little about the target. */
const leastEffectiveSampleSize = 100
const leastCoverage = 0.95
/** The mean weight of a log must be at least this share of what it is on average. */
const leastMeanWeight = 0.75

export type OffPolicyEvaluation = Refusal | Judgement

export interface Refusal {
  readonly refused: true
  /** Why, and what would help. */
  readonly reason: string
  readonly support: Support
}

export interface Judgement {
  readonly refused: false
  readonly support: Support
  /** What the log itself earned per choice. */
  readonly logged: PolicyValue
  readonly estimates: Readonly<Record<EstimatorName, PolicyValue>>
  /** The estimator to go by. */
  readonly trusted: EstimatorName
  readonly why: string
  /** Value of the target less that of the log, by the trusted estimator. */
  readonly difference: PolicyValue
  readonly warnings: readonly Warning[]
}

/** Splits the log into `folds` folds, repeated tasks together, and fits the outcome models. The same seed, the same split. */
export function prepareLog(choices: readonly LoggedChoice[], seed: string, folds = 5): PreparedLog {
  for (const [row, { reward }] of choices.entries()) {
    if (!(reward >= 0 && reward <= 1)) throw new RangeError(`the reward of choice ${row} is ${reward}, not in 0..1`)
  }
  const assigned = assignFolds(choices, folds, seedRng(seed))
  return { choices, folds: assigned, models: fitOutcomeModels(choices, assigned) }
}

/** All estimates of the target's value, however little the log supports it. */
export function estimateAll(log: PreparedLog, target: Target): Record<EstimatorName, WeightedEstimate> {
  const { choices, folds, models } = log
  const rewards = Float64Array.from(choices, ({ reward }) => reward)
  const weights = importanceWeights(choices, target, folds)
  const model = forecastOutOfFold(choices, target, folds, models)
  return {
    directMethod: directMethod(rewards, model),
    inversePropensity: inversePropensity(rewards, weights),
    clippedInversePropensity: clippedInversePropensity(rewards, weights),
    selfNormalised: selfNormalised(rewards, weights),
    doublyRobust: doublyRobust(rewards, weights, model),
  }
}

/** The 95 % interval of an estimate; null for the direct method and for clipping, whose bias nobody knows. */
export function intervalOf(name: EstimatorName, estimate: WeightedEstimate, tasks: ArrayLike<number>): Interval | null {
  if (name === 'directMethod' || name === 'clippedInversePropensity') return null
  return name === 'inversePropensity' ? studentInterval(estimate, tasks) : scoreInterval(estimate, tasks)
}

/**
 * The value that the target policy would have had on the logged choices, or a refusal where the log supports it too
 * little: effective sample size below 100, less than 95 % of the target's choices on arms that the log could take, or
 * weights that average less than three quarters of what they should.
 */
export function evaluatePolicy(log: PreparedLog, target: Target): OffPolicyEvaluation {
  const { choices, folds } = log
  const weights = importanceWeights(choices, target, folds)
  const support = supportOf(choices, target, folds, weights)
  const reason = reasonToRefuse(support)
  if (reason !== null) return { refused: true, reason, support }
  const tasks = choices.map(({ task }) => task)
  const estimates = estimateAll(log, target)
  const judge = (name: EstimatorName): PolicyValue => ({
    value: Math.min(1, Math.max(0, policyValue(estimates[name]))),
    interval: intervalOf(name, estimates[name], tasks),
  })
  const values = {
    directMethod: judge('directMethod'),
    inversePropensity: judge('inversePropensity'),
    clippedInversePropensity: judge('clippedInversePropensity'),
    selfNormalised: judge('selfNormalised'),
    doublyRobust: judge('doublyRobust'),
  }
  const logged = loggedValue(estimates.doublyRobust.rewards, tasks)
  return {
    refused: false,
    support,
    logged,
    estimates: values,
    trusted: 'doublyRobust',
    why: whyDoublyRobust(values),
    difference: differenceFromLog(estimates.doublyRobust, values.doublyRobust, logged),
    warnings: warningsOf(choices, weights, support),
  }
}

function reasonToRefuse({ choices, effectiveSampleSize, coverage, meanWeight }: Support): string | null {
  if (choices === 0) return 'No decision with a propensity and an outcome is on record.'
  if (coverage !== null && coverage < leastCoverage) {
    return (
      `The log could take the arm that the policy wants in only ${percent(coverage)} of its choices; ` +
      `${percent(leastCoverage)} are needed. Let the missing arms be tried: a later stage, or a larger learning.minProbability.`
    )
  }
  if (effectiveSampleSize < leastEffectiveSampleSize) {
    return (
      `The ${choices} choices say as little about the policy as ${Math.floor(effectiveSampleSize)} would if it had made them itself ` +
      `(effective sample size); ${leastEffectiveSampleSize} are needed. Collect more decisions, or explore its arms more.`
    )
  }
  const expected = coverage ?? 1
  if (meanWeight < leastMeanWeight * expected) {
    return (
      `The weights average ${meanWeight.toFixed(2)} where ${expected.toFixed(2)} is due: choices that the policy would often make ` +
      'are in this log less often than their recorded probabilities say. Arms that were hardly ever tried are the usual ' +
      'reason, wrong probabilities another: explore more, or collect more decisions.'
    )
  }
  return null
}

function whyDoublyRobust({ doublyRobust: robust, inversePropensity: plain }: Judgement['estimates']): string {
  const ratio = width(robust) / width(plain)
  const narrower = ratio < 1 ? `; its interval is ${percent(ratio)} as wide as that of plain weighting` : ''
  return (
    'Doubly robust: every propensity is on record, so it is unbiased even where the outcome model is wrong, ' +
    `and the model takes out most of the noise that weighting adds${narrower}. ` +
    'The direct method is as wrong as its model, and clipping reads too low, so neither has an interval.'
  )
}

const width = ({ interval }: PolicyValue) => (interval === null ? Number.POSITIVE_INFINITY : interval[1] - interval[0])
const percent = (share: number) => `${Math.floor(share * 100)} %`
