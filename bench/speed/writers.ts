/**
 * How several processes share one SQLite file: `node bench/speed/writers.ts [seconds] [processes]`, by default 10 and 8.
 * Every process appends decisions at durability full, one after the other, and notes how long each took. Beside Tacit
 * stands plain SQLite, which waits with its own busy handler (busy_timeout 10 s) and inserts the same bytes. Last, one
 * process that appends alone and 64 at a time. Targets: nothing lost, no busy error, worst p99 below 500 ms.
 */
import { spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { fileURLToPath } from 'node:url'
import { openStore } from '../../src/store/open.ts'
import type { FactDraft } from '../../src/store/store.ts'

const kinds = ['tacit', 'plain'] as const
type Kind = (typeof kinds)[number]

interface Result {
  readonly latenciesMs: readonly number[]
  readonly busyErrors: number
}

const [first = '10', second = '8', path = '', kind = ''] = process.argv.slice(2)
if (path !== '') process.stdout.write(JSON.stringify(await write(kind as Kind, path, Number(first) * 1000)))
else await compare(Number(first), Number(second))

async function compare(seconds: number, processes: number): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'tacit-writers-'))
  try {
    console.log(`${processes} processes, ${seconds} s, durability full`)
    const rates = new Map<Kind, number>()
    for (const kind of kinds) {
      const file = join(directory, `${kind}.db`)
      await prepare(kind, file)
      const results = await Promise.all(Array.from({ length: processes }, () => runChild(kind, file, seconds)))
      rates.set(kind, report(kind, file, results, seconds))
    }
    console.log(`Tacit / plain SQLite: ${(rates.get('tacit')! / rates.get('plain')!).toFixed(2)} × the writes`)
    await compareTogether(join(directory, 'together.db'))
  } finally {
    rmSync(directory, { recursive: true })
  }
}

function report(kind: Kind, file: string, results: readonly Result[], seconds: number): number {
  const counts = results.map(({ latenciesMs }) => latenciesMs.length)
  const total = counts.reduce((sum, count) => sum + count, 0)
  const worstP99 = Math.max(...results.map(({ latenciesMs }) => quantile(latenciesMs, 0.99)))
  const worst = Math.max(...results.flatMap(({ latenciesMs }) => latenciesMs))
  const busy = results.reduce((sum, { busyErrors }) => sum + busyErrors, 0)
  const kept = countIn(file)
  console.log(
    `${kind.padEnd(6)} ${Math.round(total / seconds)} writes/s; per process ${Math.min(...counts)} to ${Math.max(...counts)}; ` +
      `worst p99 ${worstP99.toFixed(0)} ms, longest ${worst.toFixed(0)} ms; ${busy} busy errors; ${total - kept} lost`,
  )
  return total / seconds
}

async function compareTogether(file: string): Promise<void> {
  const store = await openStore({ db: file, durability: 'full', busyTimeoutMs: 10_000 })
  const rate = async (width: number) => {
    const startedMs = performance.now()
    let count = 0
    while (performance.now() - startedMs < 2_000) {
      await Promise.all(Array.from({ length: width }, () => store.append('s', [[draft()]])))
      count += width
    }
    return count / ((performance.now() - startedMs) / 1000)
  }
  const alone = await rate(1)
  const together = await rate(64)
  await store.close()
  console.log(
    `one process: ${Math.round(alone)} writes/s one by one, ${Math.round(together)} writes/s with 64 at a time ` +
      `(${(together / alone).toFixed(1)} ×)`,
  )
}

async function prepare(kind: Kind, file: string): Promise<void> {
  if (kind === 'tacit') return (await openStore({ db: file, durability: 'full', busyTimeoutMs: 10_000 })).close()
  const database = new DatabaseSync(file)
  database.exec('PRAGMA journal_mode = WAL; CREATE TABLE fact (cursor INTEGER PRIMARY KEY, id TEXT UNIQUE, body TEXT)')
  database.close()
}

/** What a child does: writes until the time is over. */
async function write(kind: Kind, file: string, durationMs: number): Promise<Result> {
  const latenciesMs: number[] = []
  let busyErrors = 0
  const append = await (kind === 'tacit' ? tacitWriter(file) : plainWriter(file))
  for (const startedMs = performance.now(); performance.now() - startedMs < durationMs; ) {
    const beginMs = performance.now()
    try {
      await append()
      latenciesMs.push(performance.now() - beginMs)
    } catch (error) {
      if (!/busy|locked/i.test(String(error))) throw error
      busyErrors += 1
    }
  }
  return { latenciesMs, busyErrors }
}

async function tacitWriter(file: string) {
  const store = await openStore({ db: file, durability: 'full', busyTimeoutMs: 10_000 })
  return async () => void (await store.append('s', [[draft()]]))
}

async function plainWriter(file: string) {
  const database = new DatabaseSync(file, { timeout: 10_000 })
  database.exec('PRAGMA synchronous = FULL')
  const insert = database.prepare('INSERT INTO fact (id, body) VALUES (?, ?)')
  return async () => {
    const { id, body } = draft()
    database.exec('BEGIN IMMEDIATE')
    insert.run(id, JSON.stringify(body))
    database.exec('COMMIT')
  }
}

function countIn(file: string): number {
  const database = new DatabaseSync(file)
  const row = database.prepare('SELECT count(*) AS n FROM fact').get()
  database.close()
  return Number(row!.n)
}

function runChild(kind: Kind, file: string, seconds: number): Promise<Result> {
  const script = fileURLToPath(import.meta.url)
  const child = spawn(process.execPath, ['--no-warnings', script, String(seconds), '1', file, kind], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let text = ''
  child.stdout.on('data', chunk => {
    text += chunk
  })
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', code => (code === 0 ? resolve(JSON.parse(text) as Result) : reject(new Error(`child: ${code}`))))
  })
}

function draft(): FactDraft {
  const id = randomUUID()
  const arms = [{ id: 'a' }, { id: 'b' }]
  return {
    id,
    kind: 'decision',
    executionId: id,
    atUs: Date.now() * 1000,
    origin: 'bench',
    body: {
      task: 'Speed up the nightly sales report',
      taskType: 'database',
      context: {},
      arms,
      arm: 'a',
      propensity: 0.5,
      distribution: [0.5, 0.5],
      policy: { id: 'uniform', version: 1, seed: 'bench' },
      stage: 'auto',
      explored: false,
      prediction: null,
      observations: { all: 0, taskType: 0, task: 0 },
      joinDeadlineMs: null,
      routingConfidence: null,
      userId: null,
      sessionId: null,
      metadata: null,
    },
  }
}

function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN
}
