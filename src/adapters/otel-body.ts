/** Requests of OTLP/HTTP in JSON. */

export type Attributes = Readonly<Record<string, string | number | boolean>>

export interface Span {
  readonly traceId: string
  readonly spanId: string
  readonly parentSpanId?: string
  readonly name: string
  /** Milliseconds since 1970; a moment, without duration. */
  readonly atMs: number
  readonly attributes: Attributes
}

interface Point {
  readonly attributes: Attributes
  readonly value: number
}

export interface Metric {
  readonly name: string
  readonly unit: string
  /** sum: counted since the start, never falling. */
  readonly kind: 'sum' | 'gauge'
  readonly points: readonly Point[]
}

const scope = { name: 'tacit' }
const internal = 1
const cumulative = 2

export function spansBody(serviceName: string, spans: readonly Span[]): object {
  const list = spans.map(({ atMs, attributes, ...span }) => ({
    ...span,
    kind: internal,
    startTimeUnixNano: nanoseconds(atMs),
    endTimeUnixNano: nanoseconds(atMs),
    attributes: attributesOf(attributes),
    status: {},
  }))
  return { resourceSpans: [{ resource: resourceOf(serviceName), scopeSpans: [{ scope, spans: list }] }] }
}

export function metricsBody(
  serviceName: string,
  metrics: readonly Metric[],
  { startedMs, nowMs }: { readonly startedMs: number; readonly nowMs: number },
): object {
  const list = metrics.map(({ name, unit, kind, points }) => {
    const dataPoints = points.map(({ attributes, value }) => ({
      attributes: attributesOf(attributes),
      startTimeUnixNano: nanoseconds(startedMs),
      timeUnixNano: nanoseconds(nowMs),
      asDouble: value,
    }))
    const data =
      kind === 'sum'
        ? { sum: { dataPoints, aggregationTemporality: cumulative, isMonotonic: true } }
        : { gauge: { dataPoints } }
    return { name, unit, ...data }
  })
  return { resourceMetrics: [{ resource: resourceOf(serviceName), scopeMetrics: [{ scope, metrics: list }] }] }
}

const resourceOf = (serviceName: string) => ({ attributes: attributesOf({ 'service.name': serviceName }) })

const attributesOf = (attributes: Attributes) =>
  Object.entries(attributes).map(([key, value]) => ({
    key,
    value:
      typeof value === 'string'
        ? { stringValue: value }
        : typeof value === 'boolean'
          ? { boolValue: value }
          : { doubleValue: value },
  }))

const nanoseconds = (ms: number) => `${Math.round(ms)}000000`
