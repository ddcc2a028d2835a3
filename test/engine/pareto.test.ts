import { describe, expect, test } from 'vitest'
import { type Objective, type ObjectiveMean, place } from '../../src/engine/pareto.ts'
import { seedRng } from '../../src/math/rng.ts'
import { openEngine, stateHash } from './engine.ts'

const mean = (value: number | null, halfWidth: number | null = null): ObjectiveMean => ({
  mean: value,
  interval: value === null || halfWidth === null ? null : [value - halfWidth, value + halfWidth],
  n: value === null ? 0 : 10,
})
const arm = (name: string, success: ObjectiveMean, costUsd: ObjectiveMean) => ({
  arm: name,
  executions: 10,
  means: { success, costUsd },
})
const by: Objective[] = ['success', 'costUsd']

describe('the Pareto front', () => {
  test('holds the arms that no other arm beats, and names who dominates the others, and whether clearly', () => {
    const placed = place(
      [
        arm('wasteful', mean(0.7, 0.1), mean(5, 1)),
        arm('best', mean(0.9, 0.02), mean(3, 0.1)),
        arm('cheap', mean(0.5, 0.1), mean(1, 0.1)),
        arm('near', mean(0.85, 0.1), mean(3.1, 0.2)),
      ],
      by,
    )
    expect(placed.map(({ arm, place, dominatedBy }) => [arm, place, dominatedBy])).toEqual([
      ['best', 'front', []],
      ['cheap', 'front', []],
      ['near', 'dominated', [{ arm: 'best', isClear: false }]],
      [
        'wasteful',
        'dominated',
        [
          { arm: 'best', isClear: true },
          { arm: 'near', isClear: true },
        ],
      ],
    ])
  })

  test('keeps equals side by side', () => {
    const equal = place([arm('a', mean(0.5), mean(1)), arm('b', mean(0.5), mean(1))], by)
    expect(equal.map(({ place }) => place)).toEqual(['front', 'front'])
  })

  test('does not place an arm of which an objective is unknown, nor lets it beat others', () => {
    const placed = place([arm('new', mean(1), mean(null)), arm('old', mean(0.5), mean(1))], by)
    expect(placed.map(({ arm, place }) => [arm, place])).toEqual([
      ['old', 'front'],
      ['new', 'unknown'],
    ])
  })

  test('agrees on 200 seeded cases with a second method: an arm is on it if no single arm is better or equal throughout', () => {
    const rng = seedRng('pareto')
    let dominated = 0
    for (let i = 0; i < 200; i++) {
      const grid = () => Math.floor(rng() * 5) / 4
      const arms = Array.from({ length: 8 }, (_, j) => arm(`arm ${j}`, mean(grid()), mean(grid())))
      for (const { arm: name, place: found, means } of place(arms, by)) {
        const [success, cost] = [means.success!.mean!, means.costUsd!.mean!]
        const beaten = arms.some(({ means: other }) => {
          const gain = [other.success.mean! - success, cost - other.costUsd.mean!]
          return Math.min(...gain) >= 0 && Math.max(...gain) > 0
        })
        expect([name, found]).toEqual([name, beaten ? 'dominated' : 'front'])
        if (beaten) dominated++
      }
    }
    expect(dominated).toBeGreaterThan(400)
  })
})

describe('pareto()', () => {
  test('reads what arms achieved, with n and 95 % intervals, by task type, and writes nothing', async () => {
    const opened = await openEngine()
    const { tacit } = opened
    for (let i = 0; i < 10; i++) {
      const taskType = i < 6 ? 'database' : 'review'
      await tacit.record({ task: `t${i}`, taskType, arm: 'fast', success: i % 2 === 0, durationMs: 100, costUsd: 0.01 })
      await tacit.record({ task: `t${i}`, taskType, arm: 'sure', success: true, durationMs: 900 + i, costUsd: 0.02 })
      await tacit.record({
        task: `t${i}`,
        taskType,
        arm: 'poor',
        success: i % 3 === 0,
        durationMs: 2000,
        costUsd: 0.02,
      })
      await tacit.record({ task: `t${i}`, taskType, arm: 'free', success: true, durationMs: 5 })
    }
    const before = await stateHash(opened)
    const { arms, objectives } = await tacit.pareto()
    expect(objectives).toEqual(['success', 'durationMs', 'costUsd'])
    expect(arms.map(({ arm, place }) => [arm, place])).toEqual([
      ['fast', 'front'],
      ['sure', 'front'],
      ['poor', 'dominated'],
      ['free', 'unknown'],
    ])
    const poor = arms[2]!
    expect(poor.dominatedBy).toEqual([
      { arm: 'fast', isClear: true },
      { arm: 'sure', isClear: true },
    ])
    // 4 of 10: Wilson's interval; 900 … 909: t(9) = 2.2622, sd = 3.0277.
    expect(poor.means.success).toEqual({
      mean: 0.4,
      n: 10,
      interval: [expect.closeTo(0.1682, 4), expect.closeTo(0.6873, 4)],
    })
    expect(arms[1]!.means.durationMs).toEqual({
      mean: 904.5,
      n: 10,
      interval: [expect.closeTo(902.334, 3), expect.closeTo(906.666, 3)],
    })
    const review = await tacit.pareto({ taskType: 'review', objectives: ['success', 'durationMs'] })
    expect(review).toMatchObject({ taskType: 'review', objectives: ['success', 'durationMs'] })
    expect(review.arms.map(({ arm, place, executions }) => [arm, place, executions])).toEqual([
      ['free', 'front', 4],
      ['fast', 'dominated', 4],
      ['poor', 'dominated', 4],
      ['sure', 'dominated', 4],
    ])
    expect((await tacit.pareto({ taskType: 'none' })).arms).toEqual([])
    expect(await stateHash(opened)).toBe(before)
  })

  test('refuses objectives that do not exist, and fewer than two', async () => {
    const { tacit } = await openEngine()
    for (const objectives of [['speed', 'success'], ['success']]) {
      await expect(tacit.pareto({ objectives: objectives as Objective[] })).rejects.toMatchObject({
        code: 'INVALID_INPUT',
      })
    }
  })
})
