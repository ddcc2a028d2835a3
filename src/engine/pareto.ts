import { studentTQuantile } from '../math/distributions.ts'
import { addToMoments, emptyMoments, type Moments, variance, wilsonInterval } from '../math/statistics.ts'
import type { ExecutionRow } from '../store/store.ts'

/** What arms can be compared by: success and quality are better the higher, duration and cost the lower. */
export const objectives = ['success', 'quality', 'durationMs', 'costUsd'] as const
export type Objective = (typeof objectives)[number]
const direction = { success: 1, quality: 1, durationMs: -1, costUsd: -1 } as const

/** The mean of one objective over the executions that state it, with its 95 % interval. */
export interface ObjectiveMean {
  /** Null where no execution states it. */
  readonly mean: number | null
  /** Wilson's for success, Student's t for the others; null below two values. */
  readonly interval: readonly [number, number] | null
  readonly n: number
}

export interface ParetoArm {
  readonly arm: string
  readonly executions: number
  readonly means: Readonly<Partial<Record<Objective, ObjectiveMean>>>
  /** front: no arm is at least as good in everything and better in something. unknown: an objective has no value yet. */
  readonly place: 'front' | 'dominated' | 'unknown'
  /** The arms that dominate it; `isClear` where the intervals of an objective in which they are better do not meet. */
  readonly dominatedBy: readonly { readonly arm: string; readonly isClear: boolean }[]
}

export interface ParetoFront {
  readonly taskType: string | null
  readonly objectives: readonly Objective[]
  /** The front first, then dominated arms, then those that cannot be placed; by name within each. */
  readonly arms: readonly ParetoArm[]
}

/**
 * The Pareto front of the arms by what their executions really achieved. Means decide who dominates whom; the intervals
 * tell how sure that is. Different arms may have done different tasks: with one task type the comparison is fairer.
 */
export async function paretoFront(
  rows: AsyncIterable<ExecutionRow>,
  by: readonly Objective[],
  taskType: string | null,
): Promise<ParetoFront> {
  const tallies = new Map<string, { executions: number; moments: Record<Objective, Moments> }>()
  for await (const row of rows) {
    if (row.arm === null) continue
    const tally = tallies.get(row.arm) ?? {
      executions: 0,
      moments: { success: emptyMoments, quality: emptyMoments, durationMs: emptyMoments, costUsd: emptyMoments },
    }
    tallies.set(row.arm, tally)
    tally.executions++
    for (const objective of by) {
      const value = measuredIn(row, objective)
      if (value !== null) tally.moments[objective] = addToMoments(tally.moments[objective], value)
    }
  }
  const measured = [...tallies].map(([arm, { executions, moments }]) => ({
    arm,
    executions,
    means: Object.fromEntries(by.map(objective => [objective, meanOf(moments[objective], objective)])),
  }))
  return { taskType, objectives: by, arms: place(measured, by) }
}

type Measured = Omit<ParetoArm, 'place' | 'dominatedBy'>

/** Says of each arm whether it is on the front, and who dominates it if not. */
export function place(arms: readonly Measured[], by: readonly Objective[]): ParetoArm[] {
  const order = { front: 0, dominated: 1, unknown: 2 }
  return arms
    .map((measured): ParetoArm => {
      const dominatedBy = arms.flatMap(other => {
        const isClear = dominates(other, measured, by)
        return isClear === null ? [] : [{ arm: other.arm, isClear }]
      })
      const isKnown = by.every(objective => measured.means[objective]?.mean != null)
      return { ...measured, place: !isKnown ? 'unknown' : dominatedBy.length > 0 ? 'dominated' : 'front', dominatedBy }
    })
    .sort((a, b) => order[a.place] - order[b.place] || (a.arm < b.arm ? -1 : 1))
}

/** Whether `a` is at least as good as `b` in everything and better in something: null if not, else whether clearly. */
function dominates(a: Measured, b: Measured, by: readonly Objective[]): boolean | null {
  let isBetter = false
  let isClear = false
  for (const objective of by) {
    const [of, against] = [a.means[objective], b.means[objective]]
    if (of?.mean == null || against?.mean == null) return null
    const lead = direction[objective] * (of.mean - against.mean)
    if (lead < 0) return null
    isBetter ||= lead > 0
    isClear ||= lead > 0 && areApart(of.interval, against.interval)
  }
  return isBetter ? isClear : null
}

const areApart = (a: ObjectiveMean['interval'], b: ObjectiveMean['interval']) =>
  a !== null && b !== null && (a[1] < b[0] || b[1] < a[0])

function meanOf(moments: Moments, objective: Objective): ObjectiveMean {
  const { n, mean } = moments
  if (n === 0) return { mean: null, interval: null, n }
  if (objective === 'success') return { mean, interval: wilsonInterval(mean * n, n), n }
  if (n === 1) return { mean, interval: null, n }
  const half = studentTQuantile(0.975, n - 1) * Math.sqrt(variance(moments)! / n)
  return { mean, interval: [mean - half, mean + half], n }
}

function measuredIn(row: ExecutionRow, objective: Objective): number | null {
  if (objective !== 'success') return row[objective]
  return row.success === null ? null : row.success ? 1 : 0
}
