import { type Rng, shuffle } from '../../math/rng.ts'
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
import { firstFreeColour } from './greedy.ts'
import { byKeyDescending, indices, type Solver } from './solver.ts'
import { nearestStops, twoOpt } from './two-opt.ts'

/** Builds quick random answers for as long as the budget lasts and keeps the best. */
export const randomRestarts: Solver = {
  name: 'random-restarts',
  methods: {
    knapsack: shakenDensity,
    'subset-sum': fillAndComplete,
    tour: climbFromRandom,
    colouring: randomOrders,
    timetable: shakenValues,
  },
}

const shaken = (rng: Rng, key: number) => key * (0.75 + 0.5 * rng())

/** Items by a random multiple of value per weight. */
function shakenDensity({ weights, values, capacity }: Knapsack, budget: Budget, rng: Rng): Answer {
  let best: number[] = []
  let bestValue = -1
  while (budget.allows(8 * weights.length)) {
    let room = capacity
    let value = 0
    const chosen = byKeyDescending(values.map((worth, item) => shaken(rng, worth / weights[item]!))).filter(item => {
      if (weights[item]! > room) return false
      room -= weights[item]!
      value += values[item]!
      return true
    })
    if (value <= bestValue) continue
    bestValue = value
    best = chosen
  }
  return best
}

/** Fills up in random order; then looks for one exchange that makes the sum exact. */
function fillAndComplete({ numbers, target }: SubsetSum, budget: Budget, rng: Rng): Answer {
  const all = indices(numbers.length)
  let chosen: number[] = []
  while (budget.allows(4 * numbers.length)) {
    let rest = target
    chosen = shuffle(rng, all).filter(index => {
      if (numbers[index]! > rest) return false
      rest -= numbers[index]!
      return true
    })
    if (rest === 0) return chosen
    const isChosen = new Set(chosen)
    const unused = new Map(all.filter(index => !isChosen.has(index)).map(index => [numbers[index]!, index]))
    const out = chosen.find(index => unused.has(numbers[index]! + rest))
    if (out !== undefined) return [...chosen.filter(index => index !== out), unused.get(numbers[out]! + rest)!]
  }
  return chosen
}

/** 2-opt from random tours. */
function climbFromRandom(tour: Tour, budget: Budget, rng: Rng): Answer {
  const near = nearestStops(tour, budget)
  let best: number[] = []
  let bestLength = Number.POSITIVE_INFINITY
  do {
    const order = twoOpt(tour, shuffle(rng, indices(tour.x.length)), near, budget)
    let length = 0
    for (let place = 0; place < order.length; place++) {
      length += distance(tour, order[place]!, order[(place + 1) % order.length]!)
    }
    if (length >= bestLength) continue
    best = order
    bestLength = length
  } while (budget.allows(tour.x.length))
  return best
}

/** First free colour in random orders of the vertices. */
function randomOrders({ neighbours }: Colouring, budget: Budget, rng: Rng): Answer {
  const edges = neighbours.reduce((total, list) => total + list.length, 0)
  const order = indices(neighbours.length)
  let best: number[] = order
  let bestCount = Number.POSITIVE_INFINITY
  while (budget.allows(edges)) {
    const colours = firstFreeColour(neighbours, shuffle(rng, order))
    const count = Math.max(...colours) + 1
    if (count >= bestCount) continue
    best = colours
    bestCount = count
  }
  return best
}

/** Jobs by a random multiple of value per minute, each into the first free room. */
function shakenValues(timetable: Timetable, budget: Budget, rng: Rng): Answer {
  const { starts, ends, values, rooms } = timetable
  let best: number[] = new Array<number>(values.length).fill(-1)
  let bestValue = -1
  while (budget.allows(8 * values.length * rooms)) {
    const calendar = new Calendar(timetable)
    let value = 0
    for (const job of byKeyDescending(values.map((worth, job) => shaken(rng, worth / (ends[job]! - starts[job]!))))) {
      const room = calendar.freeRoom(job)
      if (room < 0) continue
      calendar.place(job, room)
      value += values[job]!
    }
    if (value <= bestValue) continue
    bestValue = value
    best = calendar.answer()
  }
  return best
}
