import { describe, expect, test } from 'vitest'
import { loadConfig } from '../../src/config.ts'
import { successOf, utilityOf } from '../../src/engine/utility.ts'
import type { ConfigInput } from '../../src/index.ts'
import type { FactOf, Outcome } from '../../src/records.ts'
import { feedbackFact, outcomeFact, recorded } from '../helpers/facts.ts'
import { openEngine, stateHash, sufficientStatistics } from './engine.ts'

type Weights = NonNullable<ConfigInput['utility']>

function utility(weights: Weights, outcome: Partial<Outcome['body']>, feedback: FactOf<'feedback'>[] = []) {
  const unknown = { success: null, quality: null, durationMs: null, costMicroUsd: null }
  const { body } = outcomeFact('e', { body: { ...unknown, ...outcome } })
  return utilityOf(body, feedback, loadConfig({ flags: { utility: weights } }).config.utility)
}
const rating = (value01: number, dimension = 'overall') =>
  recorded(feedbackFact('e', { body: { value: value01, value01, dimension } }), 1)

describe('utility', () => {
  test('is quality if given, else success, else unknown', () => {
    expect(utility({}, { quality: 0.3, success: true })).toBe(0.3)
    expect(utility({}, { success: true })).toBe(1)
    expect(utility({}, { success: false })).toBe(0)
    expect(utility({}, { durationMs: 5, costMicroUsd: 7 })).toBeNull()
  })

  test('adds each weighted value on its scale, clipped', () => {
    const weights = { durationMs: { weight: -0.5, to: 1000 }, costUsd: { weight: -0.25, to: 2 } }
    expect(utility(weights, { success: true, durationMs: 500, costMicroUsd: 1_000_000 })).toBe(1 - 0.25 - 0.125)
    expect(utility(weights, { success: true, durationMs: 9e9, costMicroUsd: 9e9 })).toBe(0.25)
    const logarithmic = { durationMs: { weight: 1, scale: 'log10', from: 10, to: 1000 } } as const
    expect(utility(logarithmic, { success: false, durationMs: 100 })).toBeCloseTo(0.5, 12)
    expect(utility(logarithmic, { success: false, durationMs: 0 })).toBe(0)
    expect(utility(logarithmic, { success: false, durationMs: 1e6 })).toBe(1)
  })

  test('may run downwards, so that less is better', () => {
    const weights = { quality: { weight: 0 }, durationMs: { weight: 1, from: 1000, to: 0 } }
    expect(utility(weights, { durationMs: 250 })).toBe(0.75)
  })

  test('with a weighted value missing is unknown, unless a value to assume was declared', () => {
    expect(utility({ costUsd: { weight: -1 } }, { success: true })).toBeNull()
    expect(utility({ costUsd: { weight: 0 } }, { success: true })).toBe(1)
    expect(utility({ costUsd: { weight: -1, to: 4, missing: 1 } }, { success: true })).toBe(0.75)
    expect(utility({ quality: { weight: 1, missing: 0.5 } }, {})).toBe(0.5)
  })

  test('takes the mean of the ratings on the whole, and no other dimension', () => {
    const weights = { quality: { weight: 0 }, rating: { weight: 1 } }
    expect(utility(weights, {}, [])).toBeNull()
    expect(utility(weights, {}, [rating(0.9, 'speed')])).toBeNull()
    expect(utility(weights, {}, [rating(0.5), rating(1), rating(0, 'speed')])).toBe(0.75)
  })

  test('of scales without extent, or logarithmic from zero, is refused when the configuration is read', () => {
    const bad: Weights[] = [
      { durationMs: { weight: 1, from: 5, to: 5 } },
      { durationMs: { weight: 1, scale: 'log10', to: 1000 } },
      { durationMs: { weight: 1, scale: 'log10', from: 1, to: 0 } },
    ]
    for (const weights of bad) {
      expect(() => utility(weights, { success: true, durationMs: 5 })).toThrow(
        expect.objectContaining({ code: 'INVALID_CONFIG' }),
      )
    }
  })
})

