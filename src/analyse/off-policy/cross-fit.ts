import { type Rng, shuffle } from '../../math/rng.ts'
import type { LoggedChoice, Target } from './logged-choice.ts'
import { type OutcomeModel, OutcomeSums } from './outcome-model.ts'

/** The outcome model's word on each choice, from a model that never saw the choice's fold. */
export interface OutOfFold {
  /** Expected reward of the arm that was taken. */
  readonly taken: Float64Array
  /** Expected reward under the target. */
  readonly target: Float64Array
}

/**
 * Assigns each choice to one of `count` folds at random; choices about the same task share a fold. With fewer tasks than
 * folds some folds stay empty.
 */
export function assignFolds(choices: readonly LoggedChoice[], count: number, rng: Rng): Int32Array {
  const tasks = shuffle(rng, [...new Set(choices.map(({ task }) => task))])
  const foldOf = new Map(tasks.map((task, index) => [task, index % count]))
  return Int32Array.from(choices, ({ task }) => foldOf.get(task)!)
}

/** For each fold a model of the outcomes in all other folds. */
export function fitOutcomeModels(choices: readonly LoggedChoice[], folds: Int32Array): OutcomeModel[] {
  const arms = 1 + choices.reduce((most, choice) => Math.max(most, ...choice.arms), 0)
  const categories = 1 + choices.reduce((most, { category }) => Math.max(most, category), 0)
  const sums = new OutcomeSums(arms, categories)
  const change = (fold: number | null, times: 1 | -1) => {
    for (const [row, { arms: offered, taken, category, reward }] of choices.entries()) {
      if (fold === null || folds[row] === fold) sums.add(offered[taken]!, category, reward, times)
    }
  }
  change(null, 1)
  return Array.from({ length: 1 + folds.reduce((most, fold) => Math.max(most, fold), 0) }, (_, fold) => {
    change(fold, -1)
    const model = sums.fit()
    change(fold, 1)
    return model
  })
}

/**
 * Forecasts of every choice by the model of its fold, calibrated for the target on the other folds. A model that fits the
 * log well on the whole may be wrong just where the target goes; doubly robust estimates then lose their advantage. So
 * the forecasts q become c + λ(q - q̄), with c, q̄ and 0 <= λ <= 1 by least squares with the squares of the importance
 * weights, which are what the variance of the estimate consists of (Farajtabar, Chow & Ghavamzadeh 2018; as control
 * variates: Vlassis et al. 2019). λ = 0 gives what the self-normalised estimator does, λ = 1 and c = q̄ the model as it is.
 */
export function forecastOutOfFold(
  choices: readonly LoggedChoice[],
  target: Target,
  folds: Int32Array,
  models: readonly OutcomeModel[],
): OutOfFold {
  const calibrated = models.map((model, fold) => calibration(choices, target, folds, model, fold))
  const taken = new Float64Array(choices.length)
  const expected = new Float64Array(choices.length)
  for (const [row, { arms, taken: position, category }] of choices.entries()) {
    const fold = folds[row]!
    const forecast = (arm: number) => calibrated[fold]!(models[fold]!.expected(arm, category))
    taken[row] = forecast(arms[position]!)
    for (const [index, probability] of target(row, fold).entries()) {
      if (probability > 0) expected[row]! += probability * forecast(arms[index]!)
    }
  }
  return { taken, target: expected }
}

/** Observations by which the level is drawn to the model's, and by which the slope is drawn to 0. */
const levelPrior = 2
const slopePrior = 5

function calibration(
  choices: readonly LoggedChoice[],
  target: Target,
  folds: Int32Array,
  model: OutcomeModel,
  fold: number,
): (forecast: number) => number {
  let [sum, squares, sumQ, sumR, sumQq, sumQr] = [0, 0, 0, 0, 0, 0]
  for (const [row, { arms, taken, category, propensity, reward }] of choices.entries()) {
    if (folds[row] === fold) continue
    const weight = (target(row, fold)[taken]! / propensity) ** 2
    if (weight === 0) continue
    const q = model.expectedWithout(arms[taken]!, category, reward)
    sum += weight
    squares += weight * weight
    sumQ += weight * q
    sumR += weight * reward
    sumQq += weight * q * q
    sumQr += weight * q * reward
  }
  if (sum === 0) return forecast => forecast
  const effective = (sum * sum) / squares
  const meanQ = sumQ / sum
  const level = (effective * (sumR / sum) + levelPrior * meanQ) / (effective + levelPrior)
  const spread = Math.max(0, sumQq / sum - meanQ * meanQ) * (1 + slopePrior / effective)
  const slope = spread === 0 ? 0 : Math.min(1, Math.max(0, (sumQr / sum - meanQ * (sumR / sum)) / spread))
  return forecast => Math.min(1, Math.max(0, level + slope * (forecast - meanQ)))
}
