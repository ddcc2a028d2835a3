import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { openTacit, type Stage } from '../../src/index.ts'
import { collect } from '../helpers/collect.ts'
import { temporaryDirectory } from '../store/temporary.ts'
import { noonMs, openEngine } from './engine.ts'

const arms = ['usual', 'better', 'worse']
const task = { task: 'Review the change', taskType: 'review', arms }

/** An engine that knows that "better" is better than the incumbent. */
async function experienced(options: Parameters<typeof openEngine>[0] = {}) {
  const opened = await openEngine(options)
  const records = arms.flatMap(arm =>
    Array.from({ length: 30 }, (_, i) => ({
      ...task,
      task: `Review ${i}`,
      arm,
      success: arm === 'better' || (arm === 'usual' && i % 2 === 0),
    })),
  )
  await opened.tacit.recordBatch(records)
  return opened
}

describe('below canary', () => {
  test.each<Stage>(['observe', 'shadow', 'suggest'])('stage %s takes the incumbent with certainty', async stage => {
    const { tacit } = await experienced({ stage })
    for (let i = 0; i < 20; i++) {
      const choice = await tacit.decide(task)
      expect(choice).toMatchObject({
        arm: 'usual',
        propensity: 1,
        stage,
        distribution: { usual: 1, better: 0, worse: 0 },
      })
    }
    expect(await tacit.decide({ ...task, incumbent: 'worse' })).toMatchObject({ arm: 'worse', propensity: 1 })
  })

  test('what was chosen is learned all the same, and recommended', async () => {
    const { tacit } = await experienced({ stage: 'observe' })
    const choice = await tacit.decide({ ...task, decisionId: 'd' })
    await tacit.observe('d', { success: false })
    const { arms: ranked } = await tacit.recommend(task)
    expect(ranked[0]!.arm).toBe('better')
    expect(ranked.find(({ arm }) => arm === choice.arm)!.evidence.observations.all).toBe(31)
  })
})

describe('canary', () => {
  test.each([0, 0.1, 0.25, 0.7, 1])('with a share of %f mixes policy and incumbent exactly', async canaryShare => {
    const auto = await experienced({ stage: 'auto' })
    const canary = await experienced({ stage: 'canary', canaryShare })
    const full = (await auto.tacit.decide(task)).distribution
    for (const incumbent of ['usual', 'worse']) {
      const { distribution, propensity, arm } = await canary.tacit.decide({ ...task, incumbent, joinDeadlineMs: 0.001 })
      for (const name of arms) {
        expect(distribution[name]).toBeCloseTo(
          canaryShare * full[name]! + (name === incumbent ? 1 - canaryShare : 0),
          12,
        )
      }
      expect(propensity).toBe(distribution[arm])
    }
  })

  test('of one call overrides the configured stage, and off cannot be asked for', async () => {
    const { tacit } = await experienced({ stage: 'auto' })
    expect(await tacit.decide({ ...task, stage: 'shadow' })).toMatchObject({ stage: 'shadow', propensity: 1 })
    // @ts-expect-error off is the kill switch and belongs to the configuration.
    await expect(tacit.decide({ ...task, stage: 'off' })).rejects.toMatchObject({ code: 'INVALID_INPUT' })
  })
})

test('an incumbent that is not among the arms is refused', async () => {
  const { tacit } = await openEngine()
  await expect(tacit.decide({ ...task, incumbent: 'nobody' })).rejects.toMatchObject({ code: 'INVALID_INPUT' })
})

describe('features', () => {
  test('without routing the incumbent is taken in every stage', async () => {
    for (const stage of ['canary', 'auto'] as const) {
      const { tacit } = await experienced({ stage, features: { routing: false } })
      expect(await tacit.decide(task)).toMatchObject({ arm: 'usual', propensity: 1, stage })
    }
  })

  test('without prediction none is made, stored or given', async () => {
    const { tacit } = await experienced({ features: { prediction: false } })
    expect((await tacit.decide({ ...task, decisionId: 'd' })).prediction).toBeNull()
    const fact = (await collect(tacit.exportFacts())).find(({ id }) => id === 'd')
    expect(fact!.body).toMatchObject({ prediction: null })
    expect((await tacit.recommend(task)).arms[0]!.prediction).toBeNull()
    await expect(tacit.predict(task)).rejects.toMatchObject({ code: 'DISABLED' })
  })

  test('without recommendation none is given', async () => {
    const { tacit } = await experienced({ features: { recommendation: false } })
    await expect(tacit.recommend(task)).rejects.toMatchObject({ code: 'DISABLED' })
  })
})

describe('the kill switch', () => {
  test.each([{ enabled: false }, { stage: 'off' as const }])('%o: nothing is written, the task runs', async off => {
    const db = join(temporaryDirectory(), 'tacit.db')
    const now = () => noonMs
    const on = await openTacit({ db, now })
    await on.record({ ...task, arm: 'better', success: true, executionId: 'past' })
    const before = await on.replay({ verify: true })
    await on.close()

    const tacit = await openTacit({ db, now, ...off })
    expect(await tacit.decide(task)).toMatchObject({ arm: 'usual', propensity: 1, stage: 'off' })
    expect(await tacit.decide({ ...task, incumbent: 'worse' })).toMatchObject({ arm: 'worse', propensity: 1 })
    const writes = await Promise.all([
      tacit.observe('past', { success: false }),
      tacit.step('past', {}),
      tacit.feedback('past', { value: false }),
      tacit.record({ ...task, arm: 'better' }),
    ])
    expect(writes.map(({ status }) => status)).toEqual(['disabled', 'disabled', 'disabled', 'disabled'])
    expect(
      await tacit.recordBatch([
        { ...task, arm: 'better' },
        { task: '', arm: 'better' },
      ]),
    ).toMatchObject([
      { index: 0, status: 'disabled' },
      { index: 1, status: 'error', error: { code: 'INVALID_INPUT' } },
    ])
    expect(await tacit.wrap(({ arm }) => `done by ${arm}`, { ...task, incumbent: 'better' })).toBe('done by better')
    await expect(tacit.recommend(task)).rejects.toMatchObject({ code: 'DISABLED' })
    await expect(tacit.predict(task)).rejects.toMatchObject({ code: 'DISABLED' })
    await expect(tacit.importFacts([])).rejects.toMatchObject({ code: 'DISABLED' })
    expect(await tacit.status()).toMatchObject({ enabled: false, executions: 1, errors: {} })
    const after = await tacit.replay({ verify: true })
    expect(after).toMatchObject({ logHash: before.logHash, stateHash: before.stateHash, verified: true })
    await tacit.close()
  })

  test('still refuses bad input, so that switching on brings no surprise', async () => {
    const { tacit } = await openEngine({ enabled: false })
    await expect(tacit.decide({ task: '', arms: ['a'] })).rejects.toMatchObject({ code: 'INVALID_INPUT' })
    await expect(tacit.observe('x', { durationMs: -1 })).rejects.toMatchObject({ code: 'INVALID_INPUT' })
  })
})
