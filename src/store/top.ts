/** The best `limit` items offered, however many are offered: a binary heap with the worst kept item at its root. */
export class Top<T> {
  readonly #limit: number
  readonly #items: { readonly score: number; readonly item: T }[] = []

  constructor(limit: number) {
    this.#limit = limit
  }

  /** The least score that would still be kept. */
  get threshold(): number {
    return this.#items.length < this.#limit
      ? Number.NEGATIVE_INFINITY
      : (this.#items[0]?.score ?? Number.POSITIVE_INFINITY)
  }

  offer(score: number, item: T): void {
    if (this.#items.length < this.#limit) {
      this.#items.push({ score, item })
      this.#rise(this.#items.length - 1)
    } else if (score > this.threshold) {
      this.#items[0] = { score, item }
      this.#sink(0)
    }
  }

  /** Best first; items of equal score in no particular order. */
  sorted(): { readonly score: number; readonly item: T }[] {
    return this.#items.toSorted((a, b) => b.score - a.score)
  }

  #rise(start: number): void {
    for (let index = start; index > 0; ) {
      const parent = (index - 1) >> 1
      if (this.#items[parent]!.score <= this.#items[index]!.score) return
      this.#swap(index, parent)
      index = parent
    }
  }

  #sink(start: number): void {
    for (let index = start; ; ) {
      let least = index
      for (const child of [2 * index + 1, 2 * index + 2]) {
        if (child < this.#items.length && this.#items[child]!.score < this.#items[least]!.score) least = child
      }
      if (least === index) return
      this.#swap(index, least)
      index = least
    }
  }

  #swap(a: number, b: number): void {
    const item = this.#items[a]!
    this.#items[a] = this.#items[b]!
    this.#items[b] = item
  }
}
