import { studentTQuantile } from '../math/distributions.ts'
import { divideExact } from '../math/exact.ts'
import { wilsonInterval } from '../math/statistics.ts'
import type { Cell, Sums } from './rollup/cell.ts'

/**
 * A value now less the value before, with a 95 % interval; it is null where the values are too few, or all the same, to
 * tell how much they vary.
 */
export interface Change {
  readonly before: number
  readonly change: number
  readonly interval: readonly [number, number] | null
  /** up or down where the interval leaves no doubt. */
  readonly direction: 'up' | 'down' | 'unclear'
}

/** The typical duration now divided by that before, with a 95 % interval. */
export interface RatioChange {
  /** Geometric mean in the window before, milliseconds. */
  readonly beforeMs: number
  readonly ratio: number
  readonly interval: readonly [number, number] | null
  readonly direction: 'up' | 'down' | 'unclear'
}

/** How a group differs from itself in the window before; null where either window has no value. */
export interface Trend {
  readonly executionsBefore: number
  /** Newcombe's interval. */
  readonly successRate: Change | null
  /** Of the geometric means, by Welch's interval on the logarithm; durations of zero have none and are left out. */
  readonly durationMs: RatioChange | null
  /** Of the means, by Welch's interval. */
  readonly costUsd: Change | null
  readonly quality: Change | null
  readonly rating: Change | null
}

/** Compares two windows of the same length. */
export function trendOf(now: Cell, before: Cell | null): Trend {
  return {
    executionsBefore: before?.executions ?? 0,
    successRate: before && rateChange(now, before),
    durationMs: before && durationChange(now, before),
    costUsd: before && meanChange(now.cost, before.cost, 1e6),
    quality: before && meanChange(now.quality, before.quality, 1e9),
    rating: before && meanChange(now.rating, before.rating, 1e9),
  }
}

/** The difference of two rates by Newcombe (1998, Statistics in Medicine 17, method 10: from Wilson's intervals). */
function rateChange(now: Cell, before: Cell): Change | null {
  if (now.known === 0 || before.known === 0) return null
  const a = now.successes / now.known
  const b = before.successes / before.known
  const [lowA, highA] = wilsonInterval(now.successes, now.known)
  const [lowB, highB] = wilsonInterval(before.successes, before.known)
  const change = a - b
  const interval = [change - Math.hypot(a - lowA, highB - b), change + Math.hypot(highA - a, b - lowB)] as const
  return { before: b, change, interval, direction: directionOf(interval, 0) }
}

function durationChange(now: Cell, before: Cell): RatioChange | null {
  const a = now.durations.logMoments()
  const b = before.durations.logMoments()
  if (a.n === 0 || b.n === 0) return null
  const log = welch(a, b)
  const interval = log && ([Math.exp(log[0]), Math.exp(log[1])] as const)
  return {
    beforeMs: Math.exp(b.mean - Math.log(1000)),
    ratio: Math.exp(a.mean - b.mean),
    interval,
    direction: directionOf(interval, 1),
  }
}

function meanChange(now: Sums, before: Sums, scale: number): Change | null {
  if (now.n === 0 || before.n === 0) return null
  const moments = (sums: Sums) => ({
    n: sums.n,
    mean: divideExact(sums.sum, sums.n * scale),
    variance: sums.variance === null ? null : sums.variance / scale / scale,
  })
  const a = moments(now)
  const b = moments(before)
  const interval = welch(a, b)
  return { before: b.mean, change: a.mean - b.mean, interval, direction: directionOf(interval, 0) }
}

interface Moments {
  readonly n: number
  readonly mean: number
  readonly variance: number | null
}

/** Welch's 95 % interval of a difference of means (1947, Biometrika 34). */
function welch(a: Moments, b: Moments): readonly [number, number] | null {
  if (a.variance === null || b.variance === null) return null
  const partA = a.variance / a.n
  const partB = b.variance / b.n
  const change = a.mean - b.mean
  if (partA + partB === 0) return null
  const dof = (partA + partB) ** 2 / (partA ** 2 / (a.n - 1) + partB ** 2 / (b.n - 1))
  const half = studentTQuantile(0.975, dof) * Math.sqrt(partA + partB)
  return [change - half, change + half]
}

function directionOf(interval: readonly [number, number] | null, none: number): Change['direction'] {
  if (interval === null) return 'unclear'
  return interval[0] > none ? 'up' : interval[1] < none ? 'down' : 'unclear'
}
