import { describe, expect, test } from 'vitest'
import type { ConfigInput } from '../../src/index.ts'
import { normal, seedRng } from '../../src/math/rng.ts'
import { dayMs, openEngine, stateHash } from './engine.ts'

/** The listed seeds, for worlds of 1,000 tasks through `decide` and `observe`. */
const seeds = ['budget 0', 'budget 1', 'budget 2', 'budget 3']
const taskCount = 1000
const kinds = ['database', 'review', 'summary']
const arms = ['small', 'medium', 'large']
/** Chance of success by kind and arm: the large arm is worth its price on one kind only. */
const chances = [
  [0.2, 0.4, 0.9],
  [0.5, 0.7, 0.75],
  [0.8, 0.85, 0.9],
] as const
const costs = [0.002, 0.01, 0.05] as const

/** Runs a world; costs are noisy, and known when the task is done. */
async function run(seed: string, budget: ConfigInput['budget'], length = taskCount) {
  const rng = seedRng(seed)
  const opened = await openEngine({ seed, ...(budget === undefined ? {} : { budget }) })
  const { tacit, clock } = opened
  const byDay = new Map<number, number>()
  let spent = 0
  let utility = 0
  for (let i = 0; i < length; i++) {
    clock.nowMs += dayMs / 200
    const kind = Math.floor(rng() * kinds.length)
    const decisionId = `d${i}`
    const choice = await tacit.decide({
      task: `a ${kinds[kind]!} task, number ${i}`,
      taskType: kinds[kind]!,
      arms,
      decisionId,
    })
    const arm = arms.indexOf(choice.arm)
    const costUsd = costs[arm]! * Math.exp(0.3 * normal(rng))
    const success = rng() < chances[kind]![arm]!
    await tacit.observe(decisionId, { success, costUsd, outcomeId: `o${i}` })
    spent += costUsd
    const day = Math.floor(clock.nowMs / dayMs)
    byDay.set(day, (byDay.get(day) ?? 0) + costUsd)
    utility += chances[kind]![arm]! / length
  }
  return { ...opened, spent, utility, days: [...byDay.values()] }
}

describe('a budget per task', () => {
  test('that binds and can be met is exceeded by at most 0.4 % over 1,000 tasks, and the utility given up is reported', async () => {
    const limit = 0.015
    for (const seed of seeds) {
      const { tacit, spent, utility } = await run(seed, { costUsd: { perTask: limit } })
      expect(spent / taskCount).toBeLessThanOrEqual(1.004 * limit)
      expect(spent / taskCount).toBeGreaterThan(0.9 * limit)
      const [account, ...others] = (await tacit.status()).budget
      expect(others).toEqual([])
      expect(account).toMatchObject({ resource: 'costUsd', period: 'task', limit, tasks: taskCount, state: 'binding' })
      expect(account!.spent).toBeCloseTo(spent, 3)
      expect(account!.meanPerTask).toBeCloseTo(spent / taskCount, 6)
      expect(account!.forgoneUtility).toBeGreaterThan(0)
      // Always the best arm of each kind reaches 0.85 for 0.05 each; what was really given up is near what was said: on
      // 16 other seeds 0.011 off in the mean, and at most 0.08 in one run.
      expect(Math.abs(0.85 - utility - account!.forgoneUtility!)).toBeLessThan(0.1)
      // All known, 0.729 could be reached under this ceiling, 0.5 with the small arm alone; learning costs a part.
      expect(utility).toBeGreaterThan(0.62)
    }
  }, 120_000)

  test('is on record in every choice, with exact probabilities, and replay agrees', async () => {
    const opened = await run('on record', { costUsd: { perTask: 0.015 } }, 150)
    const { tacit } = opened
    const choice = await tacit.decide({ task: 'one more review', taskType: 'review', arms, decisionId: 'last' })
    const [record] = choice.limits!.budget!
    expect(record).toMatchObject({ resource: 'costUsd', period: 'task', limit: 0.015, state: 'binding' })
    expect(record!.price).toBeGreaterThan(0)
    expect(record!.reserved).toBeGreaterThan(0)
    expect(choice.limits!.adjustment).toHaveLength(3)
    for (const penalty of choice.limits!.adjustment!) expect(penalty).toBeLessThan(0)
    expect(choice.propensity).toBe(choice.distribution[choice.arm])
    const accounts = (await tacit.status()).budget
    expect(await tacit.replay({ verify: true })).toMatchObject({ verified: true })
    expect((await tacit.status()).budget).toEqual(accounts)
    const hash = await stateHash(opened)
    await tacit.replay()
    expect(await stateHash(opened)).toBe(hash)
  })

  test('that even the cheapest arm exceeds is said to be unmeetable, in the choice and in the status', async () => {
    const { tacit } = await run('unmeetable', { costUsd: { perTask: 0.0005 } }, 120)
    const choice = await tacit.decide({ task: 'one more', taskType: 'review', arms })
    expect(choice.limits!.budget![0]!.state).toBe('unmeetable')
    expect(choice.distribution).toEqual({ small: 1, medium: 0, large: 0 })
    expect((await tacit.status()).budget[0]).toMatchObject({ state: 'unmeetable' })
  })

  test('that does not bind gives the choices that no budget gives', async () => {
    const free = await run('ample', undefined, 150)
    const ample = await run('ample', { costUsd: { perTask: 10 } }, 150)
    expect(ample.spent).toBe(free.spent)
    expect((await free.tacit.status()).budget).toEqual([])
    expect((await ample.tacit.status()).budget[0]).toMatchObject({ state: 'met', price: 0, forgoneUtility: 0 })
  })
})

