import type { State } from '../state.ts'
import { ContextFreePolicy } from './context-free.ts'
import type { Choice, Situation } from './policy.ts'
import { mixWithFloor } from './probabilities.ts'

/** Cells of the grid on which the probability of being best is summed. */
const gridSize = 512

/**
 * Thompson sampling with Beta posteriors per arm, blind to the task: a baseline. The probability that each arm is the
 * best is computed on a grid, and the arm is drawn from exactly these probabilities, so that they are its propensities.
 */
export class ThompsonPolicy extends ContextFreePolicy {
  override readonly id = 'thompson'
  override readonly version = 1
  readonly #minProbability: number

  constructor(options: { minProbability: number; halfLifeDays: number | null }, state?: State) {
    super(options, state)
    this.#minProbability = options.minProbability
  }

  override choose({ arms, adjustment }: Situation): Choice {
    const masses = arms.map(arm => {
      const { successes, failures } = this.statistics.counts(arm)
      return betaMasses(1 + successes, 1 + failures)
    })
    if (adjustment !== undefined) shift(masses, adjustment)
    return {
      probabilities: mixWithFloor(probabilitiesOfBest(masses), this.#minProbability),
      ...this.statistics.summary(arms),
    }
  }
}

/** Mass of Beta(a, b) in each grid cell, by the density at its middle. */
function betaMasses(a: number, b: number): Float64Array {
  const logs = Float64Array.from({ length: gridSize }, (_, i) => {
    const x = (i + 0.5) / gridSize
    return (a - 1) * Math.log(x) + (b - 1) * Math.log(1 - x)
  })
  const top = logs.reduce((max, value) => Math.max(max, value))
  const masses = logs.map(value => Math.exp(value - top))
  const total = masses.reduce((sum, value) => sum + value)
  return masses.map(value => value / total)
}

/** Moves each arm's mass by its adjustment, to the nearest cell, on a grid that is longer by the largest difference. */
function shift(masses: Float64Array[], adjustment: Float64Array): void {
  const cells = adjustment.map(value => Math.round(Math.min(100, Math.max(-100, value)) * gridSize))
  const lowest = Math.min(...cells)
  const size = gridSize + Math.max(...cells) - lowest
  for (const [i, mass] of masses.entries()) {
    const moved = new Float64Array(size)
    moved.set(mass, cells[i]! - lowest)
    masses[i] = moved
  }
}

/** P(arm is the largest), two arms in the same cell being equally likely to be the larger one. */
function probabilitiesOfBest(masses: readonly Float64Array[]): Float64Array {
  const best = new Float64Array(masses.length)
  const below = new Float64Array(masses.length)
  for (let cell = 0; cell < (masses[0]?.length ?? 0); cell++) {
    let product = 1
    const inside = masses.map((mass, i) => {
      const middle = below[i]! + mass[cell]! / 2
      product *= middle
      return middle
    })
    for (const [i, mass] of masses.entries()) {
      if (inside[i]! > 0) best[i]! += mass[cell]! * (product / inside[i]!)
      below[i]! += mass[cell]!
    }
  }
  const total = best.reduce((sum, value) => sum + value, 0)
  return total > 0 ? best.map(value => value / total) : best.fill(1 / masses.length)
}
