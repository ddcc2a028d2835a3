import protobuf from 'protobufjs/light.js'

const field = (type: string, id: number, rest: object = {}) => ({ type, id, ...rest })
const many = (type: string, id: number) => field(type, id, { rule: 'repeated' })

/**
 * What is read of OTLP 1.x (opentelemetry/proto/collector/trace/v1), by the field numbers of the published schema; fields
 * that are not named here are skipped.
 */
const root = protobuf.Root.fromJSON({
  nested: {
    Request: { fields: { resourceSpans: many('ResourceSpans', 1) } },
    ResourceSpans: { fields: { resource: field('Resource', 1), scopeSpans: many('ScopeSpans', 2) } },
    Resource: { fields: { attributes: many('KeyValue', 1) } },
    ScopeSpans: { fields: { scope: field('Scope', 1), spans: many('Span', 2) } },
    Scope: { fields: { name: field('string', 1), version: field('string', 2) } },
    Span: {
      fields: {
        traceId: field('bytes', 1),
        spanId: field('bytes', 2),
        parentSpanId: field('bytes', 4),
        name: field('string', 5),
        startTimeUnixNano: field('fixed64', 7),
        endTimeUnixNano: field('fixed64', 8),
        attributes: many('KeyValue', 9),
        events: many('Event', 11),
        status: field('Status', 15),
      },
    },
    Event: { fields: { name: field('string', 2), attributes: many('KeyValue', 3) } },
    Status: { fields: { message: field('string', 2), code: field('int32', 3) } },
    KeyValue: { fields: { key: field('string', 1), value: field('AnyValue', 2) } },
    AnyValue: {
      oneofs: {
        value: {
          oneof: ['stringValue', 'boolValue', 'intValue', 'doubleValue', 'arrayValue', 'kvlistValue', 'bytesValue'],
        },
      },
      fields: {
        stringValue: field('string', 1),
        boolValue: field('bool', 2),
        intValue: field('int64', 3),
        doubleValue: field('double', 4),
        arrayValue: field('ArrayValue', 5),
        kvlistValue: field('KeyValueList', 6),
        bytesValue: field('bytes', 7),
      },
    },
    ArrayValue: { fields: { values: many('AnyValue', 1) } },
    KeyValueList: { fields: { values: many('KeyValue', 1) } },
    Response: { fields: { partialSuccess: field('PartialSuccess', 1) } },
    PartialSuccess: { fields: { rejectedSpans: field('int64', 1), errorMessage: field('string', 2) } },
    RpcStatus: { fields: { code: field('int32', 1), message: field('string', 2) } },
  },
})

/** The request in the shape that it has as JSON, with ids as bytes. Throws for bytes that are no such message. */
export function decodeRequest(bytes: Uint8Array): unknown {
  const type = root.lookupType('Request')
  return type.toObject(type.decode(bytes), { longs: String })
}

/** An answer as protobuf: to a request that was taken, or with the reason why not. */
export function encodeAnswer(type: 'Response' | 'RpcStatus', answer: object): Uint8Array {
  const message = root.lookupType(type)
  return message.encode(message.fromObject(answer)).finish()
}
