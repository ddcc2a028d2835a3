import { betaQuantile } from '../../math/distributions.ts'
import { type LevelShares, levelShares } from '../level-shares.ts'
import type { State, StateRecord } from '../state.ts'
import { BaseRates, clip, logit, logLikelihood, sigmoid, softmax } from './base-rates.ts'
import type { Forecast, Predictor, Query } from './predictor.ts'
import { TaskMemory } from './task-memory.ts'
import { TextModel } from './text-model.ts'

const range = [0.004, 0.996] as const
/** Old judgements of the experts fade, so that the mixture follows a learner that is still improving. */
const memory = 0.999
const learningRate = 0.5
/** Weights of the six forecasts that are mixed, in their order. */
type Mixture = [number, number, number, number, number, number]

export interface SuccessEffects {
  /** Probability by arm and task type alone. */
  readonly base: number
  /** Added to its logit by the arm, whatever the words. */
  readonly arm: number
  /** Added by each feature of the query's words, in their order. */
  readonly features: Float64Array
}

/**
 * Probability of success of an arm on a task: shrunken rates per arm and category, corrected by the words of the task
 * (a cautious and a bold model) as far as that has helped before, and by the history of this very task. A graded
 * outcome in 0..1 counts as that share of a success.
 */
export class SuccessPredictor implements Predictor {
  readonly id = 'success'
  readonly version = 1
  readonly #rates: BaseRates
  readonly #cautious: TextModel
  readonly #bold: TextModel
  readonly #memory: TaskMemory
  #logWeights: number[]

  constructor(options: { halfLifeDays: number | null }, saved?: State) {
    const state = saved as StateRecord | undefined
    this.#rates = new BaseRates(options.halfLifeDays, state?.rates as StateRecord)
    this.#cautious = new TextModel(0.2, 0.03, state?.cautious as StateRecord)
    this.#bold = new TextModel(0.1, 0.3, state?.bold as StateRecord)
    this.#memory = new TaskMemory(state?.memory as StateRecord)
    this.#logWeights = state ? [...(state.logWeights as number[])] : [0, 0, 0, 0, 0, 0]
  }

  predict(query: Query): Forecast {
    const category = query.category ?? ''
    const fresh = this.#fresh(query)
    const history = this.#rates.evidence.tasks.get(query.task)
    const p = history?.arms.length ? this.#memory.predict(fresh.p, query.arm, history, this.#rates) : fresh.p
    const nEff = fresh.nEff + this.#rates.evidence.counts(query.arm, category, query.task).task
    // A Beta posterior worth the observations behind the forecast, on top of a uniform prior; with few of them it is
    // centred elsewhere, so it is stretched to hold the forecast.
    const quantile = (level: number) => betaQuantile(level, 1 + p * nEff, 1 + (1 - p) * nEff)
    return { value: p, interval: [Math.min(p, quantile(0.05)), Math.max(p, quantile(0.95))], nEff }
  }

  /**
   * What makes up the forecast for a task that was never met: the rates, and on the scale of the logit what the arm and each
   * word add, as far as the words are believed. Changes nothing.
   */
  effects(query: Query): SuccessEffects {
    const { baseLogit } = this.#fresh(query)
    const [, cautious, cautiousHalf, bold, boldHalf, both] = softmax(this.#logWeights) as Mixture
    const trust = [cautious + cautiousHalf / 2 + both / 2, bold + boldHalf / 2 + both / 2]
    const parts = [this.#cautious, this.#bold].map(model => model.effects(query.arm, query.words))
    const believed = (of: (part: (typeof parts)[number]) => number) =>
      parts.reduce((sum, part, i) => sum + trust[i]! * of(part), 0)
    return {
      base: sigmoid(baseLogit),
      arm: believed(({ bias }) => bias),
      features: query.words.values.map((_, i) => believed(({ features }) => features[i]!)),
    }
  }

  /** What the words say was learned on all tasks, and counts there. */
  shares({ arm, category, task }: Query): LevelShares | null {
    const { totals, tasks } = this.#rates.evidence
    if (totals.arms.length === 0) return null
    const history = tasks.get(task)
    const atTask = history?.arms.length ? this.#memory.share(arm, history, this.#rates) : 0
    return levelShares(category === null ? 1 : 1 - this.#rates.categoryShare(arm, category), 1 - atTask)
  }

  advance(day: number): void {
    const { evidence } = this.#rates
    const before = evidence.day
    if (!evidence.advance(day)) return
    // What the words have taught fades with the rates that it corrects.
    const share = 2 ** ((before - evidence.day) / evidence.halfLifeDays!)
    this.#cautious.fade(share)
    this.#bold.fade(share)
  }

  learn(query: Query, outcome: number): void {
    const value = clip(outcome, 0, 1)
    const { arm, task, day } = query
    this.advance(day)
    const category = query.category ?? ''
    const { forecasts, baseLogit, p } = this.#fresh(query)
    const history = this.#rates.evidence.tasks.get(task)
    if (history?.arms.length) this.#memory.learn(p, arm, history, this.#rates, value)
    else this.#judge(forecasts, value)
    const weight = this.#rates.evidence.weightOf(day)
    this.#cautious.learn(arm, query.words, baseLogit, value, weight)
    this.#bold.learn(arm, query.words, baseLogit, value, weight)
    this.#rates.learn(arm, category, task, day, value)
  }

  /** Takes the observation out of the rates; the word weights move back when the corrected outcome is learned. */
  retract({ arm, category, task, day }: Query, outcome: number): void {
    this.#rates.change(arm, category ?? '', task, day, clip(outcome, 0, 1), -1)
  }

  discount(arm: string, taskType: string | null, share: number): void {
    const { evidence } = this.#rates
    evidence.discount(evidence.intern(arm), taskType, share)
  }

  toState(): State {
    return {
      rates: this.#rates.toState(),
      cautious: this.#cautious.toState(),
      bold: this.#bold.toState(),
      memory: this.#memory.toState(),
      logWeights: [...this.#logWeights],
    }
  }

  /** Only tasks that are new tell how good a forecast for a new task is: on others the words already know the answer. */
  #judge(forecasts: readonly number[], value: number): void {
    for (const [i, forecast] of forecasts.entries()) {
      this.#logWeights[i] = memory * this.#logWeights[i]! + learningRate * logLikelihood(value, forecast)
    }
    const best = Math.max(...this.#logWeights)
    this.#logWeights = this.#logWeights.map(weight => weight - best)
  }

  /** The forecast without the task's own history, and its parts. */
  #fresh({ arm, category, words: x }: Query) {
    const base = this.#rates.predict(arm, category ?? '')
    const baseLogit = logit(base.p)
    const cautious = this.#cautious.logit(arm, x, baseLogit)
    const bold = this.#bold.logit(arm, x, baseLogit)
    const logits = [
      baseLogit,
      cautious,
      (cautious + baseLogit) / 2,
      bold,
      (bold + baseLogit) / 2,
      (cautious + bold) / 2,
    ]
    const forecasts = logits.map(z => clip(sigmoid(z), ...range))
    const weights = softmax(this.#logWeights)
    const p = forecasts.reduce((sum, forecast, i) => sum + weights[i]! * forecast, 0)
    return { p, nEff: base.nEff, forecasts, baseLogit }
  }
}
