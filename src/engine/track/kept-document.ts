import { TacitError } from '../../errors.ts'
import type { Store } from '../../store/store.ts'

const attempts = 20

/** A small document of a scope that is kept beside the log, and changed by whole revisions: no change of another process is lost. */
export class KeptDocument<T> {
  readonly #store: Store
  readonly #scope: string
  readonly #name: string
  readonly #empty: T

  constructor(store: Store, scope: string, name: string, empty: T) {
    this.#store = store
    this.#scope = scope
    this.#name = name
    this.#empty = empty
  }

  async read(): Promise<T> {
    return (await this.#load()).value
  }

  /** Replaces the document by what `change` makes of it, and returns that; `change` is called again if another was faster. */
  async change(change: (value: T) => T): Promise<T> {
    for (let attempt = 0; attempt < attempts; attempt++) {
      const { value, revision } = await this.#load()
      const next = change(value)
      const bytes = new TextEncoder().encode(JSON.stringify(next))
      // A store keeps a snapshot only over an earlier one, so of two processes at the same revision one wins.
      const position = { recordedAtUs: 0, id: '' }
      await this.#store.saveSnapshot(this.#scope, this.#name, { cursor: revision + 1, position, bytes })
      const kept = await this.#store.loadSnapshot(this.#scope, this.#name)
      if (kept?.cursor === revision + 1 && Buffer.compare(kept.bytes, bytes) === 0) return next
    }
    throw new TacitError('STORE_BUSY', `Other processes keep changing "${this.#name}". Try again; nothing was changed.`)
  }

  async #load(): Promise<{ value: T; revision: number }> {
    const kept = await this.#store.loadSnapshot(this.#scope, this.#name)
    if (kept === null) return { value: this.#empty, revision: 0 }
    return { value: JSON.parse(new TextDecoder().decode(kept.bytes)) as T, revision: kept.cursor }
  }
}
