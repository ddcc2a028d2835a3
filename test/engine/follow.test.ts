import { describe, expect, it } from 'vitest'
import type { LogEvent, LogPage, Tacit } from '../../src/engine/types.ts'
import { openEngine } from './engine.ts'

const arms = ['optimizer', 'architect']

/** The first `count` events of following. */
async function first(tacit: Tacit, count: number, after?: number): Promise<LogEvent[]> {
  const events: LogEvent[] = []
  for await (const page of tacit.follow(after === undefined ? {} : { after })) {
    events.push(...page.events)
    if (events.length >= count) break
  }
  return events
}

describe('following the log', () => {
  it('tells what was added, in the order of arrival, and goes on from any place without a gap', async () => {
    const { tacit } = await openEngine()
    for (let i = 0; i < 20; i++) {
      const { decisionId } = await tacit.decide({ task: `Task ${i}`, taskType: 'database', arms })
      await tacit.observe(decisionId, { success: i % 2 === 0, durationMs: 10 * i })
    }
    const all = await first(tacit, 40, 0)
    expect(all.map(({ kind }) => kind)).toEqual(all.map((_, i) => (i % 2 === 0 ? 'decision' : 'outcome')))
    expect(all[0]).toMatchObject({ task: 'Task 0', taskType: 'database', propensity: expect.any(Number) })
    expect(all[1]).toMatchObject({ executionId: all[0]!.executionId, success: true, durationMs: 0, costUsd: null })
    for (const at of [0, 7, 38]) expect(await first(tacit, 39 - at, all[at]!.cursor)).toEqual(all.slice(at + 1))
  })

  it('starts with what comes next if no place is named', async () => {
    const { tacit } = await openEngine()
    await tacit.record({ task: 'Before', arm: 'optimizer', success: true })
    const following = tacit.follow()[Symbol.asyncIterator]()
    expect(await following.next()).toMatchObject({ value: { events: [], next: 2 } })
    await tacit.step('e1', { kind: 'tool', name: 'explain' })
    await tacit.feedback('e1', { value: 'good' })
    const { value } = await following.next()
    expect(value.events).toMatchObject([
      { kind: 'step', stepKind: 'tool', name: 'explain', status: 'ok' },
      { kind: 'feedback', dimension: 'overall' },
    ])
    await following.return?.(undefined)
  })

  it('ends with its signal, and fails when Tacit is closed', async () => {
    const { tacit } = await openEngine()
    const control = new AbortController()
    const pages: LogPage[] = []
    for await (const page of tacit.follow({ signal: control.signal })) {
      pages.push(page)
      control.abort()
    }
    expect(pages).toEqual([{ events: [], next: 0 }])
    const following = tacit.follow()[Symbol.asyncIterator]()
    await following.next()
    await tacit.close()
    await expect(following.next()).rejects.toThrow()
  })

  it('cuts long texts, and refuses places that cannot be', async () => {
    const { tacit } = await openEngine()
    await tacit.record({ task: 'x'.repeat(100_000), arm: 'optimizer', success: true })
    expect((await first(tacit, 2, 0))[0]!.task).toBe(`${'x'.repeat(200)}…`)
    await expect(first(tacit, 1, -1)).rejects.toMatchObject({ code: 'INVALID_INPUT' })
  })
})
