import { writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { Tacit } from '../../src/engine/types.ts'
import { TacitError } from '../../src/errors.ts'
import { openTacit } from '../../src/index.ts'
import { Projects } from '../../src/serve/http/projects.ts'
import { RateLimiter } from '../../src/serve/http/rate-limit.ts'
import { configIn, folderForTest, makeKey, serve, serveForTest } from './serving.ts'

const arms = ['optimizer', 'architect']
const task = 'Speed up the nightly sales report'

describe('too many requests', () => {
  it('are told when to come back, each key for itself', async () => {
    const nowMs = Date.UTC(2026, 0, 1)
    const folder = folderForTest()
    const config = configIn(folder, { server: { requireKeys: true, requestsPerSecond: 2 } })
    const [one, other] = [makeKey(config).secret, makeKey(config).secret]
    const { send } = await serve(config, folder, { now: () => nowMs })
    const answers = []
    for (let i = 0; i < 6; i++) answers.push(await send('/v1/status', { key: one }))
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200, 429, 429])
    expect(answers[5]).toMatchObject({ body: { code: 'RATE_LIMITED' } })
    expect(Number(answers[5]!.headers.get('retry-after'))).toBe(1)
    expect((await send('/v1/status', { key: other })).status).toBe(200)
    // Whoever tries keys out has one address.
    const tries = []
    for (let i = 0; i < 5; i++) tries.push((await send('/v1/status', { key: `wrong${i}` })).status)
    expect(tries).toEqual([401, 401, 401, 401, 429])
  })

  it('are again let through as time goes by, and remember no more callers than a bound', () => {
    let nowMs = 0
    const limiter = new RateLimiter(10, () => nowMs)
    const refused = (caller: string) => {
      try {
        limiter.take(caller)
        return false
      } catch (error) {
        expect(error).toBeInstanceOf(TacitError)
        return true
      }
    }
    for (let i = 0; i < 20; i++) expect(refused('a')).toBe(false)
    expect(refused('a')).toBe(true)
    nowMs += 100
    expect([refused('a'), refused('a')]).toEqual([false, true])
    nowMs += 60_000
    expect(Array.from({ length: 21 }, () => refused('a')).filter(Boolean)).toHaveLength(1)
    // 10,000 others later the first one is forgotten, and so has all its tokens again.
    for (let i = 0; i < 10_000; i++) refused(`caller ${i}`)
    expect(refused('a')).toBe(false)
  })

  it('at once are refused rather than queued without an end', async () => {
    const { send } = await serveForTest({ server: { maxInFlight: 2 } })
    const answers = await Promise.all(
      Array.from({ length: 40 }, (_, i) => send('/v1/decide', { body: { task: `${task} ${i}`, arms } })),
    )
    const refused = answers.filter(({ status }) => status === 503)
    expect(answers.length - refused.length).toBeGreaterThan(0)
    for (const { status, body } of answers)
      if (status !== 503) expect(status).toBe(200)
      else expect(body).toMatchObject({ code: 'OVERLOADED' })
    expect((await send('/v1/status')).body.executions).toBe(answers.length - refused.length)
  })
})

describe('clients that are slow', () => {
  it('in sending a request lose their connection', async () => {
    const { server } = await serveForTest({ server: { requestTimeoutMs: 300 } })
    const socket = connect(server.port, '127.0.0.1')
    let answer = ''
    socket.on('data', data => {
      answer += data
    })
    socket.write(
      'POST /v1/decide HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{',
    )
    await new Promise(resolve => socket.on('close', resolve))
    expect(answer).toMatch(/^HTTP\/1\.1 408 /)
  })
})

