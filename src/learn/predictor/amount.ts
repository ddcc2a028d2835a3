import { HierarchyEnsemble } from '../hierarchy/ensemble.ts'
import type { State, StateRecord } from '../state.ts'
import { clip } from './base-rates.ts'
import type { Forecast, Predictor, Query } from './predictor.ts'

/** Log amounts vary over orders of magnitude between kinds of work, less between arms. */
const prior = { shared: 100, own: 1, noise: 0.25 }
/** Each tail of the 90 % interval. */
const tail = 0.05
const normalTail = 1.6448536269514722

/**
 * A non-negative amount (milliseconds, USD): the hierarchy of the default policy on its logarithm. The interval comes
 * from the model's own spread, stretched on each side until it has kept its promise (adaptive conformal inference,
 * Gibbs & Candès 2021): too many values above it widen it above, too few narrow it.
 */
export class AmountPredictor implements Predictor {
  readonly id: string
  readonly version = 1
  readonly #ensemble: HierarchyEnsemble
  readonly #unit: number
  #observed: number
  /** Standardised distance of the lower and the upper bound. */
  #low: number
  #high: number

  /** `unit` is the smallest amount worth telling from zero (1 ms, a millionth of a dollar); `typical` the first guess. */
  constructor(id: string, options: { unit: number; typical: number; halfLifeDays: number | null }, saved?: State) {
    const state = saved as StateRecord | undefined
    this.id = id
    this.#unit = options.unit
    const withMean = { ...prior, mean: Math.log(options.typical + options.unit) }
    this.#ensemble = state
      ? HierarchyEnsemble.fromState(state.ensemble as StateRecord, withMean, options.halfLifeDays)
      : new HierarchyEnsemble(withMean, options.halfLifeDays)
    this.#observed = state ? (state.observed as number) : 0
    this.#low = state ? (state.low as number) : normalTail
    this.#high = state ? (state.high as number) : normalTail
  }

  predict({ arm, category, task }: Query): Forecast {
    if (this.#observed === 0) return { value: null, interval: null, nEff: 0 }
    const { mean, deviation } = this.#standard(arm, category ?? '', task)
    const amount = (z: number) => clip(Math.exp(mean + z * deviation) - this.#unit, 0, Number.MAX_VALUE)
    const { all } = this.#ensemble.evidence.counts(arm, category ?? '', task)
    return { value: amount(0), interval: [amount(-this.#low), amount(this.#high)], nEff: all }
  }

  meet(): void {}

  advance(day: number): void {
    this.#ensemble.advance(day)
  }

  learn({ arm, category, task, day }: Query, value: number): void {
    const log = Math.log(value + this.#unit)
    const { mean, deviation } = this.#standard(arm, category ?? '', task)
    const z = (log - mean) / deviation
    const step = Math.max(0.02, 1 / (1 + this.#observed) ** 0.6)
    this.#low = Math.max(0.2, this.#low + step * ((z < -this.#low ? 1 : 0) - tail))
    this.#high = Math.max(0.2, this.#high + step * ((z > this.#high ? 1 : 0) - tail))
    this.#observed++
    this.#ensemble.learn(arm, category ?? '', task, day, log)
  }

  retract({ arm, category, task, day }: Query, value: number): void {
    this.#ensemble.retract(arm, category ?? '', task, day, Math.log(value + this.#unit))
    this.#observed = Math.max(0, this.#observed - 1)
  }

  toState(): State {
    return { ensemble: this.#ensemble.toState(), observed: this.#observed, low: this.#low, high: this.#high }
  }

  /** Mean and predictive deviation of the logarithm, over all models. */
  #standard(arm: string, category: string, task: number): { mean: number; deviation: number } {
    const index = this.#ensemble.evidence.indexOf(arm)
    const views = this.#ensemble.views(category, task)
    const mean = views.reduce((sum, view) => sum + view.weight * view.mean[index]!, 0)
    const variance = views.reduce((sum, view) => {
      const noise = 1 - view.variances.taskShared - view.variances.taskOwn
      const spread = view.scale * (view.variance[index]! + noise)
      return sum + view.weight * (spread + (view.mean[index]! - mean) ** 2)
    }, 0)
    return { mean, deviation: Math.sqrt(variance) }
  }
}
