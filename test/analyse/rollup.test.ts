import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type GroupMetrics, metricsTable } from '../../src/analyse/metrics.ts'
import { type Dimension, dimensions } from '../../src/analyse/rollup/dimensions.ts'
import { executionRollup, nextFold } from '../../src/analyse/rollup/fold.ts'
import { groupExecutions } from '../../src/analyse/rollup/query.ts'
import { foldRollups, rebuildRollups } from '../../src/engine/rollups.ts'
import { relativeError } from '../../src/math/sketch.ts'
import { quantile, wilsonInterval } from '../../src/math/statistics.ts'
import { openStore } from '../../src/store/open.ts'
import type { Store } from '../../src/store/store.ts'
import { decisionFact, outcomeFact } from '../helpers/facts.ts'
import { cellsOf, type Happening, happenings, type Told, toldBy, windows } from './rollup-world.ts'

const always = { fromUs: 0, toUs: Number.POSITIVE_INFINITY }
const plain = { filter: {}, facetsOf: () => null }

async function withStore(use: (store: Store) => Promise<void>): Promise<void> {
  const store = await openStore({ db: ':memory:', durability: 'normal', busyTimeoutMs: 1000 })
  try {
    await use(store)
  } finally {
    await store.close()
  }
}

async function happen(store: Store, scope: string, what: readonly Happening[]): Promise<void> {
  for (const event of what) {
    if ('facts' in event)
      await store.append(
        scope,
        event.facts.map(fact => [fact]),
      )
    else await store.rollups.save(scope, executionRollup, await nextFold(store, scope, event.fold))
  }
}

/** What the metrics of a group should be, computed from its executions one by one. */
function expectGroup(found: GroupMetrics, told: readonly Told[]): void {
  const known = told.flatMap(({ success }) => (success === null ? [] : [success]))
  const durations = told.flatMap(({ durationMs }) => (durationMs === null ? [] : [durationMs])).sort((a, b) => a - b)
  const successes = known.filter(Boolean).length
  expect(found.executions).toBe(told.length)
  expect(found.missing).toEqual({
    outcome: told.filter(({ hasOutcome }) => !hasOutcome).length,
    success: told.length - known.length,
    durationMs: told.length - durations.length,
    costUsd: told.filter(({ costUsd }) => costUsd === null).length,
  })
  expect(found.successRate).toEqual(
    known.length === 0
      ? null
      : {
          value: successes / known.length,
          interval: wilsonInterval(successes, known.length),
          n: known.length,
        },
  )
  expectMean(
    found.costUsd,
    told.flatMap(({ costUsd }) => (costUsd === null ? [] : [costUsd])),
    1e-12,
  )
  expectMean(
    found.quality,
    told.flatMap(({ quality }) => (quality === null ? [] : [quality])),
    1e-9,
  )
  expectMean(
    found.rating,
    told.flatMap(({ ratings }) => ratings),
    1e-9,
  )
  // Kept to the microsecond.
  expectMean(found.durationMs, durations, 1e-12, 0.0005)
  for (const [name, p] of [
    ['p50', 0.5],
    ['p75', 0.75],
    ['p90', 0.9],
    ['p95', 0.95],
    ['p99', 0.99],
  ] as const) {
    if (found.durationMs === null) continue
    const truth = quantile(durations, p)
    expect(Math.abs(found.durationMs[name] - truth)).toBeLessThanOrEqual(relativeError * truth + 0.0006)
  }
}

function expectMean(
  found: { readonly mean: number; readonly n: number } | null,
  values: readonly number[],
  relative: number,
  absolute = 1e-9,
): void {
  expect(found?.n ?? 0).toBe(values.length)
  if (found === null) return
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length
  expect(Math.abs(found.mean - mean)).toBeLessThanOrEqual(relative * mean + absolute)
}

const groupings = fc.uniqueArray(fc.constantFrom(...dimensions), { minLength: 0, maxLength: 3 })

