import type { Config } from '../config.ts'
import type { StateRecord } from '../learn/state.ts'
import type { Decision } from '../records.ts'

/** Tasks remembered at most; the oldest goes first. */
const maxTasks = 1000

/**
 * Arms whose choice is kept for a while (`arms.<arm>.cacheMs`): the very same task then gets the same arm again without a
 * new draw, until the time is over or an outcome of the task says something new.
 */
export class KeptChoices {
  readonly #cacheMs: ReadonlyMap<string, number>
  /** By task: the arm and until when it is kept, microseconds. */
  readonly #kept: Map<number, { readonly arm: string; readonly untilUs: number }>

  constructor(arms: Config['arms'], state?: StateRecord) {
    this.#cacheMs = new Map(
      Object.entries(arms).flatMap(([arm, { cacheMs }]) => (cacheMs === null ? [] : [[arm, cacheMs] as const])),
    )
    const { tasks = [], chosen = [], untilUs = [] } = state ?? {}
    this.#kept = new Map(
      (tasks as number[]).map((task, i) => [
        task,
        { arm: (chosen as string[])[i]!, untilUs: (untilUs as number[])[i]! },
      ]),
    )
  }

  /** Whether any arm is kept at all. */
  get isUsed(): boolean {
    return this.#cacheMs.size > 0
  }

  /** The arm to be taken again for the task; null: none. */
  armFor(task: number, atUs: number): string | null {
    const kept = this.#kept.get(task)
    return kept !== undefined && atUs < kept.untilUs ? kept.arm : null
  }

  /** A choice that was itself a repetition does not last longer for it. */
  decided({ body, atUs }: Decision, task: number): void {
    const cacheMs = this.#cacheMs.get(body.arm)
    if (cacheMs === undefined || body.propensity === null || body.limits?.kept) return
    this.#kept.delete(task)
    this.#kept.set(task, { arm: body.arm, untilUs: atUs + cacheMs * 1000 })
    if (this.#kept.size > maxTasks) this.#kept.delete(this.#kept.keys().next().value!)
  }

  settled(task: number): void {
    this.#kept.delete(task)
  }

  toState(): StateRecord {
    const kept = [...this.#kept.values()]
    return {
      tasks: [...this.#kept.keys()],
      chosen: kept.map(({ arm }) => arm),
      untilUs: kept.map(entry => entry.untilUs),
    }
  }
}
