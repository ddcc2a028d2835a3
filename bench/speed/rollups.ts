/**
 * How much faster rollups answer than summing up every execution, and what they cost: `node bench/speed/rollups.ts
 * [executions] [database]`, by default 100000 in a temporary SQLite file. The executions are made up (seed "rollups"):
 * 20 arms of 3 tiers and 4 pools, 10 task types, 5 repositories, over one year, durations log-normal.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { metricsTable } from '../../src/analyse/metrics.ts'
import type { Dimension } from '../../src/analyse/rollup/dimensions.ts'
import { executionRollup, nextFold } from '../../src/analyse/rollup/fold.ts'
import { periods, type Span } from '../../src/analyse/rollup/periods.ts'
import { groupExecutions } from '../../src/analyse/rollup/query.ts'
import { normalQuantile } from '../../src/math/distributions.ts'
import { seedRng } from '../../src/math/rng.ts'
import { openStore } from '../../src/store/open.ts'
import type { FactDraft, Store } from '../../src/store/store.ts'

const scope = 'bench'
const dayUs = 86_400_000_000
const endUs = Date.UTC(2026, 0, 1) * 1000
const always: Span = { fromUs: 0, toUs: Number.POSITIVE_INFINITY }
const questions: readonly { readonly name: string; readonly groupBy: readonly Dimension[]; readonly window: Span }[] = [
  { name: 'by arm, all time', groupBy: ['arm'], window: always },
  { name: 'by repository, tier, type, all time', groupBy: ['repository', 'tier', 'taskType'], window: always },
  { name: 'by tier and day, 30 days', groupBy: ['tier', 'day'], window: lastDays(30) },
  { name: 'by pool and hour, 7 days', groupBy: ['pool', 'hour'], window: lastDays(7) },
  { name: 'by arm, 200 days and 90 minutes', groupBy: ['arm'], window: lastDays(200 + 1 / 16) },
]

function lastDays(days: number): Span {
  return { fromUs: endUs - Math.round(days * dayUs), toUs: Number.POSITIVE_INFINITY }
}

/** The facts of execution `i`: a decision and an outcome. */
function execution(i: number, count: number, rng: () => number): FactDraft[] {
  const arm = Math.floor(rng() * 20)
  const id = `e${i}`
  const atUs = endUs - Math.round(((count - i) / count) * 365 * dayUs)
  const facets = { tier: `tier ${arm % 3}`, pool: `pool ${arm % 4}` }
  const envelope = { executionId: id, atUs, origin: 'bench' }
  return [
    {
      ...envelope,
      kind: 'decision',
      id,
      body: {
        task: `Task ${i % 1000}`,
        taskType: `type ${Math.floor(rng() * 10)}`,
        context: { repository: `repository ${Math.floor(rng() * 5)}` },
        arms: [{ id: `arm ${arm}`, facets }],
        arm: `arm ${arm}`,
        propensity: null,
        distribution: null,
        policy: null,
        stage: null,
        explored: null,
        prediction: null,
        observations: null,
        joinDeadlineMs: null,
        routingConfidence: null,
        userId: null,
        sessionId: null,
        metadata: null,
      },
    },
    {
      ...envelope,
      kind: 'outcome',
      id: `${id}/outcome`,
      body: {
        success: rng() < 0.5 + arm / 50,
        quality: null,
        durationMs: Math.exp(7 + normalQuantile(Math.max(1e-12, rng()))),
        costMicroUsd: Math.round(rng() * 20_000),
        arm: null,
        metadata: null,
      },
    },
  ]
}

/** Seconds that `action` takes, and what it gives. */
async function timed<T>(action: () => Promise<T>): Promise<{ seconds: number; value: T }> {
  const startedMs = performance.now()
  const value = await action()
  return { seconds: (performance.now() - startedMs) / 1000, value }
}

