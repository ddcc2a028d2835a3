import { describe, expect, test } from 'vitest'
import { AttemptError, Budget } from '../../src/demo/budget.ts'
import { check } from '../../src/demo/check.ts'
import * as instances from '../../src/demo/instances.ts'
import { kinds } from '../../src/demo/kinds.ts'
import { attemptAll, portfolio, qualityOf } from '../../src/demo/portfolio.ts'
import type { Knapsack, Problem, SubsetSum, Timetable, Tour } from '../../src/demo/problems.ts'
import { solve } from '../../src/demo/solvers/solver.ts'
import { makeTask, makeTaskOfKind } from '../../src/demo/tasks.ts'
import { integer, seedRng } from '../../src/math/rng.ts'

const limits = { timeLimitMs: 1000, stepLimit: 150_000 }
/** Time stands still, so that only steps count and a run is the same on any machine. */
const stepsOnly = (stepLimit = limits.stepLimit) => new Budget({ timeLimitMs: 1, stepLimit }, () => 0)
const solverNamed = (name: string) => portfolio.find(solver => solver.name === name)!
const solveWith = (name: string, problem: Problem, stepLimit = 20_000_000) =>
  solve(solverNamed(name), problem, stepsOnly(stepLimit), seedRng('solver'))

/** The verified objective of an answer; an infeasible answer fails the test. */
function objectiveOf(problem: Problem, answer: readonly number[]): number {
  const verdict = check(problem, answer)
  if (!verdict.feasible) expect.fail(verdict.reason)
  return verdict.value
}

const subsets = (count: number) =>
  Array.from({ length: 1 << count }, (_, mask) => [...Array(count).keys()].filter(bit => mask & (1 << bit)))
const bestOver = (problem: Problem, answers: readonly (readonly number[])[]) =>
  Math.max(
    ...answers.map(answer => check(problem, answer)).flatMap(verdict => (verdict.feasible ? [verdict.value] : [])),
  )

function smallKnapsack(seed: string): Knapsack {
  const rng = seedRng(seed)
  const weights = Array.from({ length: 11 }, () => 1 + integer(rng, 30))
  return { family: 'knapsack', weights, values: weights.map(() => 1 + integer(rng, 50)), capacity: 60 }
}
function smallSubsetSum(seed: string): SubsetSum {
  const rng = seedRng(seed)
  const numbers = Array.from({ length: 12 }, () => 1 + integer(rng, 500))
  return { family: 'subset-sum', numbers, target: numbers[1]! + numbers[4]! + numbers[5]! + numbers[9]! }
}
function smallTour(seed: string): Tour {
  const rng = seedRng(seed)
  return { family: 'tour', x: Array.from({ length: 8 }, rng), y: Array.from({ length: 8 }, rng) }
}
function smallTimetable(seed: string, rooms: number, highestValue: number): Timetable {
  const rng = seedRng(seed)
  const starts = Array.from({ length: 9 }, () => integer(rng, 30))
  const ends = starts.map(start => start + 1 + integer(rng, 12))
  return { family: 'timetable', starts, ends, values: starts.map(() => 1 + integer(rng, highestValue)), rooms }
}
const seeds = Array.from({ length: 15 }, (_, index) => `instance-${index}`)

