import type { Limits } from './result.ts'

/** Why an attempt ended without an answer: out of time or steps, or the solver does not fit the problem. */
export class AttemptError extends Error {
  override readonly name = 'AttemptError'
  readonly type: 'timeout' | 'validation'

  constructor(type: 'timeout' | 'validation', message: string) {
    super(message)
    this.type = type
  }
}

/** Methods that improve an answer for as long as they may stop here, so that the answer is out in time. */
const improvingShare = 0.7
const stepsBetweenClockReadings = 4096

/**
 * What one attempt may use: wall-clock time and elementary steps, whichever ends first. Solvers ask inside their loops.
 * The step limit alone stops them on a fast, idle machine, so results depend little on speed and load; the time limit
 * holds always.
 */
export class Budget {
  readonly limits: Limits
  readonly #clock: () => number
  readonly #startedMs: number
  #steps = 0
  #nextReading = stepsBetweenClockReadings
  #elapsedMs = 0

  /** `clock` gives milliseconds. */
  constructor(limits: Limits, clock: () => number = () => performance.now()) {
    this.limits = limits
    this.#clock = clock
    this.#startedMs = clock()
  }

  /** Steps spent so far. */
  get steps(): number {
    return this.#steps
  }

  /** Share of the budget of an improving method that is spent, 0..1. */
  get progress(): number {
    const timeShare = this.#elapsedMs / (this.limits.timeLimitMs * improvingShare)
    return Math.min(1, Math.max(timeShare, this.#steps / this.limits.stepLimit))
  }

  /** Spends steps of a method that has an answer at any time; false when it should hand it in. */
  allows(steps: number): boolean {
    this.#spend(steps)
    return this.#steps < this.limits.stepLimit && this.#elapsedMs < this.limits.timeLimitMs * improvingShare
  }

  /** Spends steps of a method that has no answer before its end. @throws AttemptError timeout at a limit. */
  require(steps: number): void {
    this.#spend(steps)
    const { timeLimitMs, stepLimit } = this.limits
    if (this.#steps > stepLimit) throw new AttemptError('timeout', `no answer within ${stepLimit} steps`)
    if (this.#elapsedMs > timeLimitMs) throw new AttemptError('timeout', `no answer within ${timeLimitMs} ms`)
  }

  #spend(steps: number): void {
    this.#steps += steps
    if (this.#steps < this.#nextReading) return
    this.#nextReading = this.#steps + stepsBetweenClockReadings
    this.#elapsedMs = this.#clock() - this.#startedMs
  }
}
