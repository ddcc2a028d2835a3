import { addExact, divideExact, type Exact, logExact, multiplyExact } from './exact.ts'

/** Largest relative error of an order statistic, and so of a quantile, that a sketch gives. */
export const relativeError = 0.01
const logRatio = Math.log1p(relativeError)

interface Bucket {
  readonly n: number
  readonly sum: Exact
}

/** Plain data: of each bucket in ascending order its distance from the one before, its count and its sum. */
export type SketchState = readonly (number | string)[]

/**
 * A summary of non-negative integers that gives their count, sum and quantiles, in space that grows with the logarithm
 * of their range. Buckets grow by a constant ratio, as in DDSketch (Masson, Rim & Lee 2019, VLDB 12:12); in addition each
 * keeps the sum of its values, so that a value alone in its bucket comes back exactly, and any other within 1 %. It holds
 * integers only: sketches merge in any order to the same bytes, and what was added can be taken out again.
 */
export class Sketch {
  #n = 0
  readonly #buckets = new Map<number, Bucket>()

  /** Of no values, or of those whose `toState` is given. */
  constructor(state: SketchState = []) {
    this.mergeState(state)
  }

  /** Number of values. */
  get n(): number {
    return this.#n
  }

  get sum(): Exact {
    return [...this.#buckets.values()].reduce<Exact>((sum, bucket) => addExact(sum, bucket.sum), 0)
  }

  /** Adds (1) or takes out (-1) one value. */
  add(value: Exact, by: 1 | -1): void {
    this.#change(bucketOf(value), by, multiplyExact(value, by))
  }

  /** Adds (1) or takes out (-1) all values of another sketch. */
  merge(other: Sketch, by: 1 | -1): void {
    for (const [index, { n, sum }] of other.#buckets) this.#change(index, by * n, multiplyExact(sum, by))
  }

  /** Adds all values of the sketch that gave `state`. */
  mergeState(state: SketchState): void {
    for (let i = 0, index = 0; i < state.length; i += 3) {
      index += state[i] as number
      const sum = state[i + 2]!
      this.#change(index, state[i + 1] as number, typeof sum === 'number' ? sum : BigInt(sum))
    }
  }

  /**
   * The p-quantiles for ascending `ps` in 0..1, interpolated linearly between order statistics (Hyndman & Fan 1996, type
   * 7), each divided by `scale`. @throws RangeError without values.
   */
  quantiles(ps: readonly number[], scale = 1): number[] {
    if (this.#n === 0) throw new RangeError('a quantile needs at least one value')
    const ascending = this.#ascending()
    let place = 0
    let before = 0
    // Asked for ascending ranks only, so that one pass over the buckets answers all.
    const orderStatistic = (rank: number): number => {
      while (rank >= before + ascending[place]![1].n) before += ascending[place++]![1].n
      const { n, sum } = ascending[place]![1]
      return divideExact(sum, n * scale)
    }
    const ranks = ps.flatMap(p => {
      const rank = Math.floor(p * (this.#n - 1))
      return [rank, Math.min(rank + 1, this.#n - 1)]
    })
    const statistics = new Map([...new Set(ranks)].sort((a, b) => a - b).map(rank => [rank, orderStatistic(rank)]))
    return ps.map((p, i) => {
      const low = statistics.get(ranks[2 * i]!)!
      const high = statistics.get(ranks[2 * i + 1]!)!
      return low + (p * (this.#n - 1) - ranks[2 * i]!) * (high - low)
    })
  }

  /** Count, mean and variance of the natural logarithms of the values above zero, each within the error of its bucket. */
  logMoments(): { readonly n: number; readonly mean: number; readonly variance: number | null } {
    const logs = this.#ascending()
      .filter(([index]) => index > 0)
      .map(([, { n, sum }]) => ({ n, log: logExact(sum) - Math.log(n) }))
    const n = logs.reduce((total, bucket) => total + bucket.n, 0)
    const mean = n === 0 ? 0 : logs.reduce((total, bucket) => total + bucket.n * bucket.log, 0) / n
    const squares = logs.reduce((total, bucket) => total + bucket.n * (bucket.log - mean) ** 2, 0)
    return { n, mean, variance: n < 2 ? null : squares / (n - 1) }
  }

  toState(): SketchState {
    let before = 0
    return this.#ascending().flatMap(([index, { n, sum }]) => {
      const distance = index - before
      before = index
      return [distance, n, typeof sum === 'number' ? sum : String(sum)]
    })
  }

  #change(index: number, n: number, sum: Exact): void {
    const held = this.#buckets.get(index)
    const count = n + (held?.n ?? 0)
    this.#n += n
    if (count === 0) this.#buckets.delete(index)
    else this.#buckets.set(index, { n: count, sum: held === undefined ? sum : addExact(held.sum, sum) })
  }

  #ascending(): [number, Bucket][] {
    return [...this.#buckets].sort(([a], [b]) => a - b)
  }
}

/** Bucket 0 holds the zeros, bucket i > 0 the values from 1.01^(i - 1) to 1.01^i. */
const bucketOf = (value: Exact): number => (value === 0 ? 0 : 1 + Math.floor(logExact(value) / logRatio))
