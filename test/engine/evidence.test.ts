import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { LevelShares, Tacit } from '../../src/engine/types.ts'
import { seedRng } from '../../src/math/rng.ts'
import { temporaryDirectory } from '../cli/run.ts'
import { openEngine } from './engine.ts'

const arms = ['left', 'right']
const words = ['index', 'cache', 'report', 'login', 'invoice', 'queue', 'parser', 'chart', 'backup', 'search']

interface World {
  readonly rounds: number
  readonly typeOf: (round: number) => string
  readonly taskOf: (round: number) => string
  readonly chance: (arm: string, taskType: string, task: string) => number
}

const newTask = (round: number) => `${words[round % 10]} ${words[(round * 7) % 9]} number ${round}`

/** Both arms on every task, so that nothing but the world decides what can be learned. */
async function live(tacit: Tacit, seed: string, { rounds, typeOf, taskOf, chance }: World): Promise<void> {
  const rng = seedRng(seed)
  for (let round = 0; round < rounds; round++) {
    const [task, taskType] = [taskOf(round), typeOf(round)]
    for (const arm of arms) await tacit.record({ task, taskType, arm, success: rng() < chance(arm, taskType, task) })
  }
}

/** The shares of the estimates of both arms: of utility, and of success. */
async function sharesOf(tacit: Tacit, task: string, taskType: string): Promise<LevelShares[]> {
  const { arms: ranked } = await tacit.recommend({ task, taskType, arms })
  const predicted = await tacit.predict({ task, taskType, arms })
  return [...ranked, ...predicted].map(({ evidence }) => evidence.shares!)
}

const specialising = (arm: string, type: string) => ((arm === 'left') === (type === 'web') ? 0.95 : 0.05)
const alternating = (round: number) => (round % 2 === 0 ? 'web' : 'database')

describe('of all tasks, the task type and this very task', () => {
  test('the type says most where the arms specialise', async () => {
    const { tacit } = await openEngine()
    await live(tacit, 'specialised', { rounds: 80, typeOf: alternating, taskOf: newTask, chance: specialising })
    for (const { all, taskType, task } of await sharesOf(tacit, 'A task that was never met', 'web')) {
      expect(taskType).toBeGreaterThan(0.5)
      expect(taskType).toBeGreaterThan(all)
      expect(task).toBe(0)
    }
  })

  test('all tasks alone speak about a task of a type that was never met, whatever the others showed', async () => {
    const { tacit } = await openEngine()
    await live(tacit, 'specialised', { rounds: 80, typeOf: alternating, taskOf: newTask, chance: specialising })
    for (const shares of await sharesOf(tacit, 'A task that was never met', 'legal')) {
      expect(shares).toMatchObject({ taskType: 0, task: 0 })
      expect(shares.all).toBeCloseTo(1, 12)
    }
  })

  test('the type says less where it means nothing than where the arms specialise', async () => {
    const { tacit } = await openEngine()
    const chance = (arm: string) => (arm === 'left' ? 0.8 : 0.3)
    await live(tacit, 'same', { rounds: 80, typeOf: alternating, taskOf: newTask, chance })
    const specialised = await openEngine()
    await live(specialised.tacit, 'same', { rounds: 80, typeOf: alternating, taskOf: newTask, chance: specialising })
    const there = await sharesOf(specialised.tacit, 'A task that was never met', 'web')
    for (const [i, { taskType }] of (await sharesOf(tacit, 'A task that was never met', 'web')).entries())
      expect(taskType).toBeLessThan(there[i]!.taskType)
  })

  test('this very task says most where it was met often and tasks differ', async () => {
    const { tacit } = await openEngine()
    const taskOf = (round: number) => `${words[round % 10]} again`
    const chance = (arm: string, _type: string, task: string) => ((arm === 'left') === task < 'd' ? 0.95 : 0.05)
    await live(tacit, 'recurring', { rounds: 160, typeOf: () => 'web', taskOf, chance })
    for (const { all, taskType, task } of await sharesOf(tacit, 'cache again', 'web'))
      expect(task).toBeGreaterThan(all + taskType)
    for (const { task } of await sharesOf(tacit, 'A task that was never met', 'web')) expect(task).toBe(0)
  })

  test('the shares are between 0 and 1 and sum to 1, also of an arm that was never tried', async () => {
    const { tacit } = await openEngine()
    const taskOf = (round: number) => `${words[(round * round) % 10]} again`
    await live(tacit, 'mixed', { rounds: 60, typeOf: alternating, taskOf, chance: arm => (arm === 'left' ? 0.7 : 0.4) })
    for (const task of [...words.map(word => `${word} again`), 'never met']) {
      for (const taskType of ['web', 'database', 'legal', undefined]) {
        const predicted = await tacit.predict({ task, taskType, arms: [...arms, 'newcomer'] })
        const { arms: ranked } = await tacit.recommend({ task, taskType, arms: [...arms, 'newcomer'] })
        for (const { evidence } of [...predicted, ...ranked]) {
          const shares = Object.values(evidence.shares!)
          expect(shares.reduce((sum, share) => sum + share, 0)).toBeCloseTo(1, 9)
          expect(Math.min(...shares)).toBeGreaterThanOrEqual(-1e-9)
          if (taskType === undefined) expect(evidence.shares!.taskType).toBeCloseTo(0, 9)
        }
      }
    }
  })

  test('are unknown before anything was observed, and all tasks with a policy that knows no levels', async () => {
    const { tacit } = await openEngine()
    const { arms: ranked } = await tacit.recommend({ task: 'x', arms })
    const predicted = await tacit.predict({ task: 'x', arms })
    for (const { evidence } of [...ranked, ...predicted]) {
      expect(evidence.shares).toBeNull()
      expect(evidence.summary).toMatch(/^\w+ has not been observed yet\.$/)
    }
    const flat = await openEngine({ learning: { policy: 'thompson' } })
    await flat.tacit.record({ task: 'x', taskType: 'web', arm: 'left', success: true })
    const [left, right] = (await flat.tacit.recommend({ task: 'x', taskType: 'web', arms })).arms
    expect([left, right].map(of => [of!.arm, of!.evidence.shares])).toEqual([
      ['left', { all: 1, taskType: 0, task: 0 }],
      ['right', null],
    ])
  })
})