test('what success teaches is success, or a graded quality in its place', () => {
  const of = (body: Partial<Outcome['body']>) => successOf(outcomeFact('e', { body }).body)
  expect(of({ success: false, quality: 0.9 })).toBe(0)
  expect(of({ success: null, quality: 0.9 })).toBe(0.9)
  expect(of({ success: null, quality: null })).toBeNull()
})

describe('declared weights', () => {
  test('make the policy prefer what they reward', async () => {
    const quick = await openEngine({ utility: { durationMs: { weight: -1, to: 10_000 } } })
    const good = await openEngine()
    for (const { tacit } of [quick, good]) {
      for (let i = 0; i < 20; i++) {
        await tacit.record({ task: `t${i}`, arm: 'fast', quality: 0.7, durationMs: 1000 })
        await tacit.record({ task: `t${i}`, arm: 'thorough', quality: 0.9, durationMs: 9000 })
      }
    }
    const best = async ({ tacit }: typeof quick) => (await tacit.recommend({ task: 'next' })).arms[0]!.arm
    expect(await best(quick)).toBe('fast')
    expect(await best(good)).toBe('thorough')
  })

  test('of ratings: late feedback changes what was learned, as if it had been there at once', async () => {
    const weights = { utility: { rating: { weight: 1 } } }
    const late = await openEngine(weights)
    const { tacit } = late
    await tacit.record({ task: 't', arm: 'a', quality: 0.5, executionId: 'e' })
    expect((await sufficientStatistics(late)).utility).toEqual({})
    await tacit.feedback('e', { value: 1, feedbackId: 'f1' })
    expect((await sufficientStatistics(late)).utility.all).toEqual({ a: [1, 1.5] })
    await tacit.feedback('e', { value: 0, feedbackId: 'f2' })
    await tacit.feedback('e', { value: 0, feedbackId: 'f2' })
    await tacit.feedback('e', { value: 1, feedbackId: 'f3', dimension: 'speed' })
    expect((await sufficientStatistics(late)).utility.all).toEqual({ a: [1, 1] })
    const once = await openEngine(weights)
    await once.tacit.record({
      task: 't',
      arm: 'a',
      quality: 0.5,
      executionId: 'e',
      feedback: [{ value: 1 }, { value: 0 }],
    })
    expect(await sufficientStatistics(once)).toEqual(await sufficientStatistics(late))
    expect(await tacit.replay({ verify: true })).toMatchObject({ verified: true })
  })

  test('of ratings: feedback says nothing about success, duration or cost, however much of it comes', async () => {
    const { tacit } = await openEngine({ utility: { rating: { weight: 1 } } })
    for (let i = 0; i < 10; i++) {
      const outcome = { success: i % 2 === 0, durationMs: 100 * (i + 1), costUsd: 0.5 }
      await tacit.record({ task: `sort the letters ${i}`, arm: 'a', executionId: `e${i}`, ...outcome })
    }
    const [before] = await tacit.predict({ task: 'sort the letters 7', arms: ['a'] })
    for (let i = 0; i < 20; i++) await tacit.feedback('e7', { value: i / 20 })
    const [after] = await tacit.predict({ task: 'sort the letters 7', arms: ['a'] })
    const { evidence: _before, ...predictedBefore } = before!
    const { evidence: _after, ...predictedAfter } = after!
    expect(predictedAfter).toEqual(predictedBefore)
  })

  test('without weight for ratings feedback changes nothing that was learned', async () => {
    const opened = await openEngine()
    await opened.tacit.record({ task: 't', arm: 'a', success: true, executionId: 'e' })
    const before = await stateHash(opened)
    await opened.tacit.feedback('e', { value: 'poor' })
    expect(await stateHash(opened)).toEqual(before)
    expect((await opened.tacit.metrics()).groups[0]!.rating).toEqual({ mean: 0, n: 1 })
  })
})
