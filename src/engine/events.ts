import type { TacitEvents } from './types.ts'

type Handler<K extends keyof TacitEvents> = (event: TacitEvents[K]) => void

/** Tells listeners what happened. A handler that throws or rejects is reported and keeps nobody else from hearing. */
export class EventBus {
  readonly #handlers = new Map<keyof TacitEvents, Set<Handler<never>>>()
  readonly #onFailure: (error: Error) => void

  constructor(onFailure: (error: Error) => void) {
    this.#onFailure = onFailure
  }

  on<K extends keyof TacitEvents>(type: K, handler: Handler<K>): () => void {
    const handlers = this.#handlers.get(type) ?? new Set()
    this.#handlers.set(type, handlers.add(handler as Handler<never>))
    return () => handlers.delete(handler as Handler<never>)
  }

  emit<K extends keyof TacitEvents>(type: K, event: TacitEvents[K]): void {
    for (const handler of this.#handlers.get(type) ?? []) {
      try {
        const result: unknown = (handler as Handler<K>)(event)
        if (result instanceof Promise) result.catch(error => this.#onFailure(asError(error)))
      } catch (error) {
        this.#onFailure(asError(error))
      }
    }
  }
}

export const asError = (thrown: unknown): Error => (thrown instanceof Error ? thrown : new Error(String(thrown)))
