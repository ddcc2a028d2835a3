import type { State } from '../state.ts'
import type { Detector, Shift } from './detector.ts'

/** Half of the smallest shift worth finding, in deviations. */
const slack = 0.25
/** Evidence that raises the alarm. With the slack above, a stationary stream raises one in about 20,000 values. */
const threshold = 16
/** One value counts at most this much, so that a single outlier is no shift. */
const largest = 3

/**
 * Two-sided cumulative sum (Page 1954): the evidence for a shift upwards is max(0, evidence + value - slack), downwards
 * likewise. A shift of one deviation is found after about 21 values.
 */
export class Cusum implements Detector {
  readonly id = 'cusum'
  #up: number
  #down: number

  constructor(state?: State) {
    const [up, down] = (state ?? [0, 0]) as readonly [number, number]
    this.#up = up
    this.#down = down
  }

  update(value: number): Shift | null {
    const bounded = Math.min(largest, Math.max(-largest, value))
    this.#up = Math.max(0, this.#up + bounded - slack)
    this.#down = Math.max(0, this.#down - bounded - slack)
    const shift = this.#up > threshold ? 'up' : this.#down > threshold ? 'down' : null
    if (shift !== null) {
      this.#up = 0
      this.#down = 0
    }
    return shift
  }

  toState(): State {
    return [this.#up, this.#down]
  }
}
