/** Spans as a person would note them, as the JSON of OTLP. */
export interface NotedSpan {
  readonly id: number
  readonly parent?: number
  readonly name?: string
  /** Milliseconds after the start of the trace. */
  readonly startMs?: number
  readonly durationMs?: number
  readonly attributes?: Readonly<Record<string, unknown>>
  readonly error?: string
  readonly events?: readonly { readonly name: string; readonly attributes: Readonly<Record<string, unknown>> }[]
}

export const traceIdOf = (trace: number) => trace.toString(16).padStart(32, 'a')
const spanIdOf = (span: number) => span.toString(16).padStart(16, 'b')
const startNs = 1_700_000_000_000_000_000n

export function bodyOf(trace: number, spans: readonly NotedSpan[], service = 'tests') {
  return {
    resourceSpans: [
      {
        resource: { attributes: attributesOf({ 'service.name': service }) },
        scopeSpans: [{ scope: { name: 'by hand' }, spans: spans.map(span => spanOf(trace, span)) }],
      },
    ],
  }
}

function spanOf(trace: number, { id, parent, name = 'span', startMs = id, durationMs = 100, ...span }: NotedSpan) {
  const start = startNs + BigInt(Math.round(startMs * 1e6))
  return {
    traceId: traceIdOf(trace),
    spanId: spanIdOf(id),
    ...(parent !== undefined && { parentSpanId: spanIdOf(parent) }),
    name,
    kind: 1,
    startTimeUnixNano: String(start),
    endTimeUnixNano: String(start + BigInt(Math.round(durationMs * 1e6))),
    attributes: attributesOf(span.attributes ?? {}),
    events: (span.events ?? []).map(event => ({ name: event.name, attributes: attributesOf(event.attributes) })),
    status: span.error === undefined ? {} : { code: 2, message: span.error },
  }
}

const attributesOf = (attributes: Readonly<Record<string, unknown>>) =>
  Object.entries(attributes).map(([key, value]) => ({ key, value: anyValue(value) }))

function anyValue(value: unknown): object {
  if (typeof value === 'string') return { stringValue: value }
  if (typeof value === 'boolean') return { boolValue: value }
  if (typeof value === 'number') return Number.isInteger(value) ? { intValue: String(value) } : { doubleValue: value }
  if (Array.isArray(value)) return { arrayValue: { values: value.map(anyValue) } }
  return { kvlistValue: { values: attributesOf(value as Readonly<Record<string, unknown>>) } }
}
