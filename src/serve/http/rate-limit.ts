import { TacitError } from '../../errors.ts'

/** Callers remembered at most; the one not seen for longest is forgotten first, and starts anew. */
const maxCallers = 10_000

/** Lets each caller make so many requests per second, and twice as many at once after a pause (a token bucket). */
export class RateLimiter {
  readonly #perSecond: number
  readonly #now: () => number
  readonly #buckets = new Map<string, { tokens: number; atMs: number }>()

  constructor(perSecond: number, now: () => number) {
    this.#perSecond = perSecond
    this.#now = now
  }

  /** @throws TacitError RATE_LIMITED, saying when to come back. */
  take(caller: string): void {
    const nowMs = this.#now()
    const most = Math.max(1, 2 * this.#perSecond)
    const bucket = this.#buckets.get(caller) ?? { tokens: most, atMs: nowMs }
    const elapsedMs = Math.max(0, nowMs - bucket.atMs)
    const tokens = Math.min(most, bucket.tokens + (elapsedMs / 1000) * this.#perSecond)
    this.#buckets.delete(caller)
    this.#buckets.set(caller, { tokens: tokens < 1 ? tokens : tokens - 1, atMs: nowMs })
    if (this.#buckets.size > maxCallers) this.#buckets.delete(this.#buckets.keys().next().value!)
    if (tokens >= 1) return
    const retryAfterSeconds = Math.ceil((1 - tokens) / this.#perSecond)
    throw new TacitError(
      'RATE_LIMITED',
      `More than ${this.#perSecond} requests per second. Come back in ${retryAfterSeconds} s.`,
      { details: { retryAfterSeconds } },
    )
  }
}
