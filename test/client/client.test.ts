import { readdirSync, readFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, expect, it, onTestFinished } from 'vitest'
import { type LogEvent, TacitClient, TacitError } from '../../src/client/index.ts'
import { configIn, folderForTest, makeKey, serve, serveForTest } from '../http/serving.ts'

const arms = ['optimizer', 'architect']
const task = 'Speed up the nightly sales report'

describe('the client', () => {
  it('is used as an open Tacit is, with the same answers', async () => {
    const { url } = await serveForTest()
    const tacit = new TacitClient({ url: `${url}/` })
    const { decisionId, arm, propensity } = await tacit.decide({ task, taskType: 'database', arms })
    expect(arms).toContain(arm)
    expect(propensity).toBeGreaterThan(0)
    expect(await tacit.observe(decisionId, { success: true, costUsd: 0.01 })).toMatchObject({ status: 'stored' })
    expect(await tacit.step(decisionId, { name: 'explain query' })).toMatchObject({ status: 'stored' })
    expect(await tacit.feedback(decisionId, { value: 'good' })).toMatchObject({ status: 'stored' })
    expect(await tacit.record({ task, arm: 'architect', success: false })).toMatchObject({ status: 'stored' })
    expect((await tacit.recommend({ task })).arms).toHaveLength(2)
    expect((await tacit.predict({ task, arms })).map(({ arm }) => arm)).toEqual(arms)
    expect((await tacit.similar(task, { limit: 1 }))[0]!.similarity).toBeCloseTo(1)
    expect((await tacit.metrics({ groupBy: ['arm'] })).groups).not.toEqual([])
    expect((await tacit.pareto()).arms).not.toEqual([])
    expect((await tacit.calibration()).models).toHaveLength(1)
    expect(await tacit.status()).toMatchObject({ executions: 2, withOutcome: 2 })
    expect(await tacit.call('learn status', {})).toMatchObject({ totalExperiences: 2 })
    expect(await tacit.batch([{ operation: 'status', input: {} }])).toMatchObject([{ index: 0, status: 'done' }])
  })

  it('records any number of executions, each with its own result', async () => {
    const { url } = await serveForTest()
    const tacit = new TacitClient({ url })
    const executions = Array.from({ length: 1203 }, (_, i) => ({
      task: i === 1100 ? '' : `Task ${i}`,
      arm: 'a',
      executionId: `e${i % 1202}`,
    }))
    const items = await tacit.recordBatch(executions, { idempotencyKey: 'import 1' })
    expect(items.map(({ index }) => index)).toEqual(executions.map((_, i) => i))
    expect(items[0]).toEqual({ index: 0, id: 'e0', executionId: 'e0', status: 'stored' })
    expect(items[1100]).toMatchObject({ status: 'error', error: { code: 'INVALID_INPUT' } })
    expect(items[1202]).toMatchObject({ status: 'duplicate' })
    expect(await tacit.policyEvaluate({ policy: 'best-single' })).toMatchObject({ refused: true })
    expect((await tacit.status()).executions).toBe(1201)
  })

  it('throws the errors of the server under their codes', async () => {
    const folder = folderForTest()
    const config = configIn(folder, { server: { requireKeys: true } })
    const { secret } = makeKey(config, { access: ['read'] })
    const { url } = await serve(config, folder)
    const reader = new TacitClient({ url, key: secret })
    await expect(reader.decide({ task, arms })).rejects.toMatchObject({
      code: 'FORBIDDEN',
      details: { needed: 'decide' },
    })
    await expect(new TacitClient({ url }).status()).rejects.toMatchObject({ code: 'UNAUTHENTICATED' })
    const failure = await reader.similar('', {}).catch(error => error)
    expect(failure).toBeInstanceOf(TacitError)
    expect(failure).toMatchObject({ code: 'INVALID_INPUT', details: { issues: [{ path: 'task' }] } })
    await expect(new TacitClient({ url, key: secret, project: 'other' }).status()).rejects.toMatchObject({
      code: 'FORBIDDEN',
    })
    expect(() => new TacitClient({ url: 'localhost:7345' })).toThrow(/http:\/\/host:port/)
  })

  it('imports nothing but types and the errors, so that it runs wherever there is fetch', () => {
    const folder = new URL('../../src/client/', import.meta.url)
    for (const file of readdirSync(folder)) {
      const imports = readFileSync(new URL(file, folder), 'utf8').matchAll(/^(?:import|export) (.*?)from '([^']*)'$/gms)
      for (const [, what, where] of imports)
        expect(what!.startsWith('type ') || /^\.\/|errors\.ts$/.test(where!), `${file} imports ${where}`).toBe(true)
    }
  })
})

