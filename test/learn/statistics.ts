import { EvidenceTable } from '../../src/learn/hierarchy/evidence.ts'
import type { State, StateRecord } from '../../src/learn/state.ts'

/** Sufficient statistics by name ("task 7 / arm b / sum"), so that they can be compared whatever order they arose in. */
export type Statistics = ReadonlyMap<string, number>

/** What a table of evidence holds; cells without evidence are left out. */
export function statisticsOf(evidence: EvidenceTable): Statistics {
  const nodes = [
    ['all', evidence.totals] as const,
    ...[...evidence.categories].map(([name, cells]) => [`category ${name}`, cells] as const),
    ...[...evidence.tasks].map(([key, cells]) => [`task ${key} of ${cells.category}`, cells] as const),
  ]
  const found = new Map<string, number>()
  for (const [node, { arms, n, s }] of nodes) {
    for (const [i, arm] of arms.entries()) {
      found.set(`${node} / ${evidence.arms[arm]} / count`, n[i]!)
      found.set(`${node} / ${evidence.arms[arm]} / sum`, s[i]!)
    }
  }
  return found
}

/** The statistics in the state of an evidence table. */
export const statisticsOfState = (state: State): Statistics =>
  statisticsOf(EvidenceTable.fromState(state as StateRecord, null))

/** The largest difference of two sets of statistics, relative for numbers above 1; what is in one only counts from 0. */
export function largestDifference(a: Statistics, b: Statistics): number {
  let largest = 0
  for (const name of new Set([...a.keys(), ...b.keys()])) {
    const [x, y] = [a.get(name) ?? 0, b.get(name) ?? 0]
    largest = Math.max(largest, Math.abs(x - y) / Math.max(1, Math.abs(x), Math.abs(y)))
  }
  return largest
}
