import type { Config } from '../config.ts'
import type { Estimate, Prediction } from '../records.ts'

/** The limits that hold for one arm; null: none. */
export type Constraints = Config['constraints']
export type ConstraintName = keyof Constraints

/** A forecast that rests on less than this many observations is no reason to leave an arm out. */
const leastEvidence = 1

const unknown: Estimate = { value: null, interval: null, nEff: 0 }

/** What an arm is expected to break. */
export interface Breach {
  readonly broken: readonly ConstraintName[]
  /** Sum of the relative excesses (0.5: half as much again as allowed); 0 where nothing is broken. */
  readonly excess: number
}

/**
 * Judges the forecast for an arm by the limits. An unknown value, or one that rests on less than one observation, breaks
 * nothing: new arms can be tried, and an arm left out comes back when the evidence against it has faded.
 */
export function breachOf(prediction: Prediction, constraints: Constraints): Breach {
  const { costUsd, durationMs, pSuccess, resources } = prediction
  const checks = [
    ['maxCostUsd', costUsd, constraints.maxCostUsd, 1],
    ['maxDurationMs', durationMs, constraints.maxDurationMs, 1],
    ['maxCpuTimeMs', resources?.cpuTimeMs ?? unknown, constraints.maxCpuTimeMs, 1],
    ['maxPeakMemoryMb', resources?.peakMemoryMb ?? unknown, constraints.maxPeakMemoryMb, 1],
    ['minPSuccess', pSuccess, constraints.minPSuccess, -1],
  ] as const
  const broken: ConstraintName[] = []
  let excess = 0
  for (const [name, { value, nEff }, limit, sign] of checks) {
    if (limit === null || value === null || nEff < leastEvidence || sign * (value - limit) <= 0) continue
    broken.push(name)
    excess += Math.abs(value - limit) / Math.max(limit, Number.MIN_VALUE)
  }
  return { broken, excess }
}

/** The arms (by place) that may be chosen: those that break nothing, or else the least bad. */
export function admitted(breaches: readonly Breach[]): { readonly places: number[]; readonly noneFits: boolean } {
  const least = Math.min(...breaches.map(({ excess }) => excess))
  const places = [...breaches.keys()].filter(i => breaches[i]!.excess <= least)
  return { places, noneFits: least > 0 }
}
