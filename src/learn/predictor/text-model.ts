import type { StateRecord } from '../state.ts'
import { sigmoid } from './base-rates.ts'
import type { SparseVector } from './predictor.ts'
import { fadeWeights, freshWeights, packWeights, unpackWeights, type Weights } from './word-weights.ts'

const biasPrecision = 0.1
const leastCurvature = 0.02

interface ArmWeights extends Weights {
  bias: number
  biasPrecision: number
}

/**
 * Bayesian logistic regression with a diagonal covariance (assumed density filtering) on the words of a task, on top of
 * a given base probability: logit p = logit base + bias_arm + x·(w_arm + w_shared). `armVariance` and `sharedVariance`
 * are the prior variances of a weight.
 */
export class TextModel {
  readonly #armVariance: number
  readonly #sharedVariance: number
  readonly #shared: Weights
  readonly #arms = new Map<string, ArmWeights>()

  constructor(armVariance: number, sharedVariance: number, state?: StateRecord) {
    this.#armVariance = armVariance
    this.#sharedVariance = sharedVariance
    this.#shared = state ? unpackWeights(state.shared as StateRecord, sharedVariance) : freshWeights(sharedVariance)
    if (state === undefined) return
    const names = state.names as string[]
    for (const [i, arm] of (state.arms as StateRecord[]).entries()) {
      const [bias, precision] = [arm.bias as number, arm.biasPrecision as number]
      this.#arms.set(names[i]!, { ...unpackWeights(arm, armVariance), bias, biasPrecision: precision })
    }
  }

  /** The logit of success. */
  logit(arm: string, x: SparseVector, baseLogit: number): number {
    const own = this.#arms.get(arm)
    let z = baseLogit + (own?.bias ?? 0)
    const shared = this.#shared.mean
    for (let i = 0; i < x.indices.length; i++) {
      const at = x.indices[i]!
      z += x.values[i]! * (shared[at]! + (own === undefined ? 0 : own.mean[at]!))
    }
    return z
  }

  /** What each feature of `x` adds to the logit, and what the arm adds whatever the words. */
  effects(arm: string, x: SparseVector): { readonly features: Float64Array; readonly bias: number } {
    const own = this.#arms.get(arm)
    const shared = this.#shared.mean
    const features = x.values.map((value, i) => value * (shared[x.indices[i]!]! + (own?.mean[x.indices[i]!] ?? 0)))
    return { features, bias: own?.bias ?? 0 }
  }

  /** Takes in one outcome that counts as `weight` observations (1, or less where it is old). */
  learn(arm: string, x: SparseVector, baseLogit: number, value: number, weight: number): void {
    let own = this.#arms.get(arm)
    if (own === undefined) {
      own = { ...freshWeights(this.#armVariance), bias: 0, biasPrecision }
      this.#arms.set(arm, own)
    }
    const shared = this.#shared
    const z = this.logit(arm, x, baseLogit)
    let ownSpread = 0
    let sharedSpread = 0
    for (let i = 0; i < x.indices.length; i++) {
      const square = x.values[i]! ** 2
      ownSpread += square / own.precision[x.indices[i]!]!
      sharedSpread += square / shared.precision[x.indices[i]!]!
    }
    const spread = ownSpread + sharedSpread + 1 / own.biasPrecision
    const p = sigmoid(z / Math.sqrt(1 + (Math.PI / 8) * spread))
    const curvature = weight * Math.max(p * (1 - p), leastCurvature)
    const error = weight * (value - p)
    const ownStep = error / (1 + curvature * spread)
    const sharedStep = error / (1 + curvature * (ownSpread + sharedSpread))
    for (let i = 0; i < x.indices.length; i++) {
      const at = x.indices[i]!
      const xi = x.values[i]!
      own.mean[at]! += (xi / own.precision[at]!) * ownStep
      shared.mean[at]! += (xi / shared.precision[at]!) * sharedStep
      own.precision[at]! += curvature * xi * xi
      shared.precision[at]! += curvature * xi * xi
    }
    own.bias += ownStep / own.biasPrecision
    own.biasPrecision += curvature
  }

  /** Lets everything learned so far count `share` of what it did: each weight drifts back to its prior. */
  fade(share: number): void {
    fadeWeights(this.#shared, 1 / this.#sharedVariance, share)
    for (const own of this.#arms.values()) {
      fadeWeights(own, 1 / this.#armVariance, share)
      const precision = biasPrecision + share * (own.biasPrecision - biasPrecision)
      own.bias *= (share * own.biasPrecision) / precision
      own.biasPrecision = precision
    }
  }

  toState(): StateRecord {
    return {
      shared: packWeights(this.#shared, this.#sharedVariance),
      names: [...this.#arms.keys()],
      arms: [...this.#arms.values()].map(arm => ({
        ...packWeights(arm, this.#armVariance),
        bias: arm.bias,
        biasPrecision: arm.biasPrecision,
      })),
    }
  }
}
