import { describe, expect, it } from 'vitest'
import type { LogEvent } from '../../src/engine/types.ts'
import { openTacit } from '../../src/index.ts'
import { KeyFile } from '../../src/serve/http/keys.ts'
import { configIn, folderForTest, makeKey, type Served, serve, serveForTest } from './serving.ts'

const arms = ['optimizer', 'architect']

/** The events of a stream until `count` have come. */
async function read({ url }: Pick<Served, 'url'>, count: number, headers: Record<string, string> = {}, query = '') {
  const control = new AbortController()
  const response = await fetch(`${url}/v1/events${query}`, { headers, signal: control.signal })
  expect(response.headers.get('content-type')).toBe('text/event-stream')
  const events: LogEvent[] = []
  const ids: string[] = []
  let rest = ''
  const decoder = new TextDecoder()
  for await (const chunk of response.body!) {
    const blocks = (rest + decoder.decode(chunk, { stream: true })).split('\n\n')
    rest = blocks.pop()!
    for (const block of blocks) {
      const data = /^data: (.*)$/m.exec(block)?.[1]
      if (data === undefined) continue
      events.push(JSON.parse(data))
      ids.push(/^id: (.*)$/m.exec(block)![1]!)
      expect(block).toContain(`event: ${events.at(-1)!.kind}\n`)
    }
    if (events.length >= count) break
  }
  control.abort()
  return { events, ids }
}

describe('the stream of events', () => {
  it('tells of everything that is added, and goes on after the last event that a client has seen', async () => {
    const served = await serveForTest()
    for (let i = 0; i < 5; i++)
      await served.send('/v1/record', { body: { task: `Task ${i}`, arm: 'a', success: true } })
    const all = await read(served, 10, {}, '?after=0')
    expect(all.events.map(({ kind }) => kind)).toEqual(Array.from({ length: 5 }, () => ['decision', 'outcome']).flat())
    const rest = await read(served, 4, { 'Last-Event-ID': all.ids[5]! })
    expect(rest.events).toEqual(all.events.slice(6))
    const sameByQuery = await read(served, 4, {}, `?after=${all.ids[5]}`)
    expect(sameByQuery.events).toEqual(rest.events)
  })

  it('tells what other processes write too, once each, while others keep writing', async () => {
    const served = await serveForTest()
    const reading = read(served, 60, {}, '?after=0')
    const elsewhere = await openTacit({ db: served.config.db })
    for (let i = 0; i < 30; i++) {
      await elsewhere.decide({ task: `Elsewhere ${i}`, arms })
      await served.send('/v1/decide', { body: { task: `Here ${i}`, arms } })
    }
    await elsewhere.close()
    const { events } = await reading
    expect(new Set(events.map(({ task }) => task)).size).toBe(60)
  })

  it('has told of nothing that the metrics do not yet know', async () => {
    const served = await serveForTest()
    for (let i = 1; i <= 5; i++) {
      const telling = read(served, 2 * i, {}, '?after=0')
      await served.send('/v1/record', { body: { task: `Task ${i}`, arm: 'a', success: true, durationMs: i } })
      await telling
      const { body } = await served.send('/v1/metrics')
      expect(body.groups).toMatchObject([{ executions: i, successRate: { n: i }, durationMs: { n: i } }])
    }
  })

  it('ends when its key is revoked or the configuration changes, and is bounded in number', async () => {
    const folder = folderForTest()
    const config = configIn(folder, { server: { requireKeys: true, maxEventStreams: 2 } })
    const key = makeKey(config)
    const other = makeKey(config)
    const served = await serve(config, folder)
    const open = (secret: string) =>
      fetch(`${served.url}/v1/events`, { headers: { Authorization: `Bearer ${secret}` } })
    const [first, second] = await Promise.all([open(key.secret), open(other.secret)])
    expect((await open(key.secret)).status).toBe(503)
    const reading = first.text()
    new KeyFile(config.server.keysFile).revoke(key.id)
    // The next event is not for the revoked key any more.
    await served.send('/v1/record', { key: other.secret, body: { task: 'Secret', arm: 'a' } })
    expect(await reading).not.toContain('Secret')
    const rest = second.text()
    served.server.reload(config)
    await rest
    expect((await open(other.secret)).status).toBe(200)
  })

  it('gives its place back when the client goes, and is not opened by HEAD', async () => {
    const served = await serveForTest({ server: { maxEventStreams: 1 } })
    for (let i = 0; i < 3; i++) {
      await served.send('/v1/record', { body: { task: 'x', arm: 'a' } })
      await read(served, 1, {}, '?after=0')
      while (!(await served.send('/metrics')).body.includes('tacit_event_streams 0\n')) await new Promise(setImmediate)
    }
    expect((await fetch(`${served.url}/v1/events`, { method: 'HEAD' })).status).toBe(405)
  })

  it.each(['-1', '1.5', 'x', '9007199254740993', '1e400'])('refuses the place %s', async place => {
    const { send } = await serveForTest()
    for (const [query, headers] of [
      [`?after=${place}`, {}],
      ['', { 'Last-Event-ID': place }],
    ] as const)
      expect(await send(`/v1/events${query}`, { headers })).toMatchObject({
        status: 400,
        body: { code: 'INVALID_INPUT' },
      })
    expect((await send('/metrics')).body).toContain('tacit_event_streams 0\n')
  })
})
