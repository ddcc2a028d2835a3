import { addExact, divideExact, type Exact, exact, multiplyExact } from '../../math/exact.ts'
import { Sketch, type SketchState } from '../../math/sketch.ts'

/** What one execution adds to the sums; null where it is not known. Integers, so that sums do not depend on order. */
export interface Measures {
  readonly hasOutcome: boolean
  readonly success: boolean | null
  readonly durationUs: Exact | null
  readonly costMicroUsd: number | null
  readonly qualityNano: number | null
  /** Each feedback value, in billionths. */
  readonly ratingsNano: readonly number[]
}

/** Count, sum and sum of squares of integers. */
export class Sums {
  n: number
  sum: Exact
  squares: Exact

  constructor(n = 0, sum: Exact = 0, squares: Exact = 0) {
    this.n = n
    this.sum = sum
    this.squares = squares
  }

  add(value: number, by: 1 | -1): void {
    this.merge(new Sums(1, value, multiplyExact(value, value)), by)
  }

  merge({ n, sum, squares }: Sums, by: 1 | -1): void {
    this.n += by * n
    this.sum = addExact(this.sum, multiplyExact(sum, by))
    this.squares = addExact(this.squares, multiplyExact(squares, by))
  }

  /** The sample variance, free of cancellation; null with fewer than two values. */
  get variance(): number | null {
    if (this.n < 2) return null
    const spread = BigInt(this.n) * BigInt(this.squares) - BigInt(this.sum) * BigInt(this.sum)
    return divideExact(spread, this.n) / (this.n - 1)
  }
}

type Encoded = readonly [
  counts: readonly [executions: number, outcomes: number, known: number, successes: number],
  durations: SketchState,
  ...sums: (readonly [n: number, sum: number | string, squares: number | string])[],
]

/**
 * The sums over a set of executions: mergeable in any order to the same bytes, and subtractable, so that an execution
 * whose facts change is taken out as it was and added as it is.
 */
export class Cell {
  executions = 0
  /** Executions that have an outcome. */
  outcomes = 0
  /** Executions whose success is known, and those that succeeded. */
  known = 0
  successes = 0
  /** In microseconds. */
  readonly durations = new Sketch()
  /** In micro-USD. */
  readonly cost = new Sums()
  /** In billionths. */
  readonly quality = new Sums()
  readonly rating = new Sums()

  /** Adds (1) or takes out (-1) one execution. */
  add(measures: Measures, by: 1 | -1): void {
    this.executions += by
    if (measures.hasOutcome) this.outcomes += by
    if (measures.success !== null) this.known += by
    if (measures.success === true) this.successes += by
    if (measures.durationUs !== null) this.durations.add(measures.durationUs, by)
    if (measures.costMicroUsd !== null) this.cost.add(measures.costMicroUsd, by)
    if (measures.qualityNano !== null) this.quality.add(measures.qualityNano, by)
    for (const rating of measures.ratingsNano) this.rating.add(rating, by)
  }

  /** Adds all executions of the cell that gave `text`. */
  mergeEncoded(text: string): void {
    const [counts, durations, cost, quality, rating] = JSON.parse(text) as Encoded
    this.executions += counts[0]
    this.outcomes += counts[1]
    this.known += counts[2]
    this.successes += counts[3]
    this.durations.mergeState(durations)
    this.cost.merge(sumsOf(cost!), 1)
    this.quality.merge(sumsOf(quality!), 1)
    this.rating.merge(sumsOf(rating!), 1)
  }

  /** The same text for the same executions, whatever the order in which they came. */
  encode(): string {
    const { executions, outcomes, known, successes, durations, cost, quality, rating } = this
    const sums = [cost, quality, rating].map(({ n, sum, squares }) => [n, plain(sum), plain(squares)])
    return JSON.stringify([[executions, outcomes, known, successes], durations.toState(), ...sums])
  }

  static decode(text: string): Cell {
    const cell = new Cell()
    cell.mergeEncoded(text)
    return cell
  }
}

export const toNano = (share: number): number => exact(share, 1e9) as number
export const toMicroseconds = (durationMs: number): Exact => exact(durationMs, 1000)

const plain = (value: Exact) => (typeof value === 'number' ? value : String(value))
const sumsOf = ([n, sum, squares]: Encoded[2]) => new Sums(n, whole(sum), whole(squares))
const whole = (value: number | string): Exact => (typeof value === 'number' ? value : BigInt(value))
