import { integer, type Rng, shuffle } from '../math/rng.ts'
import type { Colouring, Knapsack, Problem, SubsetSum, Timetable, Tour } from './problems.ts'

/** A problem and the numbers that describe it in words: what a person would know before solving it. */
export interface Instance<P extends Problem = Problem> {
  readonly problem: P
  readonly facts: Readonly<Record<string, number>>
}

const between = (rng: Rng, low: number, high: number) => low + integer(rng, high - low + 1)
const times = <T>(count: number, make: (index: number) => T): T[] => Array.from({ length: count }, (_, i) => make(i))
const sum = (numbers: readonly number[]) => numbers.reduce((total, number) => total + number, 0)

/** Small whole weights and values that rise with the weight: hard to bound, easy to tabulate. */
export function smallKnapsack(rng: Rng): Instance<Knapsack> {
  const count = between(rng, 80, 160)
  const heaviest = between(rng, 30, 60)
  const weights = times(count, () => between(rng, 5, heaviest))
  const values = weights.map(weight => 10 * weight + between(rng, 95, 105))
  const capacity = Math.floor(sum(weights) * (0.3 + 0.3 * rng())) | 1
  return { problem: { family: 'knapsack', weights, values, capacity }, facts: { count, heaviest, capacity } }
}

/** Weights in the hundreds of millions, values unrelated to them: no table fits, bounds prune well. */
export function hugeKnapsack(rng: Rng): Instance<Knapsack> {
  const count = between(rng, 100, 200)
  const weights = times(count, () => between(rng, 1_000_000, 900_000_000))
  const values = weights.map(() => between(rng, 100, 1000))
  const capacity = Math.floor(sum(weights) * (0.1 + 0.15 * rng()))
  return {
    problem: { family: 'knapsack', weights, values, capacity },
    facts: { count, heaviest: 900_000_000, capacity },
  }
}

/** Few enormous numbers: perhaps one subset in all fits the target. */
export const sparseSubsetSum = (rng: Rng) => subsetSum(rng, between(rng, 26, 30), 1_000_000_000)

/** Many middling numbers: a great many subsets fit. */
export const denseSubsetSum = (rng: Rng) => subsetSum(rng, between(rng, 150, 300), between(rng, 50_000, 200_000))

function subsetSum(rng: Rng, count: number, largest: number): Instance<SubsetSum> {
  const numbers = times(count, () => between(rng, 1, largest))
  const chosen = shuffle(rng, numbers).slice(0, Math.floor(count * (0.4 + 0.2 * rng())))
  const target = sum(chosen)
  return { problem: { family: 'subset-sum', numbers, target }, facts: { count, largest, target } }
}

export const smallTour = (rng: Rng) => tour(rng, between(rng, 9, 12))
export const middleTour = (rng: Rng) => tour(rng, between(rng, 40, 70))
export const largeTour = (rng: Rng) => tour(rng, between(rng, 500, 800))

function tour(rng: Rng, count: number): Instance<Tour> {
  const side = 1000
  const x = times(count, () => rng() * side)
  const y = times(count, () => rng() * side)
  return { problem: { family: 'tour', x, y }, facts: { count, side } }
}

/** Every pair of vertices is in conflict with the same probability. */
export function randomColouring(rng: Rng): Instance<Colouring> {
  const count = between(rng, 70, 110)
  const percent = between(rng, 40, 60)
  const neighbours: number[][] = times(count, () => [])
  for (let a = 0; a < count; a++) {
    for (let b = 0; b < a; b++) {
      if (rng() * 100 >= percent) continue
      neighbours[a]!.push(b)
      neighbours[b]!.push(a)
    }
  }
  return { problem: { family: 'colouring', neighbours }, facts: { count, percent } }
}

/** One room, jobs that pay very differently: which of the overlapping ones to take? */
export function valuedTimetable(rng: Rng): Instance<Timetable> {
  const count = between(rng, 300, 800)
  return timetable(rng, count, 1, 20, () => between(rng, 1, 100))
}

/** Several rooms and equal jobs: as many as possible. */
export function equalTimetable(rng: Rng): Instance<Timetable> {
  const rooms = between(rng, 4, 9)
  return timetable(rng, between(rng, 600, 1200), rooms, 15 * rooms, () => 1)
}

/** `parallel` says how many jobs overlap on average at any moment. */
function timetable(rng: Rng, count: number, rooms: number, parallel: number, value: () => number): Instance<Timetable> {
  const horizon = 10_000
  const longest = Math.ceil((2 * parallel * horizon) / count)
  const starts = times(count, () => integer(rng, horizon))
  const ends = starts.map(start => start + between(rng, 1, longest))
  const values = starts.map(() => value())
  return { problem: { family: 'timetable', starts, ends, values, rooms }, facts: { count, rooms, horizon, longest } }
}
