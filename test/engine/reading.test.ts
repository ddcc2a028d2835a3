import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { Tacit } from '../../src/index.ts'
import { temporaryDirectory } from '../store/temporary.ts'
import { Clock, dayMs, openEngine, stateHash } from './engine.ts'

const tasks = ['Speed up the nightly sales report', 'Fix the login page', 'Speed up the weekly sales report']

/** Three arms on three kinds of work: "first" always fails, "second" succeeds, "third" has no outcome. */
async function fill(tacit: Tacit, rounds = 8): Promise<void> {
  for (let i = 0; i < rounds; i++) {
    for (const [k, arm] of ['first', 'second', 'third'].entries()) {
      await tacit.record({
        task: `${tasks[k]} ${i}`,
        taskType: k === 1 ? 'web' : 'database',
        arm,
        executionId: `${arm}-${i}`,
        ...(arm === 'third' ? {} : { success: arm === 'second', durationMs: 100 * (i + 1), costUsd: 0.25 }),
      })
    }
  }
  await tacit.feedback('second-0', { value: { value: 4, scale: '1-5' } })
}

const question = { task: 'Speed up the monthly sales report', taskType: 'database' }

/** Everything that can be asked. */
const ask = (tacit: Tacit) =>
  Promise.all([
    tacit.recommend(question),
    tacit.predict({ ...question, arms: ['first', 'second', 'unheard of'] }),
    tacit.similar(question.task, { threshold: -1 }),
    tacit.metrics({ groupBy: ['arm', 'taskType'] }),
    tacit.metrics({ groupBy: ['taskType'], daysBack: 30, minCount: 2 }),
    tacit.status(),
    tacit.replay({ verify: true }),
  ])

describe('reading writes nothing:', () => {
  test('asked twice everything answers the same, and no byte of the database changes', async () => {
    const db = join(temporaryDirectory(), 'tacit.db')
    const clock = new Clock()
    const { tacit, synchroniser } = await openEngine({ db }, { clock })
    await fill(tacit)
    const digest = () => [db, `${db}-wal`].map(file => createHash('sha256').update(readFileSync(file)).digest('hex'))
    const before = digest()
    const first = await ask(tacit)
    expect(await ask(tacit)).toEqual(first)
    expect(digest()).toEqual(before)
    expect(first.at(-1)).toMatchObject({ verified: true })

    clock.nowMs += 100 * dayMs
    const later = await ask(tacit)
    expect(later.at(-1)).toMatchObject({ logHash: (first.at(-1) as { logHash: string }).logHash, verified: true })
    expect(digest()).toEqual(before)
    const bytes = await stateHash({ synchroniser })
    await ask(tacit)
    expect(await stateHash({ synchroniser })).toEqual(bytes)
  })

  test('questions to a database with many facts that are not folded yet leave it as it is', async () => {
    const db = join(temporaryDirectory(), 'tacit.db')
    const writer = await openEngine({ db, learning: { snapshotEvery: 100_000 } })
    await fill(writer.tacit, 40)
    const reader = await openEngine({ db, learning: { snapshotEvery: 1 } })
    const digest = () => [db, `${db}-wal`].map(file => createHash('sha256').update(readFileSync(file)).digest('hex'))
    const before = digest()
    await reader.tacit.recommend(question)
    await reader.tacit.status()
    expect(digest()).toEqual(before)
  })
})

