import { EventEmitter } from 'node:events'
import { describe, expect, test, vi } from 'vitest'
import { orchestratorBridge, patchOrchestrator, telemetryCapture } from '../../src/adapters/orchestrator.ts'
import { collect } from '../helpers/collect.ts'
import { openEngine } from './engine.ts'

const job = { task: 'Sort the mail', taskType: 'office' }

describe('the bridge around an orchestrator', () => {
  test('learns which agent does the tasks, and names it', async () => {
    const { tacit } = await openEngine()
    const bridge = orchestratorBridge(tacit, {
      agents: ['clerk', 'intern'],
      execute: async (_task, { arm, report }) => report({ success: arm === 'clerk' }),
    })
    for (let i = 0; i < 40; i++) await bridge.executeWithLearning({ ...job, task: `Sort the mail of day ${i}` })
    const before = await tacit.status()
    const best = await bridge.selectBestAgent(job)
    expect(best).toMatchObject({ agent: 'clerk', utility: { value: expect.any(Number) } })
    expect(best!.probability).toBeGreaterThan(0.5)
    expect(await tacit.status()).toEqual(before)
  })

  test('a task that takes too long fails; one that is cancelled stays unknown', async () => {
    const { tacit } = await openEngine()
    const execute = () => new Promise<never>(() => {})
    const bridge = orchestratorBridge(tacit, { agents: ['clerk'], execute, timeoutMs: 5 })
    await expect(bridge.executeWithLearning(job)).rejects.toMatchObject({ name: 'TimeoutError' })
    const signal = AbortSignal.abort(new Error('never mind'))
    await expect(bridge.executeWithLearning(job, { signal, timeoutMs: 60_000 })).rejects.toThrow('never mind')
    const outcomes = (await collect(tacit.exportFacts())).filter(fact => fact.kind === 'outcome')
    expect(outcomes.map(({ body }) => body.success)).toEqual([false, null])
  })
})

describe('an orchestrator that exists', () => {
  class Office {
    readonly done: string[] = []
    run(request: { prompt: string; agent: string }): Promise<string> {
      this.done.push(request.agent)
      return request.agent === 'clerk' ? Promise.resolve('sorted') : Promise.reject(new Error('lost it'))
    }
  }
  const options = {
    taskOf: ({ prompt }: { prompt: string }) => ({ task: prompt, arms: ['clerk', 'intern'] }),
    withArm: ([request]: [{ prompt: string; agent: string }], { arm }: { arm: string }) =>
      [{ ...request, agent: arm }] as [{ prompt: string; agent: string }],
  }

  test('a patched method runs the chosen agent, learns, and can be put back', async () => {
    const { tacit } = await openEngine()
    const office = new Office()
    const restore = patchOrchestrator(tacit, office, 'run', options)
    for (let i = 0; i < 40; i++) {
      const answer = await office
        .run({ prompt: `Sort the mail of day ${i}`, agent: 'nobody' })
        .catch(error => error.message)
      expect(answer).toBe(office.done.at(-1) === 'clerk' ? 'sorted' : 'lost it')
    }
    expect(office.done.slice(20).filter(agent => agent === 'clerk').length).toBeGreaterThan(15)
    expect(await tacit.status()).toMatchObject({ executions: 40, withOutcome: 40 })
    const late = office.run
    restore()
    expect(Object.hasOwn(office, 'run')).toBe(false)
    await late.call(office, { prompt: 'Sort the mail', agent: 'clerk' })
    await expect(office.run({ prompt: 'Sort the mail', agent: 'nobody' })).rejects.toThrow('lost it')
    expect(await tacit.status()).toMatchObject({ executions: 40 })
  })

  test('a method that is not there is refused', async () => {
    const { tacit } = await openEngine()
    const target = {} as { run: Office['run'] }
    expect(() => patchOrchestrator(tacit, target, 'run', options)).toThrow('has no method "run"')
  })
})

describe('the capture of an event bus', () => {
  test('joins decision, pool events and outcome by the id of the task, in whatever order they come', async () => {
    const { tacit } = await openEngine()
    const bus = new EventEmitter()
    const capture = telemetryCapture(tacit, bus)
    capture.initialize()
    capture.initialize()
    bus.emit('execution_outcome', { taskId: 't1', success: true, durationMs: 900, quality: 0.8, costUsd: 0.01 })
    bus.emit('routing_decision', { ...job, taskId: 't1', arm: 'clerk' })
    bus.emit('pool_execution_start', { taskId: 't1', poolId: 'desk' })
    bus.emit('pool_execution_complete', { taskId: 't1', poolId: 'desk', durationMs: 850 })
    await capture.shutdown()
    const facts = await collect(tacit.exportFacts())
    expect(new Set(facts.map(({ executionId }) => executionId))).toEqual(new Set(['t1']))
    expect(facts.map(({ kind }) => kind).sort()).toEqual(['decision', 'outcome', 'step', 'step'])
    const steps = facts.filter(fact => fact.kind === 'step').map(({ body }) => body)
    expect(steps).toMatchObject([
      { kind: 'pool', name: 'desk', status: 'started' },
      { kind: 'pool', name: 'desk', status: 'ok', durationMs: 850 },
    ])
    expect(await tacit.status()).toMatchObject({ executions: 1, withOutcome: 1, joinRate: 1, parkedOutcomes: 0 })
  })

  test('after its shutdown nothing is captured any more', async () => {
    const { tacit } = await openEngine()
    const bus = new EventEmitter()
    const capture = telemetryCapture(tacit, bus)
    capture.initialize()
    await capture.shutdown()
    bus.emit('routing_decision', { ...job, taskId: 't1', arm: 'clerk' })
    await tacit.hooks.flush()
    expect(await tacit.status()).toMatchObject({ executions: 0 })
    expect(bus.listenerCount('routing_decision')).toBe(0)
  })

  test('an event without the id of its task is refused and counted; the bus notices nothing', async () => {
    const { tacit } = await openEngine()
    const bus = new EventEmitter()
    const capture = telemetryCapture(tacit, bus)
    capture.initialize()
    bus.emit('routing_decision', { ...job, arm: 'clerk' })
    bus.emit('execution_outcome', { success: true })
    await capture.shutdown()
    expect(await tacit.status()).toMatchObject({ executions: 0 })
    await vi.waitFor(async () =>
      expect((await tacit.status()).errors).toMatchObject({ 'hooks.record': 1, 'hooks.observe': 1 }),
    )
  })
})
