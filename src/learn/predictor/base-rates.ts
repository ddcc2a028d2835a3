import { countIn, EvidenceTable } from '../hierarchy/evidence.ts'
import type { StateRecord } from '../state.ts'

/** Observations that an arm's own rate, and a category's difficulty, must outweigh. */
const armPrior = 4
const difficultyPrior = 10
/** Strengths with which an arm × category rate is drawn to the arm's rate plus the category's difficulty. */
const strengths = [2, 8, 32] as const
const range = [0.004, 0.996] as const

/**
 * Success rates by arm and by arm × category, shrunk: an arm's rate towards the overall rate, a category's arm towards
 * the arm's rate plus how easy the category is for all. Four strengths of shrinkage are mixed by how well each has
 * predicted so far.
 */
export class BaseRates {
  readonly evidence: EvidenceTable
  readonly #logWeights: number[]

  constructor(halfLifeDays: number | null, state?: StateRecord) {
    this.evidence = state
      ? EvidenceTable.fromState(state.evidence as StateRecord, halfLifeDays)
      : new EvidenceTable(halfLifeDays)
    this.#logWeights = state ? [...(state.logWeights as number[])] : [...strengths.map(() => 0), 0]
  }

  /** Probability of success, and the number of observations it is worth. */
  predict(arm: string, category: string): { p: number; nEff: number } {
    const forecasts = this.#forecasts(arm, category)
    const weights = softmax(this.#logWeights)
    const index = this.evidence.indexOf(arm)
    const elsewhere = countIn(this.evidence.totals, index)
    const here = countIn(this.evidence.categories.get(category), index)
    // A forecast with strength m leans on the arm's other observations as if they were at most m.
    const borrowed = weights.reduce(
      (sum, weight, i) => sum + weight * Math.min(strengths[i] ?? elsewhere, elsewhere),
      0,
    )
    const p = forecasts.reduce((sum, forecast, i) => sum + weights[i]! * forecast, 0)
    return { p: clip(p, ...range), nEff: Math.min(elsewhere, here + borrowed) }
  }

  /** Share of the forecast that the category itself says, the difficulty of its tasks for all arms included. */
  categoryShare(arm: string, category: string): number {
    const cells = this.evidence.categories.get(category)
    const n = countIn(cells, this.evidence.indexOf(arm))
    const observed = cells?.n.reduce((sum, count) => sum + count, 0) ?? 0
    const believed = observed / (observed + difficultyPrior)
    const weights = softmax(this.#logWeights)
    return strengths.reduce((sum, m, i) => sum + (weights[i]! * (n + m * believed)) / (n + m), 0)
  }

  learn(arm: string, category: string, task: number, day: number, value: number): void {
    this.evidence.advance(day)
    // A task that was met before is easier or harder in a way that says nothing about new ones.
    if (!this.evidence.tasks.get(task)?.arms.length) this.#judge(this.#forecasts(arm, category), value)
    this.change(arm, category, task, day, value, 1)
  }

  /** Adds (1) or takes out (-1) one observation. */
  change(arm: string, category: string, task: number, day: number, value: number, by: 1 | -1): void {
    const observation = { arm: this.evidence.intern(arm), category, task, value }
    this.evidence.add(observation, by * this.evidence.weightOf(day))
  }

  toState(): StateRecord {
    return { evidence: this.evidence.toState(), logWeights: [...this.#logWeights] }
  }

  #judge(forecasts: readonly number[], value: number): void {
    for (const [i, forecast] of forecasts.entries()) {
      this.#logWeights[i]! += logLikelihood(value, clip(forecast, ...range))
    }
    const best = Math.max(...this.#logWeights)
    for (let i = 0; i < this.#logWeights.length; i++) this.#logWeights[i]! -= best
  }

  /** One forecast per strength, then the arm's own rate. */
  #forecasts(arm: string, category: string): number[] {
    const { totals, categories } = this.evidence
    const index = this.evidence.indexOf(arm)
    let n = 1
    let s = 0.5
    for (let i = 0; i < totals.n.length; i++) {
      n += totals.n[i]!
      s += totals.s[i]!
    }
    const overall = s / n
    const rate = (of: number) => {
      const at = totals.arms.indexOf(of)
      return at < 0 ? overall : (totals.s[at]! + armPrior * overall) / (totals.n[at]! + armPrior)
    }
    const cells = categories.get(category)
    let excess = 0
    let weight = difficultyPrior
    let own = { n: 0, s: 0 }
    for (let i = 0; i < (cells?.arms.length ?? 0); i++) {
      excess += cells!.s[i]! - cells!.n[i]! * rate(cells!.arms[i]!)
      weight += cells!.n[i]!
      if (cells!.arms[i] === index) own = { n: cells!.n[i]!, s: cells!.s[i]! }
    }
    const armRate = rate(index)
    const prior = clip(armRate + excess / weight, 0.01, 0.99)
    return [...strengths.map(strength => (own.s + strength * prior) / (own.n + strength)), armRate]
  }
}

export const clip = (value: number, low: number, high: number) => Math.min(high, Math.max(low, value))
export const sigmoid = (z: number) => 1 / (1 + Math.exp(-z))
export const logit = (p: number) => Math.log(p / (1 - p))
/** Log likelihood of a graded outcome in 0..1. */
export const logLikelihood = (value: number, p: number) => value * Math.log(p) + (1 - value) * Math.log(1 - p)

export function softmax(logWeights: readonly number[]): number[] {
  const best = Math.max(...logWeights)
  const weights = logWeights.map(value => Math.exp(value - best))
  const total = weights.reduce((sum, weight) => sum + weight, 0)
  return weights.map(weight => weight / total)
}
