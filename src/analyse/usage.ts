import { studentTQuantile } from '../math/distributions.ts'
import { addExact, divideExact, type Exact, exact } from '../math/exact.ts'
import { Sketch } from '../math/sketch.ts'

/** What an execution may use up; `cpuPercent` and `memoryMb` are levels, the others amounts. */
export const usedResources = [
  'durationMs',
  'costUsd',
  'tokens',
  'cpuTimeMs',
  'cpuPercent',
  'memoryMb',
  'peakMemoryMb',
] as const
export type UsedResource = (typeof usedResources)[number]

/** One execution: what it used and what it achieved; null where it is not known. */
export interface Used {
  readonly utility: number | null
  readonly resources: Readonly<Record<UsedResource, number | null>>
}

/** Over the executions that state it. Quantiles and maximum within 1 %, in the unit of the resource's name. */
export interface ResourceUse {
  readonly n: number
  readonly mean: number
  readonly p50: number
  readonly p95: number
  readonly max: number
}

/** The whole utility divided by the whole of what was spent for it, over the executions that state both. */
export interface Efficiency {
  readonly value: number
  /** Fieller's 95 % interval; null where the executions are too few, or too much alike, to tell. */
  readonly interval: readonly [number, number] | null
  readonly n: number
}

export interface Usage {
  readonly executions: number
  readonly resources: Readonly<Record<UsedResource, ResourceUse | null>>
  readonly utilityPerUsd: Efficiency | null
  readonly utilityPerHour: Efficiency | null
}

/** Kept in millionths of their unit, so that sums are exact. */
const scale = 1e6
const hourMs = 3_600_000

/** Sums up what executions used and achieved, one by one. */
export class UsageTally {
  #executions = 0
  readonly #resources = new Map<UsedResource, Amounts>()
  readonly #perUsd = new Ratio()
  readonly #perHour = new Ratio()

  add({ utility, resources }: Used): void {
    this.#executions++
    for (const name of usedResources) {
      const value = resources[name]
      if (value === null) continue
      const amounts = this.#resources.get(name) ?? new Amounts()
      this.#resources.set(name, amounts.add(value))
    }
    if (utility === null) return
    if (resources.costUsd !== null) this.#perUsd.add(utility, resources.costUsd)
    if (resources.durationMs !== null) this.#perHour.add(utility, resources.durationMs / hourMs)
  }

  result(): Usage {
    const uses = usedResources.map(name => [name, this.#resources.get(name)?.result() ?? null])
    return {
      executions: this.#executions,
      resources: Object.fromEntries(uses) as Usage['resources'],
      utilityPerUsd: this.#perUsd.result(),
      utilityPerHour: this.#perHour.result(),
    }
  }
}

class Amounts {
  readonly #values = new Sketch()
  #sum: Exact = 0

  add(value: number): this {
    const whole = exact(value, scale)
    this.#values.add(whole, 1)
    this.#sum = addExact(this.#sum, whole)
    return this
  }

  result(): ResourceUse {
    const { n } = this.#values
    const [p50, p95, max] = this.#values.quantiles([0.5, 0.95, 1], scale)
    return { n, mean: divideExact(this.#sum, n * scale), p50: p50!, p95: p95!, max: max! }
  }
}

/** Means, variances and covariance of pairs, by Welford's updates. */
class Ratio {
  #n = 0
  #gain = 0
  #spent = 0
  #gainSquares = 0
  #spentSquares = 0
  #products = 0

  add(gain: number, spent: number): void {
    this.#n++
    const gainBefore = gain - this.#gain
    const spentBefore = spent - this.#spent
    this.#gain += gainBefore / this.#n
    this.#spent += spentBefore / this.#n
    this.#gainSquares += gainBefore * (gain - this.#gain)
    this.#spentSquares += spentBefore * (spent - this.#spent)
    this.#products += gainBefore * (spent - this.#spent)
  }

  /** Null where nothing was spent. */
  result(): Efficiency | null {
    return this.#spent > 0 ? { value: this.#gain / this.#spent, interval: this.#interval(), n: this.#n } : null
  }

  /**
   * Fieller (1954, JRSS B 16): every ratio r for which the mean of gain - r spent may be 0, by Student's t. Executions
   * that all gained the same do not tell how much gains vary; where spending may be 0 the ratio has no bound.
   */
  #interval(): readonly [number, number] | null {
    if (this.#n < 3 || this.#gainSquares === 0) return null
    const perPair = studentTQuantile(0.975, this.#n - 1) ** 2 / (this.#n - 1) / this.#n
    const a = this.#spent ** 2 - perPair * this.#spentSquares
    if (a <= 0) return null
    const b = this.#gain * this.#spent - perPair * this.#products
    const c = this.#gain ** 2 - perPair * this.#gainSquares
    const root = Math.sqrt(Math.max(0, b * b - a * c))
    return [(b - root) / a, (b + root) / a]
  }
}
