import { readFileSync } from 'node:fs'
import { connect } from 'node:net'
import { Validator } from '@seriousme/openapi-schema-validator'
import { describe, expect, it } from 'vitest'
import { type Operation, operations } from '../../src/engine/operations.ts'
import { pathOf } from '../../src/serve/http/paths.ts'
import { serveForTest } from './serving.ts'

const arms = ['optimizer', 'architect']
const task = 'Speed up the nightly sales report'

describe('the loop over HTTP', () => {
  it('decides, observes, and knows it afterwards', async () => {
    const { send } = await serveForTest()
    const choice = await send('/v1/decide', { body: { task, taskType: 'database', arms } })
    expect(choice).toMatchObject({ status: 200, body: { arm: expect.any(String), stage: 'auto' } })
    const { decisionId, arm } = choice.body
    const outcome = await send('/v1/observe', { body: { decisionId, success: true, durationMs: 1200 } })
    expect(outcome).toMatchObject({ status: 200, body: { status: 'stored', executionId: decisionId } })
    expect((await send('/v1/status')).body).toMatchObject({ executions: 1, joinRate: 1, inFlight: 0 })
    const { body } = await send(`/v1/similar?task=${encodeURIComponent(task)}&limit=1`)
    expect(body).toMatchObject([{ similarity: expect.closeTo(1), execution: { arm, success: true } }])
  })

  it('answers every example of every operation as the operation itself would', async () => {
    const { send } = await serveForTest()
    await send('/v1/decide', { body: { task, arms, decisionId: 'seen-before' } })
    for (const { name, examples, output } of Object.values(operations) as Operation[]) {
      for (const { title, input } of examples) {
        const { status, body } = await send(pathOf(name), { body: input })
        if (status === 200) expect(output.parse(body), `${name}: ${title}`).toEqual(body)
        else expect(body.code, `${name}: ${title}: ${body.detail}`).toMatch(/NOT_FOUND|INVALID_INPUT|NO_ARMS/)
      }
    }
  })

  it('takes questions as GET too: texts as they are, the rest as JSON, lists by repeating', async () => {
    const { send } = await serveForTest()
    for (const arm of arms) await send('/v1/record', { body: { task, taskType: '17', arm, success: true } })
    const query = new URLSearchParams([
      ['task', task],
      ['taskType', '17'],
      ['arms', 'optimizer'],
      ['arms', '{"id":"architect","facets":{"model":"large"}}'],
      ['context', '{"complexity":"high"}'],
    ])
    const byGet = await send(`/v1/predict?${query}`)
    const input = {
      task,
      taskType: '17',
      arms: ['optimizer', { id: 'architect', facets: { model: 'large' } }],
      context: { complexity: 'high' },
    }
    expect(byGet).toMatchObject({ status: 200, body: [{ arm: 'optimizer' }, { arm: 'architect' }] })
    expect(byGet.body).toEqual((await send('/v1/predict', { body: input })).body)
    expect(await send('/v1/metrics?groupBy=arm&groupBy=taskType&minCount=1')).toMatchObject({ status: 200 })
    expect(await send('/v1/metrics?groupby=arm')).toMatchObject({ status: 400, body: { code: 'INVALID_INPUT' } })
    expect(await send('/v1/similar?task=x&limit=many')).toMatchObject({ status: 400 })
  })

  it('pages through long lists with what the page before calls next', async () => {
    const { send } = await serveForTest()
    for (let i = 0; i < 7; i++)
      await send('/v1/record', { body: { task: `${task} ${i}`, arm: 'optimizer', success: true } })
    const seen: string[] = []
    let after = ''
    do {
      const { body } = await send(`/v1/learn/history?limit=3${after && `&after=${encodeURIComponent(after)}`}`)
      seen.push(...body.experiences.map(({ state }: { state: { task: string } }) => state.task))
      after = body.next ?? ''
    } while (after !== '')
    expect(seen).toHaveLength(7)
    expect(new Set(seen).size).toBe(7)
  })
})

