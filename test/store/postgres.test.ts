import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { startProxy } from '../../bench/faults/proxy.ts'
import { appendCalls, type Doubt } from '../../src/store/postgres/append.ts'
import type { Session } from '../../src/store/postgres/database.ts'
import { databaseOf, openPostgresStore, type PostgresOptions } from '../../src/store/postgres/open.ts'
import type { FactDraft, LoggedFact, Store } from '../../src/store/store.ts'
import { decisionFact, outcomeFact, recorded, startUs } from '../helpers/facts.ts'
import { freshDatabase } from '../helpers/postgres.ts'

/** A database, and connections to it that end with the test. */
async function fresh() {
  const { url, drop } = await freshDatabase()
  const ends: (() => Promise<void>)[] = []
  onTestFinished(async () => {
    for (const end of ends.toReversed()) await end()
    await drop()
  })
  return {
    url,
    async store(options: Partial<PostgresOptions> = {}): Promise<Store> {
      const store = await openPostgresStore({ url, durability: 'normal', busyTimeoutMs: 5_000, ...options })
      ends.push(() => store.close())
      return store
    },
    /** A plain client, as another program would be. */
    async client(as: string = url): Promise<pg.Client> {
      const client = new pg.Client(as)
      client.on('error', () => undefined)
      await client.connect()
      ends.push(() => client.end())
      return client
    },
    /** The same database behind a network that can fail. */
    async behindProxy() {
      const target = new URL(url)
      const proxy = await startProxy(Number(target.port))
      ends.push(async () => proxy.close())
      target.port = String(proxy.port)
      return { proxy, url: target.href }
    },
  }
}

const ids = (facts: readonly LoggedFact[]) => facts.map(({ fact }) => fact.id)
const append = async (store: Store, ...drafts: FactDraft[]) => (await store.append('s', [drafts]))[0]!
const lockScope = "SELECT cursor FROM tacit.scope WHERE scope = 's' FOR UPDATE"

describe('cursors', () => {
  test('become visible in their order: a writer that began later waits, and a reader between them misses nothing', async () => {
    const { store, client } = await fresh()
    const [writer, reader] = [await store(), await store()]
    await append(writer, decisionFact('first'))

    // A transaction of another process that has taken its turn and does not commit yet.
    const slow = await client()
    await slow.query('BEGIN')
    await slow.query(lockScope)
    const later = append(writer, decisionFact('later'))
    await sleep(100)
    expect(ids(await reader.tail('s', 0, 10))).toEqual(['first'])
    await slow.query(
      `INSERT INTO tacit.fact (scope, cursor, id, kind, execution_id, at_us, recorded_at_us, origin, body)
       SELECT scope, cursor + 1, 'slow', kind, 'slow', at_us, recorded_at_us + 1, origin, body FROM tacit.fact`,
    )
    await slow.query(
      "UPDATE tacit.scope SET cursor = cursor + 1, recorded_at_us = recorded_at_us + 1, changes = changes + 1 WHERE scope = 's'",
    )
    await slow.query('COMMIT')

    expect((await later).facts[0]!.cursor).toBe(3)
    expect(ids(await reader.tail('s', 1, 10))).toEqual(['slow', 'later'])
  })

  test('have no gap after an append that was rolled back', async () => {
    const { store } = await fresh()
    const writer = await store()
    await append(writer, decisionFact('a'))
    await expect(append(writer, decisionFact('bad', { body: { propensity: 2 } }))).rejects.toMatchObject({
      code: 'INVALID_INPUT',
    })
    const [conflict] = await writer.append('s', [[outcomeFact('other', { id: 'a' })]])
    expect(conflict!.status).toBe('conflict')
    await append(writer, decisionFact('b'))
    expect((await writer.tail('s', 0, 10)).map(({ cursor }) => cursor)).toEqual([1, 2])
  })

  test('are read one after the other without a gap while four handles write as fast as they can', async () => {
    const { store } = await fresh()
    const writers = await Promise.all(Array.from({ length: 4 }, () => store()))
    const reader = await store()
    const seen: LoggedFact[] = []
    let isWriting = true
    const reading = (async () => {
      for (;;) {
        const isLast = !isWriting
        const page = await reader.tail('s', seen.at(-1)?.cursor ?? 0, 50)
        seen.push(...page)
        if (isLast && page.length === 0) return
      }
    })()
    await Promise.all(
      writers.map(async (writer, index) => {
        for (let i = 0; i < 60; i++) {
          // Now and then one that fails, and several at once.
          if (i % 7 === 0) await append(writer, decisionFact('x', { atUs: 0.5 })).catch(() => undefined)
          await Promise.all([0, 1].map(k => append(writer, decisionFact(`${index}/${i}/${k}`))))
        }
      }),
    )
    isWriting = false
    await reading
    expect(seen.map(({ cursor }) => cursor)).toEqual(Array.from({ length: 480 }, (_, index) => index + 1))
    expect(new Set(ids(seen)).size).toBe(480)
    const times = seen.map(({ fact }) => fact.recordedAtUs)
    expect(times).toEqual([...new Set(times)].toSorted((a, b) => a - b))
  })
})

