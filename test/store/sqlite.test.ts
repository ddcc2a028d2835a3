import { statSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, expect, test } from 'vitest'
import { integer, seedRng } from '../../src/math/rng.ts'
import { Connection } from '../../src/store/sqlite/connection.ts'
import { migrate } from '../../src/store/sqlite/migrations.ts'
import { SqliteStore } from '../../src/store/sqlite/store.ts'
import { collect } from '../helpers/collect.ts'
import { decisionFact, outcomeFact } from '../helpers/facts.ts'
import { openStoreAt, runChild, temporaryDirectory } from './temporary.ts'

const temporaryPath = () => join(temporaryDirectory(), 'tacit.db')

/** Ids that a child said were stored. */
const acknowledged = (lines: readonly string[]) =>
  lines.flatMap(line => (line.startsWith('stored ') ? [line.split(' ')[1]!] : []))

function integrityOf(path: string): unknown {
  const database = new DatabaseSync(path)
  const row = database.prepare('PRAGMA integrity_check').get()
  database.close()
  return row?.integrity_check
}

describe('under contention', () => {
  test('a write waits for the lock, and fails with STORE_BUSY after the time limit with nothing written', async () => {
    const path = temporaryPath()
    const patient = await openStoreAt(path)
    const impatient = await openStoreAt(path, { busyTimeoutMs: 20 })
    const holder = new DatabaseSync(path)
    holder.exec('BEGIN IMMEDIATE')
    await expect(impatient.append('s', [[decisionFact('late')]])).rejects.toMatchObject({
      code: 'STORE_BUSY',
      message: expect.stringContaining('busyTimeoutMs'),
    })
    const waiting = patient.append('s', [[decisionFact('patient')]])
    expect(await patient.executions('s', {})).toEqual([])
    setTimeout(() => holder.exec('COMMIT'), 30)
    expect((await waiting)[0]!.status).toBe('stored')
    expect((await patient.executions('s', {})).map(({ id }) => id)).toEqual(['patient'])
    holder.close()
  })

  test('closing a store ends the waiting of its calls with CLOSED', async () => {
    const path = temporaryPath()
    const store = await openStoreAt(path)
    const holder = new DatabaseSync(path)
    holder.exec('BEGIN IMMEDIATE')
    const waiting = store.append('s', [[decisionFact('a')]])
    await store.close()
    await expect(waiting).rejects.toMatchObject({ code: 'CLOSED' })
    holder.close()
  })

  test('eight processes that append at once with full durability lose nothing', async () => {
    const path = temporaryPath()
    const appends = 40
    const children = Array.from({ length: 8 }, (_, index) =>
      runChild({ path, durability: 'full', appends, prefix: `p${index}` }),
    )
    const results = await Promise.all(children)
    const store = await openStoreAt(path)
    const ids = results.flatMap(({ lines }) => acknowledged(lines))
    expect(ids.length).toBe(8 * appends)
    const facts = await store.tail('s', 0, 1000)
    expect(facts.map(({ fact }) => fact.id).toSorted()).toEqual(ids.toSorted())
    expect((await store.stats('s')).executions).toBe(8 * appends)
    const times = facts.map(({ fact }) => fact.recordedAtUs)
    expect(new Set(times).size).toBe(times.length)
    expect(times).toEqual(times.toSorted((a, b) => a - b))
  })
})

describe('after a crash', () => {
  test('of a writer by kill -9, five times, every acknowledged write is there and the file is sound', async () => {
    const path = temporaryPath()
    const rng = seedRng('kill')
    const ids: string[] = []
    for (let round = 0; round < 5; round += 1) {
      const lastLine = 3 + integer(rng, 300)
      let seen = 0
      const { lines } = await runChild({ path, durability: 'normal', appends: -1, prefix: `r${round}` }, (_, kill) => {
        seen += 1
        if (seen === lastLine) kill()
      })
      ids.push(...acknowledged(lines))
      expect(lines.length).toBeGreaterThanOrEqual(lastLine)
      const store = await openStoreAt(path)
      const kept = new Set((await store.tail('s', 0, 100_000)).map(({ fact }) => fact.id))
      expect(ids.filter(id => !kept.has(id))).toEqual([])
      expect((await store.executions('s', {})).length).toBe(kept.size)
      const near = { embedder: 'e', vector: Float32Array.of(0.6, 0.8), threshold: 0.9, limit: 100_000 }
      expect((await store.nearest('s', near)).length).toBe(kept.size)
      await store.close()
      expect(integrityOf(path)).toBe('ok')
    }
    expect(ids.length).toBeGreaterThan(15)
  })
})

