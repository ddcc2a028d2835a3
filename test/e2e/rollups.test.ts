import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { Cell } from '../../src/analyse/rollup/cell.ts'
import { executionRollup } from '../../src/analyse/rollup/fold.ts'
import { foldRollups, rebuildRollups } from '../../src/engine/rollups.ts'
import { openStore } from '../../src/store/open.ts'
import { cellsOf } from '../analyse/rollup-world.ts'
import { decisionFact } from '../helpers/facts.ts'
import { freshDatabase } from '../helpers/postgres.ts'
import type { RollupJob } from './rollup-worker.ts'

const workers = 4
const rounds = 90

/** Facts of each fold that the worker saved; it is killed after `killAfter` of them. */
function runWorker(job: RollupJob, killAfter: number): Promise<number[]> {
  const script = fileURLToPath(new URL('./rollup-worker.ts', import.meta.url))
  const child = spawn(process.execPath, [script, JSON.stringify(job)], { stdio: ['ignore', 'pipe', 'inherit'] })
  const saved: number[] = []
  createInterface({ input: child.stdout }).on('line', line => {
    saved.push(Number(line))
    if (saved.length === killAfter) child.kill('SIGKILL')
  })
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (status, signal) => {
      if (status === 0 || signal === 'SIGKILL') resolve(saved)
      else reject(new Error(`The worker ended with ${status}.`))
    })
  })
}

async function foldTogether(db: string): Promise<void> {
  const store = await openStore({ db, durability: 'normal', busyTimeoutMs: 60_000 })
  try {
    await store.append(
      's',
      Array.from({ length: 5 }, (_, i) => [decisionFact(`shared-${i}`)]),
    )
    const folds = await Promise.all(
      Array.from({ length: workers }, (_, i) => runWorker({ db, name: `w${i}`, rounds }, i === 0 ? 12 : rounds)),
    )
    const cursorBefore = await store.rollups.cursor('s', executionRollup)
    const rest = await foldRollups(store, 's')
    const { facts, executions } = await store.stats('s')
    const folded = folds.flat().reduce((sum, count) => sum + count, 0)
    // Cursors have no gaps. A kill may have cut off the word that a fold was saved, never a fold.
    expect(cursorBefore - folded).toBeGreaterThanOrEqual(0)
    expect(cursorBefore - folded).toBeLessThanOrEqual(16)
    expect(cursorBefore + rest).toBe(facts.decision + facts.outcome)
    expect(folds.filter(counts => counts.some(count => count > 0)).length).toBeGreaterThan(1)
    const cells = await cellsOf(store, 's')
    const all = cells.filter(({ period }) => period === 'all').map(({ value }) => Cell.decode(value))
    expect(all.reduce((sum, cell) => sum + cell.executions, 0)).toBe(executions)
    expect(executions).toBeGreaterThan(5 + (workers - 1) * rounds)
    await rebuildRollups(store, 's')
    expect(await cellsOf(store, 's')).toEqual(cells)
  } finally {
    await store.close()
  }
}

describe('processes that append and fold at once take in every fact exactly once, though one is killed,', () => {
  test('on SQLite', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'tacit-rollups-'))
    try {
      await foldTogether(join(directory, 'tacit.db'))
    } finally {
      rmSync(directory, { recursive: true })
    }
  }, 60_000)

  test('on PostgreSQL', async () => {
    const { url, drop } = await freshDatabase()
    try {
      await foldTogether(url)
    } finally {
      await drop()
    }
  }, 60_000)
})