describe('calls that wait together', () => {
  test('share a transaction, and what one of them gets wrong does not cost the others', async () => {
    const { store, client } = await fresh()
    const writer = await store()
    await append(writer, decisionFact('before'))
    const holder = await client()
    await holder.query('BEGIN')
    await holder.query(lockScope)
    const first = append(writer, decisionFact('a'))
    await sleep(20)
    const others = [
      append(writer, decisionFact('b')),
      append(writer, decisionFact('bad', { atUs: 0.5 })),
      append(writer, decisionFact('c\0c')),
      writer.append('s', [[decisionFact('d')]], [{ executionId: 'nobody', embedder: 'e', vector: Float32Array.of(1) }]),
      append(writer, decisionFact('e')),
    ]
    const settled = Promise.allSettled([first, ...others])
    await holder.query('COMMIT')
    expect((await settled).map(({ status }) => status)).toEqual([
      'fulfilled',
      'fulfilled',
      'rejected',
      'rejected',
      'rejected',
      'fulfilled',
    ])
    for (const result of await settled) {
      if (result.status === 'rejected') expect(result.reason).toMatchObject({ code: 'INVALID_INPUT' })
    }
    expect(ids(await writer.tail('s', 0, 10)).toSorted()).toEqual(['a', 'b', 'before', 'e'])
    expect(await writer.stats('s')).toMatchObject({ executions: 4 })
  })

  test('that are waiting when the store is closed are kept before it closes', async () => {
    const { store } = await fresh()
    const writer = await store()
    const waiting = Array.from({ length: 20 }, (_, index) => append(writer, decisionFact(`d${index}`)))
    await writer.close()
    expect((await Promise.all(waiting)).every(({ status }) => status === 'stored')).toBe(true)
    expect((await (await store()).tail('s', 0, 100)).length).toBe(20)
  })
})

