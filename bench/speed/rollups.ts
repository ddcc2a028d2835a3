/**
 * How much faster rollups answer than GROUP BY over every execution, and what they cost: `node bench/speed/rollups.ts
 * [executions] [dense|sparse] [database]`, by default 100000, dense, in a temporary SQLite file. The executions are made
 * up (seed "rollups"): over one year, 20 arms of 3 tiers and 4 pools, durations log-normal; dense: 5 task types (100
 * combinations); sparse: 10 task types in 5 repositories (1,000 combinations).
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import pg from 'pg'
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
const worlds = { dense: { taskTypes: 5, repositories: 1 }, sparse: { taskTypes: 10, repositories: 5 } } as const
const dayUs = 86_400_000_000
const count = Number(process.argv[2] ?? 100_000)
const world = worlds[process.argv[3] === 'sparse' ? 'sparse' : 'dense']
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
function execution(i: number, rng: () => number): FactDraft[] {
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
        taskType: `type ${Math.floor(rng() * world.taskTypes)}`,
        context: { repository: `repository ${Math.floor(rng() * world.repositories)}` },
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

/** The fastest of nine: what it takes when nothing else runs. */
async function fastest(action: () => Promise<unknown>): Promise<number> {
  const seconds: number[] = []
  for (let i = 0; i < 9; i++) seconds.push((await timed(action)).seconds)
  return Math.min(...seconds)
}

async function fill(store: Store): Promise<void> {
  const rng = seedRng('rollups')
  for (let start = 0; start < count; start += 500) {
    const length = Math.min(500, count - start)
    await store.append(
      scope,
      Array.from({ length }, (_, i) => execution(start + i, rng)),
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

/**
 * The database's own GROUP BY over the rows of a window, by arm and without percentiles or facets: the least that an
 * answer without rollups takes.
 */
async function groupByOf(db: string): Promise<{ run(window: Span): Promise<unknown>; close(): Promise<void> }> {
  const sums = 'arm, count(*), sum(success), avg(duration_ms), avg(cost_micro_usd)'
  const endOf = ({ toUs }: Span) => Math.min(toUs, Number.MAX_SAFE_INTEGER)
  if (!/^postgres/.test(db)) {
    const database = new DatabaseSync(db, { readOnly: true })
    const where = 'scope = ? AND decided_at_us >= ? AND decided_at_us < ?'
    const statement = database.prepare(`SELECT ${sums} FROM execution WHERE ${where} GROUP BY arm`)
    return {
      run: async window => statement.all(scope, window.fromUs, endOf(window)),
      close: async () => database.close(),
    }
  }
  const client = new pg.Client(db)
  await client.connect()
  const where = 'scope = $1 AND decided_at_us >= $2 AND decided_at_us < $3'
  const counted = sums.replace('sum(success)', 'count(*) FILTER (WHERE success)')
  const text = `SELECT ${counted} FROM tacit.execution WHERE ${where} GROUP BY arm`
  return {
    run: window => client.query(text, [scope, window.fromUs, endOf(window)]),
    close: () => client.end(),
  }
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

const directory = mkdtempSync(join(tmpdir(), 'tacit-bench-'))
const db = process.argv[4] ?? join(directory, 'tacit.db')
const store = await openStore({
  db,
  durability: 'normal',
  busyTimeoutMs: 60_000,
})
try {
  const filled = await timed(() => fill(store))
  console.log(`${count} executions over one year, appended in ${filled.seconds.toFixed(1)} s`)
  const unfolded = await timed(() => ask(store, questions[0]!))
  console.log(`"${questions[0]!.name}" from the log alone: ${unfolded.seconds.toFixed(2)} s`)
  const folded = await timed(() => fold(store))
  const each = (1e6 * folded.seconds) / folded.value
  console.log(
    `folding: ${folded.seconds.toFixed(1)} s, ${each.toFixed(0)} µs a fact, ${(folded.seconds / filled.seconds).toFixed(2)} of appending`,
  )
  console.log(`cells: ${await cells(store)}`)
  const groupBy = await groupByOf(db)
  for (const question of questions) {
    const fromRollup = await fastest(() => ask(store, question))
    const fromRows = await fastest(() => groupBy.run(question.window))
    const { groups } = await ask(store, question)
    console.log(
      `${question.name}: ${groups.length} groups, rollup ${(1000 * fromRollup).toFixed(1)} ms, ` +
        `GROUP BY ${(1000 * fromRows).toFixed(1)} ms, ratio ${(fromRows / fromRollup).toFixed(1)}`,
    )
  }
  await groupBy.close()
} finally {
  await store.close()
  rmSync(directory, { recursive: true })
}
