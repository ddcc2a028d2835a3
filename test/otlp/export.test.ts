import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { exportToOtel } from '../../src/adapters/otel.ts'
import { openTacit } from '../../src/index.ts'
import { readSpans } from '../../src/ingest/otlp/spans.ts'
import { serveForTest } from '../http/serving.ts'

interface Received {
  readonly path: string
  readonly body: Buffer
  readonly authorization: string | undefined
}

/** A collector that notes what it gets and answers as told. */
async function collector(statuses: readonly number[] = []) {
  const received: Received[] = []
  const left = [...statuses]
  const server = createServer(async (request, response) => {
    const body = Buffer.concat(await Array.fromAsync(request as AsyncIterable<Buffer>))
    received.push({ path: request.url!, body, authorization: request.headers.authorization })
    response.writeHead(left.shift() ?? 200, { 'Content-Type': 'application/json' }).end('{}')
  }).listen(0, '127.0.0.1')
  onTestFinished(() => void server.close())
  await new Promise(resolve => server.once('listening', resolve))
  return { endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, received }
}

async function inMemory() {
  const tacit = await openTacit({ db: ':memory:', seed: 'export' })
  onTestFinished(() => tacit.close())
  return tacit
}

const spansIn = (received: readonly Received[]) =>
  received.flatMap(({ path, body }) => (path === '/v1/traces' ? readSpans(body, 'json').spans : []))

/** Name → points, of the last metrics that came. */
function metricsIn(received: readonly Received[]) {
  const { body } = received.findLast(({ path }) => path === '/v1/metrics')!
  const { metrics } = JSON.parse(body.toString()).resourceMetrics[0].scopeMetrics[0]
  const points = metrics.map((metric: { name: string; sum?: object; gauge?: object }) => [
    metric.name,
    (metric.sum ?? metric.gauge) as { dataPoints: { asDouble: number; attributes: object[] }[] },
  ])
  return new Map<string, { dataPoints: { asDouble: number; attributes: object[] }[] }>(points)
}

test('decisions and outcomes reach a collector as spans of one trace, and as metrics', async () => {
  const { endpoint, received } = await collector()
  const tacit = await inMemory()
  const otel = exportToOtel(tacit, { endpoint, headers: { Authorization: 'Bearer x' } })
  const { decisionId, arm, propensity } = await tacit.decide({ task: 'a secret task', arms: ['a', 'b'] })
  await tacit.observe(decisionId, { success: true, outcomeId: 'first' })
  await tacit.observe(decisionId, { success: true, outcomeId: 'first' })
  await otel.close()

  const [decide, observe, ...others] = spansIn(received)
  expect(others).toEqual([])
  expect(decide).toMatchObject({ name: 'tacit.decide', parentSpanId: null, service: 'tacit' })
  expect(Object.fromEntries(decide!.attributes)).toMatchObject({
    'tacit.decision.id': decisionId,
    'tacit.arm': arm,
    'tacit.propensity': propensity,
  })
  expect(observe).toMatchObject({ name: 'tacit.observe', traceId: decide!.traceId, parentSpanId: decide!.spanId })
  expect(observe!.attributes.get('tacit.success')).toBe(true)
  const values = [...metricsIn(received)].map(([name, { dataPoints }]) => [name, dataPoints.map(p => p.asDouble)])
  expect(Object.fromEntries(values)).toMatchObject({
    'tacit.decisions': [1],
    'tacit.outcomes': [1],
    'tacit.executions': [1],
    'tacit.decisions.in_flight': [0],
    'tacit.join_rate': [1],
  })
  expect(received.every(({ authorization }) => authorization === 'Bearer x')).toBe(true)
  expect(Buffer.concat(received.map(({ body }) => body)).toString()).not.toContain('secret')
})

test('what a collector could not take is sent again; what it refused is not', async () => {
  const { endpoint, received } = await collector([503, 200, 200, 200, 400])
  const tacit = await inMemory()
  const errors: string[] = []
  const otel = exportToOtel(tacit, { endpoint, onError: ({ message }) => errors.push(message) })
  const first = await tacit.decide({ task: 'x', arms: ['a'] })
  await otel.flush()
  await otel.flush()
  const again = spansIn(received).map(({ attributes }) => attributes.get('tacit.decision.id'))
  expect(again).toEqual([first.decisionId, first.decisionId])
  await tacit.decide({ task: 'y', arms: ['a'] })
  await otel.flush()
  await otel.close()
  expect(spansIn(received)).toHaveLength(3)
  expect(errors).toEqual([expect.stringContaining('503'), expect.stringContaining('400')])
})

test('a collector that is away disturbs nothing, and what is dropped is counted', async () => {
  const { endpoint, received } = await collector()
  const tacit = await inMemory()
  const otel = exportToOtel(tacit, { endpoint })
  for (let i = 0; i < 2050; i++) await tacit.decide({ task: 'x', arms: ['a'] })
  await otel.close()
  expect(spansIn(received)).toHaveLength(2048)
  expect(metricsIn(received).get('tacit.spans.dropped')!.dataPoints[0]!.asDouble).toBe(2)

  const errors: string[] = []
  const away = exportToOtel(tacit, { endpoint: 'http://127.0.0.1:1', onError: ({ code }) => errors.push(code) })
  await tacit.decide({ task: 'x', arms: ['a'] })
  await away.close()
  expect(errors).toEqual(['UNREACHABLE', 'UNREACHABLE'])
})

test('an endpoint that is no URL is refused', async () => {
  const tacit = await inMemory()
  expect(() => exportToOtel(tacit, { endpoint: 'localhost:4318' })).toThrow(/http\(s\) URL/)
})

test('Tacit itself takes such traces, and has nothing to learn from them', async () => {
  const { url, send } = await serveForTest()
  const tacit = await inMemory()
  const errors: string[] = []
  const otel = exportToOtel(tacit, { endpoint: url, onError: ({ message }) => errors.push(message) })
  await tacit.decide({ task: 'x', arms: ['a'] })
  await otel.close()
  // Its own /v1/metrics is a question about the past.
  expect(errors).toEqual([expect.stringContaining('/v1/metrics answered 400')])
  expect((await send('/v1/status')).body).toMatchObject({ executions: 0, facts: { step: 0 } })
})