describe('a budget per day', () => {
  test('is exceeded by at most 0.4 % on the mean of full days, and nearly used', async () => {
    const limit = 3
    for (const seed of seeds.slice(0, 2)) {
      const { days, tacit } = await run(seed, { costUsd: { perDay: limit } })
      expect(days.length).toBe(6)
      const full = days.slice(1, -1)
      const mean = full.reduce((sum, spent) => sum + spent / full.length, 0)
      expect(mean).toBeLessThanOrEqual(1.004 * limit)
      expect(mean).toBeGreaterThan(0.95 * limit)
      // The last dear task of a day is worth 1.7 % of it, and may cost more than was expected.
      for (const spent of days) expect(spent).toBeLessThan(1.03 * limit)
      const [account] = (await tacit.status()).budget
      expect(account!.spentToday).toBeCloseTo(days.at(-1)!, 3)
    }
  }, 120_000)
})

describe('the account of a budget', () => {
  test('reserves what is expected, takes the outcome in its place, and follows corrections', async () => {
    const { tacit } = await openEngine({ budget: { costUsd: { perTask: 1 } } })
    const account = async () => (await tacit.status()).budget[0]!
    for (let i = 0; i < 5; i++) await tacit.record({ task: `t${i}`, arm: 'a', success: true, costUsd: 0.5 })
    expect(await account()).toMatchObject({ tasks: 0, spent: 0, meanPerTask: null, forgoneUtility: null })
    const { limits } = await tacit.decide({ task: 't', arms: ['a'], decisionId: 'd' })
    const { reserved, forecast } = limits!.budget![0]!
    expect(reserved).toBe(forecast)
    expect(reserved).toBeCloseTo(0.5, 2)
    expect(await account()).toMatchObject({ tasks: 1, spent: reserved })
    await tacit.observe('d', { success: true, outcomeId: 'o1' })
    expect((await account()).spent).toBeCloseTo(reserved, 12)
    await tacit.observe('d', { success: true, costUsd: 0.75, outcomeId: 'o2' })
    expect((await account()).spent).toBeCloseTo(0.75, 12)
    await tacit.observe('d', { success: true, costUsd: 0.25, outcomeId: 'o3' })
    await tacit.observe('d', { success: true, costUsd: 0.25, outcomeId: 'o3' })
    expect((await account()).spent).toBeCloseTo(0.25, 12)
    expect(await tacit.replay({ verify: true })).toMatchObject({ verified: true })
  })

  test('takes what a task may cost where nothing is known', async () => {
    const { tacit } = await openEngine({ budget: { costUsd: { perTask: 0.2 } } })
    const { limits } = await tacit.decide({ task: 't', arms: ['a', 'b'] })
    expect(limits!.budget![0]).toMatchObject({ forecast: null, cheapest: null, reserved: 0.2, state: 'met' })
  })

  test('starts each UTC day anew', async () => {
    const { tacit, clock } = await openEngine({ budget: { costUsd: { perDay: 1 } } })
    for (let i = 0; i < 3; i++) {
      await tacit.decide({ task: `t${i}`, arms: ['a'], decisionId: `d${i}` })
      await tacit.observe(`d${i}`, { success: true, costUsd: 0.1 })
    }
    expect((await tacit.status()).budget[0]).toMatchObject({
      tasks: 3,
      tasksToday: 3,
      spentToday: expect.closeTo(0.3, 9),
    })
    clock.nowMs += dayMs
    expect((await tacit.status()).budget[0]).toMatchObject({ tasks: 3, tasksToday: 0, spentToday: 0 })
  })

  test('covers tokens and milliseconds too', async () => {
    const { tacit } = await openEngine({ budget: { tokens: { perTask: 1000 }, durationMs: { perDay: 10_000 } } })
    for (let i = 0; i < 12; i++) {
      const { arm } = await tacit.decide({ task: `t${i}`, arms: ['brief', 'wordy'], decisionId: `d${i}` })
      const tokens = arm === 'wordy' ? 4000 : 400
      await tacit.observe(`d${i}`, {
        success: true,
        durationMs: 100,
        resources: { inputTokens: tokens / 2, outputTokens: tokens / 2 },
      })
    }
    const { budget } = await tacit.status()
    expect(budget.map(({ resource, period }) => [resource, period])).toEqual([
      ['tokens', 'task'],
      ['durationMs', 'day'],
    ])
    expect(budget[0]!.spent % 400).toBe(0)
    expect(budget[1]!.spent).toBeCloseTo(1200, 9)
    const { distribution } = await tacit.decide({ task: 'more', arms: ['brief', 'wordy'] })
    expect(distribution.brief).toBeGreaterThan(0.9)
    expect(await tacit.replay({ verify: true })).toMatchObject({ verified: true })
  })
})
