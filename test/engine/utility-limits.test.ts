import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { admitted, breachOf } from '../../src/engine/constraints.ts'
import type { ConfigInput } from '../../src/index.ts'
import type { Estimate, Prediction } from '../../src/records.ts'
import { collect } from '../helpers/collect.ts'
import { dayMs, openEngine, stateHash } from './engine.ts'

const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0)
const estimate = (value: number | null, nEff = 10): Estimate => ({ value, interval: null, nEff })
const forecast = (over: Partial<Prediction>): Prediction => ({
  pSuccess: estimate(0.5),
  durationMs: estimate(1000),
  costUsd: estimate(0.01),
  model: 'test',
  ...over,
})
const none = { maxCostUsd: null, maxDurationMs: null, maxCpuTimeMs: null, maxPeakMemoryMb: null, minPSuccess: null }

/** An engine that has seen `good` (dear, slow, 9 of 10 solved) and `cheap` (cheap, fast, 4 of 10 solved) 20 times each. */
async function experienced(options: ConfigInput = {}) {
  const opened = await openEngine(options)
  for (let i = 0; i < 20; i++) {
    await opened.tacit.record({ task: `past ${i}`, arm: 'good', success: i % 10 !== 0, durationMs: 9000, costUsd: 0.5 })
    await opened.tacit.record({ task: `past ${i}`, arm: 'cheap', success: i % 10 < 4, durationMs: 500, costUsd: 0.01 })
  }
  return opened
}
const request = { task: 'something new', arms: ['good', 'cheap', 'never tried'] }

describe('the utility', () => {
  test('has success as a term of its own, beside quality', async () => {
    const { tacit } = await openEngine({ utility: { quality: { weight: 0.5 }, success: { weight: 0.5 } } })
    for (let i = 0; i < 20; i++) {
      await tacit.record({ task: `t${i}`, arm: 'polished', success: false, quality: 0.8 })
      await tacit.record({ task: `t${i}`, arm: 'plain', success: true, quality: 0.6 })
    }
    const { arms } = await tacit.recommend({ task: 'next' })
    expect(arms.map(({ arm }) => arm)).toEqual(['plain', 'polished'])
    expect(arms[0]!.utility.value).toBeGreaterThan(0.7)
    expect(arms[1]!.utility.value).toBeLessThan(0.5)
  })

  test('declared later gives the state that it would have given from the start', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'tacit-utility-'))
    onTestFinished(() => rmSync(folder, { recursive: true }))
    const db = join(folder, 'a.db')
    const first = await experienced({ db })
    for (let i = 0; i < 10; i++) {
      const { decisionId } = await first.tacit.decide({ ...request, decisionId: `d${i}` })
      await first.tacit.observe(decisionId, {
        success: i % 3 > 0,
        durationMs: 100 * i,
        costUsd: 0.02,
        outcomeId: `o${i}`,
      })
    }
    await first.tacit.feedback('d3', { value: 'good', feedbackId: 'f' })
    const log = await collect(first.tacit.exportFacts())
    const before = await stateHash(first)
    await first.tacit.close()

    const utility = { version: 2, costUsd: { weight: -0.5, missing: 0 }, durationMs: { weight: -0.2, to: 9000 } }
    const later = await openEngine({ db, utility })
    const fromTheStart = await openEngine({ utility })
    await fromTheStart.tacit.importFacts(log)
    expect(log.length).toBe(80 + 21)
    expect(await stateHash(later)).toEqual(await stateHash(fromTheStart))
    expect(await stateHash(later)).not.toEqual(before)
    expect(await later.tacit.replay({ verify: true })).toMatchObject({ verified: true })
    await later.tacit.close()
    const back = await openEngine({ db })
    expect(await stateHash(back)).toEqual(before)
  })
})

