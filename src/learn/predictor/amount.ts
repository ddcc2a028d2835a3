import { HierarchyEnsemble } from '../hierarchy/ensemble.ts'
import type { State, StateRecord } from '../state.ts'
import { clip, softmax } from './base-rates.ts'
import type { Forecast, Predictor, Query } from './predictor.ts'
import { WordRegression } from './word-regression.ts'

/** Log amounts vary over orders of magnitude between kinds of work, less between arms. */
const prior = { shared: 100, own: 1, noise: 0.25 }
/** Each tail of the 90 % interval. */
const tail = 0.05
const normalTail = 1.6448536269514722
/** Surprises beyond this many deviations teach the words no more than one of this size (Huber 1964). */
const largestSurprise = 1
/** How much of what the words add is believed; how well each has done decides. */
const wordShares = [0, 0.5, 1] as const
const memory = 0.999
/** Identities of tasks are not negative. */
const neverMet = -1

/**
 * A non-negative amount (milliseconds, USD): the hierarchy of the default policy on its logarithm, corrected by the words
 * of the task as far as that has helped. The interval comes from the model's own spread, stretched on each side until it
 * has kept its promise (adaptive conformal inference, Gibbs & Candès 2021): too many values above it widen it above, too
 * few narrow it.
 */
export class AmountPredictor implements Predictor {
  readonly id: string
  readonly version = 1
  readonly #ensemble: HierarchyEnsemble
  readonly #words: WordRegression
  readonly #unit: number
  #logWeights: number[]
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
    this.#words = new WordRegression(state?.words as StateRecord | undefined)
    this.#logWeights = state ? [...(state.logWeights as number[])] : wordShares.map(() => 0)
    this.#observed = state ? (state.observed as number) : 0
    this.#low = state ? (state.low as number) : normalTail
    this.#high = state ? (state.high as number) : normalTail
  }

  predict(query: Query): Forecast {
    if (this.#observed === 0) return { value: null, interval: null, nEff: 0 }
    const { mean, deviation } = this.#standard(query)
    const amount = (z: number) => clip(Math.exp(mean + z * deviation) - this.#unit, 0, Number.MAX_VALUE)
    const { all } = this.#ensemble.evidence.counts(query.arm, query.category ?? '', query.task)
    return { value: amount(0), interval: [amount(-this.#low), amount(this.#high)], nEff: all }
  }

  advance(day: number): void {
    const { evidence } = this.#ensemble
    const before = evidence.day
    this.#ensemble.advance(day)
    if (evidence.day === before || before === 0 || evidence.halfLifeDays === null) return
    // What the words have taught fades with the amounts that it corrects.
    this.#words.fade(2 ** ((before - evidence.day) / evidence.halfLifeDays))
  }

  learn(query: Query, value: number): void {
    const { arm, category, task, day } = query
    this.advance(day)
    const log = Math.log(value + this.#unit)
    const { base, shift, mean, deviation } = this.#standard(query)
    this.#calibrate((log - mean) / deviation)
    // On a task met before, the words already know the answer.
    const isNew = !this.#ensemble.evidence.tasks.get(task)?.arms.length
    if (isNew) this.#judge(log, base, shift, deviation)
    // Words learn beside what is expected of a new task: this task's own history would leave them nothing to explain.
    const surprise = clip(
      log - (isNew ? base : this.#fresh(query)) - shift,
      -largestSurprise * deviation,
      largestSurprise * deviation,
    )
    this.#words.learn(query, surprise, this.#ensemble.evidence.weightOf(day))
    this.#observed++
    this.#ensemble.learn(arm, category ?? '', task, day, log)
  }

  /** Takes the observation out of the hierarchy; the words move back when the corrected amount is learned. */
  retract({ arm, category, task, day }: Query, value: number): void {
    this.#ensemble.retract(arm, category ?? '', task, day, Math.log(value + this.#unit))
    this.#observed = Math.max(0, this.#observed - 1)
  }

  toState(): State {
    return {
      ensemble: this.#ensemble.toState(),
      words: this.#words.toState(),
      logWeights: [...this.#logWeights],
      observed: this.#observed,
      low: this.#low,
      high: this.#high,
    }
  }

  #judge(log: number, base: number, shift: number, deviation: number): void {
    this.#logWeights = this.#logWeights.map(
      (weight, i) => memory * weight - Math.abs(log - base - wordShares[i]! * shift) / deviation,
    )
    const best = Math.max(...this.#logWeights)
    this.#logWeights = this.#logWeights.map(weight => weight - best)
  }

  #calibrate(z: number): void {
    const step = Math.max(0.02, 1 / (1 + this.#observed) ** 0.6)
    this.#low = Math.max(0.2, this.#low + step * ((z < -this.#low ? 1 : 0) - tail))
    this.#high = Math.max(0.2, this.#high + step * ((z > this.#high ? 1 : 0) - tail))
  }

  /** The logarithm: its mean without words, what the words add in full, its mean, and its predictive deviation. */
  #standard(query: Query) {
    const { arm, category, task } = query
    const index = this.#ensemble.evidence.indexOf(arm)
    const views = this.#ensemble.views(category ?? '', task, [index])
    const base = views.reduce((sum, view) => sum + view.weight * view.mean[0]!, 0)
    const variance = views.reduce((sum, view) => {
      const noise = 1 - view.variances.taskShared - view.variances.taskOwn
      const spread = view.scale * (view.variance[0]! + noise)
      return sum + view.weight * (spread + (view.mean[0]! - base) ** 2)
    }, 0)
    const shift = this.#words.predict(query)
    const believed = softmax(this.#logWeights).reduce((sum, weight, i) => sum + weight * wordShares[i]!, 0)
    return { base, shift, mean: base + believed * shift, deviation: Math.sqrt(variance) }
  }

  /** The mean of the logarithm for a task that was never met, without words. */
  #fresh({ arm, category }: Query): number {
    const views = this.#ensemble.views(category ?? '', neverMet, [this.#ensemble.evidence.indexOf(arm)])
    return views.reduce((sum, view) => sum + view.weight * view.mean[0]!, 0)
  }
}
