/** Answers kept at most, and for how long. */
const maxEntries = 128
const ttlMs = 300_000

/**
 * Answers to the same question about the same state of the log, so that asking again costs nothing: at most 128, the one not
 * asked for the longest time going first, each for five minutes. Whatever is learned makes all of them void. The copies
 * that it gives out are the caller's own.
 */
export class ScoreCache {
  readonly #now: () => number
  readonly #entries = new Map<string, { readonly answer: unknown; readonly untilMs: number }>()
  #version: readonly unknown[] = []

  /** `now`: milliseconds since 1970. */
  constructor(now: () => number) {
    this.#now = now
  }

  get size(): number {
    return this.#entries.size
  }

  /** The answer to `question` (plain data) under `version` (compared part by part); made by `answer` if it is not kept. */
  get<T>(question: unknown, version: readonly unknown[], answer: () => T): T {
    if (version.length !== this.#version.length || version.some((part, i) => part !== this.#version[i])) {
      this.#entries.clear()
      this.#version = version
    }
    const key = JSON.stringify(question)
    const known = this.#entries.get(key)
    const nowMs = this.#now()
    this.#entries.delete(key)
    const entry = known !== undefined && nowMs < known.untilMs ? known : { answer: answer(), untilMs: nowMs + ttlMs }
    this.#entries.set(key, entry)
    if (this.#entries.size > maxEntries) this.#entries.delete(this.#entries.keys().next().value!)
    return structuredClone(entry.answer) as T
  }
}
