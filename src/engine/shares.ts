/** Least and largest probability that an arm may have. */
export interface Bounds {
  readonly low: number
  readonly high: number
}

/** An arm without any probability can still receive what the others may not take; it then weighs this much. */
const smallestWeight = 1e-9

/**
 * The distribution nearest to `probabilities` (least Kullback-Leibler divergence) in which every arm keeps its bounds:
 * pᵢ = clip(c·qᵢ, lowᵢ, highᵢ) with c such that the sum is 1. Found exactly by fixing the arms that break a bound, the
 * side that is broken by more first (Bitran & Hax 1981). `isMet` is false where the bounds leave no distribution (the
 * least shares sum to more than 1, or the largest to less); they are then scaled till they do.
 */
export function withinShares(
  probabilities: readonly number[],
  bounds: readonly Bounds[],
): { readonly probabilities: number[]; readonly isMet: boolean } {
  const lowest = sum(bounds.map(({ low }) => low))
  const highest = sum(bounds.map(({ high }) => high))
  if (lowest > 1) return { probabilities: bounds.map(({ low }) => low / lowest), isMet: lowest <= 1 + 1e-12 }
  if (highest < 1) return { probabilities: bounds.map(({ high }) => high / highest), isMet: highest >= 1 - 1e-12 }
  if (probabilities.every((p, i) => p >= bounds[i]!.low && p <= bounds[i]!.high)) {
    return { probabilities: [...probabilities], isMet: true }
  }
  const result = probabilities.map(p => Math.max(p, smallestWeight))
  const free = new Set(result.keys())
  let left = 1
  while (free.size > 0) {
    const total = sum([...free].map(i => result[i]!))
    for (const i of free) result[i]! *= left / total
    const below = [...free].filter(i => result[i]! < bounds[i]!.low)
    const above = [...free].filter(i => result[i]! > bounds[i]!.high)
    const missing = sum(below.map(i => bounds[i]!.low - result[i]!))
    const surplus = sum(above.map(i => result[i]! - bounds[i]!.high))
    if (below.length === 0 && above.length === 0) break
    for (const i of missing >= surplus ? below : []) result[i] = bounds[i]!.low
    for (const i of surplus >= missing ? above : []) result[i] = bounds[i]!.high
    for (const i of [...(missing >= surplus ? below : []), ...(surplus >= missing ? above : [])]) {
      left -= result[i]!
      free.delete(i)
    }
  }
  return { probabilities: result, isMet: true }
}

const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0)
