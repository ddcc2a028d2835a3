import { describe, expect, test } from 'vitest'
import { ScoreCache } from '../../src/engine/score-cache.ts'
import type { Store } from '../../src/store/store.ts'
import { openEngine } from './engine.ts'

describe('kept answers', () => {
  const count = () => {
    let made = 0
    return { answer: () => ({ made: ++made }), made: () => made }
  }

  test('are given again to the same question about the same state, for five minutes', () => {
    let nowMs = 0
    const cache = new ScoreCache(() => nowMs)
    const { answer } = count()
    expect(cache.get(['a', 1], [1], answer)).toEqual({ made: 1 })
    nowMs = 299_999
    expect(cache.get(['a', 1], [1], answer)).toEqual({ made: 1 })
    expect(cache.get(['a', 2], [1], answer)).toEqual({ made: 2 })
    nowMs = 300_000
    expect(cache.get(['a', 1], [1], answer)).toEqual({ made: 3 })
  })

  test('are at most 128; the one not asked for the longest time goes first', () => {
    const cache = new ScoreCache(() => 0)
    const { answer, made } = count()
    for (let i = 0; i < 128; i++) cache.get(i, [1], answer)
    cache.get(0, [1], answer)
    cache.get('one more', [1], answer)
    expect([cache.size, made()]).toEqual([128, 129])
    expect(cache.get(0, [1], answer)).toEqual({ made: 1 })
    expect(cache.get(1, [1], answer)).toEqual({ made: 130 })
  })

  test('are all void as soon as the state is another, and are the own copy of whoever asks', () => {
    const cache = new ScoreCache(() => 0)
    const { answer } = count()
    cache.get('q', [1], answer).made = 99
    expect(cache.get('q', [1], answer)).toEqual({ made: 1 })
    expect(cache.get('q', [2], answer)).toEqual({ made: 2 })
    expect(cache.get('q', [1], answer)).toEqual({ made: 3 })
  })

  test('never outlive an outcome: a recommendation follows it at once', async () => {
    const { tacit } = await openEngine()
    const ask = { task: 'Write a test', arms: ['a', 'b'] }
    const first = await tacit.recommend(ask)
    expect(await tacit.recommend(ask)).toEqual(first)
    for (let i = 0; i < 5; i++) await tacit.record({ task: `t${i}`, arm: 'b', success: true })
    const [best] = (await tacit.recommend(ask)).arms
    expect(best).toMatchObject({ arm: 'b', utility: { nEff: 5 } })
    expect((await tacit.predict(ask))[1]!.pSuccess.nEff).toBe(5)
  })
})

describe('where a least number of observations is declared', () => {
  const learn = async (minObservations: { recommend?: number; predict?: number }) => {
    const { tacit } = await openEngine({ learning: { minObservations } })
    for (let i = 0; i < 12; i++) await tacit.record({ task: `t${i}`, arm: 'known', success: true, durationMs: 100 + i })
    for (let i = 0; i < 3; i++) await tacit.record({ task: `t${i}`, arm: 'new', success: true })
    return tacit
  }
  const ask = { task: 'next', arms: ['known', 'new', 'never'] }

  test('recommend ranks no arm that was observed less often, and names it', async () => {
    const { arms, withheld, armsLeftOut } = await (await learn({ recommend: 10 })).recommend(ask)
    expect(arms.map(({ arm, rank }) => [arm, rank])).toEqual([['known', 1]])
    expect(withheld).toEqual([
      { arm: 'new', nEff: 3, needed: 10 },
      { arm: 'never', nEff: 0, needed: 10 },
    ])
    expect(armsLeftOut).toBe(0)
    const all = await (await learn({ recommend: 100 })).recommend(ask)
    expect([all.arms.length, all.withheld.length]).toEqual([0, 3])
  })

  test('predict withholds each forecast that rests on fewer, and says on how many', async () => {
    const [known, fresh] = await (await learn({ predict: 5 })).predict(ask)
    expect(known!.pSuccess.value).toBeGreaterThan(0.7)
    expect(known!.durationMs.interval).not.toBeNull()
    expect(known!.costUsd).toEqual({ value: null, interval: null, nEff: 0 })
    expect(fresh!.pSuccess).toEqual({ value: null, interval: null, nEff: 3 })
  })

  test('by default nothing is withheld', async () => {
    const { arms, withheld } = await (await learn({})).recommend(ask)
    expect([arms.length, withheld]).toEqual([3, []])
  })
})

test('a recommendation without similar tasks does not search for them', async () => {
  let searches = 0
  const through = (store: Store) =>
    new Proxy(store, {
      get(target, key) {
        if (key === 'nearest') searches++
        const value = Reflect.get(target, key, target)
        return typeof value === 'function' ? value.bind(target) : value
      },
    })
  const { tacit } = await openEngine({}, { through })
  await tacit.record({ task: 'Write a test', arm: 'a', success: true })
  expect((await tacit.recommend({ task: 'Write a test', similar: 0 })).similar).toEqual([])
  expect(searches).toBe(0)
  expect((await tacit.recommend({ task: 'Write a test' })).similar).toHaveLength(1)
})