describe('writes that come at the same moment', () => {
  class CountingConnection extends Connection {
    transactions = 0
    override write<T>(body: () => T): Promise<T> {
      this.transactions += 1
      return super.write(body)
    }
  }
  async function openCounting() {
    const connection = new CountingConnection({ path: temporaryPath(), readOnly: false, busyTimeoutMs: 1_000 })
    await migrate(connection)
    connection.transactions = 0
    return { connection, store: new SqliteStore(connection, Date.now) }
  }

  test('share one transaction, and one of them that cannot be kept is undone alone', async () => {
    const { connection, store } = await openCounting()
    const bad = { executionId: 'nowhere', embedder: 'e', vector: Float32Array.of(1) }
    const calls = Array.from({ length: 100 }, (_, index) =>
      store.append('s', [[decisionFact(`e${index}`)]], index === 50 ? [bad] : []),
    )
    const results = await Promise.allSettled(calls)
    expect(connection.transactions).toBeLessThan(4)
    expect(results.flatMap(({ status }, index) => (status === 'rejected' ? [index] : []))).toEqual([50])
    expect(results[50]).toMatchObject({ reason: { code: 'INVALID_INPUT' } })
    const kept = (await store.tail('s', 0, 200)).map(({ fact }) => fact)
    expect(kept.map(({ id }) => id)).toEqual(results.flatMap((_, index) => (index === 50 ? [] : [`e${index}`])))
    const times = kept.map(({ recordedAtUs }) => recordedAtUs)
    expect(new Set(times).size).toBe(99)
    expect(times).toEqual(times.toSorted((a, b) => a - b))
    await store.close()
  })

  test('do not fail together when one of them is too large for the disk', async () => {
    const { connection, store } = await openCounting()
    await store.append('s', [[decisionFact('first')]])
    connection.exec(`PRAGMA max_page_count = ${Number(connection.value('PRAGMA page_count')) + 4}`)
    const big = decisionFact('big', { body: { task: 'x'.repeat(100_000) } })
    const results = await Promise.allSettled([
      store.append('s', [[decisionFact('a')]]),
      store.append('s', [[big]]),
      store.append('s', [[decisionFact('b')]]),
    ])
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
    expect(results[1]).toMatchObject({ reason: { code: 'DISK_FULL' } })
    expect((await store.tail('s', 0, 10)).map(({ fact }) => fact.id)).toEqual(['first', 'a', 'b'])
    await store.close()
  })
})

describe('space', () => {
  test('a full disk keeps nothing of the write and says so, and writing goes on when there is room', async () => {
    const connection = new Connection({ path: temporaryPath(), readOnly: false, busyTimeoutMs: 0 })
    await migrate(connection)
    const store = new SqliteStore(connection, Date.now)
    await store.append('s', [[decisionFact('a')]])
    connection.exec(`PRAGMA max_page_count = ${Number(connection.value('PRAGMA page_count')) + 2}`)
    const big = decisionFact('b', { body: { task: 'x'.repeat(100_000) } })
    await expect(store.append('s', [[decisionFact('c')], [big]])).rejects.toMatchObject({ code: 'DISK_FULL' })
    expect((await store.tail('s', 0, 10)).map(({ fact }) => fact.id)).toEqual(['a'])
    expect((await store.executions('s', {})).map(({ id }) => id)).toEqual(['a'])
    connection.exec('PRAGMA max_page_count = 1000000')
    expect((await store.append('s', [[big]]))[0]!.status).toBe('stored')
    await store.close()
  })

  test('the write-ahead log stays bounded while facts pour in and another handle reads', async () => {
    const path = temporaryPath()
    const store = await openStoreAt(path)
    const reader = await openStoreAt(path)
    let largestBytes = 0
    let read = 0
    for (let batch = 0; batch < 60; batch += 1) {
      const groups = Array.from({ length: 200 }, (_, index) => {
        const id = `b${batch}-${index}`
        return [decisionFact(id), outcomeFact(id)]
      })
      await store.append('s', groups)
      largestBytes = Math.max(largestBytes, statSync(`${path}-wal`).size)
      if (batch % 20 === 0) for await (const _row of reader.scan('s', {})) read += 1
    }
    expect(read).toBeGreaterThan(0)
    expect(statSync(path).size).toBeGreaterThan(largestBytes)
    expect(largestBytes).toBeLessThan(8 * 1024 * 1024)
    expect((await store.stats('s')).executions).toBe(12_000)
  })
})

describe('queries', () => {
  /** Notes every statement that a store runs. */
  class RecordingConnection extends Connection {
    readonly texts = new Set<string>()
    override statement(sql: string) {
      this.texts.add(sql)
      return super.statement(sql)
    }
  }

  test('use an index that leads with the scope, for every read and write that grows with the log', async () => {
    const connection = new RecordingConnection({ path: ':memory:', readOnly: false, busyTimeoutMs: 0 })
    await migrate(connection)
    connection.texts.clear()
    const store = new SqliteStore(connection, Date.now)
    const vector = Float32Array.of(0.6, 0.8)
    for (const id of ['a', 'b']) {
      await store.append('s', [[decisionFact(id), outcomeFact(id)]], [{ executionId: id, embedder: 'e', vector }])
    }
    const filter = { taskType: 'database', arm: 'optimizer', sinceUs: 0, withOutcome: true }
    await store.tail('s', 0, 10)
    await store.log('s', { recordedAtUs: 1, id: 'x' }, 10)
    await store.facts('s', ['a'])
    await store.executions('s', { limit: 10 })
    await store.executions('s', { ...filter, limit: 10 })
    await collect(store.scan('s', filter))
    await store.nearest('s', { embedder: 'e', vector, threshold: 0, limit: 1 })
    await store.nearest('s', { embedder: 'e', vector, threshold: 0, limit: 1, filter })
    await store.scopes()
    await store.stats('s')
    const texts = [...connection.texts].filter(sql => /\b(from|into) "?(fact|execution|vector)\b/i.test(sql))
    expect(texts.length).toBeGreaterThan(12)
    for (const sql of texts) {
      const values = new Array<number>(sql.split('?').length - 1).fill(1)
      const plan = connection.all(`EXPLAIN QUERY PLAN ${sql}`, ...values).map(row => String(row.detail))
      for (const step of plan) {
        expect(step, sql).not.toMatch(/SCAN (fact|execution|vector)(?! USING COVERING INDEX)/)
        if (!sql.includes('GROUP BY')) expect(step, sql).not.toContain('TEMP B-TREE')
        if (!sql.includes('cursor > ?') || sql.includes('scope')) {
          expect(step, sql).not.toMatch(/SEARCH (fact|execution|vector) USING INTEGER PRIMARY KEY/)
        }
      }
    }
    await store.close()
  })
})
