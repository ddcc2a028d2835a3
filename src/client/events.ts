import type { FollowOptions, LogEvent, LogPage } from '../engine/types.ts'
import { TacitError } from '../errors.ts'
import { pause, pauseMs, type Transport } from './transport.ts'

/** Longest event that is taken, in UTF-16 units. */
const maxEventLength = 1_048_576
/** What another attempt cannot change. */
const final: ReadonlySet<string> = new Set(['UNAUTHENTICATED', 'FORBIDDEN', 'INVALID_INPUT', 'NOT_FOUND'])

/** The events of a server, page by page as they come. After a break it goes on after the last event that was seen. */
export async function* eventsFrom(
  transport: Transport,
  { after, signal = new AbortController().signal }: FollowOptions,
): AsyncGenerator<LogPage> {
  const control = new AbortController()
  const either = AbortSignal.any([control.signal, signal])
  let place = after
  let attempt = 0
  try {
    while (!signal.aborted) {
      let error: unknown
      try {
        const path = place === undefined ? '/v1/events' : `/v1/events?after=${place}`
        const response = await transport.open(path, { Accept: 'text/event-stream' }, either)
        for await (const page of parseEvents(response.body!)) {
          attempt = 0
          place = page.next
          yield page
        }
      } catch (failure) {
        if (signal.aborted) return
        if (failure instanceof TacitError && final.has(failure.code)) throw failure
        error = failure
      }
      const retryAfterMs = error instanceof TacitError ? error.details.retryAfterMs : undefined
      await pause(pauseMs(attempt++, retryAfterMs), signal).catch(reason => {
        if (!signal.aborted) throw reason
      })
    }
  } finally {
    control.abort()
  }
}

/** Server-sent events as pages; what has an id and no data is an empty one. */
async function* parseEvents(body: ReadableStream<Uint8Array>): AsyncGenerator<LogPage> {
  const decoder = new TextDecoder()
  let rest = ''
  for await (const chunk of body) {
    const blocks = (rest + decoder.decode(chunk, { stream: true })).split('\n\n')
    rest = blocks.pop()!
    if (rest.length > maxEventLength) throw new TacitError('UNREACHABLE', 'The server sends events without an end.')
    const fields = blocks.map(block => fieldsOf(block))
    const next = fields.findLast(({ id }) => id !== undefined)?.id
    if (next === undefined) continue
    const events = fields.flatMap(({ data }) => (data === undefined ? [] : [JSON.parse(data) as LogEvent]))
    yield { events, next: Number(next) }
  }
}

/** Ours have one line per field. */
function fieldsOf(block: string): Partial<Record<string, string>> {
  const lines = block.split('\n').map(line => line.split(/: (.*)/s) as [string, string])
  return Object.fromEntries(lines)
}
