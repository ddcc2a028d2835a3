import { describe, expect, test } from 'vitest'
import type { TacitEvents } from '../../src/index.ts'
import type { Outcome } from '../../src/records.ts'
import type { Store } from '../../src/store/store.ts'
import { collect } from '../helpers/collect.ts'
import { type Opened, openEngine } from './engine.ts'

const info = { task: 'Translate the page', taskType: 'translation', arms: ['fast', 'careful'] }

async function lastOutcome({ tacit }: Opened): Promise<Outcome['body']> {
  const facts = await collect(tacit.exportFacts())
  return facts.findLast(fact => fact.kind === 'outcome')!.body
}

/** A store whose named calls fail while `isBroken` says so. */
function breakable(calls: readonly (keyof Store)[]) {
  const switched = { isBroken: false }
  const through = (store: Store) =>
    new Proxy(store, {
      get(target, key) {
        const value = Reflect.get(target, key, target)
        if (switched.isBroken && calls.includes(key as keyof Store))
          return async () => {
            throw new Error(`the disk is gone (${String(key)})`)
          }
        return typeof value === 'function' ? value.bind(target) : value
      },
    })
  return { switched, through }
}

describe('a wrapped task', () => {
  test('gets the chosen arm, returns its own result, and its outcome is observed', async () => {
    const opened = await openEngine()
    const { tacit, clock } = opened
    const result = await tacit.wrap(async ({ arm, decisionId, signal }) => {
      expect(signal.aborted).toBe(false)
      clock.nowMs += 1500
      return { arm, decisionId }
    }, info)
    expect(info.arms).toContain(result.arm)
    const [decision] = await collect(tacit.exportFacts())
    expect(decision).toMatchObject({ id: result.decisionId, body: { arm: result.arm, stage: 'auto' } })
    expect(await lastOutcome(opened)).toMatchObject({ success: true, durationMs: 1500, arm: null, quality: null })
  })

  test('may report more about its outcome, also that it did not succeed, or how long it really took', async () => {
    const opened = await openEngine()
    await opened.tacit.wrap(({ report }) => {
      report({ costUsd: 0.02, durationMs: 7 })
      report({ quality: { value: 4, scale: '1-5' }, success: false })
    }, info)
    expect(await lastOutcome(opened)).toMatchObject({
      success: false,
      quality: 0.75,
      durationMs: 7,
      costMicroUsd: 20_000,
    })
  })

  test('that throws, throws the very same, and is recorded as failed', async () => {
    const opened = await openEngine()
    const error = new RangeError('no such page')
    const failing = opened.tacit.wrap(() => Promise.reject(error), info)
    await expect(failing).rejects.toBe(error)
    expect(await lastOutcome(opened)).toMatchObject({
      success: false,
      error: { type: 'crash', message: 'no such page' },
    })
    await expect(
      opened.tacit.wrap(() => {
        throw 'text'
      }, info),
    ).rejects.toBe('text')
    expect(await opened.tacit.status()).toMatchObject({ executions: 2, withOutcome: 2, errors: {} })
  })

  test('that fails with a long message is recorded all the same', async () => {
    const opened = await openEngine()
    const error = new Error('x'.repeat(100_000))
    await expect(opened.tacit.wrap(() => Promise.reject(error), info)).rejects.toBe(error)
    expect((await lastOutcome(opened)).error?.message).toHaveLength(65_536)
    expect((await opened.tacit.status()).errors).toEqual({})
  })

  test('that takes too long is told by its signal, fails with a timeout, and is recorded so', async () => {
    const opened = await openEngine()
    let wasTold = false
    const slow = opened.tacit.wrap(
      ({ signal }) =>
        new Promise(() => {
          signal.addEventListener('abort', () => {
            wasTold = true
          })
        }),
      { ...info, timeoutMs: 5 },
    )
    await expect(slow).rejects.toMatchObject({ name: 'TimeoutError' })
    expect(wasTold).toBe(true)
    expect(await lastOutcome(opened)).toMatchObject({ success: false, error: { type: 'timeout' } })
  })

  test.each([2 ** 31, Number.POSITIVE_INFINITY])(
    'with a timeout of %d ms, longer than timers last, has none',
    async timeoutMs => {
      const { tacit } = await openEngine()
      const finished = tacit.wrap(() => new Promise(resolve => setTimeout(() => resolve('done'), 20)), {
        ...info,
        timeoutMs,
      })
      expect(await finished).toBe('done')
    },
  )

  test('that is cancelled has an unknown success: it did not fail', async () => {
    const opened = await openEngine()
    const controller = new AbortController()
    const reason = new Error('the user left')
    const running = opened.tacit.wrap(
      () => {
        setTimeout(() => controller.abort(reason))
        return new Promise(() => {})
      },
      { ...info, signal: controller.signal },
    )
    await expect(running).rejects.toBe(reason)
    expect(await lastOutcome(opened)).toMatchObject({ success: null, metadata: { cancelled: true } })
    expect((await opened.tacit.metrics()).groups[0]).toMatchObject({ successRate: null, missing: { success: 1 } })
  })

  test('that was cancelled before it began does not run', async () => {
    const opened = await openEngine()
    let runs = 0
    const cancelled = opened.tacit.wrap(() => ++runs, { ...info, signal: AbortSignal.abort('too late') })
    await expect(cancelled).rejects.toBe('too late')
    expect(runs).toBe(0)
    expect(await lastOutcome(opened)).toMatchObject({ success: null })
  })

  test('that cancels itself in its first line is cancelled', async () => {
    const { tacit } = await openEngine()
    const controller = new AbortController()
    const running = tacit.wrap(
      () => {
        controller.abort('enough')
        return new Promise(() => {})
      },
      { ...info, signal: controller.signal },
    )
    await expect(running).rejects.toBe('enough')
  })

  test('leaves nothing behind on the caller’s signal', async () => {
    const { tacit } = await openEngine()
    const controller = new AbortController()
    let listeners = 0
    const { signal } = controller
    const add = signal.addEventListener.bind(signal)
    const remove = signal.removeEventListener.bind(signal)
    signal.addEventListener = (...given: Parameters<typeof add>) => {
      listeners++
      add(...given)
    }
    signal.removeEventListener = (...given: Parameters<typeof remove>) => {
      listeners--
      remove(...given)
    }
    await tacit.wrap(() => 1, { ...info, signal })
    await expect(tacit.wrap(() => Promise.reject(new Error('no')), { ...info, signal })).rejects.toThrow('no')
    expect(listeners).toBe(0)
  })

  test('outlives its decisions in parallel: each outcome finds its own', async () => {
    const { tacit } = await openEngine()
    const results = await Promise.all(
      Array.from({ length: 20 }, (_, i) =>
        tacit.wrap(async ({ decisionId, report }) => {
          await new Promise(resolve => setTimeout(resolve, (i * 7) % 5))
          report({ quality: i / 32 })
          return decisionId!
        }, info),
      ),
    )
    const facts = await collect(tacit.exportFacts())
    const qualities = results.map(id => {
      const outcome = facts.find(fact => fact.kind === 'outcome' && fact.executionId === id)
      return outcome?.kind === 'outcome' ? outcome.body.quality : undefined
    })
    expect(qualities).toEqual(Array.from({ length: 20 }, (_, i) => i / 32))
  })
})

