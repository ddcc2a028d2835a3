import { AttemptError, type Budget } from '../budget.ts'
import { type Answer, distance, type Knapsack, type SubsetSum, type Timetable, type Tour } from '../problems.ts'
import { byKeyDescending, indices, type Solver } from './solver.ts'

/** Exact, from tables of partial problems; refuses at once when the table would be too large. */
export const dynamicProgramming: Solver = {
  name: 'dynamic-programming',
  methods: { knapsack: tabulateKnapsack, 'subset-sum': tabulateSums, tour: heldKarp, timetable: roomByRoom },
}

const largestTable = 4_000_000

function requireTable(cells: number): void {
  if (cells <= largestTable) return
  throw new AttemptError('validation', `the table would need ${cells} cells, more than ${largestTable}`)
}

/** Best value for every capacity, item by item. */
function tabulateKnapsack({ weights, values, capacity }: Knapsack, budget: Budget): Answer {
  const width = capacity + 1
  requireTable(width * weights.length)
  const best = new Float64Array(width)
  const isTaken = new Uint8Array(width * weights.length)
  for (let item = 0; item < weights.length; item++) {
    const weight = weights[item]!
    const value = values[item]!
    budget.require(width >> 3)
    for (let room = capacity; room >= weight; room--) {
      const taken = best[room - weight]! + value
      if (taken <= best[room]!) continue
      best[room] = taken
      isTaken[item * width + room] = 1
    }
  }
  let room = capacity
  return indices(weights.length)
    .reverse()
    .filter(item => {
      if (isTaken[item * width + room] === 0) return false
      room -= weights[item]!
      return true
    })
}

/** Which sums can be reached, and with which number last. */
function tabulateSums({ numbers, target }: SubsetSum, budget: Budget): Answer {
  requireTable((target + 1) * numbers.length)
  const lastIndex = new Int32Array(target + 1).fill(-1)
  for (const [index, number] of numbers.entries()) {
    budget.require(target >> 3)
    for (let total = target; total >= number; total--) {
      if (lastIndex[total] !== -1) continue
      if (total === number || lastIndex[total - number] !== -1) lastIndex[total] = index
    }
  }
  const answer: number[] = []
  for (let rest = target; rest > 0; rest -= numbers[answer.at(-1)!]!) {
    const index = lastIndex[rest]!
    if (index < 0) throw new AttemptError('validation', `no subset adds up to ${target}`)
    answer.push(index)
  }
  return answer
}

/** Shortest path over every set of stops and every last stop (Held and Karp 1962). */
function heldKarp(tour: Tour, budget: Budget): Answer {
  const others = tour.x.length - 1
  requireTable(2 ** others * others)
  const size = 1 << others
  const length = new Float64Array(size * others).fill(Number.POSITIVE_INFINITY)
  const previous = new Int8Array(size * others)
  const leg = indices(others).map(from => Float64Array.from(indices(others), to => distance(tour, from + 1, to + 1)))
  for (let last = 0; last < others; last++) length[(1 << last) * others + last] = distance(tour, 0, last + 1)
  for (let visited = 1; visited < size; visited++) {
    budget.require(others)
    for (let last = 0; last < others; last++) {
      const soFar = length[visited * others + last]!
      if (soFar === Number.POSITIVE_INFINITY) continue
      for (let next = 0; next < others; next++) {
        if (visited & (1 << next)) continue
        const cell = (visited | (1 << next)) * others + next
        const total = soFar + leg[last]![next]!
        if (total >= length[cell]!) continue
        length[cell] = total
        previous[cell] = last
      }
    }
  }
  let visited = size - 1
  const closed = (last: number) => length[visited * others + last]! + distance(tour, 0, last + 1)
  let last = indices(others).reduce((best, candidate) => (closed(candidate) < closed(best) ? candidate : best), 0)
  const order = [0]
  while (visited !== 0) {
    order.push(last + 1)
    const before = previous[visited * others + last]!
    visited &= ~(1 << last)
    last = before
  }
  return order
}

/** The most valuable set of jobs for one room, then for the next from what is left. Exact for one room only. */
function roomByRoom(timetable: Timetable, budget: Budget): Answer {
  const answer = new Array<number>(timetable.starts.length).fill(-1)
  let jobs = byKeyDescending(timetable.ends.map(end => -end))
  for (let room = 0; room < timetable.rooms; room++) {
    budget.require(jobs.length)
    for (const job of bestForOneRoom(timetable, jobs)) answer[job] = room
    jobs = jobs.filter(job => answer[job] === -1)
  }
  return answer
}

/** Weighted interval scheduling; `jobs` by end. */
function bestForOneRoom({ starts, ends, values }: Timetable, jobs: readonly number[]): number[] {
  const best = new Float64Array(jobs.length + 1)
  const compatible = jobs.map(job => countEndingBy(starts[job]!))
  for (const [place, job] of jobs.entries()) {
    best[place + 1] = Math.max(best[place]!, best[compatible[place]!]! + values[job]!)
  }
  const chosen: number[] = []
  for (let place = jobs.length; place > 0; ) {
    if (best[place] === best[place - 1]) {
      place--
    } else {
      chosen.push(jobs[place - 1]!)
      place = compatible[place - 1]!
    }
  }
  return chosen

  function countEndingBy(time: number): number {
    let low = 0
    let high = jobs.length
    while (low < high) {
      const middle = (low + high) >> 1
      if (ends[jobs[middle]!]! <= time) low = middle + 1
      else high = middle
    }
    return low
  }
}
