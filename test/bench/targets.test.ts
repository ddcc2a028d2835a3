import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { measureTargets } from '../../bench/speed/targets.ts'

test('the bench of single calls times every call that a time was aimed at, on real data', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'tacit-targets-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const measured = await measureTargets({ executions: 300, samples: 20, db: join(folder, 'tacit.db') })
  expect(measured.map(({ call, targetMs }) => [call, targetMs])).toEqual([
    ['store an execution with its vector', 100],
    ['write one fact', 10],
    ['sum up by arm (metrics)', 500],
    ['sum up by day (learn analytics)', 500],
    ['learn from an execution (mean of a replay)', 5],
    ['decide and observe around a task', 15],
    ['import 100 executions', 2000],
  ])
  for (const { call, samples, p50Ms, p95Ms } of measured) {
    expect(samples, call).toBeGreaterThanOrEqual(2)
    expect(p50Ms, call).toBeGreaterThan(0)
    expect(p95Ms, call).toBeGreaterThanOrEqual(p50Ms)
  }
})
