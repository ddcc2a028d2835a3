/** Runs what it is given one after the other, in the order in which it came. */
export class Lane {
  #last: Promise<unknown> = Promise.resolve()

  /** Runs `work` after all that came before it, whether that failed or not. */
  run<Result>(work: () => Promise<Result>): Promise<Result> {
    const result = this.#last.then(work)
    this.#last = result.catch(() => undefined)
    return result
  }

  /** Resolves when all that was given so far has ended. */
  async idle(): Promise<void> {
    await this.#last
  }
}
