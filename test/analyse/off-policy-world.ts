import type { LoggedChoice, Target } from '../../src/analyse/off-policy/logged-choice.ts'
import { drawIndex, integer, type Rng } from '../../src/math/rng.ts'

/**
 * A world with a known truth: success rates by category and arm, categories equally likely, and a logging policy that takes
 * a favourite arm per category with 40 % and any arm with the rest.
 */
const rates = [
  [0.9, 0.5, 0.3, 0.6],
  [0.2, 0.8, 0.4, 0.5],
  [0.5, 0.4, 0.95, 0.3],
] as const
const favourites = [1, 0, 3]

export const propensities = favourites.map(favourite => rates[0].map((_, arm) => 0.15 + (arm === favourite ? 0.4 : 0)))

/** Target policies: probabilities per category. */
export const worldTargets = {
  uniform: rates.map(row => row.map(() => 1 / row.length)),
  'one arm': rates.map(row => row.map((_, arm) => (arm === 0 ? 1 : 0))),
  'best per category': rates.map(row => row.map(rate => (rate === Math.max(...row) ? 1 : 0))),
}

/** The true value of a target. */
export function truthOf(target: readonly (readonly number[])[]): number {
  const values = rates.map((row, category) => row.reduce((sum, rate, arm) => sum + rate * target[category]![arm]!, 0))
  return values.reduce((sum, value) => sum + value, 0) / rates.length
}

/** `count` logged choices, each about a task of its own. */
export function drawLog(rng: Rng, count: number): LoggedChoice[] {
  return Array.from({ length: count }, (_, task) => {
    const category = integer(rng, rates.length)
    const probabilities = propensities[category]!
    const taken = drawIndex(rng, probabilities)
    return {
      arms: [0, 1, 2, 3],
      taken,
      propensity: probabilities[taken]!,
      propensities: probabilities,
      category,
      task,
      reward: rng() < rates[category]![taken]! ? 1 : 0,
    }
  })
}

export function targetBy(choices: readonly LoggedChoice[], probabilities: readonly (readonly number[])[]): Target {
  return row => probabilities[choices[row]!.category]!
}