describe('exact solvers agree with trying everything', () => {
  test.each(seeds)('knapsack %s', seed => {
    const problem = smallKnapsack(seed)
    const best = bestOver(problem, subsets(11))
    expect(best).toBeGreaterThan(0)
    expect(objectiveOf(problem, solveWith('dynamic-programming', problem))).toBe(best)
    expect(objectiveOf(problem, solveWith('branch-and-bound', problem))).toBe(best)
  })

  test.each(seeds)('subset sum %s', seed => {
    const problem = smallSubsetSum(seed)
    for (const name of ['dynamic-programming', 'branch-and-bound', 'meet-in-the-middle']) {
      expect(objectiveOf(problem, solveWith(name, problem))).toBe(1)
    }
  })

  test.each(seeds)('tour %s', seed => {
    const problem = smallTour(seed)
    const shortest = Math.min(...permutations([1, 2, 3, 4, 5, 6, 7]).map(order => objectiveOf(problem, [0, ...order])))
    expect(objectiveOf(problem, solveWith('dynamic-programming', problem))).toBeCloseTo(shortest, 10)
    expect(objectiveOf(problem, solveWith('branch-and-bound', problem))).toBeCloseTo(shortest, 10)
  })

  test.each(seeds)('valued timetable of one room %s', seed => {
    const problem = smallTimetable(seed, 1, 20)
    const best = bestOver(problem, assignments(problem.starts.length, 1))
    expect(objectiveOf(problem, solveWith('dynamic-programming', problem))).toBe(best)
    expect(objectiveOf(problem, solveWith('branch-and-bound', problem))).toBe(best)
  })

  test.each(seeds)('greedy is optimal for equal jobs in two rooms %s', seed => {
    const problem = smallTimetable(seed, 2, 1)
    const best = bestOver(problem, assignments(problem.starts.length, 2))
    expect(objectiveOf(problem, solveWith('greedy', problem))).toBe(best)
    expect(objectiveOf(problem, solveWith('branch-and-bound', problem))).toBe(best)
  })

  test('branch and bound colours a ring of 9 with 3 colours and one of 8 with 2', () => {
    for (const [size, colours] of [
      [9, 3],
      [8, 2],
    ] as const) {
      const neighbours = Array.from({ length: size }, (_, v) => [(v + 1) % size, (v + size - 1) % size])
      expect(
        objectiveOf(
          { family: 'colouring', neighbours },
          solveWith('branch-and-bound', { family: 'colouring', neighbours }),
        ),
      ).toBe(colours)
    }
  })

  test('no solver claims more than the proved optimum', () => {
    for (const seed of seeds) {
      const problem = smallKnapsack(seed)
      const best = bestOver(problem, subsets(11))
      for (const { name, methods } of portfolio) {
        if (methods.knapsack) expect(objectiveOf(problem, solveWith(name, problem, 20_000))).toBeLessThanOrEqual(best)
      }
    }
  })
})

describe('every solver on every kind', () => {
  const cases = kinds.flatMap(kind =>
    portfolio.map(solver => ({ kind, solver, name: `${solver.name} on ${kind.taskType}` })),
  )

  test.each(cases)('$name answers correctly or says why not', ({ kind, solver }) => {
    for (let index = 0; index < 3; index++) {
      const { problem } = makeTaskOfKind(kind, seedRng(`${kind.taskType}/${index}`), index)
      const budget = stepsOnly()
      try {
        const verdict = check(problem, solve(solver, problem, budget, seedRng('run')))
        // Only the exact sum may be missed by an answer given in good faith.
        expect(verdict.feasible || problem.family === 'subset-sum').toBe(true)
      } catch (error) {
        expect(error).toBeInstanceOf(AttemptError)
      }
    }
  })

  test.each(cases)('$name ends soon after its steps do', ({ kind, solver }) => {
    const { problem } = makeTaskOfKind(kind, seedRng(`limit/${kind.taskType}`), 0)
    const budget = stepsOnly(20_000)
    const outcome = outcomeOf(() => solve(solver, problem, budget, seedRng('run')))
    expect(['answer', 'timeout', 'validation']).toContain(outcome)
    // Nothing charges more at once than a pass over all pairs of 800 stops, eight pairs to a step.
    expect(budget.steps).toBeLessThan(20_000 + 80_000)
  })

  test.each(cases)('$name does the same twice', ({ kind, solver }) => {
    const { problem } = makeTaskOfKind(kind, seedRng(`twice/${kind.taskType}`), 0)
    const run = () => outcomeOf(() => solve(solver, problem, stepsOnly(30_000), seedRng('same')), true)
    expect(run()).toEqual(run())
  })

  test('a solver stops when the clock says so, though it has steps left', () => {
    let nowMs = 0
    const clock = () => (nowMs += 10)
    const kind = kinds.find(({ taskType }) => taskType === 'scheduling-valued')!
    const { problem } = makeTaskOfKind(kind, seedRng('clock'), 0)
    const budget = new Budget({ timeLimitMs: 50, stepLimit: Number.MAX_SAFE_INTEGER }, clock)
    expect(outcomeOf(() => solve(solverNamed('branch-and-bound'), problem, budget, seedRng('run')))).toBe('timeout')
    const patient = new Budget({ timeLimitMs: 50, stepLimit: Number.MAX_SAFE_INTEGER }, clock)
    expect(outcomeOf(() => solve(solverNamed('simulated-annealing'), problem, patient, seedRng('run')))).toBe('answer')
  })
})

