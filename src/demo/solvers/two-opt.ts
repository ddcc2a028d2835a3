import type { Budget } from '../budget.ts'
import { distance, type Tour } from '../problems.ts'
import { indices } from './solver.ts'

/** The nearest stops of each stop, nearest first. */
export function nearestStops(tour: Tour, budget: Budget, count = 8): number[][] {
  const stops = indices(tour.x.length)
  const kept = Math.min(count, stops.length - 1)
  return stops.map(stop => {
    budget.require(stops.length >> 3)
    const best: number[] = []
    const lengths: number[] = []
    for (const other of stops) {
      if (other === stop) continue
      const length = distance(tour, stop, other)
      if (best.length === kept && length >= lengths[kept - 1]!) continue
      let place = Math.min(best.length, kept - 1)
      for (; place > 0 && lengths[place - 1]! > length; place--) {
        lengths[place] = lengths[place - 1]!
        best[place] = best[place - 1]!
      }
      lengths[place] = length
      best[place] = other
    }
    return best
  })
}

/**
 * Improves a tour until no exchange of two legs with a near stop shortens it, or the budget ends (2-opt with neighbour
 * lists and don't-look bits; Bentley 1992).
 */
export function twoOpt(tour: Tour, start: readonly number[], near: readonly (readonly number[])[], budget: Budget) {
  const count = start.length
  const order = Int32Array.from(start)
  const placeOf = new Int32Array(count)
  order.forEach((stop, place) => {
    placeOf[stop] = place
  })
  const queue = [...start]
  const isQueued = new Uint8Array(count).fill(1)
  while (queue.length > 0) {
    const stop = queue.pop()!
    isQueued[stop] = 0
    if (!budget.allows(near[stop]!.length)) break
    while (improve(stop) && budget.allows(1));
  }
  return Array.from(order)

  function improve(stop: number): boolean {
    for (const step of [1, count - 1]) {
      const beside = order[(placeOf[stop]! + step) % count]!
      const leg = distance(tour, stop, beside)
      for (const other of near[stop]!) {
        const newLeg = distance(tour, stop, other)
        if (newLeg >= leg) break
        const otherBeside = order[(placeOf[other]! + step) % count]!
        const change = newLeg + distance(tour, beside, otherBeside) - leg - distance(tour, other, otherBeside)
        if (change > -1e-9) continue
        if (step === 1) reverse(placeOf[beside]!, placeOf[other]!)
        else reverse(placeOf[stop]!, placeOf[otherBeside]!)
        for (const touched of [stop, beside, other, otherBeside]) {
          if (isQueued[touched]) continue
          isQueued[touched] = 1
          queue.push(touched)
        }
        return true
      }
    }
    return false
  }

  /** Turns round the stretch between two places (cyclic), or, the same for a closed tour, all the rest if that is shorter. */
  function reverse(from: number, to: number): void {
    let length = ((to - from + count) % count) + 1
    if (2 * length > count) {
      const outer = from
      from = (to + 1) % count
      to = (outer - 1 + count) % count
      length = count - length
    }
    budget.allows(length >> 3)
    for (let swaps = length >> 1; swaps > 0; swaps--) {
      const a = order[from]!
      const b = order[to]!
      order[from] = b
      order[to] = a
      placeOf[b] = from
      placeOf[a] = to
      from = from + 1 === count ? 0 : from + 1
      to = to === 0 ? count - 1 : to - 1
    }
  }
}
