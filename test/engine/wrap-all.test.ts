import { setTimeout as wait } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { openEngine } from './engine.ts'

const arms = ['quick', 'thorough']
const tasks = (count: number, run: (i: number) => Promise<number>) =>
  Array.from({ length: count }, (_, i) => ({
    run: () => run(i),
    info: { task: `Task ${i}`, arms },
  }))

describe('many wrapped tasks', () => {
  test.each([1, 3])(
    'run at most %i at a time, are begun in their order, and each has a decision and an outcome',
    async concurrency => {
      const { tacit } = await openEngine()
      const begun: number[] = []
      let running = 0
      let most = 0
      const { promise: all, resolve: together } = Promise.withResolvers<void>()
      const run = async (i: number) => {
        begun.push(i)
        most = Math.max(most, ++running)
        // The first ones wait for each other, so that as many as may run do run.
        if (running === concurrency) together()
        await all
        await wait(i % 3)
        running--
        return 10 * i
      }
      const results = await tacit.wrapAll(tasks(12, run), { concurrency })
      expect(results).toEqual(Array.from({ length: 12 }, (_, i) => ({ status: 'fulfilled', value: 10 * i })))
      expect(most).toBe(concurrency)
      expect(begun).toEqual(begun.toSorted((a, b) => a - b))
      expect(await tacit.status()).toMatchObject({ executions: 12, withOutcome: 12, inFlight: 0 })
    },
  )

  test('do not stop one another by failing', async () => {
    const { tacit } = await openEngine()
    const failure = new Error('out of memory')
    const results = await tacit.wrapAll(
      tasks(5, async i => {
        if (i === 1) throw failure
        return i
      }),
    )
    expect(results[1]).toEqual({ status: 'rejected', reason: failure })
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(4)
    expect(await tacit.status()).toMatchObject({ executions: 5, withOutcome: 5 })
  })

  test('are not begun any more once their signal has aborted', async () => {
    const { tacit } = await openEngine()
    const abort = new AbortController()
    const run = async (i: number) => {
      if (i === 2) abort.abort(new Error('enough'))
      return i
    }
    const results = await tacit.wrapAll(tasks(6, run), { concurrency: 1, signal: abort.signal })
    expect(results.map(({ status }) => status)).toEqual([
      'fulfilled',
      'fulfilled',
      'rejected',
      'rejected',
      'rejected',
      'rejected',
    ])
    expect((await tacit.status()).executions).toBe(3)
  })

  test('are refused, with nothing run, where one of them or the bound makes no sense', async () => {
    const { tacit } = await openEngine()
    const good = tasks(1, async i => i)
    await expect(tacit.wrapAll(good, { concurrency: 0 })).rejects.toThrow(/concurrency must be a whole number/)
    await expect(tacit.wrapAll([...good, {} as (typeof good)[number]])).rejects.toThrow(/tasks\[1\]/)
    expect((await tacit.status()).executions).toBe(0)
  })
})