describe('a server that fails in passing', () => {
  it('is asked again with the same key of idempotency, until it answers', async () => {
    const keys: unknown[] = []
    const { url } = await answering((request, response, n) => {
      keys.push(request.headers['idempotency-key'])
      if (n === 1) return void request.socket.destroy()
      if (n === 2) return problem(response, 503, 'STORE_BUSY')
      if (n === 3) return void response.writeHead(502).end('<html>')
      response.writeHead(200, { 'Content-Type': 'application/json' }).end('{"status":"stored"}')
    })
    expect(await new TacitClient({ url }).observe('d1', { success: true })).toEqual({ status: 'stored' })
    expect(keys).toHaveLength(4)
    expect(new Set(keys).size).toBe(1)
    expect(keys[0]).toMatch(/\S{30}/)
  })

  it('is not asked again where that cannot help, and not without an end', async () => {
    let asked = 0
    const { url } = await answering((_, response) => {
      asked++
      problem(response, asked === 1 ? 400 : 503, asked === 1 ? 'INVALID_INPUT' : 'OVERLOADED')
    })
    const tacit = new TacitClient({ url, retries: 2 })
    await expect(tacit.status()).rejects.toMatchObject({ code: 'INVALID_INPUT' })
    expect(asked).toBe(1)
    await expect(tacit.status()).rejects.toMatchObject({ code: 'OVERLOADED' })
    expect(asked).toBe(4)
  })

  it('is given as long as it asks for', async () => {
    const atMs: number[] = []
    const { url } = await answering((_, response, n) => {
      atMs.push(performance.now())
      if (n === 1) problem(response, 429, 'RATE_LIMITED', { 'Retry-After': '1' })
      else response.writeHead(200).end('{}')
    })
    await new TacitClient({ url }).status()
    expect(atMs[1]! - atMs[0]!).toBeGreaterThan(990)
  })

  it('or is not there, or is something else, is said so', async () => {
    const nowhere = new TacitClient({ url: 'http://127.0.0.1:9', retries: 0 })
    await expect(nowhere.status()).rejects.toMatchObject({ code: 'UNREACHABLE' })
    const { url } = await answering((_, response, n) => {
      if (n === 1) response.writeHead(200).end('<html>')
      else if (n === 2) response.writeHead(302, { Location: 'http://127.0.0.1:9/' }).end()
      else response.writeHead(404).end('nothing here')
    })
    const tacit = new TacitClient({ url, retries: 0 })
    for (const code of ['UNREACHABLE', 'UNREACHABLE', 'INTERNAL'])
      await expect(tacit.status()).rejects.toMatchObject({ code })
  })

  it('or does not answer is left after the time given, or when the caller has enough', async () => {
    const { url } = await answering(() => {})
    const tacit = new TacitClient({ url, retries: 0, timeoutMs: 50 })
    await expect(tacit.status()).rejects.toMatchObject({ code: 'TIMEOUT' })
    const control = new AbortController()
    const asking = tacit.status({ signal: control.signal, timeoutMs: 60_000 })
    control.abort(new Error('enough'))
    await expect(asking).rejects.toThrow('enough')
    const pausing = new TacitClient({ url: 'http://127.0.0.1:9', retries: 100 }).status({
      signal: AbortSignal.timeout(150),
    })
    await expect(pausing).rejects.toMatchObject({ name: 'TimeoutError' })
  })
})

describe('following a server', () => {
  it('goes on where it was after a break, without a gap and without a double', async () => {
    const folder = folderForTest()
    const config = configIn(folder)
    const first = await serve(config, folder)
    const tacit = new TacitClient({ url: first.url })
    const seen: LogEvent[] = []
    const control = new AbortController()
    let started = () => {}
    const isFollowing = new Promise<void>(resolve => {
      started = resolve
    })
    const following = (async () => {
      for await (const { events } of tacit.follow({ signal: control.signal })) {
        started()
        seen.push(...events)
        if (seen.length >= 20) break
      }
    })()
    await isFollowing
    for (let i = 0; i < 5; i++) await tacit.record({ task: `Before ${i}`, arm: 'a', success: true })
    await first.server.stop()
    const again = { ...config, server: { ...config.server, port: first.server.port } }
    const second = await serve(again, folder)
    for (let i = 0; i < 5; i++)
      await second.send('/v1/record', { body: { task: `After ${i}`, arm: 'a', success: true } })
    await following
    expect(seen.map(({ cursor }) => cursor)).toEqual(seen.map((_, i) => seen[0]!.cursor + i))
    expect(seen.filter(({ kind }) => kind === 'decision').map(({ task }) => task)).toEqual(
      ['Before', 'After'].flatMap(when => [0, 1, 2, 3, 4].map(i => `${when} ${i}`)),
    )
  })

  it('yields pages: events in their order with cursor and kind, and the place behind them', async () => {
    const { url } = await serveForTest()
    const tacit = new TacitClient({ url })
    await tacit.record({ task, arm: 'architect', success: true, executionId: 'e1' })
    const seen: LogEvent[] = []
    for await (const page of tacit.follow({ after: 0 })) {
      expect(Object.keys(page)).toEqual(['events', 'next'])
      seen.push(...page.events)
      if (seen.length < 2) continue
      expect(page.next).toBe(seen.at(-1)!.cursor)
      break
    }
    expect(seen).toMatchObject([
      { cursor: 1, kind: 'decision', executionId: 'e1', task, arm: 'architect', propensity: null },
      { cursor: 2, kind: 'outcome', executionId: 'e1', success: true, costUsd: null },
    ])
  })

  it('fails where another attempt would not help, and ends with its signal', async () => {
    const { url } = await serveForTest()
    const tacit = new TacitClient({ url, key: 'wrong' })
    const following = tacit.follow()[Symbol.asyncIterator]()
    await expect(following.next()).rejects.toMatchObject({ code: 'UNAUTHENTICATED' })
    const nowhere = new TacitClient({ url: 'http://127.0.0.1:9' })
    const pages = []
    for await (const page of nowhere.follow({ signal: AbortSignal.timeout(300) })) pages.push(page)
    expect(pages).toEqual([])
  })
})

/** A server whose n-th request (from 1) is answered as the test wants. */
async function answering(answer: (request: IncomingMessage, response: ServerResponse, n: number) => void) {
  let n = 0
  const server = createServer((request, response) => answer(request, response, ++n))
  server.listen(0, '127.0.0.1')
  await new Promise(resolve => server.once('listening', resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` }
}

function problem(response: ServerResponse, status: number, code: string, headers: Record<string, string> = {}): void {
  response.writeHead(status, { 'Content-Type': 'application/problem+json', ...headers })
  response.end(JSON.stringify({ status, code, detail: 'as the test wants', details: {} }))
}