describe('rollup and tail together', () => {
  test(
    'give for any window and grouping what summing up the whole log gives, whatever was folded when',
    () =>
      withStore(async store => {
        let runs = 0
        let counted = 0
        await fc.assert(
          fc.asyncProperty(
            happenings,
            fc.array(fc.tuple(windows, groupings), { maxLength: 6 }),
            async (what, questions) => {
              runs += 1
              const scope = `run ${runs}`
              await happen(store, scope, what)
              const told = await toldBy(store, scope)
              for (const [window, groupBy] of [[always, []] as const, ...questions]) {
                const inside = told.filter(({ atUs }) => atUs >= window.fromUs && atUs < window.toUs)
                const expected = Map.groupBy(inside, ({ names }) => JSON.stringify(groupBy.map(name => names[name])))
                const found = await groupExecutions(store, scope, window, { ...plain, groupBy })
                const { groups } = metricsTable(found, { groupBy, minCount: 1, limit: 1000, orderBy: 'executions' })
                const idOf = ({ group }: GroupMetrics) => JSON.stringify(groupBy.map(name => group[name]))
                expect(groups.map(idOf).toSorted()).toEqual([...expected.keys()].toSorted())
                for (const group of groups) expectGroup(group, expected.get(idOf(group))!)
                counted += inside.length
              }
            },
          ),
          { seed: 11, numRuns: 120 },
        )
        expect(counted).toBeGreaterThan(1000)
      }),
    60_000,
  )

  test(
    'keep the same cells, byte for byte, however the log was cut into folds',
    () =>
      withStore(async store => {
        let runs = 0
        let cellsSeen = 0
        await fc.assert(
          fc.asyncProperty(happenings, async what => {
            runs += 1
            const scope = `run ${runs}`
            await happen(store, scope, what)
            await foldRollups(store, scope)
            const piecemeal = await cellsOf(store, scope)
            await rebuildRollups(store, scope)
            expect(await cellsOf(store, scope)).toEqual(piecemeal)
            cellsSeen += piecemeal.length
          }),
          { seed: 12, numRuns: 80 },
        )
        expect(cellsSeen).toBeGreaterThan(1000)
      }),
    60_000,
  )

  test(
    'count only what passes the filters',
    () =>
      withStore(async store => {
        let runs = 0
        await fc.assert(
          fc.asyncProperty(happenings, windows, async (what, window) => {
            runs += 1
            const scope = `run ${runs}`
            await happen(store, scope, what)
            const filter = { tier: 'small', taskType: 'bug' }
            const found = await groupExecutions(store, scope, window, { ...plain, groupBy: [], filter })
            const expected = (await toldBy(store, scope)).filter(
              ({ atUs, names }) =>
                atUs >= window.fromUs && atUs < window.toUs && names.tier === 'small' && names.taskType === 'bug',
            )
            expect(found.reduce((sum, { cell }) => sum + cell.executions, 0)).toBe(expected.length)
          }),
          { seed: 13, numRuns: 60 },
        )
      }),
    60_000,
  )

  test('an execution that moves to another arm by a correction leaves no empty cell behind', () =>
    withStore(async store => {
      await store.append('s', [[decisionFact('a'), outcomeFact('a')]])
      await foldRollups(store, 's')
      const before = await cellsOf(store, 's')
      await store.append('s', [[outcomeFact('a', { id: 'again', body: { arm: { id: 'security' } } })]])
      await foldRollups(store, 's')
      const after = await cellsOf(store, 's')
      expect([before.length, after.length]).toEqual([4, 4])
      expect(after.map(({ key }) => JSON.parse(key)[0])).toEqual(Array(4).fill('security'))
      expect(after.map(({ value }) => value)).toEqual(before.map(({ value }) => value))
    }))

  test('executions decided at one moment at the edge of a window are each counted once', () =>
    withStore(async store => {
      const atUs = Date.UTC(2026, 0, 1, 10, 30) * 1000
      const facts = Array.from({ length: 2300 }, (_, i) => [decisionFact(`d${i}`, { atUs: atUs + (i < 1100 ? 1 : 0) })])
      await store.append('s', facts)
      await foldRollups(store, 's')
      const count = async (fromUs: number, toUs: number) =>
        (await groupExecutions(store, 's', { fromUs, toUs }, { ...plain, groupBy: [] }))[0]?.cell.executions ?? 0
      expect(await count(atUs, atUs + 2)).toBe(2300)
      expect(await count(atUs, atUs + 1)).toBe(1200)
      expect(await count(atUs + 1, atUs + 60e6)).toBe(1100)
    }))
})

describe('groups', () => {
  test(
    'more than can be held are refused with what to ask instead',
    () =>
      withStore(async store => {
        const facts = Array.from({ length: 50_001 }, (_, i) => [decisionFact(`d${i}`, { body: { taskType: `t${i}` } })])
        await store.append('s', facts)
        const groupBy: Dimension[] = ['taskType']
        await expect(groupExecutions(store, 's', always, { ...plain, groupBy })).rejects.toMatchObject({
          code: 'INVALID_INPUT',
          message: expect.stringContaining('fewer dimensions'),
        })
      }),
    60_000,
  )
})
