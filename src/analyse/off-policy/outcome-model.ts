/**
 * The outcome model of the direct and the doubly robust estimators: the expected reward of an arm in a category. Rates by
 * arm × category, each drawn to the arm's rate plus how easy the category is for all arms, which are in turn drawn to
 * the overall rate (a hierarchical shrinkage estimate; Efron & Morris 1975). How strongly a rate is drawn to its prior is
 * the strength with the least leave-one-out squared error on the rows that it is fitted to.
 */
export interface OutcomeModel {
  /** Expected reward, 0..1. Arms and categories that were never seen get the estimate of the level above. */
  expected(arm: number, category: number): number
  /** The same, as if one of the rows that it was fitted to, with this reward, had not been there (its prior held fixed). */
  expectedWithout(arm: number, category: number, reward: number): number
}

const armPrior = 4
const difficultyPrior = 10
const strengths = [1, 2, 4, 8, 16, 32, 64, 256] as const

/** Sufficient statistics of rewards on 0..1: counts, sums and sums of squares per arm × category. Rows can be taken out again. */
export class OutcomeSums {
  readonly arms: number
  readonly categories: number
  readonly #n: Float64Array
  readonly #s: Float64Array
  readonly #squares: Float64Array

  constructor(arms: number, categories: number) {
    this.arms = arms
    this.categories = categories
    this.#n = new Float64Array(arms * categories)
    this.#s = new Float64Array(arms * categories)
    this.#squares = new Float64Array(arms * categories)
  }

  /** Adds one row (`times` 1) or takes it out again (-1). */
  add(arm: number, category: number, reward: number, times: 1 | -1 = 1): void {
    const cell = category * this.arms + arm
    this.#n[cell]! += times
    this.#s[cell]! += times * reward
    this.#squares[cell]! += times * reward * reward
  }

  /** The model fitted to the rows that are in now; later changes do not reach it. */
  fit(): OutcomeModel {
    const priors = this.#priors()
    const strength = this.#bestStrength(priors)
    const sums = this.#s.map((sum, cell) => sum + strength * priors[cell]!)
    const counts = this.#n.map(count => count + strength)
    const cellOf = (arm: number, category: number) => category * this.arms + arm
    return {
      expected: (arm, category) => sums[cellOf(arm, category)]! / counts[cellOf(arm, category)]!,
      expectedWithout: (arm, category, reward) =>
        (sums[cellOf(arm, category)]! - reward) / Math.max(strength, counts[cellOf(arm, category)]! - 1),
    }
  }

  /** The arm's rate plus the category's ease, per cell. */
  #priors(): Float64Array {
    const { arms, categories } = this
    const armN = new Float64Array(arms)
    const armS = new Float64Array(arms)
    let n = 0
    let s = 0
    for (let cell = 0; cell < this.#n.length; cell++) {
      armN[cell % arms]! += this.#n[cell]!
      armS[cell % arms]! += this.#s[cell]!
      n += this.#n[cell]!
      s += this.#s[cell]!
    }
    const overall = n > 0 ? s / n : 0
    const rates = armS.map((sum, arm) => (sum + armPrior * overall) / (armN[arm]! + armPrior))
    const priors = new Float64Array(this.#n.length)
    for (let category = 0; category < categories; category++) {
      let excess = 0
      let weight = difficultyPrior
      for (let arm = 0; arm < arms; arm++) {
        const cell = category * arms + arm
        excess += this.#s[cell]! - this.#n[cell]! * rates[arm]!
        weight += this.#n[cell]!
      }
      for (let arm = 0; arm < arms; arm++) priors[category * arms + arm] = clip(rates[arm]! + excess / weight)
    }
    return priors
  }

  #bestStrength(priors: Float64Array): number {
    const errors = strengths.map(strength => this.#leaveOneOutError(priors, strength))
    return strengths[errors.indexOf(Math.min(...errors))]!
  }

  /** Sum of squared errors of each row's reward against its cell's rate without that row (the prior held fixed). */
  #leaveOneOutError(priors: Float64Array, strength: number): number {
    let error = 0
    for (const [cell, prior] of priors.entries()) {
      const n = this.#n[cell]!
      if (n === 0) continue
      // r - (s - r + m·prior) / (n - 1 + m) = (r·(n + m) - s - m·prior) / (n - 1 + m)
      const shift = this.#s[cell]! + strength * prior
      const scale = n + strength
      const sum = scale * scale * this.#squares[cell]! - 2 * scale * shift * this.#s[cell]! + n * shift * shift
      error += sum / (n - 1 + strength) ** 2
    }
    return error
  }
}

const clip = (rate: number) => Math.min(1, Math.max(0, rate))
