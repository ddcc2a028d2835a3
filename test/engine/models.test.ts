import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { hourMs, type Opened, openEngine, stateHash } from './engine.ts'

const ask = { task: 'Write the release notes', taskType: 'docs', arms: ['a', 'b'] }

async function recordMany({ tacit }: Opened, good: string, count: number, prefix: string) {
  for (let i = 0; i < count; i++) {
    for (const arm of ['a', 'b']) {
      const task = `${prefix} ${i}`
      await tacit.record({ task, taskType: 'docs', arm, success: arm === good, executionId: `${prefix}-${arm}-${i}` })
    }
  }
}

/** `a` was good when the model "before" was kept; since then `b` is. */
async function withModel(options = {}) {
  const opened = await openEngine(options)
  await recordMany(opened, 'a', 10, 'first')
  const saved = await opened.tacit.track.saveModel('before')
  const then = await opened.tacit.recommend(ask)
  await recordMany(opened, 'b', 40, 'then')
  return { ...opened, saved, then }
}
const best = async ({ tacit }: Pick<Opened, 'tacit'>) => (await tacit.recommend(ask)).arms[0]!.arm

describe('a kept model', () => {
  test('decides as it did, in the place of what goes on learning, until that is put back', async () => {
    const opened = await withModel()
    const { tacit, then } = opened
    const now = await tacit.recommend(ask)
    expect(now.arms[0]!.arm).toBe('b')
    await tacit.track.useModel('before')
    const again = await tacit.recommend(ask)
    expect(again.arms.map(({ arm, utility }) => [arm, utility])).toEqual(
      then.arms.map(({ arm, utility }) => [arm, utility]),
    )
    const choice = await tacit.decide(ask)
    expect(choice.arm).toBe('a')
    expect(choice.prediction!.model).toMatch(/^hierarchy-\d+@before$/)
    await tacit.track.useModel('live')
    expect((await tacit.recommend(ask)).arms.map(({ utility }) => utility)).toEqual(
      now.arms.map(({ utility }) => utility),
    )
    expect((await tacit.decide(ask)).prediction!.model).toMatch(/^hierarchy-\d+$/)
  })

  test('changes nothing about what is learned meanwhile, nor about what the log gives', async () => {
    const opened = await withModel()
    const { tacit } = opened
    await tacit.track.useModel('before')
    const before = await stateHash(opened)
    const { decisionId } = await tacit.decide(ask)
    await tacit.observe(decisionId, { success: true })
    expect(await stateHash(opened)).not.toBe(before)
    expect(await tacit.replay({ verify: true })).toMatchObject({ verified: true })
  })

  test('ages like everything learned, and knows the arms that came after it', async () => {
    const opened = await withModel()
    await opened.tacit.track.useModel('before')
    const fresh = (await opened.tacit.recommend(ask)).arms[0]!.utility
    opened.clock.nowMs += 60 * 24 * hourMs
    const aged = (await opened.tacit.recommend(ask)).arms[0]!.utility
    expect(aged.nEff).toBeCloseTo(fresh.nEff / 4, 6)
    await opened.tacit.record({ task: 'x', arm: 'newcomer', success: true })
    const { arms } = await opened.tacit.recommend({ task: ask.task })
    expect(arms.map(({ arm }) => arm)).toContain('newcomer')
  })

  test('is in use for whoever opens the database, and can be kept beside others', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'tacit-models-'))
    onTestFinished(() => rmSync(folder, { recursive: true }))
    const db = join(folder, 'a.db')
    const first = await withModel({ db })
    await first.tacit.track.saveModel('after')
    await first.tacit.track.useModel('before')
    const second = await openEngine({ db })
    expect(await best(second)).toBe('a')
    expect(await second.tacit.track.models()).toMatchObject({
      inUse: 'before',
      models: [{ name: 'before' }, { name: 'after' }],
    })
    await second.tacit.track.useModel('after')
    expect(await best(second)).toBe('b')
    await second.tacit.track.dropModel('before')
    expect((await second.tacit.track.models()).models.map(({ name }) => name)).toEqual(['after'])
  })

  test('is told apart by the calibration of its forecasts', async () => {
    const opened = await withModel()
    for (const model of ['live', 'before']) {
      await opened.tacit.track.useModel(model)
      for (let i = 0; i < 3; i++) {
        const { decisionId } = await opened.tacit.decide({ ...ask, task: `${model} ${i}` })
        await opened.tacit.observe(decisionId, { success: true })
      }
    }
    const { models } = await opened.tacit.calibration()
    expect(models.map(({ model, success }) => [model.replace(/^hierarchy-\d+/, ''), success!.n])).toEqual([
      ['', 3],
      ['@before', 3],
    ])
  })

  test('is refused where it cannot be what is meant, and nothing changes', async () => {
    const { tacit } = await withModel()
    const { track } = tacit
    await expect(track.saveModel('before')).rejects.toMatchObject({ code: 'ALREADY_EXISTS' })
    await expect(track.saveModel('live')).rejects.toMatchObject({ code: 'INVALID_INPUT' })
    await expect(track.useModel('bevore')).rejects.toThrow('There are: live, before.')
    await expect(track.dropModel('bevore')).rejects.toMatchObject({ code: 'NOT_FOUND' })
    await track.useModel('before')
    await expect(track.dropModel('before')).rejects.toThrow(/is in use/)
    expect((await track.models()).inUse).toBe('before')
  })

  test('that was learned under other settings is not used', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'tacit-models-'))
    onTestFinished(() => rmSync(folder, { recursive: true }))
    const db = join(folder, 'a.db')
    await withModel({ db })
    const other = await openEngine({ db, learning: { halfLifeDays: 7 } })
    await expect(other.tacit.track.useModel('before')).rejects.toThrow(/other settings/)
    expect(await best(other)).toBe('b')
  })
})

describe('a refit by schedule', () => {
  const settled = async ({ synchroniser }: Opened) => {
    for (let i = 0; i < 3; i++) await synchroniser.exclusive(async () => {})
  }

  test('is done once per period, after a write, and finds what was learned as it was', async () => {
    const opened = await openEngine({ learning: { refitHours: 24 } })
    const { tacit, clock } = opened
    const times: number[] = []
    for (let hour = 0; hour <= 50; hour += 5) {
      clock.nowMs += 5 * hourMs
      await tacit.record({ task: `hour ${hour}`, arm: 'a', success: true })
      await settled(opened)
      times.push((await tacit.track.refits()).length)
    }
    expect(times).toEqual([1, 1, 1, 1, 1, 2, 2, 2, 2, 2, 3])
    const refits = await tacit.track.refits()
    expect(refits.map(({ changed }) => changed)).toEqual([false, false, false])
    expect(refits.map(({ facts }) => facts)).toEqual([2, 12, 22])
    expect((await tacit.learning.stats()).refit).toMatchObject({ everyHours: 24, last: refits[2] })
  })

  test('is not done unless it was asked for', async () => {
    const opened = await openEngine()
    await opened.tacit.record({ task: 'x', arm: 'a', success: true })
    await settled(opened)
    expect(await opened.tacit.track.refits()).toEqual([])
    expect((await opened.tacit.learning.stats()).refit).toBeNull()
  })
})
