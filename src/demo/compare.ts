import { addToMoments, emptyMoments, type Moments, variance } from '../math/statistics.ts'
import type { DominanceReport, RewardReport } from './result.ts'

/**
 * Full information, known to the comparison only: `utility[task][arm]`. Every baseline is computed from the same measured
 * attempts that the learner's choices are rated with.
 */
export type UtilityTable = readonly (readonly number[])[]

export const mean = (numbers: readonly number[]): number =>
  numbers.reduce((total, number) => total + number, 0) / numbers.length
const armMeans = (table: UtilityTable, arms: readonly string[]): number[] =>
  arms.map((_, arm) => mean(table.map(row => row[arm]!)))
const indexOfLargest = (numbers: readonly number[]): number => numbers.indexOf(Math.max(...numbers))

/** The learner's choices beside the best single arm (in hindsight), a uniform choice and the oracle. */
export function compareRewards(table: UtilityTable, arms: readonly string[], chosen: readonly number[]): RewardReport {
  const means = armMeans(table, arms)
  const best = indexOfLargest(means)
  const differences = momentsOf(table.map((row, task) => row[chosen[task]!]! - row[best]!))
  return {
    tasks: table.length,
    tacit: mean(table.map((row, task) => row[chosen[task]!]!)),
    bestSingle: { arm: arms[best]!, utility: means[best]! },
    uniform: mean(means),
    oracle: mean(table.map(row => Math.max(...row))),
    gain: differences.mean,
    gainStandardError: standardError(differences),
  }
}

/** Least distance between the best single arm and the oracle at which there is something to learn. */
const leastGap = 0.1
const fewestSpecialists = 4

/** Whether the task is worth learning: no arm is best nearly everywhere. `types[task]` names the kind of each task. */
export function reportDominance(
  table: UtilityTable,
  arms: readonly string[],
  types: readonly string[],
): DominanceReport {
  const gap = mean(table.map(row => Math.max(...row))) - Math.max(...armMeans(table, arms))
  const specialists = [...new Set(types)].flatMap(type => {
    const means = armMeans(
      table.filter((_, task) => types[task] === type),
      arms,
    )
    const best = indexOfLargest(means)
    return means.every((value, arm) => arm === best || value < means[best]!) ? [arms[best]!] : []
  })
  const distinct = [...new Set(specialists)].sort()
  return { gap, specialists: distinct, holds: gap >= leastGap && distinct.length >= fewestSpecialists }
}

/** Mean of chosen minus uniform on each task's own row, with its standard error. */
export function gainOverUniform(table: UtilityTable, chosen: readonly number[]): Moments {
  return momentsOf(table.map((row, task) => row[chosen[task]!]! - mean(row)))
}

/** Standard error of a mean; null when there are too few values to tell. */
export function standardError(moments: Moments): number | null {
  const spread = variance(moments)
  return spread === null ? null : Math.sqrt(spread / moments.n)
}

function momentsOf(numbers: readonly number[]): Moments {
  return numbers.reduce(addToMoments, emptyMoments)
}
