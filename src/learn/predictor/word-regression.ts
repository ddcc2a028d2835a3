import { hash32 } from '../../math/hash.ts'
import type { StateRecord } from '../state.ts'
import type { Query } from './predictor.ts'
import {
  extraPlaces,
  fadeWeights,
  firstExtraPlace,
  freshWeights,
  packWeights,
  unpackWeights,
  type Weights,
} from './word-weights.ts'

/** Prior variance of a weight, of one arm and shared by all, in units of the noise variance. */
const priorVariance = 0.1
/** A task type counts like a word of this size, so that its offset has about the variance of the noise. */
const typeSize = 3
type Subject = Pick<Query, 'arm' | 'category' | 'words'>

/**
 * Bayesian linear regression with a diagonal covariance on the words of a task, the length of its text and its type: what
 * they add to an amount's logarithm, for all arms and for each.
 */
export class WordRegression {
  /** Made when first needed: most amounts are never reported. */
  #shared: Weights | null
  readonly #arms = new Map<string, Weights>()

  constructor(state?: StateRecord) {
    const shared = (state?.shared ?? null) as StateRecord | null
    this.#shared = shared && unpackWeights(shared, priorVariance)
    const weights = (state?.weights ?? []) as StateRecord[]
    for (const [i, arm] of ((state?.arms ?? []) as string[]).entries()) {
      this.#arms.set(arm, unpackWeights(weights[i]!, priorVariance))
    }
  }

  predict(subject: Subject): number {
    const { arm } = subject
    const { indices, values } = inputsOf(subject)
    const shared = this.#shared
    if (shared === null) return 0
    const own = this.#arms.get(arm)
    let sum = 0
    for (let i = 0; i < indices.length; i++) {
      const at = indices[i]!
      sum += values[i]! * (shared.mean[at]! + (own === undefined ? 0 : own.mean[at]!))
    }
    return sum
  }

  /** Learns from `error`, how far the amount's logarithm was from what was expected, as `weight` observations. */
  learn(subject: Subject, error: number, weight: number): void {
    const { arm } = subject
    const { indices, values } = inputsOf(subject)
    let own = this.#arms.get(arm)
    if (own === undefined) {
      own = freshWeights(priorVariance)
      this.#arms.set(arm, own)
    }
    this.#shared ??= freshWeights(priorVariance)
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
    if (this.#shared === null) return
    for (const weights of [this.#shared, ...this.#arms.values()]) fadeWeights(weights, 1 / priorVariance, share)
  }

  toState(): StateRecord {
    return {
      shared: this.#shared && packWeights(this.#shared, priorVariance),
      arms: [...this.#arms.keys()],
      weights: [...this.#arms.values()].map(weights => packWeights(weights, priorVariance)),
    }
  }
}

/** The words, then the length of the text and the task type, each at a place of its own. */
function inputsOf({ category, words }: Subject): Pick<Query['words'], 'indices' | 'values'> {
  const size = words.indices.length
  const indices = new Uint16Array(size + 2)
  const values = new Float64Array(size + 2)
  indices.set(words.indices)
  values.set(words.values)
  indices[size] = firstExtraPlace
  values[size] = words.logLength
  const type = category ?? ''
  indices[size + 1] = firstExtraPlace + 1 + (hash32(type, 0, type.length, 0) % (extraPlaces - 1))
  values[size + 1] = typeSize
  return { indices, values }
}
