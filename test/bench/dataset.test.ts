import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type DataSet, findDataSets, readDataSet } from '../../bench/quality/dataset.ts'
import { applyView, meanRewards, type View } from '../../bench/quality/view.ts'
import { syntheticLines, syntheticSplits, syntheticViews, writeFolder, writeSynthetic } from './synthetic.ts'

const small = writeSynthetic()
let set: DataSet
const view = (name: string): View => applyView(set, set.views.find(rule => rule.name === name)!)
const rewards = (of: View, task: number) => of.attempts[task]!.map(attempt => attempt.map(each => each?.reward ?? null))

beforeAll(() => {
  set = readDataSet(join(small.folder, 'small'), 'small')
})
afterAll(() => small.remove())

describe('a data set', () => {
  it('keeps tasks and arms in the order of their first appearance', () => {
    expect(set.tasks.map(({ text }) => text)).toEqual([0, 1, 2, 3].map(task => `do the thing number ${task}`))
    expect(set.arms).toEqual(['strong', 'even', 'weak'])
    expect(set.rows).toHaveLength(23)
  })

  it('counts attempts from 0 in the order of their numbers', () => {
    const ofWeak = set.rows.filter(({ task, arm }) => task === 0 && arm === 2)
    expect(ofWeak.map(({ attempt, quality }) => [attempt, quality])).toEqual([
      [0, 0],
      [1, 1],
    ])
  })

  it('counts repeated rows as attempts where they are not numbered, and a missing value stays unknown', () => {
    const lines = [0, 1].map(quality => ({ task_id: 'x', task_text: '', arm: 'one', quality }))
    const unnumbered = writeFolder({ x: { lines, views: syntheticViews, splits: {} } })
    const { rows, tasks, offlineTests } = readDataSet(join(unnumbered.folder, 'x'), 'x')
    unnumbered.remove()
    expect(rows.map(({ attempt, durationS, costUsd }) => [attempt, durationS, costUsd])).toEqual([
      [0, null, null],
      [1, null, null],
    ])
    expect(tasks).toEqual([{ text: 'x', category: null }])
    expect(offlineTests).toEqual([])
  })

  it('is found by its three files, and other folders are named with what they lack', () => {
    mkdirSync(join(small.folder, 'other'))
    expect(findDataSets(small.folder)).toEqual({
      found: ['small'],
      skipped: [{ name: 'other', lacks: ['executions.jsonl.gz', 'splits.json.gz', 'views.json'] }],
    })
  })

  it.each([
    [
      'a quality above 1',
      { lines: [{ ...syntheticLines[0], quality: 2 }], views: syntheticViews, splits: {} },
      /gz:1: quality/,
    ],
    [
      'an order of unknown tasks',
      { lines: syntheticLines, views: syntheticViews, splits: { online_order_task_index: [[9]] } },
      /task index 9/,
    ],
    [
      'a rule that the bench does not know',
      { lines: syntheticLines, views: { views: [{ name: 'x', drop: 'all' }] }, splits: syntheticSplits },
      /views\.json/,
    ],
  ])('with %s is refused, naming the place', (_, wrong, message) => {
    const folder = writeFolder({ wrong })
    expect(() => readDataSet(join(folder.folder, 'wrong'), 'wrong')).toThrow(message)
    folder.remove()
  })
})

describe('a view', () => {
  it('without a rule has every arm, and its reward is the quality', () => {
    expect(view('small').arms).toEqual(['strong', 'even', 'weak'])
    expect(rewards(view('small'), 0)).toEqual([
      [1, 1, 0],
      [1, 1, 1],
    ])
  })

  it('shortens categories to the declared depth', () => {
    expect(view('small').tasks.map(({ taskType }) => taskType)).toEqual(['a', 'a', 'b', 'b'])
  })

  it('may have a depth and a success threshold of its own', () => {
    const own = applyView(set, { name: 'own', categoryDepth: 2, successThreshold: 0.7 })
    expect(own.tasks[0]!.taskType).toBe('a/one')
    expect([own.successThreshold, view('small').successThreshold]).toEqual([0.7, 0.5])
  })

  it('knows no reward where an arm has no execution', () => {
    expect(rewards(view('small'), 3)).toEqual([
      [1, 0, 0],
      [1, null, 1],
    ])
  })

  it('drops the arms whose mean quality reaches the limit', () => {
    expect(view('small_mid').arms).toEqual(['even', 'weak'])
    expect(rewards(view('small_mid'), 0)).toEqual([
      [1, 0],
      [1, 1],
    ])
  })

  it('takes the utility from quality, duration and arm, a missing duration as declared', () => {
    // strong: 1 - .5 x .8 - .25; even: 1 - .5 x .2; weak: 0 - .5 (missing: 10 s), then 1 - .5 x .1
    const [first, second] = rewards(view('small_u'), 0)
    for (const [index, value] of [0.35, 0.9, -0.5].entries()) expect(first![index]).toBeCloseTo(value, 12)
    for (const [index, value] of [0.35, 0.9, 0.95].entries()) expect(second![index]).toBeCloseTo(value, 12)
  })

  it('gives an arm the mean over its attempts offline', () => {
    expect(meanRewards(view('small'), 3)).toEqual([1, 0, 0.5])
  })

  it('leaves out, and counts, rows without a reward', () => {
    const lines = syntheticLines.map((line, index) => (index === 0 ? { ...line, quality: null } : line))
    const folder = writeFolder({ x: { lines, views: syntheticViews, splits: {} } })
    const other = readDataSet(join(folder.folder, 'x'), 'x')
    folder.remove()
    const applied = applyView(other, other.views[0]!)
    expect(applied.rowsWithoutReward).toBe(1)
    expect(applied.attempts[0]![0]![0]).toBeNull()
  })
})
