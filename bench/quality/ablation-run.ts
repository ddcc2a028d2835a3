import type { Policy } from '../../src/learn/policy/policy.ts'
import { hash53 } from '../../src/math/hash.ts'
import { drawIndex, type Rng, shuffle } from '../../src/math/rng.ts'
import { mean } from './hindsight.ts'
import type { Visit } from './online.ts'
import type { View } from './view.ts'

/** One round as a policy meets it: the task, the arms on offer and what each would give. */
export interface Step {
  readonly category: string | null
  /** Identity of the task, from its type and text as in the engine. */
  readonly task: number
  readonly arms: readonly string[]
  /** Same order as `arms`. */
  readonly rewards: readonly number[]
}

export interface Circumstances {
  /** Rounds until an outcome is known. */
  readonly delay: number
  /** Whether the policy is told what is in flight. */
  readonly tellsInFlight: boolean
}

/** Any day will do; that it is the same for all rounds keeps evidence from fading. */
const day = 20_000

export function stepsOf(view: View, visits: readonly Visit[]): Step[] {
  return visits.map(({ task, attempt }) => {
    const { text, taskType } = view.tasks[task]!
    const offered = attempt.flatMap((execution, arm) =>
      execution === null ? [] : [{ arm: view.arms[arm]!, reward: execution.reward }],
    )
    return {
      category: taskType,
      task: hash53(`${taskType ?? ''}\u0000${text}`),
      arms: offered.map(({ arm }) => arm),
      rewards: offered.map(({ reward }) => reward),
    }
  })
}

/** Drives a policy directly: choose, draw, be in flight, learn when the outcome comes. Returns the reward per round. */
export function drive(
  policy: Policy,
  steps: readonly Step[],
  rng: Rng,
  { delay, tellsInFlight }: Circumstances,
): number[] {
  const waiting: (() => void)[] = []
  return steps.map(({ category, task, arms, rewards }) => {
    const index = drawIndex(rng, policy.choose({ arms, category, task, day }).probabilities)
    const [arm, reward] = [arms[index]!, rewards[index]!]
    if (tellsInFlight) policy.begin(arm, category)
    waiting.push(() => {
      if (tellsInFlight) policy.end(arm, category)
      policy.learn({ arm, category, task, day, reward })
    })
    if (waiting.length > delay) waiting.shift()!()
    return reward
  })
}

/** The steps with no task type. */
export const untyped = (steps: readonly Step[]): Step[] => steps.map(step => ({ ...step, category: null }))

/** The steps with every task a new one. */
export const unremembered = (steps: readonly Step[]): Step[] => steps.map((step, task) => ({ ...step, task }))

/** From half-way, the arm with the best mean reward gives what the one with the worst did, and the other way round. */
export function swappedHalfWay(steps: readonly Step[]): Step[] {
  const ranked = armsByMean(steps)
  const [best, worst] = [ranked[0]!, ranked.at(-1)!]
  const renamed = (arm: string) => (arm === best ? worst : arm === worst ? best : arm)
  return steps.map((step, round) => (round < halfOf(steps) ? step : { ...step, arms: step.arms.map(renamed) }))
}

/** The first `tasks` different tasks, each met `visits` times with the same outcomes, in random order visit by visit. */
export function recurring(steps: readonly Step[], tasks: number, visits: number, rng: Rng): Step[] {
  const met = new Map<number, Step>()
  for (const step of steps) if (!met.has(step.task)) met.set(step.task, step)
  const first = [...met.values()].slice(0, tasks)
  return Array.from({ length: visits }, () => shuffle(rng, first)).flat()
}

/** The round with which the second half begins. */
export const halfOf = (steps: readonly unknown[]) => Math.floor(steps.length / 2)

function armsByMean(steps: readonly Step[]): string[] {
  const rewardsOf = (arm: string) => steps.flatMap(step => step.rewards[step.arms.indexOf(arm)] ?? [])
  const arms = [...new Set(steps.flatMap(step => step.arms))]
  const ranked = arms.map(arm => ({ arm, value: mean(rewardsOf(arm)) }))
  return ranked.toSorted((a, b) => b.value - a.value).map(({ arm }) => arm)
}