describe('the checker', () => {
  const refused = (problem: Problem, answer: readonly number[]) => expect(check(problem, answer).feasible).toBe(false)

  test('refuses what is too heavy, doubled, missing, clashing or not a whole number', () => {
    const knapsack: Knapsack = { family: 'knapsack', weights: [5, 6], values: [1, 1], capacity: 10 }
    refused(knapsack, [0, 1])
    refused(knapsack, [0, 0])
    refused(knapsack, [2])
    refused(knapsack, [0.5])
    expect(check(knapsack, [1])).toEqual({ feasible: true, value: 1 })
    refused({ family: 'subset-sum', numbers: [1, 2], target: 3 }, [1])
    refused({ family: 'tour', x: [0, 1, 2], y: [0, 0, 1] }, [0, 1])
    refused({ family: 'tour', x: [0, 1, 2], y: [0, 0, 1] }, [0, 1, 1])
    refused({ family: 'colouring', neighbours: [[1], [0]] }, [0, 0])
    refused({ family: 'colouring', neighbours: [[1], [0]] }, [0])
    const timetable: Timetable = { family: 'timetable', starts: [0, 4], ends: [5, 9], values: [1, 1], rooms: 2 }
    refused(timetable, [0, 0])
    refused(timetable, [0, 2])
    expect(check(timetable, [0, 1])).toEqual({ feasible: true, value: 2 })
  })

  test('lets one job begin when another ends', () => {
    const timetable: Timetable = { family: 'timetable', starts: [0, 5], ends: [5, 9], values: [2, 3], rooms: 1 }
    expect(check(timetable, [0, 0])).toEqual({ feasible: true, value: 5 })
  })
})

describe('tasks', () => {
  test('are the same for the same seed and differ for another', () => {
    for (const index of [0, 1, 7, 99]) {
      expect(makeTask('a', index)).toEqual(makeTask('a', index))
      expect(makeTask('a', index).problem).not.toEqual(makeTask('b', index).problem)
    }
  })

  test('are worded in many ways, with every place filled in', () => {
    const tasks = Array.from({ length: 400 }, (_, index) => makeTask('words', index))
    for (const { text } of tasks) expect(text).not.toMatch(/[{}|$]|undefined/)
    for (const kind of kinds) {
      const shapes = tasks.filter(task => task.kind === kind).map(({ text }) => text.replaceAll(/\d+/g, '#'))
      expect(shapes.length).toBeGreaterThan(10)
      expect(new Set(shapes).size).toBeGreaterThanOrEqual(5)
    }
  })

  test('have an answer: every target sum can be reached', () => {
    for (let index = 0; index < 20; index++) {
      const { problem } = instances.sparseSubsetSum(seedRng(`reach/${index}`))
      expect(objectiveOf(problem, solveWith('meet-in-the-middle', problem))).toBe(1)
    }
  })
})

describe('attempts', () => {
  test('are rated against the best answer found, and a failure has no quality', () => {
    const attempts = attemptAll(makeTask('rated', 3), 'rated', limits)
    expect(attempts.map(({ arm }) => arm)).toEqual(portfolio.map(({ name }) => name))
    expect(Math.max(...attempts.map(({ quality }) => quality ?? 0))).toBe(1)
    for (const attempt of attempts) {
      expect(attempt.quality === null).toBe(!attempt.success)
      expect(attempt.error === null).toBe(attempt.success)
    }
  })

  test('lose quality in proportion to the distance, down to none at the tolerance', () => {
    expect(qualityOf(100, 100, 0.1)).toBe(1)
    expect(qualityOf(95, 100, 0.1)).toBeCloseTo(0.5)
    expect(qualityOf(105, 100, 0.1)).toBeCloseTo(0.5)
    expect(qualityOf(80, 100, 0.1)).toBe(0)
  })
})

function outcomeOf(run: () => readonly number[], withAnswer = false): unknown {
  try {
    const answer = run()
    return withAnswer ? answer : 'answer'
  } catch (error) {
    if (error instanceof AttemptError) return error.type
    throw error
  }
}

function permutations(items: readonly number[]): number[][] {
  if (items.length === 0) return [[]]
  return items.flatMap(first => permutations(items.filter(item => item !== first)).map(rest => [first, ...rest]))
}

/** Every way to put each of `count` jobs into one of `rooms` rooms or into none. */
function assignments(count: number, rooms: number): number[][] {
  if (count === 0) return [[]]
  return assignments(count - 1, rooms).flatMap(rest =>
    Array.from({ length: rooms + 1 }, (_, room) => [...rest, room - 1]),
  )
}
