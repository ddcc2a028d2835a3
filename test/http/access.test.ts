import { existsSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { describe, expect, it } from 'vitest'
import { type Access, accessLevels, type Operation, operations } from '../../src/engine/operations.ts'
import { KeyFile } from '../../src/serve/http/keys.ts'
import { pathOf } from '../../src/serve/http/paths.ts'
import { startServer } from '../../src/serve/http/server.ts'
import { configIn, folderForTest, makeKey, serve, serveForTest } from './serving.ts'

const arms = ['optimizer', 'architect']
const task = 'Speed up the nightly sales report'

/** Every route that needs a key, with what the key must allow; an input that is refused only after that. */
const guarded: readonly { path: string; method: string; needs: Access | null }[] = [
  ...(Object.values(operations) as Operation[]).flatMap(({ name, access, readOnly }) => [
    { path: pathOf(name), method: 'POST', needs: access },
    ...(readOnly ? [{ path: pathOf(name), method: 'GET', needs: access }] : []),
  ]),
  // Each item is judged for itself.
  { path: '/v1/batch', method: 'POST', needs: null },
  { path: '/v1/events?after=no-place', method: 'GET', needs: 'read' },
  { path: '/metrics', method: 'GET', needs: 'read' },
]

async function served(folder = folderForTest(), access: readonly Access[][] = []) {
  const config = configIn(folder, { server: { requireKeys: true } })
  const keys = access.map(levels => makeKey(config, { access: levels }))
  if (keys.length === 0) makeKey(config)
  return { ...(await serve(config, folder)), keys }
}

describe('who may do what', () => {
  it('is decided by what the key allows, on every route', async () => {
    const { send, keys } = await served(
      folderForTest(),
      accessLevels.map(level => [level]),
    )
    for (const { path, method, needs } of guarded) {
      for (const [i, level] of accessLevels.entries()) {
        const { status, body } = await send(path, {
          method,
          key: keys[i]!.secret,
          ...(method === 'POST' && { body: { nothing: 'that is known' } }),
        })
        const isAllowed = needs === null || level === needs || level === 'admin'
        const where = `${method} ${path} with ${level}: ${JSON.stringify(body).slice(0, 200)}`
        if (isAllowed) expect([200, 400], where).toContain(status)
        else expect({ status, code: body.code }, where).toEqual({ status: 403, code: 'FORBIDDEN' })
      }
    }
  })

  it('is nothing without a key, with a wrong one, or with one that is not a bearer key', async () => {
    const { send, keys } = await served(folderForTest(), [['admin']])
    const { secret } = keys[0]!
    for (const { path, method } of [...guarded, { path: '/mcp', method: 'POST' }]) {
      const body = method === 'POST' ? { body: {} } : {}
      for (const Authorization of [
        undefined,
        'Bearer',
        `Bearer ${secret}x`,
        `Basic ${secret}`,
        secret,
        `Bearer ${'k'.repeat(4000)}`,
      ]) {
        const answer = await send(path, {
          method,
          ...body,
          headers: Authorization === undefined ? {} : { Authorization },
        })
        expect(answer, `${method} ${path} ${Authorization}`).toMatchObject({
          status: 401,
          body: { code: 'UNAUTHENTICATED' },
        })
        expect(answer.headers.get('www-authenticate')).toMatch(/^Bearer/)
      }
    }
    for (const open of ['/healthz', '/readyz', '/openapi.json', '/docs']) expect((await send(open)).status).toBe(200)
  })

  it('holds for each item of a batch', async () => {
    const { send, keys } = await served(folderForTest(), [['record']])
    const execution = { task, arm: 'optimizer', success: true }
    const items = [
      { operation: 'record', input: execution },
      { operation: 'status' },
      { operation: 'decide', input: { task, arms } },
    ]
    const { body } = await send('/v1/batch', { body: { items }, key: keys[0]!.secret })
    expect(body.results).toMatchObject([
      { status: 'done' },
      { error: { code: 'FORBIDDEN' } },
      { error: { code: 'FORBIDDEN' } },
    ])
    const reader = await served(folderForTest(), [['read']])
    const refused = await reader.send('/v1/batch', {
      body: { items: [items[0], items[0]] },
      key: reader.keys[0]!.secret,
    })
    expect(refused.body.results).toMatchObject([{ error: { code: 'FORBIDDEN' } }, { error: { code: 'FORBIDDEN' } }])
  })
})

describe('projects', () => {
  it('of one key are never read or written by another', async () => {
    const folder = folderForTest()
    const config = configIn(folder, { server: { requireKeys: true } })
    const shop = makeKey(config, { project: 'shop', access: ['admin'] }).secret
    const bank = makeKey(config, { project: 'bank', access: ['admin'] }).secret
    const { send } = await serve(config, folder)
    const secretTask = 'Rotate the keys of the vault'
    const { body } = await send('/v1/decide', { key: bank, body: { task: secretTask, arms: ['vault-bot', 'clerk'] } })
    await send('/v1/observe', { key: bank, body: { decisionId: body.decisionId, success: true } })
    for (const { name, readOnly, examples } of Object.values(operations) as Operation[]) {
      if (!readOnly) continue
      for (const { input } of examples) {
        const answer = await send(pathOf(name), { key: shop, body: { ...(input as object) } })
        expect(JSON.stringify(answer.body), name).not.toMatch(/vault|clerk/)
      }
    }
    expect((await send('/v1/status', { key: shop })).body).toMatchObject({ scope: 'shop', executions: 0, arms: 0 })
    expect((await send('/metrics', { key: shop })).body).toContain('tacit_executions 0\n')
    for (const named of ['bank', 'default']) {
      const answer = await send('/v1/status', { key: shop, headers: { 'Tacit-Project': named } })
      expect(answer).toMatchObject({ status: 403, body: { code: 'FORBIDDEN' } })
    }
    const observed = await send('/v1/observe', { key: shop, body: { decisionId: body.decisionId, success: false } })
    expect(observed.body).toMatchObject({ status: 'stored', awaitsDecision: true })
    expect((await send('/v1/learn/history', { key: bank })).body.experiences).toMatchObject([{ success: true }])
  })

  it('share no answers by Idempotency-Key', async () => {
    const folder = folderForTest()
    const config = configIn(folder, { server: { requireKeys: true } })
    const keys = ['shop', 'bank'].map(project => makeKey(config, { project }).secret)
    const { send } = await serve(config, folder)
    const headers = { 'Idempotency-Key': 'the same' }
    const answers = await Promise.all(keys.map(key => send('/v1/decide', { key, headers, body: { task, arms } })))
    expect(answers.map(answer => answer.headers.get('idempotency-replayed'))).toEqual(['false', 'false'])
  })

  it('are named in a header where no key is needed', async () => {
    const { send } = await serveForTest({ server: { maxProjects: 2 } })
    for (const project of ['a', 'b', 'c', 'd']) {
      const headers = { 'Tacit-Project': project }
      await send('/v1/record', { headers, body: { task, arm: project } })
    }
    for (const project of ['a', 'b', 'c', 'd']) {
      const { body } = await send('/v1/metrics', { headers: { 'Tacit-Project': project } })
      expect(body.groups).toMatchObject([{ group: { arm: project }, executions: 1 }])
    }
    expect((await send('/metrics')).body).toMatch(/tacit_projects_open [12]\n/)
    expect(await send('/v1/status', { headers: { 'Tacit-Project': 'x'.repeat(300) } })).toMatchObject({ status: 400 })
  })
})

describe('keys', () => {
  it('are kept as hashes, in a file that only its owner may read', async () => {
    const { config, keys } = await served(folderForTest(), [['read']])
    const text = readFileSync(config.server.keysFile, 'utf8')
    const random = randomPartOf(keys[0]!.secret)
    expect(random.length).toBeGreaterThanOrEqual(43)
    expect(text).not.toContain(random)
    expect(statSync(config.server.keysFile).mode & 0o777).toBe(0o600)
    expect(JSON.stringify(new KeyFile(config.server.keysFile).list())).not.toMatch(/sha256|[0-9a-f]{64}/)
  })

  it('are refused from the moment that they are revoked, and taken from the moment that they are made', async () => {
    const { config, send, keys } = await served(folderForTest(), [['read'], ['read']])
    const [first, second] = keys
    expect((await send('/v1/status', { key: first!.secret })).status).toBe(200)
    new KeyFile(config.server.keysFile).revoke(first!.id)
    expect((await send('/v1/status', { key: first!.secret })).status).toBe(401)
    expect((await send('/v1/status', { key: second!.secret })).status).toBe(200)
    expect((await send('/v1/status', { key: makeKey(config).secret })).status).toBe(200)
  })

  it('are changed by one at a time, and none gets lost', () => {
    const config = configIn(folderForTest())
    const { keysFile } = config.server
    writeFileSync(`${keysFile}.new`, '')
    expect(() => makeKey(config)).toThrow(/Somebody else is changing the keys.*remove it/)
    rmSync(`${keysFile}.new`)
    const ids = [new KeyFile(keysFile), new KeyFile(keysFile)].map(() => makeKey(config).id)
    expect(new KeyFile(keysFile).list().map(({ id }) => id)).toEqual(ids)
    writeFileSync(keysFile, '{"version":1,"keys":[{"id":"x"}]}')
    expect(() => makeKey(config)).toThrow(/not a file of API keys/)
    expect(existsSync(`${keysFile}.new`)).toBe(false)
  })

  it('end when they expire', async () => {
    let nowMs = Date.UTC(2026, 0, 1)
    const folder = folderForTest()
    const config = configIn(folder, { server: { requireKeys: true } })
    const { secret } = new KeyFile(config.server.keysFile).create({
      name: 'a month',
      project: 'default',
      access: ['read'],
      createdAt: new Date(nowMs).toISOString(),
      expiresAt: new Date(nowMs + 1000).toISOString(),
    })
    const { send } = await serve(config, folder, { now: () => nowMs })
    expect((await send('/v1/status', { key: secret })).status).toBe(200)
    nowMs += 1000
    expect((await send('/v1/status', { key: secret })).status).toBe(401)
  })

  it('are needed to listen on an address that others can reach', async () => {
    const config = configIn(folderForTest(), { server: { host: '0.0.0.0' } })
    await expect(startServer(config)).rejects.toMatchObject({
      code: 'INVALID_CONFIG',
      message: expect.stringMatching(/tacit keys create.*127\.0\.0\.1/),
    })
    const { secret } = makeKey(config)
    const { send } = await serve(config, folderForTest())
    expect((await send('/v1/status')).status).toBe(401)
    expect((await send('/v1/status', { key: secret })).status).toBe(200)
  })

  it('and what else is secret are not in the log', async () => {
    const { send, keys, log } = await served(folderForTest(), [['admin']])
    const { secret } = keys[0]!
    await send('/v1/status', { key: secret })
    await send('/v1/status', { key: `${secret}wrong` })
    await send('/v1/decide', { key: secret, body: { task: 'Rotate hunter2', arms, password: 'hunter2' } })
    await send('/v1/similar?task=hunter2', { key: secret })
    expect(log.length).toBeGreaterThan(3)
    const random = randomPartOf(secret)
    for (const line of log) expect(line).not.toMatch(new RegExp(`hunter2|${random}`))
    expect(log.some(line => line.includes(keys[0]!.id))).toBe(true)
  })
})

describe('web pages', () => {
  it('that reach the server under a name of their own are refused', async () => {
    const { server } = await serveForTest({ server: { allowedHosts: ['tacit.internal'] } })
    const hosts = { localhost: 200, '127.0.0.1:7345': 200, '[::1]:80': 200, 'TACIT.internal:99': 200 }
    const wrong = { 'evil.example': 403, 'localhost.evil.example': 403, '127.0.0.1.evil.example': 403, 'a b': 400 }
    for (const [host, status] of Object.entries({ ...hosts, ...wrong })) {
      expect(await statusUnder(host, server.port), host).toBe(status)
    }
  })

  it('of other origins are refused, unless they are listed', async () => {
    const { send, url, server } = await serveForTest({ server: { allowedOrigins: ['https://tools.example'] } })
    const ask = (origin: string, request = {}) => send('/v1/status', { headers: { Origin: origin }, ...request })
    for (const origin of ['https://evil.example', 'null', 'http://localhost:1', 'https://tools.example.evil.example'])
      expect(await ask(origin), origin).toMatchObject({ status: 403, body: { code: 'FORBIDDEN' } })
    expect((await ask(url)).status).toBe(200)
    // An image of another page names no origin; a link that somebody follows is his own request.
    for (const [site, mode, status] of [
      ['cross-site', 'no-cors', 403],
      ['same-site', 'no-cors', 403],
      ['same-origin', 'no-cors', 200],
      ['cross-site', 'navigate', 200],
    ] as const)
      expect(await statusUnder('localhost', server.port, { 'Sec-Fetch-Site': site, 'Sec-Fetch-Mode': mode })).toBe(
        status,
      )
    const allowed = await ask('https://tools.example')
    expect(allowed.status).toBe(200)
    expect(allowed.headers.get('access-control-allow-origin')).toBe('https://tools.example')
    const asked = await send('/v1/decide', {
      method: 'OPTIONS',
      headers: { Origin: 'https://tools.example', 'Access-Control-Request-Method': 'POST' },
    })
    expect(asked.status).toBe(204)
    expect(asked.headers.get('access-control-allow-headers')).toContain('Authorization')
  })

  it('are told nothing of CORS where none is listed', async () => {
    const { send } = await serveForTest()
    const { headers } = await send('/v1/status')
    expect([...headers.keys()].filter(name => name.startsWith('access-control'))).toEqual([])
    expect(headers.get('x-content-type-options')).toBe('nosniff')
    expect(headers.get('content-security-policy')).toContain("default-src 'none'")
    expect(headers.get('cache-control')).toBe('no-store')
  })
})

const randomPartOf = (secret: string) => /^tacit_[0-9a-f]{8}_(.+)$/.exec(secret)![1]!

/** The status of a request whose Host header is written by hand; fetch sets its own. */
function statusUnder(host: string, port: number, more: Record<string, string> = {}): Promise<number> {
  return new Promise((resolve, reject) => {
    const asked = request({ port, host: '127.0.0.1', path: '/healthz', headers: { Host: host, ...more } }, response => {
      response.resume()
      resolve(response.statusCode!)
    })
    asked.on('error', reject)
    asked.end()
  })
}
