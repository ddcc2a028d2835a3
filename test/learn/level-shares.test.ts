import { describe, expect, test } from 'vitest'
import { EvidenceTable } from '../../src/learn/hierarchy/evidence.ts'
import { HierarchyModel } from '../../src/learn/hierarchy/model.ts'
import { TaskPrecision, taskVariances } from '../../src/learn/hierarchy/task-precision.ts'
import { levelShares, meanShares } from '../../src/learn/level-shares.ts'
import { inverse, multiply } from '../../src/math/linear.ts'

const prior = { mean: 0.5, shared: 2, own: 0.1, noise: 0.15 }
const category = { categoryShared: 0.15, categoryOwn: 0.16 }
const size = 4

/** How often the arms 1, 2 and 3 were observed on each task; index 0 stands for an arm that was never met. */
const once = [
  [0, 1, 0, 0],
  [0, 1, 0, 0],
  [0, 1, 0, 0],
  [0, 0, 1, 0],
]
const recurring = [...once, [0, 3, 1, 0], [0, 0, 2, 5]]

function modelOf(tasks: readonly (readonly number[])[]): HierarchyModel {
  const evidence = new EvidenceTable(null)
  for (const arm of ['a', 'b', 'c']) evidence.intern(arm)
  const precision = new TaskPrecision(evidence)
  for (const [task, counts] of tasks.entries()) {
    for (const [arm, n] of counts.entries()) {
      for (let i = 0; i < n; i++) {
        const cells = evidence.tasks.get(task)
        const before = cells && { arms: [...cells.arms], n: [...cells.n], s: [...cells.s] }
        evidence.add({ arm, category: 'web', task, value: arm / 3 }, 1)
        precision.change('web', before, evidence.tasks.get(task)!)
      }
    }
  }
  return new HierarchyModel({ ...category, ...taskVariances }, prior, evidence, precision)
}

const compound = (shared: number, own: number, n = size) =>
  Float64Array.from({ length: n * n }, (_, i) => shared + (i % (n + 1) === 0 ? own : 0))

/** What of a parent that is 1 for every arm reaches the mean of a child with spread Q, given data of that precision. */
function through(spread: Float64Array, precision: Float64Array): Float64Array {
  const parent = inverse(spread, size)
  const posterior = inverse(
    parent.map((value, i) => value + precision[i]!),
    size,
  )
  return multiply(posterior, multiply(parent, new Float64Array(size).fill(1), size), size)
}

/** Precision of what a task says of its arms: the inverse of their spread around the arm's value on the type. */
function taskPrecision(counts: readonly number[]): Float64Array {
  const { taskShared, taskOwn } = taskVariances
  const seen = [...counts.keys()].filter(arm => counts[arm]! > 0)
  const spread = compound(taskShared, taskOwn, seen.length)
  for (const [i, arm] of seen.entries()) spread[i * (seen.length + 1)]! += (1 - taskShared - taskOwn) / counts[arm]!
  const small = inverse(spread, seen.length)
  const whole = new Float64Array(size * size)
  for (const [i, a] of seen.entries()) {
    for (const [j, b] of seen.entries()) whole[a * size + b] = small[i * seen.length + j]!
  }
  return whole
}

describe('the shares of one model', () => {
  test.each([
    { name: 'tasks met once', tasks: once, task: 3 },
    { name: 'tasks that recur', tasks: recurring, task: 4 },
    { name: 'a task that was never met', tasks: recurring, task: 99 },
  ])('are what matrices inverted in full let through: $name', ({ tasks, task }) => {
    const shares = modelOf(tasks).shares('web', task, [0, 1, 2, 3])
    const sum = new Float64Array(size * size)
    for (const counts of tasks) for (const [i, value] of taskPrecision(counts).entries()) sum[i]! += value
    const byType = through(compound(category.categoryShared, category.categoryOwn), sum)
    const observed = new Float64Array(size * size)
    const noise = 1 - taskVariances.taskShared - taskVariances.taskOwn
    for (const [arm, n] of (tasks[task] ?? []).entries()) observed[arm * (size + 1)] = n / noise
    const byTask = through(compound(taskVariances.taskShared, taskVariances.taskOwn), observed)
    for (const [arm, share] of shares.entries()) {
      expect(share.task).toBeCloseTo(1 - byTask[arm]!, 10)
      expect(share.taskType).toBeCloseTo(byTask[arm]! * (1 - byType[arm]!), 10)
      expect(share.all).toBeCloseTo(byTask[arm]! * byType[arm]!, 10)
    }
    expect(shares[1]!.taskType).toBeGreaterThan(0.1)
  })

  test('leave the type nothing where a task has none, or a type that was never met', () => {
    for (const type of ['', 'legal']) {
      for (const { all, taskType } of modelOf(recurring).shares(type, 99, [0, 1])) {
        expect(all).toBe(1)
        expect(taskType).toBe(0)
      }
    }
  })
})

test('the shares of several models are their weighted mean', () => {
  const weighted = [
    { weight: 0.25, shares: levelShares(1, 1) },
    { weight: 0.75, shares: levelShares(0.5, 0.2) },
  ]
  const mean = meanShares(weighted)
  expect(mean.all).toBeCloseTo(0.325, 12)
  expect(mean.taskType).toBeCloseTo(0.075, 12)
  expect(mean.task).toBeCloseTo(0.6, 12)
})
