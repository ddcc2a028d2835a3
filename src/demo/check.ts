import {
  type Answer,
  type Colouring,
  distance,
  type Knapsack,
  type Problem,
  type SubsetSum,
  type Timetable,
  type Tour,
} from './problems.ts'

/** `feasible` with the objective's value, or what is wrong with the answer. */
export type Verdict =
  | { readonly feasible: true; readonly value: number }
  | { readonly feasible: false; readonly reason: string }

/** Judges an answer from the problem alone; it shares no code with the solvers. */
export function check(problem: Problem, answer: Answer): Verdict {
  if (!answer.every(Number.isInteger)) return wrong('the answer holds something that is not a whole number')
  switch (problem.family) {
    case 'knapsack':
      return checkKnapsack(problem, answer)
    case 'subset-sum':
      return checkSubsetSum(problem, answer)
    case 'tour':
      return checkTour(problem, answer)
    case 'colouring':
      return checkColouring(problem, answer)
    case 'timetable':
      return checkTimetable(problem, answer)
  }
}

const wrong = (reason: string): Verdict => ({ feasible: false, reason })
const right = (value: number): Verdict => ({ feasible: true, value })

function isSelection(answer: Answer, size: number): boolean {
  return new Set(answer).size === answer.length && answer.every(index => index >= 0 && index < size)
}

function checkKnapsack({ weights, values, capacity }: Knapsack, answer: Answer): Verdict {
  if (!isSelection(answer, weights.length)) return wrong('an item is chosen twice or does not exist')
  const weight = answer.reduce((sum, item) => sum + weights[item]!, 0)
  if (weight > capacity) return wrong(`the items weigh ${weight}, more than ${capacity}`)
  return right(answer.reduce((sum, item) => sum + values[item]!, 0))
}

function checkSubsetSum({ numbers, target }: SubsetSum, answer: Answer): Verdict {
  if (!isSelection(answer, numbers.length)) return wrong('a number is used twice or does not exist')
  const sum = answer.reduce((total, index) => total + numbers[index]!, 0)
  return sum === target ? right(1) : wrong(`the numbers add up to ${sum}, not to ${target}`)
}

function checkTour(tour: Tour, answer: Answer): Verdict {
  if (answer.length !== tour.x.length || !isSelection(answer, tour.x.length)) {
    return wrong('the tour leaves out a stop or visits one twice')
  }
  const legs = answer.map((stop, index) => distance(tour, stop, answer[(index + 1) % answer.length]!))
  return right(legs.reduce((sum, leg) => sum + leg, 0))
}

function checkColouring({ neighbours }: Colouring, answer: Answer): Verdict {
  if (answer.length !== neighbours.length || answer.some(colour => colour < 0)) return wrong('a vertex has no colour')
  const clash = neighbours.findIndex((list, vertex) => list.some(other => answer[other] === answer[vertex]))
  if (clash >= 0) return wrong(`vertex ${clash} has the colour of a neighbour`)
  return right(new Set(answer).size)
}

function checkTimetable({ starts, ends, values, rooms }: Timetable, answer: Answer): Verdict {
  if (answer.length !== starts.length || answer.some(room => room < -1 || room >= rooms))
    return wrong('a room does not exist')
  const placed = [...answer.keys()].filter(job => answer[job] !== -1)
  const freeFrom = new Map<number, number>()
  for (const job of placed.sort((a, b) => starts[a]! - starts[b]!)) {
    const room = answer[job]!
    if ((freeFrom.get(room) ?? -Infinity) > starts[job]!) return wrong(`two jobs overlap in room ${room}`)
    freeFrom.set(room, ends[job]!)
  }
  return right(placed.reduce((sum, job) => sum + values[job]!, 0))
}
