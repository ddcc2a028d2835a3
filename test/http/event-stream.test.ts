import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { LogPage, Tacit } from '../../src/engine/types.ts'
import { eventStream, heartbeatMs } from '../../src/serve/http/events.ts'

const silence: LogPage = { events: [], next: 7 }

/** Follows a log to which nothing is added, looking every quarter of a second. */
const quiet: Pick<Tacit, 'follow'> = {
  async *follow({ signal } = {}) {
    for (;;) {
      if (signal?.aborted) return
      yield silence
      await new Promise(resolve => setTimeout(resolve, 250))
    }
  },
}

function open(isAllowed = () => true) {
  const onEnd = vi.fn()
  const control = new AbortController()
  const stream = eventStream(quiet as Tacit, {
    after: undefined,
    now: Date.now,
    signal: control.signal,
    isAllowed,
    onEnd,
    onFailure: vi.fn(),
  })
  return { reader: stream.pipeThrough(new TextDecoderStream()).getReader(), stream, control, onEnd }
}

describe('an event stream', () => {
  beforeEach(() => void vi.useFakeTimers())
  afterEach(() => void vi.useRealTimers())

  it('says where it begins, and gives a sign of life while nothing happens', async () => {
    const { reader } = open()
    const read: (string | undefined)[] = []
    const reading = (async () => {
      for (let i = 0; i < 3; i++) read.push((await reader.read()).value)
    })()
    await vi.advanceTimersByTimeAsync(0)
    expect(read).toEqual(['retry: 2000\nid: 7\n\n'])
    await vi.advanceTimersByTimeAsync(heartbeatMs + 250)
    expect(read).toHaveLength(2)
    await vi.advanceTimersByTimeAsync(heartbeatMs + 250)
    await reading
    expect(read.slice(1)).toEqual(['id: 7\n\n', 'id: 7\n\n'])
    await reader.cancel()
  })

  it('lets a client go that takes nothing any more', async () => {
    const onEnd = vi.fn()
    const stream = eventStream(quiet as Tacit, {
      after: undefined,
      now: Date.now,
      signal: new AbortController().signal,
      isAllowed: () => true,
      onEnd,
      onFailure: vi.fn(),
    })
    const reader = stream.getReader()
    await reader.read()
    await vi.advanceTimersByTimeAsync(2 * heartbeatMs - 1)
    expect(onEnd).not.toHaveBeenCalled()
    await vi.advanceTimersByTimeAsync(1)
    expect(onEnd).toHaveBeenCalledTimes(1)
    await expect(reader.read()).rejects.toThrow('does not read')
  })

  it('breaks off where the log cannot be read, and says so to whoever runs the server', async () => {
    const onFailure = vi.fn()
    const onEnd = vi.fn()
    const broken: Pick<Tacit, 'follow'> = {
      // biome-ignore lint/correctness/useYield: it fails before it has anything to give
      async *follow() {
        throw new Error('no disk')
      },
    }
    const { signal } = new AbortController()
    const stream = eventStream(broken as Tacit, {
      after: 0,
      now: Date.now,
      signal,
      isAllowed: () => true,
      onEnd,
      onFailure,
    })
    await expect(stream.getReader().read()).rejects.toThrow('no disk')
    expect(onFailure).toHaveBeenCalledTimes(1)
    expect(onEnd).toHaveBeenCalledTimes(1)
  })

  it('ends when the server stops, when its key does not hold any more, and when the client goes', async () => {
    const stopped = open()
    await stopped.reader.read()
    stopped.control.abort()
    const rest = stopped.reader.read()
    await vi.advanceTimersByTimeAsync(250)
    expect(await rest).toEqual({ done: true, value: undefined })
    expect(stopped.onEnd).toHaveBeenCalledTimes(1)

    let isAllowed = true
    const revoked = open(() => isAllowed)
    await revoked.reader.read()
    isAllowed = false
    const last = revoked.reader.read()
    await vi.advanceTimersByTimeAsync(heartbeatMs + 250)
    expect((await last).done).toBe(true)

    const gone = open()
    await gone.reader.read()
    await gone.reader.cancel()
    expect(gone.onEnd).toHaveBeenCalledTimes(1)
  })
})
