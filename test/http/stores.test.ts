import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { startPostgres } from '../../scripts/postgres/server.ts'
import { TacitClient } from '../../src/client/index.ts'
import type { LogEvent } from '../../src/engine/types.ts'
import { openTacit } from '../../src/index.ts'
import { freshDatabase } from '../helpers/postgres.ts'
import { configIn, folderForTest, serve } from './serving.ts'

const arms = ['optimizer', 'architect']
const turns = 20

const stores: readonly { name: string; open: () => Promise<string> }[] = [
  { name: 'SQLite', open: async () => join(folderForTest(), 'shared.db') },
  {
    name: 'PostgreSQL',
    open: async () => {
      const { url, drop } = await freshDatabase()
      onTestFinished(drop)
      return url
    },
  },
]

describe.each(stores)('two servers on one $name', ({ open }) => {
  it('learn together, project by project, lose nothing when one is stopped, and leave a log that replays', async () => {
    const db = await open()
    const folder = folderForTest()
    const servers = [await serve(configIn(folder, { db }), folder), await serve(configIn(folder, { db }), folder)]
    const seen: LogEvent[] = []
    const control = new AbortController()
    const following = (async () => {
      const { signal } = control
      for await (const { events } of new TacitClient({ url: servers[1]!.url, project: 'shop' }).follow({
        after: 0,
        signal,
      }))
        seen.push(...events)
    })()
    const acknowledged: Record<string, string[]> = { shop: [], bank: [] }
    const work = async (client: number) => {
      const project = client % 2 === 0 ? 'shop' : 'bank'
      const tacit = new TacitClient({ url: servers[client < 4 ? 0 : 1]!.url, project, retries: 0 })
      for (let i = 0; i < turns; i++) {
        const { decisionId, arm } = await tacit.decide({ task: `Task ${i}`, taskType: project, arms })
        await tacit.observe(decisionId, { success: (arm === 'optimizer') === (project === 'shop') })
        acknowledged[project]!.push(decisionId)
      }
    }
    const clients = Array.from({ length: 8 }, (_, client) => work(client))
    // The first server is stopped while its clients are at it; what it answered counts, the rest they are told.
    setTimeout(() => servers[0]!.server.stop(), 300)
    const results = await Promise.allSettled(clients)
    for (const result of results)
      if (result.status === 'rejected') expect(['OVERLOADED', 'UNREACHABLE']).toContain(result.reason.code)
    expect(acknowledged.shop!.length).toBeGreaterThanOrEqual(2 * turns)

    for (const project of ['shop', 'bank']) {
      const tacit = await openTacit({ db, scope: project })
      const outcomes = new Set<string>()
      for await (const fact of tacit.exportFacts()) if (fact.kind === 'outcome') outcomes.add(fact.executionId)
      expect(acknowledged[project]!.filter(id => !outcomes.has(id))).toEqual([])
      expect(await tacit.replay({ verify: true })).toMatchObject({ verified: true })
      const { entries } = await tacit.learning.qTable({ taskType: project })
      const value = (arm: string) => entries.find(({ action }) => action === arm)?.qValue ?? 0.5
      expect(value('optimizer') > value('architect')).toBe(project === 'shop')
      await tacit.close()
    }

    const expected = (await new TacitClient({ url: servers[1]!.url, project: 'shop' }).status()).facts
    while (seen.length < expected.decision + expected.outcome) await new Promise(resolve => setTimeout(resolve, 20))
    control.abort()
    await following
    expect(new Set(seen.map(({ id }) => id)).size).toBe(seen.length)
    expect(seen.map(({ cursor }) => cursor)).toEqual(seen.map(({ cursor }) => cursor).toSorted((a, b) => a - b))
    expect(seen.every(({ taskType }) => taskType === undefined || taskType === 'shop')).toBe(true)
  })
})

describe('a server whose PostgreSQL is killed', () => {
  it('says so under a code, answers again when it is back, and has lost nothing that it acknowledged', async () => {
    const postgres = await startPostgres()
    onTestFinished(() => postgres.remove())
    const folder = folderForTest()
    const config = configIn(folder, { db: postgres.url, postgres: { connectTimeoutMs: 500 }, busyTimeoutMs: 500 })
    const { send, url } = await serve(config, folder)
    const decide = (n: number) => send('/v1/decide', { body: { task: `Task ${n}`, arms, decisionId: `d${n}` } })
    for (let n = 0; n < 5; n++) expect((await decide(n)).status).toBe(200)
    await postgres.kill()
    for (const refused of [await decide(5), await send('/readyz')]) {
      expect(refused.status).toBeGreaterThanOrEqual(503)
      expect(['STORE_UNAVAILABLE', 'STORE_BUSY', 'TIMEOUT']).toContain(refused.body.code)
    }
    expect((await send('/healthz')).status).toBe(200)
    await postgres.start()
    // The client goes on as if nothing had been.
    const tacit = new TacitClient({ url, retries: 20 })
    expect(await tacit.decide({ task: 'Task 5', arms, decisionId: 'd5' })).toMatchObject({ decisionId: 'd5' })
    expect((await send('/readyz')).status).toBe(200)
    expect(await tacit.status()).toMatchObject({ executions: 6, inFlight: 6 })
  })
})
