import { setImmediate as otherWork } from 'node:timers/promises'
import { expect, test } from 'vitest'
import type { TacitEvents } from '../../src/index.ts'
import type { Store } from '../../src/store/store.ts'
import { openEngine } from './engine.ts'

const task = { task: 'Sum up the meeting', arms: ['a'] }

test('each write tells its listeners what happened, a repeated one that nothing did', async () => {
  const { tacit } = await openEngine()
  const heard: [keyof TacitEvents, unknown][] = []
  for (const type of ['decision', 'outcome', 'record', 'step', 'feedback', 'error'] as const)
    tacit.events.on(type, event => heard.push([type, event]))
  const choice = await tacit.decide({ ...task, decisionId: 'd' })
  await tacit.observe('d', { success: true, outcomeId: 'o' })
  await tacit.observe('d', { success: true, outcomeId: 'o' })
  await tacit.record({ task: 'y', arm: 'a', executionId: 'r' })
  await tacit.step('d', { stepId: 's' })
  await tacit.feedback('d', { value: true, feedbackId: 'f' })
  expect(heard).toMatchObject([
    ['decision', { decisionId: 'd', arm: 'a', propensity: choice.propensity }],
    ['outcome', { decisionId: 'd', status: 'stored' }],
    ['outcome', { decisionId: 'd', status: 'duplicate' }],
    ['record', { executionId: 'r', status: 'stored' }],
    ['step', { executionId: 'd', id: 's' }],
    ['feedback', { executionId: 'd', id: 'f' }],
  ])
})

test('a listener that stopped hears nothing more, the others do', async () => {
  const { tacit } = await openEngine()
  const heard: string[] = []
  const stop = tacit.events.on('decision', () => heard.push('first'))
  tacit.events.on('decision', () => heard.push('second'))
  await tacit.decide(task)
  stop()
  stop()
  await tacit.decide(task)
  expect(heard).toEqual(['first', 'second', 'second'])
})

test('a write that failed tells nobody that it happened', async () => {
  const { tacit } = await openEngine()
  let heard = 0
  for (const type of ['decision', 'outcome', 'record'] as const) tacit.events.on(type, () => heard++)
  await expect(tacit.decide({ task: '', arms: ['a'] })).rejects.toThrow()
  await expect(tacit.observe('d', { durationMs: Number.NaN })).rejects.toThrow()
  expect(await tacit.recordBatch([{ task: '', arm: 'a' }])).toMatchObject([{ status: 'error' }])
  expect(heard).toBe(0)
})

test('a listener that throws is counted and keeps neither the caller nor other listeners from going on', async () => {
  const { tacit } = await openEngine()
  let heard = 0
  tacit.events.on('decision', () => {
    throw new Error('listener')
  })
  tacit.events.on('decision', () => heard++)
  await tacit.decide(task)
  await tacit.decide(task)
  expect(heard).toBe(2)
  expect((await tacit.status()).errors).toEqual({ events: 2 })
})

test('so is one whose promise is rejected, and one of the event error itself', async () => {
  const { tacit } = await openEngine()
  tacit.events.on('decision', async () => {
    throw new Error('later')
  })
  tacit.events.on('error', () => {
    throw new Error('in the handling of errors')
  })
  await tacit.decide(task)
  await otherWork()
  expect((await tacit.status()).errors).toEqual({ events: 1 })
  await tacit.wrap(() => 1, { task: '', arms: ['a'] })
  expect((await tacit.status()).errors).toEqual({ events: 2, 'wrap.decide': 1 })
})

test('status counts an error that has just occurred, however long writing it down takes', async () => {
  const slowly = (store: Store): Store =>
    new Proxy(store, {
      get: (target, name) => {
        if (name === 'count') return (...of: Parameters<Store['count']>) => otherWork().then(() => target.count(...of))
        const value = Reflect.get(target, name)
        return typeof value === 'function' ? value.bind(target) : value
      },
    })
  const { tacit } = await openEngine({}, { through: slowly })
  for (let i = 0; i < 3; i++) await tacit.wrap(() => 1, { task: '', arms: ['a'] })
  expect((await tacit.status()).errors).toEqual({ 'wrap.decide': 3 })
})
