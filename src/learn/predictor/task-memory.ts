import { countIn, type TaskCells } from '../hierarchy/evidence.ts'
import type { StateRecord } from '../state.ts'
import { type BaseRates, clip, logit, logLikelihood, sigmoid, softmax } from './base-rates.ts'

/** Strength of the prior on this task, and observations that its residual difficulty must outweigh. */
const strengths = [
  { prior: 0.3, difficulty: 1 },
  { prior: 1, difficulty: 1 },
  { prior: 1, difficulty: 4 },
  { prior: 4, difficulty: 4 },
] as const
const range = [0.004, 0.996] as const

/**
 * What a task's own history says about the next attempt at it: how each arm did, and how much harder or easier it was
 * than expected. Several strengths, and ignoring the history, are mixed by how well each has predicted.
 */
export class TaskMemory {
  readonly #logWeights: number[]

  constructor(state?: StateRecord) {
    this.#logWeights = state ? [...(state.logWeights as number[])] : [...strengths.map(() => 0), 0]
  }

  /** `fresh` is the forecast without the history. */
  predict(fresh: number, arm: string, history: TaskCells, rates: BaseRates): number {
    const weights = softmax(this.#logWeights)
    return this.#forecasts(fresh, arm, history, rates).reduce((sum, p, i) => sum + weights[i]! * p, 0)
  }

  /** Share of the forecast that the history says, the task's difficulty for all arms included. */
  share(arm: string, history: TaskCells, rates: BaseRates): number {
    const n = countIn(history, rates.evidence.indexOf(arm))
    const spread = spreadOf(history, rates)
    const weights = softmax(this.#logWeights)
    return strengths.reduce((sum, { prior, difficulty }, i) => {
      const believed = spread / (spread + 0.25 * difficulty)
      return sum + (weights[i]! * (n + prior * believed)) / (n + prior)
    }, 0)
  }

  learn(fresh: number, arm: string, history: TaskCells, rates: BaseRates, value: number): void {
    const forecasts = this.#forecasts(fresh, arm, history, rates)
    for (const [i, p] of forecasts.entries()) this.#logWeights[i]! += logLikelihood(value, clip(p, ...range))
    const best = Math.max(...this.#logWeights)
    for (let i = 0; i < this.#logWeights.length; i++) this.#logWeights[i]! -= best
  }

  toState(): StateRecord {
    return { logWeights: [...this.#logWeights] }
  }

  #forecasts(fresh: number, arm: string, history: TaskCells, rates: BaseRates): number[] {
    const { evidence } = rates
    let excess = 0
    let spread = 0
    for (const [i, index] of history.arms.entries()) {
      const { p } = rates.predict(evidence.arms[index]!, history.category)
      excess += history.s[i]! - history.n[i]! * p
      spread += history.n[i]! * p * (1 - p)
    }
    const index = evidence.indexOf(arm)
    const n = countIn(history, index)
    const s = n > 0 ? history.s[history.arms.indexOf(index)]! : 0
    const { p } = rates.predict(arm, history.category)
    const remembered = strengths.map(({ prior, difficulty }) => {
      const shift = clip(excess / (spread + 0.25 * difficulty), -4, 4)
      return (s + prior * sigmoid(logit(p) + shift)) / (n + prior)
    })
    return [...remembered, fresh]
  }
}

/** How much the outcomes of the history vary by luck alone: the weight of its evidence about the task's difficulty. */
function spreadOf(history: TaskCells, rates: BaseRates): number {
  return history.arms.reduce((sum, index, i) => {
    const { p } = rates.predict(rates.evidence.arms[index]!, history.category)
    return sum + history.n[i]! * p * (1 - p)
  }, 0)
}
