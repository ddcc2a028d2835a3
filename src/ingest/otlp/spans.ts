import { TacitError } from '../../errors.ts'
import { decodeRequest } from './proto.ts'

export type Value = string | number | boolean | null | readonly Value[] | { readonly [name: string]: Value }
export type Attributes = ReadonlyMap<string, Value>

/** A span that has ended, from either encoding. */
export interface Span {
  /** 32 and 16 hexadecimal digits, lower case. */
  readonly traceId: string
  readonly spanId: string
  /** Null for the root of its trace. */
  readonly parentSpanId: string | null
  readonly name: string
  /** Milliseconds since 1970. */
  readonly startMs: number
  readonly durationMs: number
  readonly attributes: Attributes
  readonly events: readonly { readonly name: string; readonly attributes: Attributes }[]
  readonly isError: boolean
  readonly statusMessage: string | null
  /** `service.name` of the resource, and the library that made the span. */
  readonly service: string | null
  readonly library: string | null
}

/** The spans of an export request that can be read, and what is wrong with the others. */
export interface ReadSpans {
  readonly spans: readonly Span[]
  readonly rejected: number
  /** What is wrong with the first of them. */
  readonly reason: string | null
}

const deepest = 32
const maxEvents = 1000

/**
 * Reads an OTLP export request. A span that cannot be read does not keep the others from being taken.
 * @throws TacitError INVALID_INPUT if the whole is no such request.
 */
export function readSpans(bytes: Uint8Array, encoding: 'json' | 'protobuf'): ReadSpans {
  const spans: Span[] = []
  let rejected = 0
  let reason: string | null = null
  for (const resource of list(decoded(bytes, encoding), 'resourceSpans')) {
    const service = text(attributesOf(fields(resource).resource).get('service.name'))
    for (const scope of list(resource, 'scopeSpans')) {
      const library = text(fields(fields(scope).scope).name)
      for (const span of list(scope, 'spans')) {
        try {
          spans.push({ ...spanOf(fields(span)), service, library })
        } catch (error) {
          if (!(error instanceof TacitError)) throw error
          rejected += 1
          reason ??= error.message
        }
      }
    }
  }
  return { spans, rejected, reason }
}

function decoded(bytes: Uint8Array, encoding: 'json' | 'protobuf'): unknown {
  try {
    if (encoding === 'protobuf') return decodeRequest(bytes)
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch (cause) {
    throw new TacitError(
      'INVALID_INPUT',
      `The body is not an OTLP export request in ${encoding}. Nothing was written.`,
      {
        cause,
      },
    )
  }
}

function spanOf(span: Fields): Omit<Span, 'service' | 'library'> {
  const startNs = nanoseconds(span.startTimeUnixNano)
  const endNs = nanoseconds(span.endTimeUnixNano)
  if (startNs === null || endNs === null || startNs === 0n || endNs < startNs) {
    throw wrong('its times are missing or wrong')
  }
  const status = fields(span.status)
  return {
    traceId: idOf(span.traceId, 16) ?? fail('traceId must be 32 hexadecimal digits, not all 0'),
    spanId: idOf(span.spanId, 8) ?? fail('spanId must be 16 hexadecimal digits, not all 0'),
    parentSpanId: idOf(span.parentSpanId, 8),
    name: text(span.name) ?? '',
    startMs: Number(startNs / 1000n) / 1000,
    durationMs: Number(endNs - startNs) / 1e6,
    attributes: attributesOf(span),
    events: list(span, 'events')
      .slice(0, maxEvents)
      .map(event => ({ name: text(fields(event).name) ?? '', attributes: attributesOf(event) })),
    isError: status.code === 2 || status.code === 'STATUS_CODE_ERROR',
    statusMessage: text(status.message),
  }
}

// ---- values --------------------------------------------------------------------------------------------------------

type Fields = Readonly<Record<string, unknown>>

const isFields = (value: unknown): value is Fields =>
  value !== null && typeof value === 'object' && !Array.isArray(value)
const fields = (value: unknown): Fields => (isFields(value) ? value : {})
const text = (value: unknown): string | null => (typeof value === 'string' && value !== '' ? value : null)
const wrong = (what: string) => new TacitError('INVALID_INPUT', `A span cannot be read: ${what}.`)

function fail(what: string): never {
  throw wrong(what)
}

/** @throws TacitError INVALID_INPUT */
function list(value: unknown, name: string): readonly unknown[] {
  if (!isFields(value)) throw wrong(`what holds ${name} is not an object`)
  const items = value[name] ?? []
  if (Array.isArray(items)) return items
  throw wrong(`${name} is not a list`)
}

/** Null for anything else than an id with a bit set. */
function idOf(value: unknown, bytes: number): string | null {
  const hex = value instanceof Uint8Array ? Buffer.from(value).toString('hex') : text(value)?.toLowerCase()
  return hex?.length === 2 * bytes && /^[0-9a-f]+$/.test(hex) && !/^0+$/.test(hex) ? hex : null
}

function nanoseconds(value: unknown): bigint | null {
  const digits = typeof value === 'number' && Number.isSafeInteger(value) ? String(value) : text(value)
  return digits !== null && /^\d{1,20}$/.test(digits) ? BigInt(digits) : null
}

function attributesOf(holder: unknown): Attributes {
  return new Map(pairs(fields(holder).attributes, 0))
}

function pairs(items: unknown, depth: number): [string, Value][] {
  if (!Array.isArray(items)) return []
  return items.flatMap(item => {
    const { key, value } = fields(item)
    return typeof key === 'string' && key !== '' ? [[key, plainOf(value, depth)] as [string, Value]] : []
  })
}

/** AnyValue of OTLP as plain data. */
function plainOf(value: unknown, depth: number): Value {
  if (depth > deepest) throw wrong(`a value is nested more than ${deepest} deep`)
  const any = fields(value)
  if (typeof any.stringValue === 'string') return any.stringValue
  if (typeof any.boolValue === 'boolean') return any.boolValue
  if (any.intValue !== undefined && any.intValue !== null) return numberOf(any.intValue)
  if (any.doubleValue !== undefined && any.doubleValue !== null) return numberOf(any.doubleValue)
  if (any.bytesValue instanceof Uint8Array) return Buffer.from(any.bytesValue).toString('base64')
  if (typeof any.bytesValue === 'string') return any.bytesValue
  if (isFields(any.arrayValue)) return list({ values: [], ...any.arrayValue }, 'values').map(v => plainOf(v, depth + 1))
  if (isFields(any.kvlistValue)) return Object.fromEntries(safe(pairs(any.kvlistValue.values, depth + 1)))
  return null
}

/** Numbers that JavaScript cannot hold stay texts. */
function numberOf(value: unknown): Value {
  const number =
    typeof value === 'number' ? value : typeof value === 'string' && value !== '' ? Number(value) : Number.NaN
  if (Number.isFinite(number) && (!Number.isInteger(number) || Number.isSafeInteger(number))) return number
  return typeof value === 'string' ? value : String(value)
}

/** Without the key that plain objects cannot hold. */
const safe = (entries: [string, Value][]) => entries.filter(([key]) => key !== '__proto__')
