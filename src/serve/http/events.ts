import { z } from 'zod'
import type { LogEvent, LogPage, Tacit } from '../../engine/types.ts'
import { parse } from '../../records.ts'

/** A sign of life is sent after so long without an event; a client that takes nothing for twice as long is let go. */
export const heartbeatMs = 15_000
const reconnectMs = 2000

const placeSchema = z.strictObject({ after: z.coerce.number().int().min(0).max(Number.MAX_SAFE_INTEGER).optional() })

/**
 * Where a client wants to go on: Last-Event-ID, which browsers send when they come back, else `after`.
 * @throws TacitError INVALID_INPUT
 */
export function placeOf(headers: Headers, query: URLSearchParams): number | undefined {
  const last = headers.get('last-event-id') || undefined
  return parse(placeSchema, { ...Object.fromEntries(query), ...(last !== undefined && { after: last }) }, 'events')
    .after
}

export interface EventStreamOptions {
  readonly after: number | undefined
  readonly now: () => number
  /** Asks for the end: the server stops, or its configuration changed. The client comes back by itself. */
  readonly signal: AbortSignal
  /** Asked with each sign of life; false ends the stream (the key was revoked, for example). */
  readonly isAllowed: () => boolean
  readonly onEnd: () => void
  /** Hears why a stream broke off, if that was our fault; the client only sees it end. */
  readonly onFailure: (error: unknown) => void
}

/**
 * Server-sent events of everything that is added to the log. It is read as fast as the client takes it, so nothing piles up.
 */
export function eventStream(tacit: Tacit, options: EventStreamOptions): ReadableStream<Uint8Array> {
  const control = new AbortController()
  const signal = AbortSignal.any([control.signal, options.signal])
  const { after } = options
  const pages = tacit.follow({ signal, ...(after !== undefined && { after }) })[Symbol.asyncIterator]()
  const encoder = new TextEncoder()
  let lastMs = options.now()
  let isFirst = true
  let unread: NodeJS.Timeout | undefined
  let isEnded = false
  const end = () => {
    if (isEnded) return
    isEnded = true
    clearTimeout(unread)
    control.abort()
    options.onEnd()
  }
  const awaitReader = (controller: ReadableStreamDefaultController) => {
    unread = setTimeout(() => {
      end()
      controller.error(new Error('The client does not read.'))
    }, 2 * heartbeatMs)
  }
  return new ReadableStream<Uint8Array>(
    {
      start: awaitReader,
      async pull(controller) {
        clearTimeout(unread)
        try {
          const chunk = await nextChunk()
          if (chunk === null) {
            end()
            controller.close()
            return
          }
          controller.enqueue(encoder.encode(chunk))
          awaitReader(controller)
        } catch (error) {
          if (!isEnded) options.onFailure(error)
          end()
          controller.error(error)
        }
      },
      cancel: end,
    },
    { highWaterMark: 0 },
  )

  /** Null at the end. */
  async function nextChunk(): Promise<string | null> {
    for (;;) {
      const { done, value } = await pages.next()
      if (done || signal.aborted) return null
      const isSilent = value.events.length === 0
      if (isSilent && !isFirst && options.now() - lastMs < heartbeatMs) continue
      lastMs = options.now()
      if (!options.isAllowed()) return null
      const opening = isFirst ? `retry: ${reconnectMs}\n` : ''
      isFirst = false
      return opening + (isSilent ? placeOnly(value) : value.events.map(textOf).join(''))
    }
  }
}

/** A sign of life: without data it is no event, but the client knows where to go on. */
const placeOnly = ({ next }: LogPage) => `id: ${next}\n\n`
const textOf = (event: LogEvent) => `id: ${event.cursor}\nevent: ${event.kind}\ndata: ${JSON.stringify(event)}\n\n`
