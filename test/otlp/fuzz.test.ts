import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { gzipSync } from 'node:zlib'
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto'
import { NodeTracerProvider, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-node'
import { expect, onTestFinished, test } from 'vitest'
import { integer, type Rng, seedRng } from '../../src/math/rng.ts'
import { disturbed } from '../helpers/hostile.ts'
import { serveForTest } from '../http/serving.ts'
import { bodyOf } from './bodies.ts'

const messages = JSON.stringify([{ role: 'user', parts: [{ type: 'text', content: 'Do it' }] }])
const good = bodyOf(1, [
  {
    id: 1,
    name: 'invoke_agent a',
    attributes: {
      'gen_ai.operation.name': 'invoke_agent',
      'gen_ai.agent.name': 'a',
      'gen_ai.input.messages': messages,
      'user.id': 'u',
      'own.list': ['x', 1, true, { deep: [1.5] }],
    },
    events: [{ name: 'gen_ai.evaluation.result', attributes: { 'gen_ai.evaluation.score.value': 0.5 } }],
  },
  {
    id: 2,
    parent: 1,
    error: 'no',
    attributes: { 'openinference.span.kind': 'LLM', 'llm.model_name': 'm', 'llm.token_count.prompt': 5 },
  },
])

/** Bytes as the official SDK sends them. */
async function sentBySdk(): Promise<Buffer> {
  const bodies: Buffer[] = []
  const server = createServer(async (request, response) => {
    bodies.push(Buffer.concat(await Array.fromAsync(request as AsyncIterable<Buffer>)))
    response.end()
  }).listen(0, '127.0.0.1')
  onTestFinished(() => void server.close())
  await new Promise(resolve => server.once('listening', resolve))
  const exporter = new OTLPTraceExporter({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` })
  const provider = new NodeTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] })
  const attributes = { 'gen_ai.operation.name': 'invoke_agent', 'gen_ai.agent.name': 'a', list: ['x', 'y'], n: 1.5 }
  provider.getTracer('fuzz').startSpan('invoke_agent', { attributes }).end()
  await provider.shutdown()
  return bodies[0]!
}

/** Bytes with some replaced, put in, taken out, doubled or cut off. */
function damaged(rng: Rng, bytes: Buffer): Buffer {
  let result = Buffer.from(bytes)
  for (let i = 0; i <= integer(rng, 6); i++) {
    const at = integer(rng, Math.max(1, result.length))
    const kind = integer(rng, 6)
    if (kind < 3 && result.length > 0) result[at] = integer(rng, 256)
    else if (kind === 3)
      result = Buffer.concat([result.subarray(0, at), Buffer.alloc(integer(rng, 9), 0xff), result.subarray(at)])
    else if (kind === 4) result = result.subarray(0, at)
    else result = Buffer.concat([result.subarray(0, at), result])
  }
  return result
}

/** A list within a list, and so on, as protobuf: AnyValue.array_value.values[0].array_value … */
function nestedProtobuf(depth: number): Buffer {
  const field = (id: number, body: Buffer) => Buffer.concat([Buffer.from([(id << 3) | 2]), varint(body.length), body])
  let value = Buffer.alloc(0)
  for (let i = 0; i < depth; i++) value = field(5, field(1, value))
  const attribute = Buffer.concat([field(1, Buffer.from('k')), field(2, value)])
  return field(1, field(2, field(2, field(9, attribute))))
}

function varint(value: number): Buffer {
  const bytes: number[] = []
  for (; value > 127; value >>>= 7) bytes.push((value & 127) | 128)
  return Buffer.from([...bytes, value])
}

const nestedJson = (depth: number) => `${'{"arrayValue":{"values":['.repeat(depth)}{"intValue":1}${']}}'.repeat(depth)}`

test('6,000 hostile bodies are each answered, and leave a log that can be read and replayed', async () => {
  const { url, send, log } = await serveForTest({ server: { maxBodyBytes: 200_000, logLevel: 'error' } })
  const rng = seedRng('hostile traces')
  const protobuf = await sentBySdk()
  const body = (i: number): [string, Buffer] => {
    if (i % 2 === 0) return ['application/x-protobuf', damaged(rng, protobuf)]
    const text = JSON.stringify(disturbed(rng, good)) ?? ''
    return ['application/json', i % 6 === 1 ? damaged(rng, Buffer.from(text)) : Buffer.from(text)]
  }
  const statuses = new Map<number, number>()
  const post = async (type: string, body: Buffer, isPacked: boolean) => {
    const headers = { 'Content-Type': type, ...(isPacked && { 'Content-Encoding': 'gzip' }) }
    const answer = await fetch(`${url}/v1/traces`, { method: 'POST', headers, body: new Uint8Array(body) })
    expect(answer.headers.get('content-type')).toBe(type)
    const bytes = await answer.bytes()
    if (type === 'application/json') JSON.parse(Buffer.from(bytes).toString())
    statuses.set(answer.status, (statuses.get(answer.status) ?? 0) + 1)
  }
  for (let i = 0; i < 6000; ) {
    const bodies = Array.from({ length: 16 }, () => body(i++))
    await Promise.all(
      bodies.map(([type, bytes]) => {
        const isPacked = integer(rng, 4) === 0
        const packed = isPacked ? gzipSync(bytes, { level: 1 }) : bytes
        return post(type, isPacked && integer(rng, 4) === 0 ? damaged(rng, packed) : packed, isPacked)
      }),
    )
  }
  for (const depth of [20, 100, 5000]) {
    await post('application/x-protobuf', nestedProtobuf(depth), false)
    const [first] = good.resourceSpans[0]!.scopeSpans[0]!.spans
    const span = JSON.stringify({ ...first, attributes: [{ key: 'k', value: 'HERE' }] })
    const text = `{"resourceSpans":[{"scopeSpans":[{"spans":[${span.replace('"HERE"', nestedJson(depth))}]}]}]}`
    await post('application/json', Buffer.from(text), false)
  }
  expect([...statuses.keys()].sort()).toEqual([200, 400, 413].filter(status => statuses.has(status)))
  expect(statuses.get(200)).toBeGreaterThan(500)
  expect(statuses.get(400)).toBeGreaterThan(500)
  expect(log).toEqual([])
  expect({} as Record<string, unknown>).not.toHaveProperty('polluted')
  const { body: replayed } = await send('/v1/replay', { body: { verify: true } })
  expect(replayed.verified).toBe(true)
}, 60_000)

test('a type or packing that is not of OTLP is refused', async () => {
  const { send } = await serveForTest()
  const plain = await send('/v1/traces', { body: '{}', headers: { 'Content-Type': 'text/plain' } })
  expect(plain.status).toBe(415)
  expect(await send('/v1/traces', { body: '{}', headers: { 'Content-Encoding': 'br' } })).toMatchObject({
    status: 415,
    body: { code: 3, message: expect.stringContaining('gzip') },
  })
  expect(await send('/v1/traces')).toMatchObject({ status: 405 })
})
