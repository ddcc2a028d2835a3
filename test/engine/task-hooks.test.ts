import { describe, expect, test, vi } from 'vitest'
import type { Fact, FactKind, FactOf } from '../../src/records.ts'
import { collect } from '../helpers/collect.ts'
import { type Opened, openEngine } from './engine.ts'

const job = { task: 'Translate the page', taskType: 'translation', arms: ['fast', 'careful'] }

async function factsOf<K extends FactKind>({ tacit }: Opened, kind: K): Promise<FactOf<K>[]> {
  const isOfKind = (fact: Fact): fact is FactOf<K> => fact.kind === kind
  return (await collect(tacit.exportFacts())).filter(isOfKind)
}

describe('the hooks around a task', () => {
  test('before it comes a choice, after it the outcome with the time that it took', async () => {
    const opened = await openEngine()
    const { hooks } = opened.tacit
    const task = await hooks.preTask(job)
    opened.clock.nowMs += 1200
    await hooks.postTask(task, { quality: 0.5 })
    const [decision] = await factsOf(opened, 'decision')
    expect(decision).toMatchObject({ id: task.decisionId, body: { arm: task.arm, propensity: task.propensity } })
    const [outcome] = await factsOf(opened, 'outcome')
    expect(outcome!.body).toMatchObject({ success: true, quality: 0.5, durationMs: 1200 })
  })

  test('a prepared task may travel as JSON', async () => {
    const opened = await openEngine()
    const { hooks } = opened.tacit
    const task = JSON.parse(JSON.stringify(await hooks.preTask(job)))
    await hooks.postTask(task)
    expect(await opened.tacit.status()).toMatchObject({ withOutcome: 1, inFlight: 0 })
  })

  test('a task that failed says why', async () => {
    const opened = await openEngine()
    const { hooks } = opened.tacit
    await hooks.taskError(await hooks.preTask(job), new Error('no paper'))
    await hooks.taskError(await hooks.preTask(job), new DOMException('too late', 'TimeoutError'), { costUsd: 0.5 })
    const [first, second] = await factsOf(opened, 'outcome')
    expect(first!.body).toMatchObject({ success: false, error: { type: 'crash', message: 'no paper' } })
    expect(second!.body).toMatchObject({ success: false, error: { type: 'timeout' }, costMicroUsd: 500_000 })
  })

  test('what goes wrong in Tacit is counted, and the task goes on with the incumbent', async () => {
    const { tacit } = await openEngine()
    const failures = vi.fn()
    tacit.events.on('error', failures)
    const wrong = { ...job, decisionId: '', incumbent: 'careful' }
    const task = await tacit.hooks.preTask(wrong)
    expect(task).toMatchObject({ arm: 'careful', decisionId: null, propensity: null })
    await tacit.hooks.postTask(task)
    await tacit.hooks.step('some-execution', { durationMs: -1 })
    await tacit.hooks.record({ task: '', arm: 'fast' })
    await tacit.hooks.flush()
    expect(failures.mock.calls.map(([{ where }]) => where)).toEqual(['hooks.preTask', 'hooks.step', 'hooks.record'])
    await vi.waitFor(async () =>
      expect((await tacit.status()).errors).toMatchObject({
        'hooks.preTask': 1,
        'hooks.step': 1,
        'hooks.record': 1,
      }),
    )
  })

  test('without any arm to fall back on, a task cannot be prepared', async () => {
    const { tacit } = await openEngine()
    await expect(tacit.hooks.preTask({ task: 'Anything' })).rejects.toMatchObject({ code: 'NO_ARMS' })
  })

  test('switched off, they say what to run and keep nothing', async () => {
    const opened = await openEngine({ enabled: false })
    const task = await opened.tacit.hooks.preTask(job)
    expect(task).toMatchObject({ arm: 'fast', decisionId: null })
    await opened.tacit.hooks.postTask(task)
    expect(await factsOf(opened, 'decision')).toEqual([])
  })

  test('a flush waits for what was handed over before', async () => {
    const opened = await openEngine()
    const { hooks } = opened.tacit
    for (let i = 0; i < 5; i++) void hooks.record({ task: `Task ${i}`, arm: 'fast', success: true })
    await hooks.flush()
    expect(await factsOf(opened, 'outcome')).toHaveLength(5)
  })
})
