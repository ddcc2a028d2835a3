import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { stripVTControlCharacters } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { dealAnew, runControl } from '../../src/demo/control.ts'
import { type DemoResult, renderDemo, runDemo } from '../../src/demo/main.ts'
import { attemptAll } from '../../src/demo/portfolio.ts'
import { makeTask } from '../../src/demo/tasks.ts'
import { openTacit } from '../../src/engine/open.ts'

const folder = mkdtempSync(join(tmpdir(), 'tacit-demo-'))
const db = join(folder, 'demo.db')
const tasks = 60
const phases = new Map<string, number>()
let result: DemoResult

beforeAll(async () => {
  const onProgress = ({ phase, done, total }: { phase: string; done: number; total: number }) =>
    phases.set(phase, done / total)
  result = await runDemo({ db, seed: 'test', tasks, onProgress })
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe('the demo', () => {
  test('reports progress of each phase to its end', () => {
    expect([...phases]).toEqual([
      ['solving', 1],
      ['learning', 1],
      ['negative control', 1],
    ])
  })

  test('leaves a database with every task decided, predicted and observed', async () => {
    const tacit = await openTacit({ db })
    const status = await tacit.status()
    expect(status).toMatchObject({ executions: tasks, withOutcome: tasks, arms: 7 })
    expect(result.calibration.n).toBeGreaterThan(0)
    expect(result.calibration.n).toBeLessThanOrEqual(tasks)
    await tacit.close()
  })

  test('keeps its sums: tasks by kind, shares, and no choice above the oracle', () => {
    expect(result.tasks).toBe(tasks)
    expect(result.kinds.reduce((sum, kind) => sum + kind.tasks, 0)).toBe(tasks)
    const late = result.kinds.reduce((sum, kind) => sum + (kind.secondHalf?.tasks ?? 0), 0)
    expect(late).toBe(result.reward.secondHalf.tasks)
    for (const { secondHalf } of result.kinds) {
      if (secondHalf) expect(secondHalf.shares.reduce((sum, share) => sum + share, 0)).toBeCloseTo(1)
    }
    for (const { tacit, bestSingle, uniform, oracle } of Object.values(result.reward)) {
      expect(oracle).toBeGreaterThanOrEqual(Math.max(tacit, bestSingle.utility))
      expect(bestSingle.utility).toBeGreaterThanOrEqual(uniform)
    }
    const { attempts, solved, failed } = result.measuring
    expect(attempts).toBe(7 * tasks)
    expect(solved + Object.values(failed).reduce((sum, count) => sum + count, 0)).toBe(attempts)
    expect(failed.crash).toBeUndefined()
  })

  test('is shown without loose ends', () => {
    const text = stripVTControlCharacters(renderDemo(result))
    expect(text).not.toMatch(/undefined|NaN|null|\[object/)
    expect(text).toContain(`tacit status --db ${db}`)
    for (const { taskType } of result.kinds) expect(text).toContain(taskType)
  })
})

describe('a file that is already there', () => {
  const again = (path: string) => runDemo({ db: path, seed: 'test', tasks: 50, onProgress: () => undefined })

  test('is refused if it holds anything but a demo', async () => {
    const own = join(folder, 'own.db')
    const tacit = await openTacit({ db: own })
    await tacit.record({ task: 'mine', arm: 'a', success: true })
    await tacit.close()
    await expect(again(own)).rejects.toMatchObject({ code: 'ALREADY_EXISTS' })
    const reopened = await openTacit({ db: own })
    expect((await reopened.status()).executions).toBe(1)
    await reopened.close()
  })

  test('is set aside, not deleted, if it is an earlier demo’s', async () => {
    expect((await again(db)).setAside).toBe(`${db}.old-1`)
    expect(existsSync(db)).toBe(true)
    expect(readdirSync(folder)).toContain('demo.db.old-1')
    const old = await openTacit({ db: `${db}.old-1` })
    expect((await old.status()).executions).toBe(tasks)
    await old.close()
  })
})

test('too few tasks are refused before anything is written', async () => {
  const path = join(folder, 'none.db')
  const run = runDemo({ db: path, seed: 'test', tasks: 3, onProgress: () => undefined })
  await expect(run).rejects.toMatchObject({ code: 'INVALID_INPUT' })
  expect(existsSync(path)).toBe(false)
})

describe('the negative control', () => {
  const some = Array.from({ length: 60 }, (_, index) => makeTask('control', index))
  const attempts = some.map(task => attemptAll(task, 'control', { timeLimitMs: 1000, stepLimit: 20_000 }))

  test('deals out the same outcomes in other places', () => {
    const dealt = dealAnew(attempts, 'deal')
    const qualities = (rows: typeof dealt) => rows.flat().map(({ quality }) => quality ?? -1)
    expect(qualities(dealt).sort()).toEqual(qualities(attempts).sort())
    expect(qualities(dealt)).not.toEqual(qualities(attempts))
    expect(dealt.map(row => row.map(({ arm }) => arm))).toEqual(attempts.map(row => row.map(({ arm }) => arm)))
  })

  test('gains nothing over chance', async () => {
    const report = await runControl('control', some, attempts, 2, () => undefined)
    expect(report).toMatchObject({ runs: 2, tasks: 60, holds: true })
    expect(report.standardError).toBeGreaterThan(0)
  })
})
