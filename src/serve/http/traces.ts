import { promisify } from 'node:util'
import { gunzip } from 'node:zlib'
import { encodeAnswer, readSpans, type TracesTaken } from '../../engine/traces.ts'
import { TacitError } from '../../errors.ts'
import { readBytes, tooLarge } from './body.ts'
import { assertAccess } from './caller.ts'
import type { HttpContext } from './env.ts'
import { problemOf } from './problem.ts'
import type { Service } from './service.ts'

type Encoding = 'json' | 'protobuf'
const types = { json: 'application/json', protobuf: 'application/x-protobuf' } as const
const unpack = promisify(gunzip)

/** Takes an export request of OTLP/HTTP, and answers in the encoding of the request, errors included. */
export async function answerTraces(c: HttpContext, service: Service): Promise<Response> {
  const encoding = encodingOf(c.req.raw.headers)
  try {
    return answer(c, 200, encoding, 'Response', responseOf(await take(c, service, encoding)))
  } catch (error) {
    const { status, detail } = problemOf(error, c.get('requestId'))
    // Faults of ours are logged where all are.
    if (status >= 500 && status !== 503) throw error
    return answer(c, status, encoding, 'RpcStatus', { code: rpcCodes[status] ?? unknownCode, message: detail })
  }
}

async function take(c: HttpContext, service: Service, encoding: Encoding): Promise<TracesTaken> {
  const { project, ...caller } = c.get('caller')
  assertAccess({ project, ...caller }, 'record')
  const bytes = await bodyOf(c.req.raw, service.config.server.maxBodyBytes)
  const { spans, rejected, reason } = readSpans(bytes, encoding)
  const taken = await service.work(() => service.projects.use(project, tacit => tacit.traces.add(spans)))
  service.figures.operationDone('traces', 'done')
  await service.openTraces.touched(project, new Set(spans.map(({ traceId }) => traceId)), taken.open)
  return { ...taken, rejected: taken.rejected + rejected, reason: reason ?? taken.reason }
}

/** @throws TacitError UNSUPPORTED_MEDIA_TYPE */
function encodingOf(headers: Headers): Encoding {
  const type = headers.get('content-type')?.split(';')[0]?.trim().toLowerCase()
  if (type === types.json) return 'json'
  if (type === types.protobuf) return 'protobuf'
  throw new TacitError('UNSUPPORTED_MEDIA_TYPE', `OTLP comes as ${types.protobuf} or ${types.json}.`)
}

/** The body, unpacked; packed or not it is held to the same length, so that a small one cannot unfold into a huge one. */
async function bodyOf(request: Request, maxBytes: number): Promise<Uint8Array> {
  const packing = request.headers.get('content-encoding')?.toLowerCase() ?? 'identity'
  const bytes = await readBytes(request, maxBytes)
  if (packing === 'identity') return bytes
  if (packing !== 'gzip') {
    throw new TacitError('UNSUPPORTED_MEDIA_TYPE', 'Bodies may be packed by gzip only. Use Content-Encoding: gzip.')
  }
  try {
    return await unpack(bytes, { maxOutputLength: maxBytes })
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') throw tooLarge(maxBytes)
    throw new TacitError('INVALID_INPUT', 'The body is not packed by gzip, or broke off. Send all of it.', { cause })
  }
}

const responseOf = ({ rejected, reason }: TracesTaken) =>
  rejected === 0 ? {} : { partialSuccess: { rejectedSpans: rejected, errorMessage: reason ?? '' } }

function answer(c: HttpContext, status: number, encoding: Encoding, type: 'Response' | 'RpcStatus', body: object) {
  const bytes = encoding === 'json' ? JSON.stringify(body) : Buffer.from(encodeAnswer(type, body))
  return c.body(bytes as string, status as 200, { 'Content-Type': types[encoding] })
}

/** Codes of google.rpc.Status by HTTP status. */
const unknownCode = 2
const rpcCodes: Readonly<Record<number, number>> = { 400: 3, 403: 7, 409: 9, 413: 8, 415: 3, 503: 14 }