describe('a constraint', () => {
  test('names what a forecast breaks and by how much, relative to the limit', () => {
    const constraints = { ...none, maxCostUsd: 0.01, maxDurationMs: 400, minPSuccess: 0.8 }
    expect(breachOf(forecast({ costUsd: estimate(0.01) }), { ...none, maxCostUsd: 0.01 })).toEqual({
      broken: [],
      excess: 0,
    })
    const { broken, excess } = breachOf(forecast({}), constraints)
    expect(broken).toEqual(['maxDurationMs', 'minPSuccess'])
    expect(excess).toBeCloseTo(600 / 400 + 0.3 / 0.8, 12)
  })

  test('is not broken by what is unknown, or rests on less than one observation', () => {
    const constraints = { ...none, maxCostUsd: 0.001, maxDurationMs: 1 }
    expect(breachOf(forecast({ costUsd: estimate(null, 0), durationMs: estimate(9, 0.5) }), constraints).excess).toBe(0)
  })

  test('that no arm keeps leaves the least bad', () => {
    expect(admitted([0, 0.2, 0].map(excess => ({ broken: [], excess })))).toEqual({ places: [0, 2], noneFits: false })
    expect(admitted([0.3, 0.2, 0.2].map(excess => ({ broken: [], excess })))).toEqual({
      places: [1, 2],
      noneFits: true,
    })
  })

  test('leaves arms out whose forecast breaks it, and the choice says which and why', async () => {
    const { tacit } = await experienced({ constraints: { maxCostUsd: 0.1 } })
    const choice = await tacit.decide(request)
    expect(choice.distribution.good).toBe(0)
    expect(choice.arm).not.toBe('good')
    expect(sum(Object.values(choice.distribution))).toBeCloseTo(1, 12)
    expect(choice.limits).toEqual({ excluded: { good: ['maxCostUsd'] } })
    const ranked = (await tacit.recommend(request)).arms
    expect(ranked.at(-1)).toMatchObject({ arm: 'good', probability: 0 })
  })

  test('that no arm can keep takes the least bad, and the choice says so', async () => {
    const { tacit } = await experienced({ constraints: { maxCostUsd: 0.001 } })
    const choice = await tacit.decide({ ...request, arms: ['good', 'cheap'] })
    expect(choice).toMatchObject({ arm: 'cheap', propensity: 1, explored: false, limits: { noneFits: true } })
    expect(choice.limits!.excluded).toEqual({ good: ['maxCostUsd'], cheap: ['maxCostUsd'] })
  })

  test('lets an arm come back when the evidence against it has faded', async () => {
    const { tacit, clock } = await experienced({ constraints: { minPSuccess: 0.7 } })
    expect((await tacit.decide(request)).distribution.cheap).toBe(0)
    clock.nowMs += 200 * dayMs
    expect((await tacit.decide(request)).distribution.cheap).toBeGreaterThan(0)
  })
})

describe('an override of an arm', () => {
  test('keeps its least and its largest share, and the probability on record is exact', async () => {
    const arms = { good: { maxProbability: 0.5 }, 'never tried': { minProbability: 0.2 } }
    const { tacit } = await experienced({ arms, learning: { minProbability: 0 } })
    const taken: Record<string, number> = {}
    const draws = 400
    let expected: Readonly<Record<string, number>> = {}
    for (let i = 0; i < draws; i++) {
      const { arm, propensity, distribution } = await tacit.decide({
        ...request,
        joinDeadlineMs: 0.001,
        decisionId: `d${i}`,
      })
      expect(propensity).toBe(distribution[arm])
      expect(distribution.good).toBeLessThanOrEqual(0.5)
      expect(distribution['never tried']).toBeGreaterThanOrEqual(0.2)
      expect(sum(Object.values(distribution))).toBeCloseTo(1, 12)
      taken[arm] = (taken[arm] ?? 0) + 1
      expected = distribution
    }
    // Four standard errors of a share over 400 draws are at most 0.1.
    for (const [arm, p] of Object.entries(expected)) expect(Math.abs((taken[arm] ?? 0) / draws - p)).toBeLessThan(0.1)
  })

  test('whose shares leave no distribution is scaled, and the choice says so', async () => {
    const { tacit } = await experienced({ arms: { good: { maxProbability: 0.1 }, cheap: { maxProbability: 0.3 } } })
    const { distribution, limits } = await tacit.decide({ ...request, arms: ['good', 'cheap'] })
    expect(distribution).toEqual({ good: expect.closeTo(0.25, 12), cheap: expect.closeTo(0.75, 12) })
    expect(limits).toEqual({ sharesUnmet: true })
  })

  test('leaves out an arm whose predicted success is below its own least one', async () => {
    const { tacit } = await experienced({ arms: { cheap: { minPSuccess: 0.9 } } })
    expect(await tacit.decide(request)).toMatchObject({
      distribution: { cheap: 0 },
      limits: { excluded: { cheap: ['minPSuccess'] } },
    })
    const alone = await tacit.decide({ task: 'alone', arms: ['cheap'] })
    expect(alone).toMatchObject({ arm: 'cheap', propensity: 1, limits: { noneFits: true } })
  })

  test('with priority decides between equals only', async () => {
    const { tacit } = await openEngine({
      arms: { b: { priority: 'high' }, c: { priority: 'low' } },
      learning: { minProbability: 0 },
    })
    expect((await tacit.decide({ task: 't', arms: ['a', 'b', 'c'] })).distribution).toEqual({ a: 0, b: 1, c: 0 })
    for (let i = 0; i < 20; i++) {
      await tacit.record({ task: `t${i}`, arm: 'a', success: true })
      await tacit.record({ task: `t${i}`, arm: 'b', success: false })
      await tacit.record({ task: `t${i}`, arm: 'c', success: false })
    }
    expect((await tacit.recommend({ task: 'next' })).arms.map(({ arm }) => arm)).toEqual(['a', 'b', 'c'])
  })

  test('with a cache time gives the same task the same arm again, until the time is over or an outcome came', async () => {
    const forAll = { cacheMs: 60_000 }
    const arms = { a: forAll, b: forAll, c: forAll }
    const { tacit, clock } = await openEngine({ arms })
    const ask = () => tacit.decide({ task: 'again', arms: ['a', 'b', 'c'] })
    const first = await ask()
    expect(first.limits).toBeUndefined()
    for (let i = 0; i < 12; i++) {
      clock.nowMs += 4_900
      expect(await ask()).toMatchObject({ arm: first.arm, propensity: 1, limits: { kept: true } })
    }
    clock.nowMs += 4_900
    const second = await ask()
    expect(second.limits).toBeUndefined()
    expect((await tacit.decide({ task: 'another', arms: ['a', 'b', 'c'] })).propensity).toBeLessThan(1)
    expect((await ask()).limits).toEqual({ kept: true })
    expect(await tacit.replay({ verify: true })).toMatchObject({ verified: true })
    await tacit.observe(second.decisionId, { success: false })
    expect((await ask()).limits).toBeUndefined()
  })

  test('with bounds that contradict each other is refused', async () => {
    await expect(openEngine({ arms: { a: { minProbability: 0.6, maxProbability: 0.5 } } })).rejects.toMatchObject({
      code: 'INVALID_CONFIG',
    })
  })
})

