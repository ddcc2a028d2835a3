import { seedRng } from '../math/rng.ts'
import { AttemptError, Budget } from './budget.ts'
import { check } from './check.ts'
import { type Answer, isMaximised } from './problems.ts'
import type { Limits } from './result.ts'
import { branchAndBound } from './solvers/branch-and-bound.ts'
import { dynamicProgramming } from './solvers/dynamic-programming.ts'
import { greedy } from './solvers/greedy.ts'
import { localSearch } from './solvers/local-search.ts'
import { meetInTheMiddle } from './solvers/meet-in-the-middle.ts'
import { randomRestarts } from './solvers/random-restarts.ts'
import { simulatedAnnealing } from './solvers/simulated-annealing.ts'
import { type Solver, solve } from './solvers/solver.ts'
import type { Task } from './tasks.ts'

/** The arms of the demo. */
export const portfolio: readonly Solver[] = [
  greedy,
  dynamicProgramming,
  branchAndBound,
  meetInTheMiddle,
  simulatedAnnealing,
  localSearch,
  randomRestarts,
]

/** What really happened when one solver tried one task. */
export interface Attempt {
  readonly arm: string
  readonly success: boolean
  /** Objective of the answer; null without a correct answer in time. */
  readonly value: number | null
  /** 1 for the best answer that any arm found, falling to 0 at the kind's tolerance; null without a correct answer in time. */
  readonly quality: number | null
  readonly durationMs: number
  readonly error: {
    readonly type: 'timeout' | 'validation' | 'quality_gate' | 'crash'
    readonly message: string
  } | null
}

/** Runs every solver on the task, one after the other, and rates the answers against the best of them. */
export function attemptAll(task: Task, seed: string, limits: Limits): Attempt[] {
  const attempts = portfolio.map(solver => attempt(solver, task, seed, limits))
  const values = attempts.flatMap(({ value }) => (value === null ? [] : [value]))
  const best = isMaximised(task.problem.family) ? Math.max(...values) : Math.min(...values)
  return attempts.map(attempt => ({
    ...attempt,
    quality: attempt.value === null ? null : qualityOf(attempt.value, best, task.kind.tolerance),
  }))
}

/** 1 - (relative distance from the best known value) / tolerance, not below 0. */
export function qualityOf(value: number, best: number, tolerance: number): number {
  return Math.max(0, 1 - Math.abs(value - best) / best / tolerance)
}

/** Utility as Tacit counts it by default: quality if there is one, else success, which is then 0. */
export const utilityOf = (attempt: Attempt): number => attempt.quality ?? 0

function attempt(solver: Solver, task: Task, seed: string, limits: Limits): Omit<Attempt, 'quality'> {
  const rng = seedRng(`${seed}/${task.index}/${solver.name}`)
  const startedMs = performance.now()
  let answer: Answer | null = null
  let error: Attempt['error'] = null
  try {
    answer = solve(solver, task.problem, new Budget(limits), rng)
  } catch (cause) {
    error = { type: cause instanceof AttemptError ? cause.type : 'crash', message: (cause as Error).message }
  }
  const durationMs = performance.now() - startedMs
  if (error === null && durationMs > limits.timeLimitMs) {
    error = { type: 'timeout', message: `the answer came after ${limits.timeLimitMs} ms` }
  }
  if (answer === null || error !== null) return { arm: solver.name, success: false, value: null, durationMs, error }
  const verdict = check(task.problem, answer)
  return verdict.feasible
    ? { arm: solver.name, success: true, value: verdict.value, durationMs, error: null }
    : {
        arm: solver.name,
        success: false,
        value: null,
        durationMs,
        error: { type: 'quality_gate', message: verdict.reason },
      }
}
