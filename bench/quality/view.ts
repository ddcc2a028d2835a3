import type { DataSet, Row, ViewRule } from './dataset.ts'
import { type Utility, utilityOf } from './utility.ts'

/** A set under one of its views: which arms there are, and what each execution is worth. */
export interface View {
  readonly name: string
  readonly set: string
  readonly tasks: readonly { readonly text: string; readonly taskType: string | null }[]
  readonly arms: readonly string[]
  readonly utility: Utility
  readonly successThreshold: number
  readonly offlineTests: readonly (readonly number[])[]
  readonly onlineOrders: readonly (readonly number[])[]
  /** Per task: its attempts, each with one execution per arm. Null: that arm has none, and is not offered there. */
  readonly attempts: readonly (readonly Attempt[])[]
  /** Rows left out because they have no reward. */
  readonly rowsWithoutReward: number
}

export type Attempt = readonly (Execution | null)[]

export interface Execution {
  readonly row: Row
  readonly reward: number
}

/** Applies a view's rule to its set. */
export function applyView(set: DataSet, rule: ViewRule): View {
  const kept = keptArms(set, rule.dropArmsWithMeanAtLeast ?? null)
  const arms = kept.map(arm => set.arms[arm]!)
  const place = new Map(kept.map((arm, index) => [arm, index]))
  const depth = rule.categoryDepth ?? set.categoryDepth
  const utility = utilityOf(rule.utility ?? undefined)
  const attempts: (Execution | null)[][][] = set.tasks.map(() => [])
  let rowsWithoutReward = 0
  for (const row of set.rows) {
    const arm = place.get(row.arm)
    if (arm === undefined) continue
    const reward = utility.reward(row, arms[arm]!)
    if (reward === null) {
      rowsWithoutReward++
      continue
    }
    const ofTask = attempts[row.task]!
    while (ofTask.length <= row.attempt) ofTask.push(arms.map(() => null))
    ofTask[row.attempt]![arm] = { row, reward }
  }
  return {
    name: rule.name,
    set: set.name,
    tasks: set.tasks.map(({ text, category }) => ({ text, taskType: shorten(category, depth) })),
    arms,
    utility,
    successThreshold: rule.successThreshold ?? set.successThreshold,
    offlineTests: set.offlineTests,
    onlineOrders: set.onlineOrders,
    attempts: attempts.map(ofTask => ofTask.filter(attempt => attempt.some(execution => execution !== null))),
    rowsWithoutReward,
  }
}

/** The mean reward of each arm on a task over its attempts; null without any. */
export function meanRewards(view: View, task: number): (number | null)[] {
  return view.arms.map((_, arm) => {
    const rewards = view.attempts[task]!.flatMap(attempt => attempt[arm]?.reward ?? [])
    return rewards.length === 0 ? null : rewards.reduce((a, b) => a + b, 0) / rewards.length
  })
}

/** Indexes of the arms whose mean quality over all their rows stays below the limit. */
function keptArms(set: DataSet, limit: number | null): number[] {
  const sums = set.arms.map(() => ({ total: 0, count: 0 }))
  for (const { arm, quality } of set.rows) {
    if (quality === null) continue
    sums[arm]!.total += quality
    sums[arm]!.count++
  }
  return [...set.arms.keys()].filter(arm => {
    const { total, count } = sums[arm]!
    return limit === null || count === 0 || total / count < limit
  })
}

/** The first `depth` parts of a category that is divided by slashes; null depth keeps all of it. */
function shorten(category: string | null, depth: number | null): string | null {
  return depth === null || category === null ? category : category.split('/').slice(0, depth).join('/')
}
