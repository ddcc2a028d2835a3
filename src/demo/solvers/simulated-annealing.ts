import { integer, type Rng } from '../../math/rng.ts'
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
import { mostNeighboursFirst, nearestNeighbour } from './greedy.ts'
import { indices, type Solver, sum } from './solver.ts'

/** Random changes; ones for the worse are taken ever more rarely as it cools (Kirkpatrick, Gelatt and Vecchi 1983). */
export const simulatedAnnealing: Solver = {
  name: 'simulated-annealing',
  methods: {
    knapsack: annealKnapsack,
    'subset-sum': annealSums,
    tour: annealTour,
    colouring: annealColouring,
    timetable: annealTimetable,
  },
}

/** Cools geometrically from `hot` to `cold` as the budget is spent. */
function temperature(budget: Budget, hot: number, cold: number): number {
  return hot * (cold / hot) ** budget.progress
}

const isTaken = (rng: Rng, loss: number, heat: number) => loss <= 0 || rng() < Math.exp(-loss / heat)
const changesPerReading = 32

/** Puts in, takes out or exchanges items; too much weight costs more than any item is worth per weight. */
function annealKnapsack({ weights, values, capacity }: Knapsack, budget: Budget, rng: Rng): Answer {
  const isIn = new Uint8Array(weights.length)
  const penalty = 1.1 * Math.max(...values.map((value, item) => value / weights[item]!))
  const meanValue = sum(values) / values.length
  let weight = 0
  let value = 0
  let bestValue = 0
  let best = isIn.slice()
  while (budget.allows(2 * changesPerReading)) {
    const heat = temperature(budget, meanValue / 4, meanValue / 200)
    for (let change = 0; change < changesPerReading; change++) {
      const item = integer(rng, weights.length)
      const other = integer(rng, weights.length)
      const isExchange = isIn[item] !== isIn[other]
      const sign = isIn[item] ? -1 : 1
      const newWeight = weight + sign * (weights[item]! - (isExchange ? weights[other]! : 0))
      const gain = sign * (values[item]! - (isExchange ? values[other]! : 0))
      const excess = Math.max(0, newWeight - capacity) - Math.max(0, weight - capacity)
      if (!isTaken(rng, penalty * excess - gain, heat)) continue
      isIn[item] = isIn[item]! ^ 1
      if (isExchange) isIn[other] = isIn[other]! ^ 1
      weight = newWeight
      value += gain
      if (weight > capacity || value <= bestValue) continue
      bestValue = value
      best = isIn.slice()
    }
  }
  return indices(best.length).filter(item => best[item] === 1)
}

/** Puts in or takes out one number; the distance from the target is the energy. Hands in the closest set it met. */
function annealSums({ numbers, target }: SubsetSum, budget: Budget, rng: Rng): Answer {
  const isIn = new Uint8Array(numbers.length)
  const largest = Math.max(...numbers)
  let gap = target
  let best = isIn.slice()
  let bestGap = gap
  while (bestGap !== 0 && budget.allows(changesPerReading)) {
    const heat = temperature(budget, largest, 1)
    for (let change = 0; change < changesPerReading; change++) {
      const index = integer(rng, numbers.length)
      const newGap = gap + (isIn[index] ? numbers[index]! : -numbers[index]!)
      if (!isTaken(rng, Math.abs(newGap) - Math.abs(gap), heat)) continue
      isIn[index] = isIn[index]! ^ 1
      gap = newGap
      if (Math.abs(gap) >= bestGap) continue
      bestGap = Math.abs(gap)
      best = isIn.slice()
    }
  }
  return indices(best.length).filter(index => best[index] === 1)
}

/** Turns round a random stretch of the tour. */
function annealTour(tour: Tour, budget: Budget, rng: Rng): Answer {
  const order = Int32Array.from(nearestNeighbour(tour, budget, 0))
  const count = order.length
  const meanLeg = sum(indices(count).map(place => distance(tour, order[place]!, order[(place + 1) % count]!))) / count
  while (budget.allows(changesPerReading)) {
    const heat = temperature(budget, meanLeg / 2, meanLeg / 50)
    for (let change = 0; change < changesPerReading; change++) {
      const a = integer(rng, count)
      const b = integer(rng, count)
      const from = Math.min(a, b)
      const to = Math.max(a, b)
      const [before, first, last, after] = [
        order[(from + count - 1) % count]!,
        order[from]!,
        order[to]!,
        order[(to + 1) % count]!,
      ]
      if (first === last || before === last) continue
      const oldLegs = distance(tour, before, first) + distance(tour, last, after)
      const newLegs = distance(tour, before, last) + distance(tour, first, after)
      if (isTaken(rng, newLegs - oldLegs, heat)) reverse(order, from, to, budget)
    }
  }
  return Array.from(order)
}

function reverse(order: Int32Array, from: number, to: number, budget: Budget): void {
  budget.allows((to - from) >> 3)
  for (; from < to; from++, to--) {
    const stop = order[from]!
    order[from] = order[to]!
    order[to] = stop
  }
}

/** With one colour less than before, recolours random vertices until no neighbours clash; then once more. */
function annealColouring({ neighbours, family }: Colouring, budget: Budget, rng: Rng): Answer {
  const count = neighbours.length
  let best: number[] = mostNeighboursFirst({ family, neighbours })
  for (let colours = Math.max(...best); colours > 0; colours--) {
    const colourOf = best.map(colour => (colour < colours ? colour : integer(rng, colours)))
    /** How many neighbours of a vertex have a colour. */
    const around = new Int32Array(count * colours)
    for (const [vertex, list] of neighbours.entries()) {
      for (const other of list) around[vertex * colours + colourOf[other]!]!++
    }
    let clashes = sum(colourOf.map((colour, vertex) => around[vertex * colours + colour]!)) / 2
    while (clashes > 0) {
      if (!budget.allows(2)) return best
      const vertex = integer(rng, count)
      const old = colourOf[vertex]!
      if (around[vertex * colours + old] === 0) continue
      const colour = integer(rng, colours)
      const loss = around[vertex * colours + colour]! - around[vertex * colours + old]!
      if (colour === old || !isTaken(rng, loss, temperature(budget, 0.6, 0.2))) continue
      budget.allows(neighbours[vertex]!.length)
      clashes += loss
      colourOf[vertex] = colour
      for (const other of neighbours[vertex]!) {
        around[other * colours + old]!--
        around[other * colours + colour]!++
      }
    }
    best = colourOf
  }
  return best
}

/** Places a random job into a random room and throws out what is in its way. */
function annealTimetable(timetable: Timetable, budget: Budget, rng: Rng): Answer {
  const { values, rooms } = timetable
  const calendar = new Calendar(timetable)
  const meanValue = sum(values) / values.length
  while (budget.allows(8)) {
    const job = integer(rng, values.length)
    if (calendar.roomOf(job) !== -1) continue
    const room = integer(rng, rooms)
    const inTheWay = calendar.inTheWay(job, room)
    const loss = sum(inTheWay.map(other => values[other]!)) - values[job]!
    if (!isTaken(rng, loss, temperature(budget, meanValue / 2, meanValue / 50))) continue
    budget.allows(16)
    for (const other of inTheWay) calendar.remove(other)
    calendar.place(job, room)
  }
  return calendar.answer()
}