describe('in words', () => {
  test('an arm is named once, one observation is "once", and the levels are told', async () => {
    const { tacit } = await openEngine()
    await tacit.record({ task: 'x', taskType: 'web', arm: 'left', success: true })
    const summaryOf = async (arm: string, taskType?: string) =>
      (await tacit.predict({ task: 'y', taskType, arms: [arm] }))[0]!.evidence.summary
    expect(await summaryOf('left', 'web')).toMatch(
      /^left was observed once, on web\. Its estimate rests \d+ % on what is known of all tasks, \d+ % on what happened on web\.$/,
    )
    expect(await summaryOf('left', 'legal')).toBe(
      'left was observed once, not on legal. Its estimate rests on what is known of all tasks alone.',
    )
    expect(await summaryOf('right')).toBe(
      'right has not been observed yet. Its estimate comes from other arms, and rests on what is known of all tasks alone.',
    )
    await tacit.record({ task: 'y', taskType: 'web', arm: 'left', success: true })
    expect(await summaryOf('left', 'web')).toMatch(
      /^left was observed 2 times, all of them on web, once on this very task\./,
    )
    const { evidence } = await tacit.decide({ task: 'z', taskType: 'legal', arms: ['left'] })
    expect(evidence.summary).toBe('left was observed 2 times, none of them on legal.')
  })
})

describe('predict', () => {
  const fill = async (tacit: Tacit) => {
    for (let i = 0; i < 12; i++) {
      for (const arm of arms) {
        const success = arm === 'left' || i % 6 === 0
        const durationMs = arm === 'left' ? 100 : 900
        await tacit.record({ task: `Tune the slow query ${i}`, taskType: 'database', arm, success, durationMs })
        await tacit.record({ task: `Tune the slow page ${i}`, taskType: 'web', arm, success: !success, durationMs })
      }
    }
  }
  const question = { task: 'Tune the slow query 3', taskType: 'database' }

  test('differs between arms whose truth differs', async () => {
    const { tacit } = await openEngine()
    await fill(tacit)
    const [left, right] = await tacit.predict({ ...question, task: 'Tune the slow query 99', arms })
    expect(left!.pSuccess.value! - right!.pSuccess.value!).toBeGreaterThan(0.3)
    expect(right!.durationMs.value! / left!.durationMs.value!).toBeGreaterThan(3)
    expect(left!.evidence.summary).not.toBe(right!.evidence.summary)
  })

  test('names the nearest past tasks of the type with their arm and outcome, at most three in all', async () => {
    const { tacit } = await openEngine()
    await fill(tacit)
    const predictions = await tacit.predict({ ...question, arms })
    const similar = predictions.flatMap(({ evidence }) => evidence.similar)
    expect(similar).toHaveLength(3)
    expect(similar.filter(({ similarity }) => similarity > 0.999)).toHaveLength(2)
    for (const { arm, evidence } of predictions) {
      expect(evidence.similar.length).toBeGreaterThan(0)
      for (const { execution } of evidence.similar)
        expect(execution).toMatchObject({ arm, taskType: 'database', success: expect.any(Boolean) })
    }
    const [, right] = predictions
    expect(right!.evidence.similar[0]!.execution).toMatchObject({ task: question.task, success: false })
    const [only] = await tacit.predict({ ...question, arms: ['left'] })
    expect(only!.evidence.similar.map(({ execution }) => execution.arm)).toEqual(['left', 'left', 'left'])
    const [newcomer] = await tacit.predict({ ...question, arms: ['newcomer'] })
    expect(newcomer!.evidence.similar).toEqual([])
  })

  test('writes nothing, and answers the same twice', async () => {
    const db = join(temporaryDirectory(), 'tacit.db')
    const { tacit } = await openEngine({ db })
    await fill(tacit)
    const digest = () => [db, `${db}-wal`].map(file => createHash('sha256').update(readFileSync(file)).digest('hex'))
    const before = digest()
    const first = await tacit.predict({ ...question, arms })
    const ranked = await tacit.recommend({ ...question, arms })
    expect(await tacit.predict({ ...question, arms })).toEqual(first)
    expect(await tacit.recommend({ ...question, arms })).toEqual(ranked)
    expect(digest()).toEqual(before)
  })

  test('finds past tasks also where only the hash of their words is kept', async () => {
    const { tacit } = await openEngine({ privacy: { taskText: 'hash' } })
    await tacit.record({ ...question, arm: 'left', success: true })
    const [left] = await tacit.predict({ ...question, arms })
    expect(left!.evidence.similar).toMatchObject([{ execution: { arm: 'left', success: true } }])
    expect((await tacit.recommend({ ...question, arms })).similar).toHaveLength(1)
  })
})
