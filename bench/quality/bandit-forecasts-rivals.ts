import { BaseRates } from '../../src/learn/predictor/base-rates.ts'
import type { Query } from '../../src/learn/predictor/predictor.ts'
import { SuccessPredictor } from '../../src/learn/predictor/success.ts'

/** Forecasts a number in 0..1 and learns what came. */
export interface Forecaster {
  predict(query: Query): number
  learn(query: Query, value: number): void
}

const halfLifeDays = null

/** The success predictor whole: rates, words and the history of the very task. */
export function wholeForecaster(): Forecaster {
  const predictor = new SuccessPredictor({ halfLifeDays })
  return {
    // It says 0.5 while nothing is known; its contract allows null there.
    predict: query => predictor.predict(query).value ?? 0.5,
    learn: (query, value) => predictor.learn(query, value),
  }
}

/** The first layer of the success predictor: rates with four strengths of shrinkage, without words. */
export function ratesForecaster(): Forecaster {
  const rates = new BaseRates(halfLifeDays)
  return {
    predict: ({ arm, category }) => rates.predict(arm, category ?? '').p,
    learn: ({ arm, category, task, day }, value) => rates.learn(arm, category ?? '', task, day, value),
  }
}

/** Observations that the mean of an arm must outweigh (against the overall mean), and of an arm in a type. */
const armPrior = 4
const cellPrior = 10

interface Sum {
  n: number
  s: number
}

/**
 * Means by arm and task type, shrunken: (s + 10·m)/(n + 10), where m = (S + 4·g)/(N + 4) is the mean of the arm over all
 * types and g the mean of all (0.5 worth one observation to begin with).
 */
export class ArmTypeMeans implements Forecaster {
  readonly #all: Sum = { n: 1, s: 0.5 }
  readonly #arms = new Map<string, Sum>()
  readonly #cells = new Map<string, Sum>()

  predict({ arm, category }: Query): number {
    const overall = this.#all.s / this.#all.n
    const ofArm = shrunk(this.#arms.get(arm), armPrior, overall)
    return shrunk(this.#cells.get(cellKey(arm, category)), cellPrior, ofArm)
  }

  learn({ arm, category }: Query, value: number): void {
    add(this.#all, value)
    for (const [sums, key] of [
      [this.#arms, arm],
      [this.#cells, cellKey(arm, category)],
    ] as const) {
      const sum = sums.get(key) ?? { n: 0, s: 0 }
      sums.set(key, sum)
      add(sum, value)
    }
  }
}

function shrunk({ n, s }: Sum = { n: 0, s: 0 }, prior: number, towards: number): number {
  return (s + prior * towards) / (n + prior)
}

function add(sum: Sum, value: number): void {
  sum.n++
  sum.s += value
}

const cellKey = (arm: string, category: string | null) => `${arm}\u0000${category ?? ''}`