describe('a connection that is lost', () => {
  test('at the commit is looked into: what we stored is said to be stored, and is there once', async () => {
    const { store, behindProxy } = await fresh()
    const { proxy, url } = await behindProxy()
    const [far, near] = [await store({ url, poolSize: 1 }), await store()]
    await append(far, decisionFact('warm'))
    for (let i = 0; i < 10; i++) {
      // The statements get through at different moments before the cut; the answer never does.
      proxy.set({ delayMs: 10 })
      const written = append(far, decisionFact(`d${i}`), outcomeFact(`d${i}`))
      await sleep(5 * i)
      proxy.cut()
      proxy.set({})
      expect((await written).status).toBe('stored')
    }
    expect(ids(await near.tail('s', 0, 100))).toEqual([
      'warm',
      ...Array.from({ length: 10 }, (_, i) => [`d${i}`, `d${i}/outcome`]).flat(),
    ])
  })

  test('after the commit or before it, the next attempt knows which: it gives the first answer or writes anew', async () => {
    const { store, url } = await fresh()
    const near = await store()
    await append(near, decisionFact('first'))
    const database = databaseOf({ url, durability: 'normal', busyTimeoutMs: 5_000 })
    onTestFinished(() => database.close())
    let doubt: Doubt | null = null
    const attempt = (id: string, wrap: (session: Session) => Session) =>
      database.session(session =>
        appendCalls(
          wrap(session),
          's',
          [{ groups: [[decisionFact(id)]], vectors: [], options: {} }],
          Date.now,
          doubt,
          next => {
            doubt = next
          },
        ),
      )
    const whole = (session: Session) => session
    const failing = (isDone: boolean) => (session: Session) => ({
      async run(...[statement, ...values]: Parameters<Session['run']>) {
        if (statement.text !== 'COMMIT') return session.run(statement, ...values)
        await session.run(isDone ? statement : { text: 'ROLLBACK' })
        throw new Error('Connection terminated unexpectedly')
      },
    })
    for (const [id, isDone] of [
      ['kept', true],
      ['lost', false],
    ] as const) {
      await expect(attempt(id, failing(isDone))).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' })
      expect((await near.facts('s', [id])).has(id)).toBe(isDone)
      expect(await attempt(id, whole)).toMatchObject({ added: 1, results: [{ appended: [{ status: 'stored' }] }] })
      doubt = null
      expect(await attempt(id, whole)).toMatchObject({ added: 0, results: [{ appended: [{ status: 'duplicate' }] }] })
    }
    expect(ids(await near.tail('s', 0, 10))).toEqual(['first', 'kept', 'lost'])
  })

  test('is what others committed under the same id still a duplicate after it', async () => {
    const { store, behindProxy } = await fresh()
    const { proxy, url } = await behindProxy()
    const [far, near] = [await store({ url, poolSize: 1 }), await store()]
    await append(far, decisionFact('warm'))
    proxy.set({ isSilent: true })
    const written = append(far, decisionFact('contested'))
    await sleep(20)
    expect((await append(near, decisionFact('contested'))).status).toBe('stored')
    proxy.cut()
    proxy.set({})
    expect((await written).status).toBe('duplicate')
  })

  test('while reading is made good by another one', async () => {
    const { store, behindProxy } = await fresh()
    const { proxy, url } = await behindProxy()
    const far = await store({ url })
    await append(far, decisionFact('a'))
    proxy.set({ delayMs: 20 })
    const reading = far.tail('s', 0, 10)
    await sleep(10)
    proxy.cut()
    expect(ids(await reading)).toEqual(['a'])
  })

  test('to a network that swallows everything is given up, and its lock is free for the others', async () => {
    const { store, behindProxy } = await fresh()
    const { proxy, url } = await behindProxy()
    const [far, near] = [await store({ url, busyTimeoutMs: 200 }), await store({ busyTimeoutMs: 20_000 })]
    await append(far, decisionFact('a'))
    proxy.set({ delayMs: 15 })
    const written = append(far, decisionFact('b'))
    await sleep(40)
    proxy.set({ isSilent: true })
    await expect(written).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' })
    expect((await append(near, decisionFact('c'))).status).toBe('stored')
    expect(ids(await near.tail('s', 0, 10)).filter(id => id !== 'b')).toEqual(['a', 'c'])
  })

  test('for notices is replaced, and what came meanwhile is noticed', async () => {
    const { store, client } = await fresh()
    const [reader, writer, admin] = [await store(), await store(), await client()]
    let calls = 0
    onTestFinished(
      await reader.subscribe('s', () => {
        calls += 1
      }),
    )
    const { rows } = await admin.query(
      "SELECT pg_terminate_backend(pid) AS done FROM pg_stat_activity WHERE query LIKE 'LISTEN%' AND datname = current_database()",
    )
    expect(rows).toEqual([{ done: true }])
    await append(writer, decisionFact('a'))
    await vi.waitFor(() => expect(calls).toBe(1), { timeout: 10_000, interval: 20 })
    await append(writer, decisionFact('b'))
    await vi.waitFor(() => expect(calls).toBe(2), { timeout: 10_000, interval: 20 })
  })

  test('for longer than the time limit is told as it is', async () => {
    const { store, behindProxy } = await fresh()
    const { proxy, url } = await behindProxy()
    const far = await store({ url, busyTimeoutMs: 300 })
    await append(far, decisionFact('a'))
    proxy.close()
    await expect(append(far, decisionFact('b'))).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' })
    await expect(far.tail('s', 0, 10)).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' })
  })
})