describe('when Tacit itself fails, the task', () => {
  test('runs with the incumbent or the first arm, and the failure is counted and told', async () => {
    const { switched, through } = breakable(['append'])
    const { tacit } = await openEngine({}, { through })
    const errors: TacitEvents['error'][] = []
    tacit.events.on('error', event => errors.push(event))
    switched.isBroken = true
    expect(await tacit.wrap(({ arm, decisionId }) => [arm, decisionId], info)).toEqual(['fast', null])
    expect(await tacit.wrap(({ arm }) => arm, { ...info, incumbent: 'careful' })).toBe('careful')
    switched.isBroken = false
    expect((await tacit.status()).errors).toEqual({ 'wrap.decide': 2 })
    expect(errors.map(({ where }) => where)).toEqual(['wrap.decide', 'wrap.decide'])
    expect(errors[0]!.error.message).toContain('the disk is gone')
    await tacit.wrap(() => 1, info)
    expect(await tacit.status()).toMatchObject({ executions: 1, withOutcome: 1, errors: { 'wrap.decide': 2 } })
  })

  test('keeps its result when the outcome cannot be written, and its error when it failed', async () => {
    const { switched, through } = breakable(['append'])
    const { tacit } = await openEngine({}, { through })
    const breaking = (result: () => unknown) => () => {
      switched.isBroken = true
      return result()
    }
    expect(
      await tacit.wrap(
        breaking(() => 'result'),
        info,
      ),
    ).toBe('result')
    switched.isBroken = false
    const error = new Error('its own')
    await expect(
      tacit.wrap(
        breaking(() => Promise.reject(error)),
        info,
      ),
    ).rejects.toBe(error)
    switched.isBroken = false
    expect(await tacit.status()).toMatchObject({ executions: 2, withOutcome: 0, errors: { 'wrap.observe': 2 } })
  })

  test('is not touched even if the failure cannot be written down; it is then counted in memory', async () => {
    const { switched, through } = breakable(['append', 'count'])
    const { tacit } = await openEngine({}, { through })
    switched.isBroken = true
    expect(await tacit.wrap(() => 'result', info)).toBe('result')
    switched.isBroken = false
    expect((await tacit.status()).errors).toEqual({ 'wrap.decide': 1 })
  })

  test('runs while the store is closed underneath, and when Tacit is closed', async () => {
    const { tacit, store } = await openEngine()
    const errors: TacitEvents['error'][] = []
    tacit.events.on('error', event => errors.push(event))
    await store.close()
    expect(await tacit.wrap(({ arm }) => arm, info)).toBe('fast')
    await tacit.close()
    expect(await tacit.wrap(({ arm }) => arm, info)).toBe('fast')
    expect(errors.map(({ where, error }) => [where, (error as { code?: string }).code])).toEqual([
      ['wrap.decide', 'CLOSED'],
      ['wrap.decide', 'CLOSED'],
    ])
  })

  test('runs also when what it was told about the task is wrong, or a report is', async () => {
    const { tacit } = await openEngine()
    expect(await tacit.wrap(({ arm }) => arm, { ...info, task: '' })).toBe('fast')
    expect(await tacit.wrap(({ arm }) => arm, { ...info, arms: [{ id: 'spelled', facets: {} }], at: -1 })).toBe(
      'spelled',
    )
    expect(
      await tacit.wrap(({ report }) => {
        report({ durationMs: -5 })
        return 'result'
      }, info),
    ).toBe('result')
    expect((await tacit.status()).errors).toEqual({ 'wrap.decide': 2, 'wrap.observe': 1 })
  })

  test('cannot run without any arm to name, and says so', async () => {
    const { tacit } = await openEngine()
    let runs = 0
    await expect(tacit.wrap(() => ++runs, { task: 'x' })).rejects.toMatchObject({ code: 'NO_ARMS' })
    expect(runs).toBe(0)
  })
})

test('while Tacit is switched off, wrap runs the task with the incumbent and hands it no decision', async () => {
  const { tacit } = await openEngine({ enabled: false })
  const seen = await tacit.wrap(({ arm, decisionId }) => ({ arm, decisionId }), {
    task: 'x',
    arms: ['a', 'b'],
    incumbent: 'b',
  })
  expect(seen).toEqual({ arm: 'b', decisionId: null })
  expect((await tacit.status()).executions).toBe(0)
})