describe('projects held open', () => {
  const fake = (closed: string[]) => async (project: string) =>
    ({ close: async () => void closed.push(project) }) as unknown as Tacit

  it('are closed when others need the place, the one idle for longest first, and never while in use', async () => {
    const closed: string[] = []
    const projects = new Projects(
      fake(closed),
      () => 2,
      error => expect.unreachable(String(error)),
    )
    let release = () => {}
    const long = projects.use(
      'a',
      () =>
        new Promise<void>(resolve => {
          release = resolve
        }),
    )
    await projects.use('b', async () => {})
    await projects.use('c', async () => {})
    expect(closed).toEqual(['b'])
    expect(projects.size).toBe(2)
    const both = projects.use('c', () => projects.use('d', async () => {}))
    await expect(both).rejects.toMatchObject({ code: 'OVERLOADED' })
    release()
    await long
    await projects.close()
    expect(closed.sort()).toEqual(['a', 'b', 'c'])
  })

  it('are not kept if they cannot be opened', async () => {
    let attempts = 0
    const projects = new Projects(
      async () => {
        attempts++
        if (attempts === 1) throw new TacitError('STORE_BUSY', 'busy')
        return { close: async () => {} } as Tacit
      },
      () => 1,
      error => expect.unreachable(String(error)),
    )
    await expect(projects.use('a', async () => {})).rejects.toMatchObject({ code: 'STORE_BUSY' })
    await projects.use('a', async () => {})
    expect(attempts).toBe(2)
    await projects.close()
  })
})

describe('a project that cannot be closed', () => {
  it('is told of, and keeps nobody from closing the others', async () => {
    const failures: unknown[] = []
    const open = async () =>
      ({
        close: async () => {
          throw new Error('no disk')
        },
      }) as unknown as Tacit
    const projects = new Projects(
      open,
      () => 1,
      error => failures.push(error),
    )
    for (const project of ['a', 'b']) await projects.use(project, async () => {})
    await projects.close()
    expect(failures).toHaveLength(2)
  })
})

describe('stopping', () => {
  it('loses nothing that was acknowledged, and takes nothing after it', async () => {
    const { server, send, config } = await serveForTest()
    const acknowledged: string[] = []
    let isRefused = false
    const client = async () => {
      while (!isRefused) {
        try {
          const { status, body } = await send('/v1/decide', { body: { task, arms } })
          if (status === 200) acknowledged.push(body.decisionId)
          else {
            expect({ status, code: body.code }).toEqual({ status: 503, code: 'OVERLOADED' })
            isRefused = true
          }
        } catch {
          isRefused = true
        }
      }
    }
    const clients = Promise.all(Array.from({ length: 8 }, client))
    while (acknowledged.length < 40) await new Promise(resolve => setTimeout(resolve, 5))
    await server.stop()
    await clients
    const tacit = await openTacit({ db: config.db })
    const kept = new Set<string>()
    for await (const fact of tacit.exportFacts()) kept.add(fact.executionId)
    await tacit.close()
    expect(acknowledged.filter(id => !kept.has(id))).toEqual([])
    await expect(send('/healthz')).rejects.toThrow()
  })

  it('ends event streams and twice does no harm', async () => {
    const { server, url } = await serveForTest()
    const response = await fetch(`${url}/v1/events`)
    const reading = response.text()
    await Promise.all([server.stop(), server.stop()])
    expect(await reading).toMatch(/^retry: \d+\nid: 0\n\n$/)
  })
})

describe('reading the configuration again', () => {
  it('takes effect without a break', async () => {
    const { server, send, config } = await serveForTest({ stage: 'auto' })
    await send('/v1/decide', { body: { task, arms } })
    server.reload({ ...config, stage: 'observe', server: { ...config.server, maxBodyBytes: 100 } })
    expect((await send('/v1/status')).body).toMatchObject({ stage: 'observe', executions: 1 })
    expect((await send('/v1/decide', { body: { task: task.repeat(10), arms } })).status).toBe(413)
  })

  it('that cannot hold leaves the old one, and says why', async () => {
    const { server, send, config, folder } = await serveForTest()
    const next = { ...config, server: { ...config.server, requireKeys: true, keysFile: join(folder, 'none.json') } }
    expect(() => server.reload(next)).toThrow(/API keys are needed/)
    writeFileSync(join(folder, 'none.json'), 'not keys')
    expect(() => server.reload(next)).toThrow(/is not a file of API keys/)
    expect((await send('/v1/status')).status).toBe(200)
  })

  it('says which options need a restart', async () => {
    const { server, config, log } = await serveForTest()
    server.reload({ ...config, server: { ...config.server, port: config.server.port + 1 } })
    expect(log.at(-1)).toContain('"afterRestart":["server.port"]')
  })
})