/** The median of five. */
async function median(action: () => Promise<unknown>): Promise<number> {
  const seconds: number[] = []
  for (let i = 0; i < 5; i++) seconds.push((await timed(action)).seconds)
  return seconds.sort((a, b) => a - b)[2]!
}

async function fill(store: Store, count: number): Promise<void> {
  const rng = seedRng('rollups')
  for (let start = 0; start < count; start += 500) {
    const length = Math.min(500, count - start)
    await store.append(
      scope,
      Array.from({ length }, (_, i) => execution(start + i, count, rng)),
    )
  }
}

/** Folds everything as writers do, 2,048 facts at a time. */
async function fold(store: Store): Promise<number> {
  for (let facts = 0; ; ) {
    const next = await nextFold(store, scope, 2048)
    if (next.facts === 0) return facts
    await store.rollups.save(scope, executionRollup, next)
    facts += next.facts
  }
}

const ask = async (store: Store, { groupBy, window }: (typeof questions)[number]) => {
  const found = await groupExecutions(store, scope, window, { groupBy, filter: {}, facetsOf: () => null })
  return metricsTable(found, { groupBy, minCount: 1, limit: 50_000, orderBy: 'executions' })
}

/** Reads every row of the window and adds it up, without quantiles: the least that an answer without rollups takes. */
async function addUpRows(store: Store, { fromUs, toUs }: Span): Promise<number> {
  const sums = new Map<string, { n: number; successes: number; durationMs: number; costUsd: number }>()
  const end = toUs === Number.POSITIVE_INFINITY ? {} : { untilUs: toUs - 1 }
  for await (const row of store.scan(scope, { sinceUs: fromUs, ...end })) {
    const sum = sums.get(row.arm!) ?? { n: 0, successes: 0, durationMs: 0, costUsd: 0 }
    sums.set(row.arm!, sum)
    sum.n++
    sum.successes += Number(row.success)
    sum.durationMs += row.durationMs ?? 0
    sum.costUsd += row.costUsd ?? 0
  }
  return sums.size
}

async function cells(store: Store): Promise<string> {
  const counts = await Promise.all(
    periods.map(async period => {
      let n = 0
      let bytes = 0
      for await (const { key, value } of store.rollups.scan(scope, executionRollup, { period, ...always })) {
        n++
        bytes += key.length + value.length
      }
      return `${period} ${n} (${(bytes / 1e6).toFixed(1)} MB)`
    }),
  )
  return counts.join(', ')
}

const count = Number(process.argv[2] ?? 100_000)
const directory = mkdtempSync(join(tmpdir(), 'tacit-bench-'))
const store = await openStore({
  db: process.argv[3] ?? join(directory, 'tacit.db'),
  durability: 'normal',
  busyTimeoutMs: 60_000,
})
try {
  const filled = await timed(() => fill(store, count))
  console.log(`${count} executions over one year, appended in ${filled.seconds.toFixed(1)} s`)
  const unfolded = await timed(() => ask(store, questions[0]!))
  console.log(`"${questions[0]!.name}" from the log alone: ${unfolded.seconds.toFixed(2)} s`)
  const folded = await timed(() => fold(store))
  const each = (1e6 * folded.seconds) / folded.value
  console.log(
    `folding: ${folded.seconds.toFixed(1)} s, ${each.toFixed(0)} µs a fact, ${(folded.seconds / filled.seconds).toFixed(2)} of appending`,
  )
  console.log(`cells: ${await cells(store)}`)
  for (const question of questions) {
    const fromRollup = await median(() => ask(store, question))
    const fromRows = await median(() => addUpRows(store, question.window))
    const { groups } = await ask(store, question)
    console.log(
      `${question.name}: ${groups.length} groups, rollup ${(1000 * fromRollup).toFixed(1)} ms, ` +
        `adding up rows ${(1000 * fromRows).toFixed(0)} ms, ratio ${(fromRows / fromRollup).toFixed(0)}`,
    )
  }
} finally {
  await store.close()
  rmSync(directory, { recursive: true })
}
