/**
 * What appending to PostgreSQL costs beside inserting the same rows with the plain driver: `node bench/speed/postgres.ts
 * [seconds per line]`, on a server of its own with default settings (fsync on). One append is a decision with a vector of
 * 256 numbers: it is looked up, logged, projected and kept with its vector in one transaction. One plain insert is the same
 * log row, with the same indexes, and nothing else. Seed "postgres".
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import pg from 'pg'
import { startPostgres } from '../../scripts/postgres/server.ts'
import { normal, seedRng } from '../../src/math/rng.ts'
import { openPostgresStore } from '../../src/store/postgres/open.ts'
import type { FactDraft, Store, VectorRow } from '../../src/store/store.ts'

const arms = Array.from({ length: 8 }, (_, index) => ({ id: `arm ${index}` }))
const insertPlain = {
  name: 'plain',
  text: 'INSERT INTO plain (scope, id, execution_id, recorded_at_us, cursor, body) VALUES ($1, $2, $2, $3, $4, $5)',
}
const createPlain = `
  CREATE TABLE plain (scope text, id text, execution_id text, recorded_at_us bigint, cursor bigint, body text,
    PRIMARY KEY (scope, id, recorded_at_us));
  CREATE INDEX ON plain (scope, cursor); CREATE INDEX ON plain (scope, recorded_at_us);
  CREATE INDEX ON plain (scope, execution_id);`

function decision(id: string): FactDraft & { kind: 'decision' } {
  const body = {
    ...{ task: `Sort out request ${id}`, taskType: 'support', context: { repository: 'shop' }, arms, arm: 'arm 3' },
    ...{ propensity: 0.5, distribution: arms.map(() => 1 / arms.length), explored: false, prediction: null },
    ...{ policy: { id: 'bench', version: 1, seed: 'bench' }, stage: 'auto' as const, observations: null },
    ...{ joinDeadlineMs: null, routingConfidence: null, userId: null, sessionId: null, metadata: null },
  }
  return { id, kind: 'decision', executionId: id, atUs: 1_700_000_000_000_000, origin: 'bench', body }
}

/** Appends one by one, from `lanes` callers at a time, until the time is over; how many. */
async function appendFor(seconds: number, stores: readonly Store[], scopeOf: (lane: number) => string, name: string) {
  const rng = seedRng('postgres')
  const vector = Float32Array.from({ length: 256 }, () => normal(rng))
  return countFor(seconds, stores.length, async (lane, i) => {
    const id = `${name}-${lane}-${i}`
    const vectors: VectorRow[] = [{ executionId: id, embedder: 'bench/256', vector }]
    await stores[lane]!.append(scopeOf(lane), [[decision(id)]], vectors)
  })
}

async function insertFor(seconds: number, clients: readonly pg.Client[], name: string): Promise<number> {
  return countFor(seconds, clients.length, async (lane, i) => {
    const id = `${name}-${lane}-${i}`
    await clients[lane]!.query({ ...insertPlain, values: ['s', id, i, i, JSON.stringify(decision(id).body)] })
  })
}

/** Calls per second of `lanes` callers who each wait for the answer before they call again. */
async function countFor(seconds: number, lanes: number, call: (lane: number, i: number) => Promise<void>) {
  const startedAtMs = performance.now()
  const endMs = startedAtMs + seconds * 1000
  let done = 0
  await Promise.all(
    Array.from({ length: lanes }, async (_, lane) => {
      for (let i = 0; performance.now() < endMs; i++) {
        await call(lane, i)
        done += 1
      }
    }),
  )
  return done / ((performance.now() - startedAtMs) / 1000)
}

const openStore = (url: string) => openPostgresStore({ url, durability: 'normal', busyTimeoutMs: 60_000, poolSize: 4 })
const times = <T>(count: number, make: (index: number) => Promise<T>) =>
  Promise.all(Array.from({ length: count }, (_, index) => make(index)))

async function inProcesses(count: number, seconds: number, url: string, scopeOf: (index: number) => string) {
  const rates = await times(count, async index => {
    const script = fileURLToPath(import.meta.url)
    const child = spawn(process.execPath, [script, 'child', String(seconds), url, scopeOf(index), `child-${index}`], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    return Number(await textOf(child))
  })
  return rates.reduce((sum, rate) => sum + rate, 0)
}

async function textOf(child: ChildProcess): Promise<string> {
  let text = ''
  for await (const chunk of child.stdout!) text += chunk
  return text
}

async function measure(seconds: number): Promise<void> {
  const server = await startPostgres()
  const ends: (() => Promise<void>)[] = [() => server.remove()]
  try {
    const clients = await times(8, async () => {
      const client = new pg.Client(server.url)
      await client.connect()
      ends.push(() => client.end())
      return client
    })
    await clients[0]!.query(createPlain)
    const stores = await times(8, async () => {
      const store = await openStore(server.url)
      ends.push(() => store.close())
      return store
    })
    const one = await insertFor(seconds, clients.slice(0, 1), 'one')
    const eight = await insertFor(seconds, clients, 'eight')
    const lines: [string, number, number | null][] = [
      ['plain insert, 1 connection', one, null],
      ['append, 1 caller', await appendFor(seconds, stores.slice(0, 1), () => 'a', 'a'), one],
      ['plain insert, 8 connections', eight, null],
      ['append, 8 handles, a scope each', await appendFor(seconds, stores, lane => `b${lane}`, 'b'), eight],
      ['append, 8 handles, one scope', await appendFor(seconds, stores, () => 'c', 'c'), eight],
      ['append, 1 handle, 64 callers', await appendFor(seconds, Array(64).fill(stores[0]), () => 'd', 'd'), eight],
      ['append, 8 processes, a scope each', await inProcesses(8, seconds, server.url, index => `e${index}`), eight],
      ['append, 8 processes, one scope', await inProcesses(8, seconds, server.url, () => 'f'), eight],
    ]
    for (const [name, rate, base] of lines) {
      const ratio = base === null ? '' : `${(rate / base).toFixed(2)} × plain`
      console.log(`${name.padEnd(36)}${rate.toFixed(0).padStart(7)} /s   ${ratio}`)
    }
  } finally {
    for (const end of ends.toReversed()) await end()
  }
}

const [, , first = '3', ...rest] = process.argv
if (first === 'child') {
  const [seconds, url, scope, name] = rest as [string, string, string, string]
  const store = await openStore(url)
  console.log(await appendFor(Number(seconds), [store], () => scope, name))
  await store.close()
} else {
  await measure(Number(first))
}