describe('recommend', () => {
  test('ranks the arms by estimated utility, with interval, evidence and similar tasks', async () => {
    const { tacit } = await openEngine()
    await fill(tacit)
    const { arms, similar, policy } = await tacit.recommend(question)
    expect(arms.map(({ arm, rank }) => [arm, rank])).toEqual([
      ['second', 1],
      ['third', 2],
      ['first', 3],
    ])
    for (const { utility } of arms) {
      const [low, high] = utility.interval!
      expect(low).toBeLessThan(utility.value!)
      expect(high).toBeGreaterThan(utility.value!)
    }
    expect(arms.reduce((sum, { probability }) => sum + probability, 0)).toBeCloseTo(1, 12)
    expect(arms[0]!.evidence.observations).toEqual({ all: 8, taskType: 0, task: 0 })
    expect(arms[0]!.evidence.summary).toMatch(
      /^second was observed 8 times, none of them on database\. Its estimate rests /,
    )
    expect(arms[1]!.evidence.summary).toMatch(/^third has not been observed yet\. Its estimate comes from other arms/)
    expect(similar[0]!.similarity).toBeGreaterThan(0.5)
    expect(policy).toEqual({ id: 'hierarchical', version: 1 })
    expect((await tacit.recommend({ ...question, limit: 1 })).arms).toHaveLength(1)
  })

  test('shows the probabilities with which decide would choose', async () => {
    const { tacit } = await openEngine()
    await fill(tacit)
    const arms = ['first', 'second', 'third']
    const recommended = await tacit.recommend({ ...question, arms })
    const { distribution } = await tacit.decide({ ...question, arms })
    expect(Object.fromEntries(recommended.arms.map(({ arm, probability }) => [arm, probability]))).toEqual(distribution)
  })
})

describe('predict', () => {
  test('says what to expect of each arm, and unknown where nothing is known', async () => {
    const { tacit } = await openEngine()
    const [nothing] = await tacit.predict({ ...question, arms: ['a'] })
    expect(nothing).toMatchObject({
      arm: 'a',
      pSuccess: { nEff: 0 },
      durationMs: { value: null, interval: null, nEff: 0 },
      costUsd: { value: null, interval: null, nEff: 0 },
      evidence: { observations: { all: 0, taskType: 0, task: 0 } },
    })
    await fill(tacit)
    const [first, second] = await tacit.predict({ ...question, arms: ['first', 'second'] })
    expect(first!.pSuccess.value).toBeLessThan(0.3)
    expect(second!.pSuccess.value).toBeGreaterThan(0.7)
    const [low, high] = second!.durationMs.interval!
    expect(low).toBeGreaterThan(0)
    expect(low).toBeLessThan(second!.durationMs.value!)
    expect(high).toBeGreaterThan(second!.durationMs.value!)
    expect(second!.costUsd.value).toBeCloseTo(0.25, 2)
  })
})

describe('similar', () => {
  test('finds the nearest tasks first, filtered by what is asked for', async () => {
    const { tacit, clock } = await openEngine()
    await fill(tacit, 3)
    const all = await tacit.similar('Speed up the nightly sales report 0', { threshold: -1, limit: 100 })
    expect(all).toHaveLength(9)
    expect(all[0]).toMatchObject({ execution: { id: 'first-0', arm: 'first', success: false } })
    expect(all[0]!.similarity).toBeCloseTo(1, 6)
    const similarities = all.map(({ similarity }) => similarity)
    expect(similarities).toEqual(similarities.toSorted((a, b) => b - a))
    const only = async (options: Parameters<Tacit['similar']>[1]) =>
      (await tacit.similar(tasks[0]!, { threshold: -1, ...options })).map(({ execution }) => execution.arm)
    expect(new Set(await only({ taskType: 'web' }))).toEqual(new Set(['second']))
    expect(new Set(await only({ arm: 'third' }))).toEqual(new Set(['third']))
    expect(await only({ repository: 'elsewhere' })).toEqual([])
    expect(await only({ limit: 2 })).toHaveLength(2)
    clock.nowMs += 2 * dayMs
    expect(await only({ daysBack: 1 })).toEqual([])
    expect(await tacit.similar('zzz qqq', { threshold: 0.9 })).toEqual([])
  })
})

