import { type ErrorCode, errorCodes, TacitError } from '../errors.ts'

export interface ClientOptions {
  /** Where the server listens: http://localhost:7345 */
  readonly url: string
  /** API key; not needed where the server asks for none. */
  readonly key?: string
  /** Project to read and write, if there is no key (which belongs to one). */
  readonly project?: string
  /** Longest wait for each attempt, milliseconds (default 30,000). */
  readonly timeoutMs?: number
  /** Further attempts after one that failed in passing (default 4). */
  readonly retries?: number
  /** Instead of the global one. */
  readonly fetch?: typeof fetch
}

/** Options of one call. */
export interface CallOptions {
  /** Ends the call; it then fails with the reason of the signal. */
  readonly signal?: AbortSignal
  readonly timeoutMs?: number
  /** Yours for this request; left out: one is made up. The same again does nothing twice. */
  readonly idempotencyKey?: string
}

const firstPauseMs = 100
const longestPauseMs = 5000
const longestRetryAfterMs = 60_000
/** What may be different the next time. */
const passing: ReadonlySet<ErrorCode> = new Set([
  'UNREACHABLE',
  'TIMEOUT',
  'RATE_LIMITED',
  'OVERLOADED',
  'STORE_BUSY',
  'STORE_UNAVAILABLE',
  'CLOSED',
])

/** Requests to one server, repeated where that may help. */
export class Transport {
  readonly #base: string
  readonly #headers: Record<string, string>
  readonly #timeoutMs: number
  readonly #retries: number
  readonly #fetch: typeof fetch

  constructor({ url, key, project, timeoutMs = 30_000, retries = 4, fetch: send = fetch }: ClientOptions) {
    if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol)) {
      throw new TacitError(
        'INVALID_INPUT',
        `${JSON.stringify(url)} is not the address of a server: use http://host:port.`,
      )
    }
    this.#base = url.replace(/\/+$/, '')
    this.#headers = {
      ...(key !== undefined && { Authorization: `Bearer ${key}` }),
      ...(project !== undefined && { 'Tacit-Project': project }),
    }
    this.#timeoutMs = timeoutMs
    this.#retries = retries
    this.#fetch = (...args) => send(...args)
  }

  /** Sends JSON and gives back the JSON of the answer. */
  async post(path: string, body: unknown, options: CallOptions): Promise<unknown> {
    const headers = {
      ...this.#headers,
      'Content-Type': 'application/json',
      'Idempotency-Key': options.idempotencyKey ?? crypto.randomUUID(),
    }
    const request = { method: 'POST', headers, body: JSON.stringify(body) }
    for (let attempt = 0; ; attempt++) {
      try {
        return await this.#once(path, request, options)
      } catch (error) {
        options.signal?.throwIfAborted()
        if (!(error instanceof TacitError) || !passing.has(error.code) || attempt >= this.#retries) throw error
        await pause(pauseMs(attempt, error.details.retryAfterMs), options.signal)
      }
    }
  }

  /** Opens a stream; who reads it also ends it. */
  async open(path: string, headers: Readonly<Record<string, string>>, signal: AbortSignal): Promise<Response> {
    const response = await this.#send(path, { headers: { ...this.#headers, ...headers }, signal })
    if (!response.ok) throw await errorOf(response)
    return response
  }

  async #once(path: string, request: RequestInit, options: CallOptions): Promise<unknown> {
    const timeout = AbortSignal.timeout(options.timeoutMs ?? this.#timeoutMs)
    const signal = options.signal === undefined ? timeout : AbortSignal.any([options.signal, timeout])
    try {
      const response = await this.#send(path, { ...request, signal })
      if (!response.ok) throw await errorOf(response)
      return await readAnswer(response)
    } catch (error) {
      options.signal?.throwIfAborted()
      const isAnswer = error instanceof TacitError && error.code !== 'UNREACHABLE'
      if (timeout.aborted && !isAnswer) {
        throw new TacitError('TIMEOUT', `${this.#base} did not answer in time. Try again, or raise timeoutMs.`, {
          cause: error,
        })
      }
      throw error
    }
  }

  async #send(path: string, request: RequestInit): Promise<Response> {
    try {
      return await this.#fetch(`${this.#base}${path}`, { ...request, redirect: 'error' })
    } catch (cause) {
      throw new TacitError('UNREACHABLE', `${this.#base} cannot be reached. Check that "tacit serve" runs there.`, {
        cause,
      })
    }
  }
}

/** A pause that grows with each attempt and differs between clients; longer if the server asks for it. */
export function pauseMs(attempt: number, retryAfterMs: unknown): number {
  const most = Math.min(longestPauseMs, firstPauseMs * 2 ** attempt)
  const share = crypto.getRandomValues(new Uint32Array(1))[0]! / 2 ** 32
  const asked = typeof retryAfterMs === 'number' ? Math.min(longestRetryAfterMs, retryAfterMs) : 0
  return asked + most * share
}

/** @throws the reason of `signal` */
export function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const end = () => {
      clearTimeout(timer)
      reject(signal!.reason)
    }
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', end)
      resolve()
    }, ms)
    if (signal?.aborted) end()
    else signal?.addEventListener('abort', end, { once: true })
  })
}

async function readAnswer(response: Response): Promise<unknown> {
  try {
    return await response.json()
  } catch (cause) {
    throw new TacitError(
      'UNREACHABLE',
      'The answer broke off, or is not JSON. Check that the address is that of Tacit.',
      {
        cause,
      },
    )
  }
}

/** The error that the server tells of; from something in between that speaks no problem details, one by its status. */
async function errorOf(response: Response): Promise<TacitError> {
  const retryAfterMs = retryAfterOf(response)
  const problem: unknown = await response.json().catch(() => null)
  const { code, detail, details } = (problem ?? {}) as { code?: unknown; detail?: unknown; details?: object }
  if (typeof code === 'string' && Object.hasOwn(errorCodes, code)) {
    const known = { ...details, ...(retryAfterMs !== null && { retryAfterMs }) }
    return new TacitError(code as ErrorCode, String(detail), { details: known })
  }
  const { status } = response
  const fallback = status === 429 ? 'RATE_LIMITED' : status >= 502 && status <= 504 ? 'UNREACHABLE' : 'INTERNAL'
  return new TacitError(fallback, `The server answered ${status} without saying why.`, {
    details: { status, ...(retryAfterMs !== null && { retryAfterMs }) },
  })
}

function retryAfterOf({ headers }: Response): number | null {
  const text = headers.get('retry-after')
  if (text === null) return null
  const ms = /^\d+$/.test(text) ? Number(text) * 1000 : Date.parse(text) - Date.now()
  return Number.isFinite(ms) ? Math.max(0, ms) : null
}