describe('exploration', () => {
  test('is left out for urgent tasks and near deadlines: the best arm is taken for certain', async () => {
    const { tacit, clock } = await experienced({ exploration: { noneFromPriority: 5, noneWithinMs: 60_000 } })
    const decide = async (context: object) => tacit.decide({ ...request, context })
    const deadline = (ms: number) => new Date(clock.nowMs + ms)
    expect(await decide({ priority: 5 })).toMatchObject({ arm: 'good', propensity: 1, limits: { greedy: 'priority' } })
    expect(await decide({ deadline: deadline(59_000) })).toMatchObject({
      propensity: 1,
      limits: { greedy: 'deadline' },
    })
    for (const context of [{ priority: 4 }, { deadline: deadline(61_000) }, {}]) {
      const choice = await decide(context)
      expect(choice.limits).toBeUndefined()
      expect(choice.propensity).toBeLessThan(1)
    }
  })

  test('left out among equals shares the choice evenly', async () => {
    const { tacit } = await openEngine({ exploration: { noneFromPriority: 0 } })
    const { distribution } = await tacit.decide({ task: 't', arms: ['a', 'b'], context: { priority: 0 } })
    expect(distribution).toEqual({ a: 0.5, b: 0.5 })
  })

  test('stays under its ceiling in every window, also after a restart and a replay', async () => {
    const exploration = { maxShare: 0.1, window: 20 }
    const opened = await experienced({ exploration, learning: { minProbability: 0.5 } })
    const { tacit } = opened
    const explored: boolean[] = []
    for (let i = 0; i < 200; i++) {
      const choice = await tacit.decide({ ...request, decisionId: `d${i}` })
      explored.push(choice.explored)
      if (choice.limits?.greedy === 'exploredShare') expect(choice).toMatchObject({ explored: false })
      await tacit.observe(`d${i}`, { success: choice.arm === 'good' })
    }
    const inWindow = explored.map((_, i) => explored.slice(i, i + 20).filter(Boolean).length)
    expect(Math.max(...inWindow)).toBe(2)
    expect(explored.filter(Boolean).length).toBeGreaterThan(10)
    expect(await tacit.replay({ verify: true })).toMatchObject({ verified: true })
  })
})

describe('load', () => {
  test('discounts a loaded arm by the declared weight, and is on record', async () => {
    const { tacit } = await experienced({ loadWeight: 0.8, learning: { minProbability: 0 } })
    const arms = ['good', 'cheap']
    const free = await tacit.decide({ ...request, arms })
    expect(free.limits).toBeUndefined()
    const loaded = await tacit.decide({ ...request, arms, context: { loads: { good: 1 } } })
    expect(loaded.limits).toEqual({ adjustment: [-0.8, 0] })
    expect(loaded.distribution.good).toBeLessThan(free.distribution.good!)
    expect(loaded.arm).toBe('cheap')
    const log = await collect(tacit.exportFacts())
    expect(log.at(-1)).toMatchObject({ kind: 'decision', body: { context: { loads: { good: 1 } } } })
  })
})
