import type { StateRecord } from '../state.ts'
import type { SparseVector } from './predictor.ts'
import { fadeWeights, freshWeights, type Weights } from './word-weights.ts'

/** Prior variance of a weight, of one arm and shared by all, in units of the noise variance. */
const priorVariance = 0.1

/**
 * Bayesian linear regression with a diagonal covariance on the words of a task: what they add to an amount's logarithm,
 * for all arms and for each.
 */
export class WordRegression {
  readonly #shared: Weights
  readonly #arms = new Map<string, Weights>()

  constructor(state?: StateRecord) {
    this.#shared = (state?.shared as unknown as Weights | undefined) ?? freshWeights(priorVariance)
    const weights = (state?.weights ?? []) as unknown as Weights[]
    for (const [i, arm] of ((state?.arms ?? []) as string[]).entries()) this.#arms.set(arm, weights[i]!)
  }

  predict(arm: string, { indices, values }: SparseVector): number {
    const own = this.#arms.get(arm)
    let sum = 0
    for (let i = 0; i < indices.length; i++) {
      const at = indices[i]!
      sum += values[i]! * (this.#shared.mean[at]! + (own === undefined ? 0 : own.mean[at]!))
    }
    return sum
  }

  /** Learns from `error`, how far the amount's logarithm was from what was expected, as `weight` observations. */
  learn(arm: string, { indices, values }: SparseVector, error: number, weight: number): void {
    let own = this.#arms.get(arm)
    if (own === undefined) {
      own = freshWeights(priorVariance)
      this.#arms.set(arm, own)
    }
    const shared = this.#shared
    let spread = 1
    for (let i = 0; i < indices.length; i++) {
      const at = indices[i]!
      spread += weight * values[i]! ** 2 * (1 / own.precision[at]! + 1 / shared.precision[at]!)
    }
    const step = (weight * error) / spread
    for (let i = 0; i < indices.length; i++) {
      const at = indices[i]!
      const x = values[i]!
      own.mean[at]! += (x / own.precision[at]!) * step
      shared.mean[at]! += (x / shared.precision[at]!) * step
      own.precision[at]! += weight * x * x
      shared.precision[at]! += weight * x * x
    }
  }

  /** Lets everything learned so far count `share` of what it did. */
  fade(share: number): void {
    for (const weights of [this.#shared, ...this.#arms.values()]) fadeWeights(weights, 1 / priorVariance, share)
  }

  toState(): StateRecord {
    return {
      shared: { ...this.#shared },
      arms: [...this.#arms.keys()],
      weights: [...this.#arms.values()].map(weights => ({ ...weights })),
    }
  }
}
