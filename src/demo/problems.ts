/** The problems that the demo's solvers work on, as plain data. An answer is a list of whole numbers. */

/** Choose items of greatest total value within a capacity. Answer: indices of the chosen items. */
export interface Knapsack {
  readonly family: 'knapsack'
  readonly weights: readonly number[]
  readonly values: readonly number[]
  readonly capacity: number
}

/** Choose numbers that add up to exactly the target. Answer: indices of the chosen numbers. */
export interface SubsetSum {
  readonly family: 'subset-sum'
  readonly numbers: readonly number[]
  readonly target: number
}

/** Visit every point once and return, on the shortest way. Answer: the points in order. */
export interface Tour {
  readonly family: 'tour'
  readonly x: readonly number[]
  readonly y: readonly number[]
}

/** Give neighbours different colours, with few colours. Answer: the colour of each vertex, from 0. */
export interface Colouring {
  readonly family: 'colouring'
  readonly neighbours: readonly (readonly number[])[]
}

/** Place jobs with fixed times into rooms without overlap, for the greatest value. Answer: room of each job, or -1. */
export interface Timetable {
  readonly family: 'timetable'
  readonly starts: readonly number[]
  readonly ends: readonly number[]
  readonly values: readonly number[]
  readonly rooms: number
}

export type Problem = Knapsack | SubsetSum | Tour | Colouring | Timetable
export type ProblemOf<F extends Problem['family']> = Extract<Problem, { family: F }>
export type Answer = readonly number[]

/** Whether a larger or a smaller value of the objective is better. */
export const isMaximised = (family: Problem['family']): boolean =>
  family === 'knapsack' || family === 'timetable' || family === 'subset-sum'

export function distance(tour: Tour, a: number, b: number): number {
  const east = tour.x[a]! - tour.x[b]!
  const north = tour.y[a]! - tour.y[b]!
  // Math.hypot guards against overflow, which cannot occur here, and takes ten times as long.
  return Math.sqrt(east * east + north * north)
}
