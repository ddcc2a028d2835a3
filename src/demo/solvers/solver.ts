import type { Rng } from '../../math/rng.ts'
import { AttemptError, type Budget } from '../budget.ts'
import type { Answer, Problem, ProblemOf } from '../problems.ts'

/**
 * One arm: a general strategy with a specialisation for each family that it fits. A family that is left out is refused
 * at once. A solver that must finish to have an answer throws AttemptError timeout when its budget ends.
 */
export interface Solver {
  readonly name: string
  readonly methods: { readonly [F in Problem['family']]?: Method<ProblemOf<F>> }
}

/** Solves one problem within the budget; randomness comes from `rng` alone. */
export type Method<P extends Problem> = (problem: P, budget: Budget, rng: Rng) => Answer

/** @throws AttemptError validation if the solver has no method for the family. */
export function solve(solver: Solver, problem: Problem, budget: Budget, rng: Rng): Answer {
  const method = solver.methods[problem.family] as Method<Problem> | undefined
  if (method === undefined) throw new AttemptError('validation', `${solver.name} does not apply to ${problem.family}`)
  return method(problem, budget, rng)
}

/** 0 … count - 1. */
export const indices = (count: number): number[] => Array.from({ length: count }, (_, index) => index)
/** The indices of `keys`, largest key first. */
export const byKeyDescending = (keys: readonly number[]): number[] =>
  indices(keys.length).sort((a, b) => keys[b]! - keys[a]!)
export const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0)
