import { createHash } from 'node:crypto'
import type { Tacit } from '../engine/types.ts'
import { TacitError } from '../errors.ts'
import { type Attributes, type Metric, metricsBody, type Span, spansBody } from './otel-body.ts'

export interface OtelExportOptions {
  /** Where OTLP/HTTP is taken, without /v1/traces: http://localhost:4318. */
  readonly endpoint: string
  /** Sent with each request, for authorization. */
  readonly headers?: Readonly<Record<string, string>>
  /** `service.name` of what is sent (default "tacit"). */
  readonly serviceName?: string
  /** Milliseconds between exports (default 10,000). */
  readonly intervalMs?: number
  /** Milliseconds until an unanswered request is given up (default 10,000). */
  readonly timeoutMs?: number
  /** Hears why an export failed. Nothing else is disturbed by it. */
  readonly onError?: (error: TacitError) => void
}

export interface OtelExport {
  /** Sends what there is. Resolves when it was taken, or the failure was told. */
  flush(): Promise<void>
  /** Sends what there is, and stops listening. Call it before `tacit.close()`. */
  close(): Promise<void>
}

/** Spans that wait; beyond that the oldest are dropped and counted. */
const mostSpans = 2048
/** Series of one counter; beyond that they are counted together, as OpenTelemetry has it. */
const mostSeries = 1000
const retryable: ReadonlySet<number> = new Set([429, 502, 503, 504])

/**
 * Sends what an open Tacit decides and hears to a collector: a span for each decision and outcome, and metrics. The texts of
 * tasks are never sent.
 * @throws TacitError INVALID_CONFIG
 */
export function exportToOtel(tacit: Tacit, options: OtelExportOptions): OtelExport {
  const { endpoint, serviceName = 'tacit', intervalMs = 10_000, timeoutMs = 10_000, onError = () => {} } = options
  assertUrl(endpoint)
  const startedMs = Date.now()
  const counters = new Counters()
  let spans: Span[] = []
  let sending: Promise<void> = Promise.resolve()

  const add = (span: Span) => {
    if (spans.length >= mostSpans) {
      spans.shift()
      counters.add('tacit.spans.dropped', {})
    }
    spans.push(span)
  }
  const stops = [
    tacit.events.on('decision', ({ decisionId, arm, propensity, stage, explored }) => {
      counters.add('tacit.decisions', { 'tacit.arm': arm, 'tacit.explored': explored })
      const about = {
        'tacit.arm': arm,
        'tacit.propensity': propensity,
        'tacit.stage': stage,
        'tacit.explored': explored,
      }
      add(spanOf('tacit.decide', decisionId, about))
    }),
    tacit.events.on('outcome', ({ decisionId, status, success }) => {
      // A repetition was counted the first time.
      if (status !== 'stored') return
      const about: Attributes = success === null ? {} : { 'tacit.success': success }
      counters.add('tacit.outcomes', about)
      add(spanOf('tacit.observe', decisionId, about))
    }),
    tacit.events.on('record', ({ status }) => {
      if (status === 'stored') counters.add('tacit.records', {})
    }),
    tacit.events.on('error', ({ where }) => counters.add('tacit.errors', { 'tacit.where': where })),
  ]

  const post = async (path: string, body: object): Promise<'taken' | 'later' | 'refused'> => {
    try {
      const response = await fetch(`${endpoint.replace(/\/+$/, '')}${path}`, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json', ...options.headers },
        body: JSON.stringify(body),
        signal: AbortSignal.timeout(timeoutMs),
      })
      await response.arrayBuffer()
      if (response.ok) return 'taken'
      onError(failed(`${path} answered ${response.status}`))
      return retryable.has(response.status) ? 'later' : 'refused'
    } catch (cause) {
      onError(failed(`${path} could not be reached`, cause))
      return 'later'
    }
  }
  const send = async () => {
    const batch = spans
    spans = []
    if (batch.length > 0 && (await post('/v1/traces', spansBody(serviceName, batch))) === 'later') {
      const kept = [...batch, ...spans].slice(-mostSpans)
      counters.add('tacit.spans.dropped', {}, batch.length + spans.length - kept.length)
      spans = kept
    }
    const metrics = [...counters.metrics(), ...(await gauges(tacit))]
    await post('/v1/metrics', metricsBody(serviceName, metrics, { startedMs, nowMs: Date.now() }))
  }
  const flush = () => {
    sending = sending.then(send).catch(cause => onError(failed('what to send could not be read', cause)))
    return sending
  }
  const timer = setInterval(flush, intervalMs)
  timer.unref()
  return {
    flush,
    async close() {
      clearInterval(timer)
      for (const stop of stops) stop()
      await flush()
    },
  }
}

/** Decision and outcome share a trace, whichever process tells them: its id follows from the id of the decision. */
function spanOf(name: 'tacit.decide' | 'tacit.observe', decisionId: string, about: Attributes): Span {
  const nowMs = Date.now()
  const root = hash(`span ${decisionId}`, 16)
  return {
    traceId: hash(`trace ${decisionId}`, 32),
    ...(name === 'tacit.decide'
      ? { spanId: root }
      : { spanId: hash(`${name} ${decisionId} ${nowMs}`, 16), parentSpanId: root }),
    name,
    atMs: nowMs,
    attributes: { 'tacit.decision.id': decisionId, ...about },
  }
}

async function gauges(tacit: Tacit): Promise<Metric[]> {
  const { executions, inFlight, joinRate, parkedOutcomes } = await tacit.status()
  const gauge = (name: string, unit: string, value: number | null): Metric[] =>
    value === null ? [] : [{ name, unit, kind: 'gauge', points: [{ attributes: {}, value }] }]
  return [
    ...gauge('tacit.executions', '{execution}', executions),
    ...gauge('tacit.decisions.in_flight', '{decision}', inFlight),
    ...gauge('tacit.join_rate', '1', joinRate),
    ...gauge('tacit.outcomes.parked', '{outcome}', parkedOutcomes),
  ]
}

class Counters {
  readonly #counters = new Map<string, Map<string, { attributes: Attributes; value: number }>>()

  add(name: string, attributes: Attributes, by = 1): void {
    if (by === 0) return
    const series = this.#counters.get(name) ?? new Map()
    this.#counters.set(name, series)
    const key = JSON.stringify(attributes)
    const isFull = series.size >= mostSeries && !series.has(key)
    const place = isFull ? 'overflow' : key
    const point = series.get(place) ?? { attributes: isFull ? { 'otel.metric.overflow': true } : attributes, value: 0 }
    point.value += by
    series.set(place, point)
  }

  metrics(): Metric[] {
    return [...this.#counters].map(([name, series]) => ({ name, unit: '1', kind: 'sum', points: [...series.values()] }))
  }
}

const hash = (text: string, digits: number) => createHash('sha256').update(text).digest('hex').slice(0, digits)

const failed = (what: string, cause?: unknown) =>
  new TacitError('UNREACHABLE', `otel: ${what}. It is tried again with the next export, if that can help.`, { cause })

function assertUrl(endpoint: string): void {
  if (URL.canParse(endpoint) && /^https?:$/.test(new URL(endpoint).protocol)) return
  throw new TacitError('INVALID_CONFIG', 'otel: endpoint must be an http(s) URL, such as http://localhost:4318.')
}
