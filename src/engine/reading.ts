import { TacitError } from '../errors.ts'
import type { EventBus } from './events.ts'
import type { Parts } from './parts.ts'

/**
 * Answers questions about the past from a replica if the store has one that is fit, else from the store itself. For
 * analytics and similarity only: choices and what is learned come from the primary.
 */
export class Reading {
  readonly #parts: Parts
  readonly #bus: EventBus
  #lastReason: string | null = null

  constructor(parts: Parts, bus: EventBus) {
    this.#parts = parts
    this.#bus = bus
  }

  /** `read` may run twice. That the replica could not be asked is told once, as an event `error`. */
  async ask<T>(read: (parts: Parts) => Promise<T>): Promise<T> {
    const { store, config } = this.#parts
    if (store.readAside === undefined) return read(this.#parts)
    const answer = await store.readAside(config.scope, aside => read({ ...this.#parts, store: aside }))
    const reason = (await store.replica?.(config.scope))?.reason ?? null
    if (reason !== null && this.#lastReason === null)
      this.#bus.emit('error', { where: 'replica', error: new TacitError('STORE_UNAVAILABLE', reason) })
    this.#lastReason = reason
    return answer
  }
}
