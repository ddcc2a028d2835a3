import type { StateRecord } from '../state.ts'
import { Cusum } from './cusum.ts'
import type { Shift } from './detector.ts'

/** A change in what an arm achieves: everywhere (task type null), or on one type of task. */
export interface Drift {
  readonly arm: string
  readonly taskType: string | null
  readonly direction: Shift
  /** Day since 1970 of the outcome that gave it away. */
  readonly day: number
}

/** Changes kept; older ones are forgotten. */
const maxDrifts = 100

/** Watches every arm, as a whole and on each task type, for a change in what it achieves. */
export class DriftMonitor {
  readonly #detectors = new Map<string, Cusum>()
  #drifts: Drift[]

  constructor(state?: StateRecord) {
    const keys = (state?.keys ?? []) as string[]
    for (const [i, key] of keys.entries()) this.#detectors.set(key, new Cusum((state!.detectors as StateRecord[])[i]))
    this.#drifts = [...((state?.drifts ?? []) as unknown as Drift[])]
  }

  /** The last changes, oldest first. */
  get drifts(): readonly Drift[] {
    return this.#drifts
  }

  /** Takes in how many deviations an outcome lay above what was expected; returns the changes that it gives away. */
  observe(arm: string, taskType: string | null, day: number, surprise: number): Drift[] {
    const found: Drift[] = []
    for (const where of taskType === null ? [null] : [null, taskType]) {
      const key = where === null ? arm : `${arm}\u0000${where}`
      const detector = this.#detectors.get(key) ?? new Cusum()
      this.#detectors.set(key, detector)
      const direction = detector.update(surprise)
      if (direction !== null) found.push({ arm, taskType: where, direction, day })
    }
    if (found.length > 0) this.#drifts = [...this.#drifts, ...found].slice(-maxDrifts)
    return found
  }

  toState(): StateRecord {
    return {
      keys: [...this.#detectors.keys()],
      detectors: [...this.#detectors.values()].map(detector => detector.toState()),
      drifts: this.#drifts.map(({ arm, taskType, direction, day }) => ({ arm, taskType, direction, day })),
    }
  }
}
