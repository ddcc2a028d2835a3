import { stripVTControlCharacters } from 'node:util'
import { describe, expect, it } from 'vitest'
import type { LogEvent } from '../../src/engine/types.ts'
import { renderEvent, renderView, type ViewState, withEvents } from '../../src/serve/cli/render/watch.ts'
import { openEngine } from '../engine/engine.ts'

const empty: ViewState = { recent: [], arms: new Map(), seen: 0 }
/** Without the styles that we set ourselves; everything else stays. */
const stripStyles = (text: string) => text.replaceAll(/\p{Cc}\[\d\d?m/gu, '')
const at = '2026-01-01T12:34:56.000Z'
const decision = (i: number): LogEvent => ({
  cursor: i,
  kind: 'decision',
  id: `d${i}`,
  executionId: `d${i}`,
  at,
  task: `Task ${i}`,
  taskType: 'office',
  arm: `arm ${i}`,
  propensity: 0.25,
  explored: true,
})

describe('the live view', () => {
  it('shows an outcome with the arm that was chosen for it, the latest event first', async () => {
    const { tacit } = await openEngine()
    await tacit.record({ task: 'Sort the mail', arm: 'optimizer', success: true })
    const outcome: LogEvent = {
      cursor: 9,
      kind: 'outcome',
      id: 'o',
      executionId: 'd1',
      at,
      success: false,
      durationMs: 1500,
    }
    const state = withEvents(withEvents(empty, [decision(1)]), [outcome])
    const view = renderView(state, await tacit.status(), await tacit.metrics(), { columns: 80, rows: 24 })
    const lines = stripVTControlCharacters(view).split('\n')
    expect(lines.slice(-2)).toEqual([
      '12:34:56  outcome   arm 1 failure  1.5 s',
      '12:34:56  decision  arm 1 (p 0.25, explored)  [office] Task 1',
    ])
    expect(lines[1]).toBe('1 executions · 100 % with outcome · 0 awaited · 2 events seen')
    expect(view).toContain('optimizer')
  })

  it('fits the terminal, and remembers no more than a bound', async () => {
    const { tacit } = await openEngine()
    const state = withEvents(
      empty,
      Array.from({ length: 5000 }, (_, i) => decision(i)),
    )
    expect(state.recent.length).toBe(200)
    expect(state.arms.size).toBe(1000)
    expect(state.seen).toBe(5000)
    for (const rows of [3, 10, 24]) {
      const view = renderView(state, await tacit.status(), await tacit.metrics(), { columns: 60, rows })
      expect(view.split('\n').length).toBeLessThanOrEqual(Math.max(rows, 7))
    }
    expect(stripVTControlCharacters(renderEvent({ ...decision(1), task: 'x'.repeat(500) }, 80)).length).toBeLessThan(90)
  })

  it('writes nothing to the terminal that a task could have smuggled in', () => {
    const evil = '\u001B[2J\u0007\r\nrm -rf\u009B2K'
    const lines = [
      { ...decision(1), task: evil, taskType: evil, arm: evil },
      { ...decision(1), kind: 'step' as const, name: evil, stepKind: evil, status: evil },
      { ...decision(1), kind: 'outcome' as const, errorType: evil, arm: evil, success: null },
      { ...decision(1), kind: 'feedback' as const, dimension: evil, value01: 1 },
    ].map(event => renderEvent(event))
    for (const line of lines) expect(stripStyles(line)).not.toMatch(/\p{Cc}/u)
  })
})
