import { AttemptError, type Budget } from '../budget.ts'
import {
  type Answer,
  type Colouring,
  distance,
  type Knapsack,
  type SubsetSum,
  type Timetable,
  type Tour,
} from '../problems.ts'
import { mostNeighboursFirst, nearestNeighbour } from './greedy.ts'
import { byKeyDescending, indices, type Solver, sum } from './solver.ts'

/** Exact: searches all answers, leaving out branches that a bound excludes. Gives an answer only when it is proved. */
export const branchAndBound: Solver = {
  name: 'branch-and-bound',
  methods: {
    knapsack: searchKnapsack,
    'subset-sum': searchSums,
    tour: searchTours,
    colouring: searchColourings,
    timetable: searchTimetables,
  },
}

/** Bound: the rest filled by density, the last item in part (Dantzig 1957). */
function searchKnapsack({ weights, values, capacity }: Knapsack, budget: Budget): Answer {
  const order = byKeyDescending(values.map((value, item) => value / weights[item]!))
  const isTaken = new Uint8Array(order.length)
  let bestValue = -1
  let best: number[] = []
  search(0, capacity, 0)
  return best

  function search(depth: number, room: number, value: number): void {
    budget.require(1)
    if (value > bestValue) {
      bestValue = value
      best = order.filter((_, place) => isTaken[place] === 1)
    }
    if (depth === order.length || bound(depth, room, value) <= bestValue) return
    const item = order[depth]!
    if (weights[item]! <= room) {
      isTaken[depth] = 1
      search(depth + 1, room - weights[item]!, value + values[item]!)
      isTaken[depth] = 0
    }
    search(depth + 1, room, value)
  }

  function bound(depth: number, room: number, value: number): number {
    let total = value
    let place = depth
    for (; place < order.length; place++) {
      const item = order[place]!
      if (weights[item]! > room) {
        total += (values[item]! * room) / weights[item]!
        break
      }
      room -= weights[item]!
      total += values[item]!
    }
    budget.require((place - depth) >> 2)
    // Values are whole numbers, so a fraction more cannot be reached; the small term absorbs rounding.
    return Math.floor(total + 1e-6)
  }
}

/** Bound: what is left over must neither overshoot the target nor fall short of it. */
function searchSums({ numbers, target }: SubsetSum, budget: Budget): Answer {
  const order = byKeyDescending(numbers)
  const remaining = new Float64Array(order.length + 1)
  for (let depth = order.length - 1; depth >= 0; depth--)
    remaining[depth] = remaining[depth + 1]! + numbers[order[depth]!]!
  const chosen: number[] = []
  if (search(0, target)) return chosen
  throw new AttemptError('validation', `no subset adds up to ${target}`)

  function search(depth: number, rest: number): boolean {
    budget.require(1)
    if (rest === 0) return true
    if (rest < 0 || remaining[depth]! < rest) return false
    chosen.push(order[depth]!)
    if (search(depth + 1, rest - numbers[order[depth]!]!)) return true
    chosen.pop()
    return search(depth + 1, rest)
  }
}

/** Bound: every stop still to be left costs at least its shortest leg. */
function searchTours(tour: Tour, budget: Budget): Answer {
  const count = tour.x.length
  const legs = indices(count).map(a => indices(count).map(b => distance(tour, a, b)))
  const nearest = legs.map((row, a) => {
    budget.require(8 * count)
    return byKeyDescending(row.map(leg => -leg)).filter(b => b !== a)
  })
  const shortest = nearest.map((others, a) => legs[a]![others[0]!]!)
  let best = nearestNeighbour(tour, budget, 0)
  let bestLength = sum(best.map((stop, place) => legs[stop]![best[(place + 1) % count]!]!))
  const order = [0]
  const isVisited = new Uint8Array(count)
  isVisited[0] = 1
  search(0, sum(shortest))
  return best

  /** `open` is the bound for leaving the last stop and all stops not yet visited. */
  function search(length: number, open: number): void {
    budget.require(1)
    const here = order.at(-1)!
    if (order.length === count) {
      const closed = length + legs[here]![0]!
      if (closed >= bestLength) return
      bestLength = closed
      best = [...order]
      return
    }
    for (const next of nearest[here]!) {
      if (isVisited[next]) continue
      const nextLength = length + legs[here]![next]!
      const nextOpen = open - shortest[here]!
      if (nextLength + nextOpen >= bestLength) break
      isVisited[next] = 1
      order.push(next)
      search(nextLength, nextOpen)
      order.pop()
      isVisited[next] = 0
    }
  }
}

/** Next the vertex with the most colours around it (Brélaz 1979); bound: colours in use so far. */
function searchColourings({ neighbours }: Colouring, budget: Budget): Answer {
  const colours = new Array<number>(neighbours.length).fill(-1)
  let best: number[] = mostNeighboursFirst({ family: 'colouring', neighbours })
  let bestCount = Math.max(...best) + 1
  search(0, 0)
  return best

  function search(done: number, used: number): void {
    if (used >= bestCount) return
    if (done === neighbours.length) {
      best = [...colours]
      bestCount = used
      return
    }
    const vertex = mostConstrained()
    const taken = new Set(neighbours[vertex]!.map(other => colours[other]!))
    for (let colour = 0; colour <= used && colour < bestCount - 1; colour++) {
      if (taken.has(colour)) continue
      colours[vertex] = colour
      search(done + 1, Math.max(used, colour + 1))
      colours[vertex] = -1
    }
  }

  function mostConstrained(): number {
    let vertex = -1
    let most = -1
    for (const [candidate, list] of neighbours.entries()) {
      if (colours[candidate] !== -1) continue
      budget.require(list.length)
      const around = new Set(list.map(other => colours[other]!)).size * neighbours.length + list.length
      if (around > most) {
        most = around
        vertex = candidate
      }
    }
    return vertex
  }
}

/** Jobs by start, each left out or put into a free room; bound: the value of all jobs still to come. */
function searchTimetables({ starts, ends, values, rooms }: Timetable, budget: Budget): Answer {
  const order = byKeyDescending(starts.map(start => -start))
  const remaining = new Float64Array(order.length + 1)
  for (let depth = order.length - 1; depth >= 0; depth--)
    remaining[depth] = remaining[depth + 1]! + values[order[depth]!]!
  const freeFrom = new Array<number>(rooms).fill(Number.NEGATIVE_INFINITY)
  const roomOf = new Array<number>(order.length).fill(-1)
  let best = [...roomOf]
  let bestValue = -1
  search(0, 0)
  return best

  function search(depth: number, value: number): void {
    budget.require(1)
    if (value + remaining[depth]! <= bestValue) return
    if (depth === order.length) {
      bestValue = value
      best = [...roomOf]
      return
    }
    const job = order[depth]!
    const tried = new Set<number>()
    for (let room = 0; room < rooms; room++) {
      const before = freeFrom[room]!
      if (before > starts[job]! || tried.has(before)) continue
      tried.add(before)
      freeFrom[room] = ends[job]!
      roomOf[job] = room
      search(depth + 1, value + values[job]!)
      freeFrom[room] = before
      roomOf[job] = -1
    }
    search(depth + 1, value)
  }
}