test('connections are as many as the pool allows, and calls beyond them wait their turn', async () => {
  const { store, client } = await fresh()
  const pooled = await store({ poolSize: 2 })
  await append(pooled, decisionFact('a'))
  const other = await client()
  const reading = Promise.all(Array.from({ length: 40 }, () => pooled.tail('s', 0, 10)))
  expect(pooled.connections!.waiting).toBeGreaterThan(30)
  const { rows } = await other.query(
    "SELECT count(*)::int AS n FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'tacit'",
  )
  expect(rows[0].n).toBeLessThanOrEqual(2)
  expect((await reading).every(page => page.length === 1)).toBe(true)
  // A notice may still be on its way.
  await vi.waitFor(() => expect(pooled.connections).toEqual({ open: 2, idle: 2, waiting: 0 }))
})

test('connections that are all in use for too long are told as such', async () => {
  const { store, client } = await fresh()
  const pooled = await store({ poolSize: 1, connectTimeoutMs: 100, busyTimeoutMs: 800 })
  await append(pooled, decisionFact('a'))
  const holder = await client()
  await holder.query('BEGIN')
  await holder.query(lockScope)
  const writing = append(pooled, decisionFact('b')).catch(() => undefined)
  await sleep(50)
  await expect(pooled.count('s', 'errors')).rejects.toMatchObject({
    code: 'STORE_BUSY',
    message: expect.stringMatching(/All 1 connections/),
  })
  await holder.query('ROLLBACK')
  await writing
})

describe('a client that hangs', () => {
  test('in the midst of its transaction loses its locks, and the others go on', async () => {
    const { store, client, url } = await fresh()
    const writer = await store({ busyTimeoutMs: 20_000 })
    await append(writer, decisionFact('a'))
    const hung = await client(`${url}?application_name=hung`)
    // As every session of Tacit has it, only shorter.
    await hung.query("SET idle_in_transaction_session_timeout = '300ms'")
    await hung.query('BEGIN')
    await hung.query(lockScope)
    expect((await append(writer, decisionFact('b'))).status).toBe('stored')
    await expect(hung.query('COMMIT')).rejects.toThrow()
  })

  test('longer than a writer may wait makes it give up, with nothing written', async () => {
    const { store, client } = await fresh()
    const writer = await store({ busyTimeoutMs: 200 })
    await append(writer, decisionFact('a'))
    const hung = await client()
    await hung.query('BEGIN')
    await hung.query(lockScope)
    await expect(append(writer, decisionFact('b'))).rejects.toMatchObject({ code: 'STORE_BUSY' })
    await hung.query('ROLLBACK')
    expect(ids(await writer.tail('s', 0, 10))).toEqual(['a'])
  })
})

describe('partitions', () => {
  test('take facts by the month of their recording, and the default one takes what has no month', async () => {
    const { store, client } = await fresh()
    const nowMs = Date.now()
    const writer = await store({ now: () => nowMs })
    await append(writer, decisionFact('now'))
    await append(writer, recorded(decisionFact('long ago'), 7))
    const month = new Date(nowMs).toISOString().slice(0, 7).replace('-', '_')
    const { rows } = await (await client()).query(
      'SELECT id, tableoid::regclass::text AS partition FROM tacit.fact ORDER BY id',
    )
    expect(rows).toEqual([
      { id: 'long ago', partition: 'tacit.fact_default' },
      { id: 'now', partition: `tacit.fact_${month}` },
    ])
  })

  test('that are made late take over what the default one holds', async () => {
    const { store, client } = await fresh()
    const writer = await store()
    await writer.append('s', [
      [recorded(decisionFact('january'), startUs)],
      [recorded(decisionFact('february'), startUs + 40 * 86_400_000_000)],
      [recorded(decisionFact('december'), startUs - 1)],
    ])
    const before = await writer.tail('s', 0, 10)
    const other = await client()
    const made = `SELECT tacit.make_fact_partitions(${startUs}, 2) AS made`
    expect((await other.query(made)).rows).toEqual([{ made: 2 }])
    expect((await other.query(made)).rows).toEqual([{ made: 0 }])
    const { rows } = await other.query(
      'SELECT id, tableoid::regclass::text AS partition FROM tacit.fact ORDER BY cursor',
    )
    expect(rows.map(({ partition }) => partition)).toEqual([
      'tacit.fact_2026_01',
      'tacit.fact_2026_02',
      'tacit.fact_default',
    ])
    expect(await writer.tail('s', 0, 10)).toEqual(before)
    expect((await append(writer, decisionFact('january'))).status).toBe('duplicate')
  })
})
