import { gzipSync } from 'node:zlib'
import { context as active, SpanStatusCode, trace } from '@opentelemetry/api'
import { OTLPTraceExporter as JsonExporter } from '@opentelemetry/exporter-trace-otlp-http'
import { OTLPTraceExporter as ProtoExporter } from '@opentelemetry/exporter-trace-otlp-proto'
import { BatchSpanProcessor, NodeTracerProvider, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-node'
import { expect, test } from 'vitest'
import { makeKey, serve, serveForTest } from '../http/serving.ts'
import { bodyOf } from './bodies.ts'

const agent = { 'gen_ai.operation.name': 'invoke_agent', 'gen_ai.agent.name': 'researcher' }
const chat = {
  'gen_ai.operation.name': 'chat',
  'gen_ai.request.model': 'small',
  'gen_ai.usage.input_tokens': 10,
  'gen_ai.usage.output_tokens': 3,
}

test.each([
  ['JSON', JsonExporter],
  ['protobuf', ProtoExporter],
] as const)(
  'the official SDK exports an agent in %s, packed, and it becomes one execution',
  async (_name, Exporter) => {
    const { url, send } = await serveForTest()
    const exporter = new Exporter({ url: `${url}/v1/traces`, compression: 'gzip' as never })
    // One export for each span, so that the trace comes in pieces.
    const provider = new NodeTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] })
    const tracer = provider.getTracer('tests')
    const messages = JSON.stringify([{ role: 'user', parts: [{ type: 'text', content: 'Find the cheapest flight' }] }])
    const root = tracer.startSpan('invoke_agent researcher', {
      attributes: { ...agent, 'gen_ai.input.messages': messages, 'gen_ai.conversation.id': 'conversation 7' },
    })
    const context = trace.setSpan(active.active(), root)
    tracer.startSpan('chat small', { attributes: chat }, context).end()
    const tool = tracer.startSpan(
      'execute_tool search',
      { attributes: { 'gen_ai.operation.name': 'execute_tool', 'gen_ai.tool.name': 'search' } },
      context,
    )
    tool.setStatus({ code: SpanStatusCode.ERROR, message: 'no network' })
    tool.end()
    root.end()
    await provider.forceFlush()
    await provider.shutdown()

    const id = `otel/${root.spanContext().traceId}`
    const { body: explained } = await send(`/v1/explain?decisionId=${encodeURIComponent(id)}`)
    expect(explained).toMatchObject({ arm: 'researcher', task: 'Find the cheapest flight', propensity: null, steps: 3 })
    expect(explained.outcome).toMatchObject({ success: true })
    expect((await send('/v1/status')).body).toMatchObject({
      executions: 1,
      facts: { decision: 1, step: 3, outcome: 1 },
    })
  },
)

test('spans that the SDK sends in batches, of many traces at once, become an execution each', async () => {
  const { url, send } = await serveForTest()
  const exporter = new ProtoExporter({ url: `${url}/v1/traces` })
  const provider = new NodeTracerProvider({ spanProcessors: [new BatchSpanProcessor(exporter)] })
  const tracer = provider.getTracer('tests')
  for (let i = 0; i < 200; i++) tracer.startSpan('invoke_agent', { attributes: agent }).end()
  await provider.forceFlush()
  await provider.shutdown()
  expect((await send('/v1/status')).body).toMatchObject({ executions: 200, withOutcome: 200 })
})

test('spans that cannot be read are counted in the answer, and the others are kept', async () => {
  const { send } = await serveForTest()
  const body = bodyOf(1, [
    { id: 1, attributes: agent },
    { id: 2, parent: 1, attributes: chat },
  ])
  const [, second] = body.resourceSpans[0]!.scopeSpans[0]!.spans
  second!.traceId = 'not an id'
  const answer = await send('/v1/traces', { body })
  expect(answer.status).toBe(200)
  expect(answer.body.partialSuccess).toEqual({ rejectedSpans: 1, errorMessage: expect.stringContaining('traceId') })
  expect((await send('/v1/status')).body.executions).toBe(1)
})

test('a small body that unpacks into a huge one is refused', async () => {
  const { url } = await serveForTest({ server: { maxBodyBytes: 100_000 } })
  const body = gzipSync(Buffer.alloc(50_000_000, ' '))
  const headers = { 'Content-Type': 'application/json', 'Content-Encoding': 'gzip' }
  const answer = await fetch(`${url}/v1/traces`, { method: 'POST', body, headers })
  expect(answer.status).toBe(413)
  expect(await answer.json()).toMatchObject({ code: 8, message: expect.stringContaining('100000 bytes') })
})

test('a key that may not record is refused', async () => {
  const { send, config } = await serveForTest()
  const { secret: key } = makeKey(config, { access: ['read'] })
  expect((await send('/v1/traces', { key, body: bodyOf(1, [{ id: 1, attributes: agent }]) })).status).toBe(403)
})

test('a trace whose root never comes becomes an execution when the server stops', async () => {
  const { send, server, config, folder } = await serveForTest()
  await send('/v1/traces', { body: bodyOf(1, [{ id: 2, parent: 1, attributes: agent }]) })
  expect((await send('/v1/status')).body).toMatchObject({ executions: 0, facts: { step: 1 } })
  await server.stop()
  const again = await serve(config, folder)
  expect((await again.send('/v1/status')).body).toMatchObject({ executions: 1, withOutcome: 1 })
})
