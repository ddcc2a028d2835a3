import { divideExact } from '../math/exact.ts'
import { wilsonInterval } from '../math/statistics.ts'
import type { Cell, Sums } from './rollup/cell.ts'
import { type Dimension, isTime } from './rollup/dimensions.ts'
import type { Group, GroupNames } from './rollup/groups.ts'
import { type Trend, trendOf } from './trend.ts'

export interface GroupMetrics {
  readonly group: GroupNames
  readonly executions: number
  /** Executions without any outcome, and those without the value. */
  readonly missing: Readonly<Record<'outcome' | 'success' | 'durationMs' | 'costUsd', number>>
  /** With its Wilson 95 % interval. */
  readonly successRate: {
    readonly value: number
    readonly interval: readonly [number, number]
    readonly n: number
  } | null
  /** Share of failures among the executions whose success is known. */
  readonly errorRate: number | null
  /** Quantiles by linear interpolation (type 7) of values that are within `percentileError` of the true ones. */
  readonly durationMs: (Mean & Readonly<Record<'p50' | 'p75' | 'p90' | 'p95' | 'p99', number>>) | null
  readonly costUsd: (Mean & { readonly total: number }) | null
  readonly quality: Mean | null
  /** Mean of the feedback values, 0..1. */
  readonly rating: Mean | null
  /** What changed since the window before; only if asked for. */
  readonly trend?: Trend
}
interface Mean {
  readonly mean: number
  readonly n: number
}

export interface MetricsTable {
  readonly groups: readonly GroupMetrics[]
  /** Groups that were cut off by the limit. */
  readonly groupsLeftOut: number
}

/** What groups can be ordered by, the best first; those without the value come last. */
export const orders = ['executions', 'success', 'durationMs', 'costUsd'] as const
export type Order = (typeof orders)[number]
const scores: { readonly [Name in Order]: (metrics: GroupMetrics) => number | null | undefined } = {
  executions: ({ executions }) => executions,
  // The lower end of the interval: a high rate of few executions does not lead.
  success: ({ successRate }) => successRate?.interval[0],
  durationMs: ({ durationMs }) => durationMs && -durationMs.p50,
  costUsd: ({ costUsd }) => costUsd && -costUsd.mean,
}

export interface TableOptions {
  readonly groupBy: readonly Dimension[]
  /** Groups of fewer executions are left out. */
  readonly minCount: number
  readonly limit: number
  readonly orderBy: Order
  /** The same groups in the window before, for trends. */
  readonly before?: readonly Group[] | undefined
}

/**
 * Counts, rates and quantiles per group. Values that are missing are counted as missing and are in no mean. With a
 * dimension of time, periods come in their order and the limit cuts off the earliest.
 */
export function metricsTable(found: readonly Group[], options: TableOptions): MetricsTable {
  const { groupBy, minCount, limit, before } = options
  const earlier = before && new Map(before.map(({ names, cell }) => [JSON.stringify(names), cell]))
  const counted = found
    .filter(({ cell }) => cell.executions >= minCount)
    .map(({ names, cell }) => ({
      ...metricsOf(names, cell),
      ...(earlier && { trend: trendOf(cell, earlier.get(JSON.stringify(names)) ?? null) }),
    }))
  const byScore = compareScores(scores[options.orderBy])
  const time = groupBy.find(isTime)
  const timeOf = ({ group }: GroupMetrics) => (time === undefined ? '' : group[time]!)
  const latestFirst = (a: GroupMetrics, b: GroupMetrics) => compareTexts(timeOf(b), timeOf(a)) || byScore(a, b)
  const groups = counted.sort(latestFirst).slice(0, limit)
  if (time !== undefined) groups.sort((a, b) => compareTexts(timeOf(a), timeOf(b)) || byScore(a, b))
  return { groups, groupsLeftOut: counted.length - groups.length }
}

function compareScores(scoreOf: (metrics: GroupMetrics) => number | null | undefined) {
  const worst = Number.NEGATIVE_INFINITY
  return (a: GroupMetrics, b: GroupMetrics): number => {
    const difference = (scoreOf(b) ?? worst) - (scoreOf(a) ?? worst)
    return difference || b.executions - a.executions || compareTexts(JSON.stringify(a.group), JSON.stringify(b.group))
  }
}

function metricsOf(group: GroupNames, cell: Cell): GroupMetrics {
  const { executions, outcomes, known, successes, durations, cost, quality, rating } = cell
  return {
    group,
    executions,
    missing: {
      outcome: executions - outcomes,
      success: executions - known,
      durationMs: executions - durations.n,
      costUsd: executions - cost.n,
    },
    successRate:
      known === 0 ? null : { value: successes / known, interval: wilsonInterval(successes, known), n: known },
    errorRate: known === 0 ? null : (known - successes) / known,
    durationMs: durationOf(cell),
    costUsd: cost.n === 0 ? null : { ...meanOf(cost, 1e6)!, total: divideExact(cost.sum, 1e6) },
    quality: meanOf(quality, 1e9),
    rating: meanOf(rating, 1e9),
  }
}

function durationOf({ durations }: Cell): GroupMetrics['durationMs'] {
  if (durations.n === 0) return null
  const [p50, p75, p90, p95, p99] = durations.quantiles([0.5, 0.75, 0.9, 0.95, 0.99], 1000)
  return {
    mean: divideExact(durations.sum, durations.n * 1000),
    n: durations.n,
    p50: p50!,
    p75: p75!,
    p90: p90!,
    p95: p95!,
    p99: p99!,
  }
}

const meanOf = ({ n, sum }: Sums, scale: number): Mean | null =>
  n === 0 ? null : { mean: divideExact(sum, n * scale), n }

const compareTexts = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0)
