import { normal, type Rng, seedRng, shuffle } from '../../math/rng.ts'
import { type Past, usualCostUsd } from './world.ts'

/** What a world is made of, before rounds are dealt out. All functions are pure. */
export interface Truth {
  /** Probability of success of `arm` on a task of `kind`; `identity` names the task among those that come again. */
  readonly rate: (moment: Moment, arm: number) => number
  /** US dollars; left out: 1 cent. */
  readonly costUsd?: (round: number, arm: number) => number
  /** First round in which the arm can be chosen; left out: 0. */
  readonly enters?: (arm: number) => number
  /** Probability that the outcome is never reported. */
  readonly missing?: (success: boolean) => number
  readonly changes?: readonly number[]
}

export interface Moment {
  readonly round: number
  readonly kind: number
  readonly identity: number
  readonly past: Past
}

export interface Size {
  readonly arms: number
  readonly kinds: number
  readonly rounds: number
}

const raisedCostUsd = 0.08

/** Arms that specialise: each kind of task has one arm that is 20 points better at it than its own level. */
export const specialists = (rng: Rng, size: Size): Truth => fixed(specialistRates(rng, size))

/** Arms that are good or bad at everything. With several kinds, their names say nothing about the arms. */
export function generalists(rng: Rng, { arms, kinds }: Size): Truth {
  const rates = Array.from({ length: arms }, () => 0.3 + 0.4 * rng())
  return fixed(Array.from({ length: kinds }, () => rates))
}

/** After a third the best and the worst arm change places; after two thirds the best arm's price rises eightfold. */
export function drifting(rng: Rng, size: Size): Truth {
  const before = specialistRates(rng, size)
  const [best, worst] = extremes(before)
  const place = (arm: number) => (arm === best ? worst : arm === worst ? best : arm)
  const swapped = before.map(row => row.map((_, arm) => row[place(arm)]!))
  const [dear] = extremes(swapped)
  const [swap, rise] = [Math.floor(size.rounds / 3), Math.floor((2 * size.rounds) / 3)]
  return {
    rate: ({ round, kind }, arm) => (round < swap ? before : swapped)[kind]![arm]!,
    costUsd: (round, arm) => (arm === dear && round >= rise ? raisedCostUsd : usualCostUsd),
    changes: [swap, rise],
  }
}

/** Half-way a new arm comes that is better than the best so far at every kind of task, by `margin`. */
export const newcomer = (margin: number) => (rng: Rng, size: Size) => {
  const known = specialistRates(rng, { ...size, arms: size.arms - 1 })
  const rates = known.map(row => [...row, Math.min(0.95, Math.max(...row) + margin)])
  const half = Math.floor(size.rounds / 2)
  return { ...fixed(rates), enters: (arm: number) => (arm === size.arms - 1 ? half : 0), changes: [half] }
}

/** Three in ten outcomes are never reported, whatever they were. */
export const missingAtRandom = (rng: Rng, size: Size): Truth => ({ ...specialists(rng, size), missing: () => 0.3 })

/** Failures take their report with them: 55 of 100 failures are never reported, 5 of 100 successes. */
export const missingFailures = (rng: Rng, size: Size): Truth => ({
  ...specialists(rng, size),
  missing: success => (success ? 0.05 : 0.55),
})

/** Who solves a task is settled per task and arm; one outcome in seventeen is luck. */
export function settled(rng: Rng, size: Size): Truth {
  const rates = specialistRates(rng, size)
  const seed = String(rng())
  return {
    rate({ kind, identity }, arm) {
      const own = seedRng(`${seed}/difficulty/${identity}`)
      const level = rates[kind]![arm]! + 0.15 * normal(own)
      return seedRng(`${seed}/solves/${identity}/${arm}`)() < level ? 0.94 : 0.06
    },
  }
}

/** Success has nothing to do with what was seen before: every 50 rounds all rates are drawn anew. */
export function unrelated(rng: Rng, { rounds }: Size): Truth {
  const seed = String(rng())
  const length = 50
  const changes = Array.from({ length: Math.ceil(rounds / length) - 1 }, (_, block) => (block + 1) * length)
  return { rate: ({ round }, arm) => seedRng(`${seed}/${Math.floor(round / length)}/${arm}`)(), changes }
}

/** An adversary who sees past frequencies turns success and failure round for each arm chosen more than its share. */
export function reversed(rng: Rng, size: Size): Truth {
  const rates = specialistRates(rng, size)
  return {
    rate({ kind, past }, arm) {
      const total = past.reduce((sum, count) => sum + count, 0)
      const rate = rates[kind]![arm]!
      return (past[arm] ?? 0) * size.arms > total ? 1 - rate : rate
    },
  }
}

function fixed(rates: readonly (readonly number[])[]): Truth {
  return { rate: ({ kind }, arm) => rates[kind]![arm]! }
}

/** `rates[kind][arm]`, each within .05 and .95. */
function specialistRates(rng: Rng, { arms, kinds }: Size): number[][] {
  const levels = Array.from({ length: arms }, () => 0.35 + 0.25 * rng())
  const order = shuffle(
    rng,
    levels.map((_, arm) => arm),
  )
  return Array.from({ length: kinds }, (_, kind) =>
    levels.map((level, arm) => {
      const own = level + 0.08 * normal(rng) + (order[kind % arms] === arm ? 0.2 : 0)
      return Math.min(0.95, Math.max(0.05, own))
    }),
  )
}

/** The arms with the highest and the lowest mean over all kinds. */
function extremes(rates: readonly (readonly number[])[]): [best: number, worst: number] {
  const means = rates[0]!.map((_, arm) => rates.reduce((sum, row) => sum + row[arm]!, 0))
  return [means.indexOf(Math.max(...means)), means.indexOf(Math.min(...means))]
}
