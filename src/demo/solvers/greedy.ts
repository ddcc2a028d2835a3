import type { Budget } from '../budget.ts'
import {
  type Answer,
  type Colouring,
  distance,
  type Knapsack,
  type SubsetSum,
  type Timetable,
  type Tour,
} from '../problems.ts'
import { Calendar } from './calendar.ts'
import { byKeyDescending, indices, type Solver } from './solver.ts'

/** Takes what looks best next and never looks back. */
export const greedy: Solver = {
  name: 'greedy',
  methods: {
    knapsack: greedyKnapsack,
    'subset-sum': largestFirst,
    tour: (tour, budget) => nearestNeighbour(tour, budget, 0),
    colouring: mostNeighboursFirst,
    timetable: greedyTimetable,
  },
}

/** Items by value per weight. */
export function greedyKnapsack({ weights, values, capacity }: Knapsack): number[] {
  let room = capacity
  return byKeyDescending(values.map((value, item) => value / weights[item]!)).filter(item => {
    if (weights[item]! > room) return false
    room -= weights[item]!
    return true
  })
}

function largestFirst({ numbers, target }: SubsetSum): Answer {
  let rest = target
  return byKeyDescending(numbers).filter(index => {
    if (numbers[index]! > rest) return false
    rest -= numbers[index]!
    return true
  })
}

/** Always on to the nearest stop not yet visited. */
export function nearestNeighbour(tour: Tour, budget: Budget, start: number): number[] {
  const unvisited = indices(tour.x.length)
  const order: number[] = []
  for (let place = start; ; ) {
    order.push(unvisited[place]!)
    unvisited[place] = unvisited.at(-1)!
    unvisited.pop()
    if (unvisited.length === 0) return order
    budget.require(unvisited.length >> 3)
    const here = order.at(-1)!
    let nearest = Number.POSITIVE_INFINITY
    for (let candidate = 0; candidate < unvisited.length; candidate++) {
      const length = distance(tour, here, unvisited[candidate]!)
      if (length < nearest) {
        nearest = length
        place = candidate
      }
    }
  }
}

/** Vertices by number of neighbours, each with the first colour that is free (Welsh and Powell 1967). */
export function mostNeighboursFirst({ neighbours }: Colouring): number[] {
  return firstFreeColour(neighbours, byKeyDescending(neighbours.map(list => list.length)))
}

export function firstFreeColour(neighbours: Colouring['neighbours'], order: readonly number[]): number[] {
  const colours = new Array<number>(neighbours.length).fill(-1)
  for (const vertex of order) {
    const taken = new Set(neighbours[vertex]!.map(other => colours[other]!))
    let colour = 0
    while (taken.has(colour)) colour++
    colours[vertex] = colour
  }
  return colours
}

/**
 * Equal jobs: earliest end first, into the free room that was used last; that is optimal (Faigle and Nawijn 1995).
 * Otherwise by value per minute, into the first free room.
 */
function greedyTimetable(timetable: Timetable): Answer {
  const { starts, ends, values } = timetable
  const calendar = new Calendar(timetable)
  if (values.some(value => value !== values[0])) {
    for (const job of byKeyDescending(values.map((value, job) => value / (ends[job]! - starts[job]!)))) {
      const room = calendar.freeRoom(job)
      if (room >= 0) calendar.place(job, room)
    }
    return calendar.answer()
  }
  const freeFrom = new Array<number>(timetable.rooms).fill(Number.NEGATIVE_INFINITY)
  for (const job of byKeyDescending(ends.map(end => -end))) {
    let room = -1
    for (let candidate = 0; candidate < timetable.rooms; candidate++) {
      const isFree = freeFrom[candidate]! <= starts[job]!
      if (isFree && (room < 0 || freeFrom[candidate]! > freeFrom[room]!)) room = candidate
    }
    if (room < 0) continue
    freeFrom[room] = ends[job]!
    calendar.place(job, room)
  }
  return calendar.answer()
}
