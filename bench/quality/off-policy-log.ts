import type { LoggedChoice, Target } from '../../src/analyse/off-policy/logged-choice.ts'
import { drawIndex, integer, type Rng, seedRng } from '../../src/math/rng.ts'
import { bestSingleArm, mean } from './hindsight.ts'
import { meanRewards, type View } from './view.ts'

/** A view whose every reward is known, with a policy that logs it and policies to be judged by those logs. */
export interface LoggedWorld {
  readonly name: string
  readonly tasks: readonly LoggedTask[]
  readonly arms: number
  readonly targets: ReadonlyMap<TargetName, NamedTarget>
  /** Categories in which the logging policy's favourite is the best single arm, and the category's best arm. */
  readonly favourites: { readonly bestSingle: number; readonly categoryBest: number; readonly categories: number }
  /** What the logging policy earns. */
  readonly behaviour: number
}

interface LoggedTask {
  readonly category: number
  readonly arms: readonly number[]
  /** Of `arms`, moved to 0..1. */
  readonly rewards: readonly number[]
  readonly propensities: readonly number[]
}

export const targetNames = ['uniform', 'best single', 'per-category best'] as const
export type TargetName = (typeof targetNames)[number]
export interface NamedTarget {
  readonly target: Target
  /** Its mean reward over all tasks. */
  readonly truth: number
}

/** Shares of the logging policy: this one spread evenly, the rest on an arbitrary favourite arm per category. */
const uniformShare = 0.3

/** Rewards that leave 0..1 are moved there by the least and the greatest of the view. Tasks without rewards are left out. */
export function loggedWorld(view: View, seed: string): LoggedWorld {
  const matrix = view.tasks.map((_, task) => meanRewards(view, task))
  const known = matrix.flat().filter(reward => reward !== null)
  const low = known.reduce((least, reward) => Math.min(least, reward), 0)
  const high = known.reduce((most, reward) => Math.max(most, reward), 1)
  const categories = [...new Set(view.tasks.map(({ taskType }) => taskType))]
  const favouriteRng = seedRng(`favourites ${seed}`)
  const favourites = categories.map(() => integer(favouriteRng, view.arms.length))
  const tasks = matrix.flatMap((rewards, task) => {
    const arms = [...rewards.keys()].filter(arm => rewards[arm] !== null)
    if (arms.length === 0) return []
    const category = categories.indexOf(view.tasks[task]!.taskType)
    const spread = arms.includes(favourites[category]!) ? uniformShare : 1
    return [
      {
        category,
        arms,
        rewards: arms.map(arm => (rewards[arm]! - low) / (high - low)),
        propensities: arms.map(arm => spread / arms.length + (arm === favourites[category] ? 1 - spread : 0)),
      },
    ]
  })
  const single = bestSingleArm(matrix)
  const best = categories.map((_, category) =>
    bestSingleArm(matrix.filter((_, task) => categories.indexOf(view.tasks[task]!.taskType) === category)),
  )
  const shares: Readonly<Record<TargetName, (task: LoggedTask) => number[]>> = {
    uniform: ({ arms }) => arms.map(() => 1 / arms.length),
    'best single': ({ arms }) => onArm(arms, single),
    'per-category best': ({ arms, category }) => onArm(arms, best[category]!),
  }
  return {
    name: view.name,
    tasks,
    arms: view.arms.length,
    targets: new Map(targetNames.map(name => [name, namedTarget(tasks, tasks.map(shares[name]))])),
    favourites: {
      bestSingle: favourites.filter(arm => arm === single).length,
      categoryBest: favourites.filter((arm, category) => arm === best[category]).length,
      categories: categories.length,
    },
    behaviour: mean(tasks.map(({ rewards, propensities }) => expectation(rewards, propensities))),
  }
}

/** One log: every task once, its arm drawn by the logging policy. */
export function drawLog({ tasks }: LoggedWorld, rng: Rng): LoggedChoice[] {
  return tasks.map(({ category, arms, rewards, propensities }, task) => {
    const taken = drawIndex(rng, propensities)
    return { arms, taken, propensity: propensities[taken]!, propensities, category, task, reward: rewards[taken]! }
  })
}

/** All on one arm; spread evenly where that arm is not offered. */
function onArm(arms: readonly number[], wanted: number): number[] {
  return arms.map(arm => (arms.includes(wanted) ? Number(arm === wanted) : 1 / arms.length))
}

function namedTarget(tasks: readonly LoggedTask[], probabilities: readonly (readonly number[])[]): NamedTarget {
  const truth = mean(tasks.map(({ rewards }, task) => expectation(rewards, probabilities[task]!)))
  return { target: row => probabilities[row]!, truth }
}

function expectation(rewards: readonly number[], probabilities: readonly number[]): number {
  return rewards.reduce((sum, reward, index) => sum + reward * probabilities[index]!, 0)
}
