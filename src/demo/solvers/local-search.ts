import { integer, type Rng, shuffle } from '../../math/rng.ts'
import type { Budget } from '../budget.ts'
import type { Answer, Colouring, Knapsack, SubsetSum, Timetable } from '../problems.ts'
import { Calendar } from './calendar.ts'
import { firstFreeColour, greedyKnapsack, mostNeighboursFirst, nearestNeighbour } from './greedy.ts'
import { byKeyDescending, indices, type Solver } from './solver.ts'
import { nearestStops, twoOpt } from './two-opt.ts'

/** Builds one answer and improves it by small changes until none helps. */
export const localSearch: Solver = {
  name: 'local-search',
  methods: {
    knapsack: exchangeItems,
    'subset-sum': approachTarget,
    tour: (tour, budget) => twoOpt(tour, nearestNeighbour(tour, budget, 0), nearestStops(tour, budget), budget),
    colouring: reorderClasses,
    timetable: exchangeJobs,
  },
}

/** Takes out one item for a more valuable one, and fills up. */
function exchangeItems(knapsack: Knapsack, budget: Budget): Answer {
  const { weights, values, capacity } = knapsack
  const isIn = new Uint8Array(weights.length)
  let room = capacity
  for (const item of greedyKnapsack(knapsack)) {
    isIn[item] = 1
    room -= weights[item]!
  }
  while (improve());
  return indices(isIn.length).filter(item => isIn[item] === 1)

  function improve(): boolean {
    for (let item = 0; item < isIn.length; item++) {
      if (isIn[item]) continue
      if (!budget.allows(isIn.length)) return false
      if (weights[item]! <= room) {
        isIn[item] = 1
        room -= weights[item]!
        return true
      }
      for (let other = 0; other < isIn.length; other++) {
        if (!isIn[other] || values[other]! >= values[item]! || weights[item]! - weights[other]! > room) continue
        isIn[item] = 1
        isIn[other] = 0
        room += weights[other]! - weights[item]!
        return true
      }
    }
    return false
  }
}

/** From a random set, the single change that comes closest to the target, again and again. */
function approachTarget({ numbers, target }: SubsetSum, budget: Budget, rng: Rng): Answer {
  const isIn = numbers.map(() => integer(rng, 2) === 1)
  const change = (index: number) => (isIn[index] ? -numbers[index]! : numbers[index]!)
  let gap = target - numbers.reduce((total, number, index) => total + (isIn[index] ? number : 0), 0)
  while (gap !== 0 && budget.allows(numbers.length ** 2 / 2)) {
    let nearest = Math.abs(gap)
    let move: number[] = []
    for (let a = 0; a < numbers.length; a++) {
      for (let b = 0; b <= a; b++) {
        const left = Math.abs(gap - change(a) - (a === b ? 0 : change(b)))
        if (left >= nearest) continue
        nearest = left
        move = a === b ? [a] : [a, b]
      }
    }
    if (move.length === 0) break
    for (const index of move) {
      gap -= change(index)
      isIn[index] = !isIn[index]
    }
  }
  return indices(numbers.length).filter(index => isIn[index])
}

/** Colours again, class by class in another order: never more colours than before (Culberson 1992). */
function reorderClasses({ neighbours, family }: Colouring, budget: Budget, rng: Rng): Answer {
  const edges = neighbours.reduce((total, list) => total + list.length, 0)
  let best: number[] = mostNeighboursFirst({ family, neighbours })
  for (let unchanged = 0; unchanged < 50 && budget.allows(edges); unchanged++) {
    const used = Math.max(...best) + 1
    const rank = shuffle(rng, indices(used))
    const next = firstFreeColour(neighbours, byKeyDescending(best.map(colour => rank[colour]!)))
    if (Math.max(...next) + 1 < used) unchanged = 0
    best = next
  }
  return best
}

/** First come, first served; then jobs replace what is in their way if that gains value, or equal value in less time. */
function exchangeJobs(timetable: Timetable, budget: Budget): Answer {
  const { starts, ends, values, rooms } = timetable
  const calendar = new Calendar(timetable)
  for (const job of byKeyDescending(starts.map(start => -start))) {
    budget.require(rooms)
    const room = calendar.freeRoom(job)
    if (room >= 0) calendar.place(job, room)
  }
  const minutes = (job: number) => ends[job]! - starts[job]!
  let hasChanged = true
  while (hasChanged) {
    hasChanged = false
    for (let job = 0; job < values.length; job++) {
      for (let room = 0; room < rooms && calendar.roomOf(job) === -1; room++) {
        if (!budget.allows(8)) return calendar.answer()
        const inTheWay = calendar.inTheWay(job, room)
        const gain = values[job]! - inTheWay.reduce((total, other) => total + values[other]!, 0)
        const saved = inTheWay.reduce((total, other) => total + minutes(other), 0) - minutes(job)
        if (gain < 0 || (gain === 0 && saved <= 0)) continue
        for (const other of inTheWay) calendar.remove(other)
        calendar.place(job, room)
        hasChanged = true
      }
    }
  }
  return calendar.answer()
}
