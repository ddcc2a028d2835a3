import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, onTestFinished, test } from 'vitest'
import { Cell } from '../../src/analyse/rollup/cell.ts'
import { executionRollup, nextFold } from '../../src/analyse/rollup/fold.ts'
import { wrongCells } from '../../src/analyse/rollup/verify.ts'
import { maintainDatabase, validateDatabase } from '../../src/engine/database.ts'
import { foldRollups, rebuildRollups } from '../../src/engine/rollups.ts'
import { openStore } from '../../src/store/open.ts'
import type { RollupCell } from '../../src/store/rollups.ts'
import type { Store } from '../../src/store/store.ts'
import { decisionFact, outcomeFact, startUs } from '../helpers/facts.ts'
import { cellsOf, happenings } from './rollup-world.ts'

const options = { durability: 'normal', busyTimeoutMs: 1000 } as const

async function open(db: string): Promise<Store> {
  const store = await openStore({ db, ...options })
  onTestFinished(() => store.close())
  return store
}

/** Writes cells as they should not be, with the cursor where it is. */
async function tamper(store: Store, ...cells: RollupCell[]): Promise<void> {
  const cursor = await store.rollups.cursor('s', executionRollup)
  await store.rollups.save('s', executionRollup, { fromCursor: cursor, toCursor: cursor, cells })
}

describe('comparing rollups with the log', () => {
  test('finds nothing wrong after any history, folded wholly or in part', async () => {
    const store = await open(':memory:')
    let runs = 0
    await fc.assert(
      fc.asyncProperty(happenings, async what => {
        runs += 1
        const scope = `run ${runs}`
        for (const event of what) {
          if ('facts' in event) {
            await store.append(
              scope,
              event.facts.map(fact => [fact]),
            )
          } else await store.rollups.save(scope, executionRollup, await nextFold(store, scope, event.fold))
        }
        expect(await wrongCells(store, scope)).toEqual([])
      }),
      { seed: 21, numRuns: 40 },
    )
  })

  test('names the cells that are missing, that nothing founds, and that hold something else', async () => {
    const store = await open(':memory:')
    await store.append('s', [
      [decisionFact('a'), outcomeFact('a')],
      [decisionFact('b', { atUs: startUs + 40 * 86_400e6 })],
    ])
    await foldRollups(store, 's')
    const cells = await cellsOf(store, 's')
    const [hour, day] = [cells.find(({ period }) => period === 'hour')!, cells.find(({ period }) => period === 'day')!]
    const ghost = { ...day, startUs: Date.UTC(1999, 0, 5) * 1000 }
    await tamper(store, { ...hour, value: null }, { ...day, value: new Cell().encode() }, ghost)
    const wrong = (await wrongCells(store, 's'))!
    expect(wrong.map(({ period, startUs: at, is }) => [period, at, is]).toSorted()).toEqual([
      ['day', day.startUs, 'different'],
      ['day', ghost.startUs, 'unfounded'],
      ['hour', hour.startUs, 'missing'],
    ])
    await rebuildRollups(store, 's')
    expect(await wrongCells(store, 's')).toEqual([])
  })
})

describe('the care of a database', () => {
  function databaseIn(): string {
    const directory = mkdtempSync(join(tmpdir(), 'tacit-rollups-'))
    onTestFinished(() => rmSync(directory, { recursive: true }))
    return join(directory, 'tacit.db')
  }

  test('folds what waits, in every scope', async () => {
    const db = databaseIn()
    const store = await open(db)
    for (const scope of ['s', 't']) await store.append(scope, [[decisionFact('a'), outcomeFact('a')]])
    const { steps } = await maintainDatabase({ db, ...options })
    expect(steps[0]).toEqual({ name: 'rollups folded', result: '4 facts' })
    expect((await maintainDatabase({ db, ...options })).steps[0]!.result).toBeNull()
    for (const scope of ['s', 't']) expect((await cellsOf(store, scope)).length).toBe(4)
  })

  test('finds rollups that disagree with the log', async () => {
    const db = databaseIn()
    const store = await open(db)
    await store.append('s', [[decisionFact('a'), outcomeFact('a')]])
    await foldRollups(store, 's')
    expect(await validateDatabase({ db, ...options })).toMatchObject({ isSound: true, problemCount: 0 })
    const cell = (await cellsOf(store, 's'))[0]!
    await tamper(store, { ...cell, value: null })
    const report = await validateDatabase({ db, ...options })
    expect(report).toMatchObject({ isSound: false, problemCount: 1, problems: [{ kind: 'rollup', scope: 's' }] })
    expect(report.problems[0]!.message).toContain('is missing')
  })
})