describe('metrics', () => {
  test('count, rate and sum per group, missing values apart', async () => {
    const { tacit } = await openEngine()
    await fill(tacit)
    const { groups } = await tacit.metrics({ groupBy: ['arm'] })
    const of = (arm: string) => groups.find(({ group }) => group.arm === arm)!
    expect(of('second')).toMatchObject({
      executions: 8,
      missing: { outcome: 0, success: 0, durationMs: 0, costUsd: 0 },
      successRate: { value: 1, n: 8 },
      errorRate: 0,
      durationMs: { mean: 450, p50: 450, n: 8 },
      costUsd: { mean: 0.25, total: 2, n: 8 },
      quality: null,
      rating: { mean: 0.75, n: 1 },
    })
    expect(of('first')).toMatchObject({ successRate: { value: 0 }, errorRate: 1, rating: null })
    expect(of('third')).toMatchObject({
      executions: 8,
      missing: { outcome: 8, success: 8, durationMs: 8, costUsd: 8 },
      successRate: null,
      errorRate: null,
      durationMs: null,
      costUsd: null,
      quality: null,
    })
    expect((await tacit.metrics({ groupBy: ['taskType'], minCount: 9 })).groups).toMatchObject([
      { group: { taskType: 'database' }, executions: 16 },
    ])
  })

  test('of a window leave out what is older', async () => {
    const { tacit, clock } = await openEngine()
    await fill(tacit, 2)
    clock.nowMs += 10 * dayMs
    await tacit.record({ task: 'new', arm: 'second', success: true })
    expect((await tacit.metrics({ daysBack: 5 })).groups).toMatchObject([{ group: { arm: 'second' }, executions: 1 }])
  })
})

describe('status', () => {
  test('of an empty database knows nothing, rather than zero percent', async () => {
    const { tacit } = await openEngine()
    expect(await tacit.status()).toMatchObject({
      executions: 0,
      joinRate: null,
      firstAt: null,
      lastAt: null,
      inFlight: 0,
      arms: 0,
      errors: {},
      facts: { decision: 0, step: 0, outcome: 0, feedback: 0 },
    })
    expect((await tacit.metrics()).groups).toEqual([])
    expect(await tacit.similar('anything')).toEqual([])
    await expect(tacit.recommend({ task: 'x' })).rejects.toMatchObject({ code: 'NO_ARMS' })
  })

  test('counts what is on record', async () => {
    const { tacit } = await openEngine({ scope: 'mine' })
    await fill(tacit, 2)
    await tacit.decide({ task: 'x', arms: ['fourth'] })
    expect(await tacit.status()).toMatchObject({
      scope: 'mine',
      stage: 'auto',
      embedder: expect.stringContaining('256'),
      executions: 7,
      withOutcome: 4,
      joinRate: 4 / 7,
      inFlight: 1,
      parkedOutcomes: 0,
      arms: 4,
      taskTypes: 2,
      facts: { decision: 7, step: 0, outcome: 4, feedback: 1 },
    })
  })
})

test('two scopes of one file know nothing of each other', async () => {
  const db = join(temporaryDirectory(), 'tacit.db')
  const ours = await openEngine({ db, scope: 'ours' })
  const theirs = await openEngine({ db, scope: 'theirs' })
  await fill(ours.tacit, 2)
  expect(await theirs.tacit.status()).toMatchObject({ executions: 0, arms: 0 })
  expect(await theirs.tacit.similar(tasks[0]!, { threshold: -1 })).toEqual([])
  await theirs.tacit.record({ task: 'x', arm: 'other', executionId: 'first-0', success: true })
  expect(await ours.tacit.replay({ verify: true })).toMatchObject({ executions: 6, verified: true })
  expect(await theirs.tacit.replay({ verify: true })).toMatchObject({ executions: 1, verified: true })
})

test('status names an arm whose results have changed, since when, and on which type of task', async () => {
  const { tacit } = await openEngine()
  const run = async (success: boolean, count: number) => {
    for (let i = 0; i < count; i++)
      await tacit.record({ task: `Deploy ${success} ${i}`, taskType: 'release', arm: 'a', success })
  }
  await run(true, 60)
  expect((await tacit.status()).drifts).toEqual([])
  await run(false, 20)
  const change = { arm: 'a', direction: 'down', on: '2026-01-01' }
  expect((await tacit.status()).drifts).toEqual([
    { ...change, taskType: null },
    { ...change, taskType: 'release' },
  ])
})
