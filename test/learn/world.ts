import type { Policy } from '../../src/learn/policy/policy.ts'
import { drawIndex, integer, type Rng, seedRng, shuffle } from '../../src/math/rng.ts'

/** A seeded world with a known optimum: the chance of success of every arm on every task. */
export interface World {
  readonly arms: number
  /** Kinds of task, drawn evenly. */
  readonly kinds: number
  /** Chance of success of an arm on a kind of task, in a round. */
  readonly chance: (arm: number, kind: number, round: number) => number
}

export interface Play {
  readonly rounds: number
  /** What the policy is told of the kind. Default: the truth. */
  readonly categoryOf?: (kind: number, rng: Rng) => string | null
  /** Identity of the task. Default: every task is a new one. */
  readonly taskOf?: (round: number, kind: number) => number
  /** Outcomes are dealt out to the arms at random: nothing can be learned. */
  readonly isShuffled?: boolean
  /** Rounds until an outcome is known. */
  readonly delay?: number
  /** Whether the policy is told what is in flight. */
  readonly tellsInFlight?: boolean
  readonly roundsPerDay?: number
}

export interface Result {
  /** Expected reward of the arm taken, per round. */
  readonly expected: readonly number[]
  /** The same for the best arm of that task, and for a uniform choice. */
  readonly best: readonly number[]
  readonly uniform: readonly number[]
  /** Reward received less the mean reward of all arms on that task, per round. */
  readonly gains: readonly number[]
}

/** Lets a policy decide and learn in a world. The world's luck depends on the seed alone, not on the policy. */
export function play(policy: Policy, world: World, seed: string, options: Play): Result {
  const [luck, labels, draws] = ['luck', 'labels', 'draws'].map(part => seedRng(`${seed} ${part}`)) as [Rng, Rng, Rng]
  const arms = Array.from({ length: world.arms }, (_, arm) => `arm ${arm}`)
  const { rounds, categoryOf = kind => `kind ${kind}`, taskOf = round => round } = options
  const { isShuffled = false, delay = 0, tellsInFlight = true, roundsPerDay = 50 } = options
  const waiting: (() => void)[] = []
  const result = { expected: [] as number[], best: [] as number[], uniform: [] as number[], gains: [] as number[] }
  for (let round = 0; round < rounds; round++) {
    const kind = integer(luck, world.kinds)
    const chances = arms.map((_, arm) => world.chance(arm, kind, round))
    const outcomes = chances.map(chance => (luck() < chance ? 1 : 0))
    const rewards = isShuffled ? shuffle(luck, outcomes) : outcomes
    const category = categoryOf(kind, labels)
    const [task, day] = [taskOf(round, kind), round / roundsPerDay]
    policy.advance(day)
    const { probabilities } = policy.choose({ arms, category, task, day })
    const index = drawIndex(draws, probabilities)
    const [arm, reward] = [arms[index]!, rewards[index]!]
    if (tellsInFlight) policy.begin(arm, category)
    waiting.push(() => {
      if (tellsInFlight) policy.end(arm, category)
      policy.learn({ arm, category, task, day, reward })
    })
    if (waiting.length > delay) waiting.shift()!()
    result.expected.push(chances[index]!)
    result.best.push(Math.max(...chances))
    result.uniform.push(mean(chances))
    result.gains.push(reward - mean(rewards))
  }
  return result
}

export const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length

/** Standard error of the mean of independent values. */
export function standardError(values: readonly number[]): number {
  const centre = mean(values)
  return Math.sqrt(mean(values.map(value => (value - centre) ** 2)) / (values.length - 1))
}

export const firstHalf = <T>(values: readonly T[]) => values.slice(0, values.length / 2)
export const secondHalf = <T>(values: readonly T[]) => values.slice(values.length / 2)
