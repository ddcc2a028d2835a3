import { quantile, wilsonInterval } from '../math/statistics.ts'
import type { ExecutionRow } from '../store/store.ts'

export type Grouping = 'arm' | 'taskType'

export interface GroupMetrics {
  readonly group: Readonly<Partial<Record<Grouping, string | null>>>
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
  /** Quantiles by linear interpolation (type 7). */
  readonly durationMs: (Mean & Readonly<Record<'p50' | 'p75' | 'p90' | 'p95' | 'p99', number>>) | null
  readonly costUsd: (Mean & { readonly total: number }) | null
  readonly quality: Mean | null
  /** Mean of the feedback on the whole, 0..1. */
  readonly rating: Mean | null
}
interface Mean {
  readonly mean: number
  readonly n: number
}

/**
 * Counts, rates and quantiles per group, largest group first. Values that are missing are counted as missing and are
 * in no mean. Groups of fewer than `minCount` executions are left out.
 */
export async function summarise(
  rows: AsyncIterable<ExecutionRow>,
  groupBy: readonly Grouping[],
  minCount: number,
): Promise<GroupMetrics[]> {
  const groups = new Map<string, Group>()
  for await (const row of rows) {
    // An outcome that still waits for its decision belongs to no arm.
    if (row.decidedAtUs === null) continue
    const names = groupBy.map(key => row[key])
    const key = JSON.stringify(names)
    let group = groups.get(key)
    if (group === undefined) {
      group = new Group(Object.fromEntries(groupBy.map((name, i) => [name, names[i]!])))
      groups.set(key, group)
    }
    group.add(row)
  }
  return [...groups.values()]
    .filter(group => group.executions >= minCount)
    .sort((a, b) => b.executions - a.executions)
    .map(group => group.metrics())
}

class Group {
  executions = 0
  readonly #group: GroupMetrics['group']
  readonly #missing = { outcome: 0, success: 0, durationMs: 0, costUsd: 0 }
  readonly #durations: number[] = []
  readonly #sums = { success: new Sum(), costUsd: new Sum(), quality: new Sum(), rating: new Sum() }

  constructor(group: GroupMetrics['group']) {
    this.#group = group
  }

  add(row: ExecutionRow): void {
    this.executions++
    if (row.outcomeAtUs === null) this.#missing.outcome++
    for (const key of ['success', 'durationMs', 'costUsd'] as const) if (row[key] === null) this.#missing[key]++
    if (row.success !== null) this.#sums.success.add(row.success ? 1 : 0)
    if (row.durationMs !== null) this.#durations.push(row.durationMs)
    if (row.costUsd !== null) this.#sums.costUsd.add(row.costUsd)
    if (row.quality !== null) this.#sums.quality.add(row.quality)
    if (row.ratingCount > 0) this.#sums.rating.add(row.ratingSum, row.ratingCount)
  }

  metrics(): GroupMetrics {
    const { success, costUsd, quality, rating } = this.#sums
    return {
      group: this.#group,
      executions: this.executions,
      missing: this.#missing,
      successRate:
        success.n === 0
          ? null
          : { value: success.total / success.n, interval: wilsonInterval(success.total, success.n), n: success.n },
      errorRate: success.n === 0 ? null : 1 - success.total / success.n,
      durationMs: durationSummary(this.#durations),
      costUsd: costUsd.n === 0 ? null : { ...costUsd.mean()!, total: costUsd.total },
      quality: quality.mean(),
      rating: rating.mean(),
    }
  }
}

class Sum {
  n = 0
  total = 0

  add(value: number, count = 1): void {
    this.n += count
    this.total += value
  }

  mean(): Mean | null {
    return this.n === 0 ? null : { mean: this.total / this.n, n: this.n }
  }
}

function durationSummary(durations: readonly number[]): GroupMetrics['durationMs'] {
  if (durations.length === 0) return null
  const sorted = Float64Array.from(durations).sort()
  const at = (p: number) => quantile(sorted, p)
  return {
    mean: sorted.reduce((sum, value) => sum + value, 0) / sorted.length,
    n: sorted.length,
    p50: at(0.5),
    p75: at(0.75),
    p90: at(0.9),
    p95: at(0.95),
    p99: at(0.99),
  }
}