describe('several at once', () => {
  it('gives each item its own result, and goes on after one that failed', async () => {
    const { send } = await serveForTest()
    const record = (n: number) => ({
      operation: 'record',
      input: { task: `Task ${n}`, arm: 'a', executionId: `e${n}` },
    })
    const { status, body } = await send('/v1/batch', {
      body: {
        items: [
          record(1),
          record(2),
          { operation: 'record', input: { task: '' } },
          { operation: 'feedback', input: { executionId: 'e1', value: 'good' } },
          { operation: 'policy evaluate', input: { policy: 'nobody' } },
          record(1),
          { operation: 'status' },
        ],
      },
    })
    expect(status).toBe(200)
    expect(body.results.map(({ index }: { index: number }) => index)).toEqual([0, 1, 2, 3, 4, 5, 6])
    expect(body.results).toMatchObject([
      { status: 'done', output: { executionId: 'e1', status: 'stored' } },
      { status: 'done', output: { executionId: 'e2', status: 'stored' } },
      { status: 'error', error: { code: 'INVALID_INPUT' } },
      { status: 'done', output: { status: 'stored' } },
      { status: expect.any(String) },
      { status: 'done', output: { status: 'duplicate' } },
      { status: 'done', output: { executions: 2 } },
    ])
  })

  it('is asked for and answered as docs/http.md shows', async () => {
    const page = readFileSync(new URL('../../docs/http.md', import.meta.url), 'utf8')
    const body = /```json\n(\{"items":.*?)```/s.exec(page)![1]!
    const { send } = await serveForTest()
    const answer = await send('/v1/batch', { body: JSON.parse(body) })
    expect(answer.body.results).toMatchObject([
      { index: 0, status: 'done', output: { status: 'stored' } },
      { index: 1, status: 'error', error: { code: 'INVALID_INPUT' } },
      { index: 2, status: 'done', output: { executions: 1 } },
    ])
    expect(page).toContain(JSON.stringify(answer.body.results[1].error.message.split(' Correct')[0]).slice(1, -1))
  })

  it('takes no more than a thousand, and at least one', async () => {
    const { send } = await serveForTest()
    const items = Array.from({ length: 1001 }, () => ({ operation: 'status' }))
    for (const wrong of [{ items }, { items: [] }, { items: {} }, {}, []])
      expect(await send('/v1/batch', { body: wrong })).toMatchObject({ status: 400 })
  })

  it('says of each item that is none what is wrong with it, shortly, and does the others', async () => {
    const { send } = await serveForTest()
    const record = { operation: 'record', input: { task, arm: 'a', success: true } }
    const wrong = [
      { operation: 'observ', input: {} },
      { operation: 'drop' },
      { operation: 7 },
      { operation: 'status', inputs: {} },
      { operation: 'status', input: [] },
      null,
    ]
    const { status, body } = await send('/v1/batch', {
      body: { items: [record, ...wrong, record, record, { operation: 'status' }] },
    })
    expect(status).toBe(200)
    const messages = body.results.slice(1, 7).map(({ error }: { error: { message: string } }) => error.message)
    expect(messages).toEqual([
      expect.stringMatching(/^items\.1: operation: there is no operation "observ" \(did you mean observe\?\)/),
      expect.stringMatching(/^items\.2: operation: there is no operation "drop" \(GET \/openapi\.json lists them\)/),
      expect.stringMatching(/^items\.3: operation: must be the name of an operation/),
      expect.stringMatching(/"inputs" \(did you mean input\?\)/),
      expect.stringMatching(/^items\.5: input: /),
      expect.stringMatching(/^items\.6: /),
    ])
    for (const message of messages) expect(message.length).toBeLessThan(200)
    expect(body.results.map(({ index }: { index: number }) => index)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
    expect(body.results[9]).toMatchObject({ status: 'done', output: { executions: 3 } })
  })
})

describe('the same request again', () => {
  const body = { task, arms }

  it('under the same Idempotency-Key is answered again and not done again', async () => {
    const { send } = await serveForTest()
    const headers = { 'Idempotency-Key': 'ticket 1' }
    const first = await send('/v1/decide', { body, headers })
    const second = await send('/v1/decide', { body, headers })
    expect(second.body).toEqual(first.body)
    expect([first, second].map(answer => answer.headers.get('idempotency-replayed'))).toEqual(['false', 'true'])
    expect((await send('/v1/status')).body.executions).toBe(1)
    expect(await send('/v1/decide', { body: { ...body, task: 'Another' }, headers })).toMatchObject({
      status: 409,
      body: { code: 'ID_CONFLICT' },
    })
    await send('/v1/decide', { body, headers: { 'Idempotency-Key': 'ticket 2' } })
    expect((await send('/v1/status')).body.executions).toBe(2)
  })

  it('sent twice at the same time is done once', async () => {
    const { send } = await serveForTest()
    const headers = { 'Idempotency-Key': 'at once' }
    const answers = await Promise.all(Array.from({ length: 8 }, () => send('/v1/decide', { body, headers })))
    expect(new Set(answers.map(answer => answer.body.decisionId)).size).toBe(1)
    expect((await send('/v1/status')).body.executions).toBe(1)
  })

  it('is not done again either when the server has forgotten its answer', async () => {
    let nowMs = Date.UTC(2026, 0, 1)
    const { send } = await serveForTest({}, { now: () => nowMs })
    const headers = { 'Idempotency-Key': 'over a restart' }
    const { body: choice } = await send('/v1/decide', { body, headers })
    const outcome = {
      body: { decisionId: choice.decisionId, success: true },
      headers: { 'Idempotency-Key': 'its outcome' },
    }
    expect((await send('/v1/observe', outcome)).body.status).toBe('stored')
    const items = [{ operation: 'record', input: { task, arm: 'optimizer', success: true } }]
    await send('/v1/batch', { body: { items }, headers: { 'Idempotency-Key': 'batch' } })
    nowMs += 2 * 86_400_000
    const again = await send('/v1/decide', { body, headers })
    expect(again.headers.get('idempotency-replayed')).toBe('false')
    expect(again.body).toMatchObject({ decisionId: choice.decisionId, arm: choice.arm })
    expect((await send('/v1/observe', outcome)).body.status).toBe('duplicate')
    const { body: batch } = await send('/v1/batch', { body: { items }, headers: { 'Idempotency-Key': 'batch' } })
    expect(batch.results).toMatchObject([{ output: { status: 'duplicate' } }])
  })

  it('after a failure is tried again', async () => {
    const { send } = await serveForTest()
    const headers = { 'Idempotency-Key': 'failed first' }
    expect(await send('/v1/decide', { body: { task }, headers })).toMatchObject({
      status: 400,
      body: { code: 'NO_ARMS' },
    })
    await send('/v1/record', { body: { task, arm: 'optimizer' } })
    expect(await send('/v1/decide', { body: { task }, headers })).toMatchObject({ status: 200 })
  })
})

describe('errors', () => {
  it('say what was wrong, where, and under which code and request', async () => {
    const { send } = await serveForTest()
    const { status, headers, body } = await send('/v1/decide', { body: { task: '', arms: [''], armz: 1 } })
    expect(status).toBe(400)
    expect(headers.get('content-type')).toBe('application/problem+json')
    expect(body).toMatchObject({ type: 'about:blank', title: 'Bad Request', status: 400, code: 'INVALID_INPUT' })
    expect(body.requestId).toBe(headers.get('x-request-id'))
    expect(body.details.issues.map(({ path }: { path: string }) => path)).toEqual(expect.arrayContaining(['task']))
  })

  it.each([
    ['an unknown address', '/v1/decode', { body: {} }, 404, 'NOT_FOUND'],
    ['a wrong method', '/v1/decide', {}, 405, 'METHOD_NOT_ALLOWED'],
    ['a body that is not JSON', '/v1/decide', { body: '{"task":' }, 400, 'INVALID_INPUT'],
    ['JSON that is no object', '/v1/decide', { body: '[]' }, 400, 'INVALID_INPUT'],
    [
      'a body of another type',
      '/v1/decide',
      { body: 'x', headers: { 'Content-Type': 'text/plain' } },
      415,
      'UNSUPPORTED_MEDIA_TYPE',
    ],
    [
      'a packed body',
      '/v1/decide',
      { body: 'x', headers: { 'Content-Encoding': 'gzip' } },
      415,
      'UNSUPPORTED_MEDIA_TYPE',
    ],
    ['too long a body', '/v1/decide', { body: JSON.stringify({ task: 'x'.repeat(20_000) }) }, 413, 'TOO_LARGE'],
    [
      'a key of idempotency that is too long',
      '/v1/decide',
      { body: { task, arms }, headers: { 'Idempotency-Key': 'k'.repeat(256) } },
      400,
      'INVALID_INPUT',
    ],
    ['a decision that is not there', '/v1/policy/evaluate', { body: {} }, 400, 'INVALID_INPUT'],
  ])('%s is refused', async (_, path, request, status, code) => {
    const { send } = await serveForTest({ server: { maxBodyBytes: 10_000 } })
    expect(await send(path, request)).toMatchObject({ status, body: { code, status } })
  })

  it('tell of a long list of wrong fields only the beginning', async () => {
    const { send } = await serveForTest()
    const body = { task: 'x', arms: Array.from({ length: 5000 }, () => '') }
    const answer = await send('/v1/decide', { body })
    expect(answer.status).toBe(400)
    expect(JSON.stringify(answer.body).length).toBeLessThan(20_000)
    expect(answer.body.details.issuesLeftOut).toBe(4950)
  })

  it('keep a body without a declared length within the limit too', async () => {
    const { server } = await serveForTest({ server: { maxBodyBytes: 10_000 } })
    const answer = await raw(server.port, [
      'POST /v1/decide HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n',
      ...Array.from({ length: 20 }, () => `400\r\n${'x'.repeat(1024)}\r\n`),
      '0\r\n\r\n',
    ])
    expect(answer).toMatch(/^HTTP\/1\.1 413 /)
  })
})

describe('the description', () => {
  it('is valid OpenAPI 3.1 and has a route for each operation', async () => {
    const { send } = await serveForTest()
    const { body } = await send('/openapi.json')
    const validator = new Validator()
    expect(await validator.validate(structuredClone(body))).toEqual({ valid: true })
    expect(validator.version).toBe('3.1')
    for (const { name, readOnly } of Object.values(operations) as Operation[]) {
      expect(Object.keys(body.paths[pathOf(name)]), name).toEqual(readOnly ? ['get', 'post'] : ['post'])
    }
    const ids = Object.values(body.paths as Record<string, Record<string, { operationId: string }>>).flatMap(path =>
      Object.values(path).map(({ operationId }) => operationId),
    )
    expect(new Set(ids).size).toBe(ids.length)
  })

  it('lists only routes that answer', async () => {
    const { send } = await serveForTest()
    const { body } = await send('/openapi.json')
    for (const [path, methods] of Object.entries(body.paths as Record<string, object>)) {
      for (const method of Object.keys(methods)) {
        if (path === '/v1/events') continue
        const { status } = await send(path, { method, ...(method === 'post' && { body: {} }) })
        expect([200, 400], `${method} ${path}`).toContain(status)
      }
    }
  })

  it('is a page too, without scripts and without anything from elsewhere', async () => {
    const { send } = await serveForTest()
    const { status, headers, body } = await send('/docs')
    expect(status).toBe(200)
    expect(headers.get('content-security-policy')).toMatch(/^default-src 'none'; style-src 'sha256-/)
    expect(body).toContain('<html lang="en">')
    expect(body).not.toMatch(/<script|https?:\/\/(?!localhost)|\son\w+=/)
    for (const { name } of Object.values(operations) as Operation[]) expect(body).toContain(`POST ${pathOf(name)}`)
  })
})

describe('health and figures', () => {
  it('say that the server runs and can do its work', async () => {
    const { send } = await serveForTest()
    expect(await send('/healthz')).toMatchObject({ status: 200, body: { status: 'ok' } })
    expect(await send('/readyz')).toMatchObject({ status: 200, body: { status: 'ready' } })
  })

  it('count requests and operations, and give the state of the project', async () => {
    const { send } = await serveForTest()
    const { body } = await send('/v1/decide', { body: { task, arms } })
    await send('/v1/decide', { body: { task, arms } })
    await send('/v1/observe', { body: { decisionId: body.decisionId, success: true } })
    await send('/v1/decide', { body: {} })
    await send('/v1/no-such-place')
    const { headers, body: text } = await send('/metrics')
    expect(headers.get('content-type')).toContain('version=0.0.4')
    for (const line of [
      'tacit_http_requests_total{method="POST",route="/v1/decide",status="200"} 2',
      'tacit_http_requests_total{method="POST",route="/v1/decide",status="400"} 1',
      'tacit_http_requests_total{method="GET",route="other",status="404"} 1',
      'tacit_operations_total{operation="decide",result="done"} 2',
      'tacit_decisions_in_flight 1',
      'tacit_join_rate 0.5',
      'tacit_executions 2',
    ])
      expect(text).toContain(`${line}\n`)
    expect(text).toMatch(/tacit_http_request_duration_seconds_bucket\{le="0\.5",route="\/v1\/decide"\} \d/)
  })
})

/** What a server answers to bytes as they are. */
function raw(port: number, parts: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1')
    let answer = ''
    socket.on('data', data => {
      answer += data
      if (answer.includes('\r\n\r\n')) socket.end()
    })
    socket.on('close', () => resolve(answer))
    socket.on('error', error => (answer === '' ? reject(error) : resolve(answer)))
    for (const part of parts) socket.write(part)
  })
}
