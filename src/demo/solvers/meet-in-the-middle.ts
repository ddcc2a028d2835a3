import { AttemptError, type Budget } from '../budget.ts'
import type { Answer, SubsetSum } from '../problems.ts'
import { indices, type Solver } from './solver.ts'

/** Exact for a few numbers of any size: all subsets of each half, matched (Horowitz and Sahni 1974). */
export const meetInTheMiddle: Solver = { name: 'meet-in-the-middle', methods: { 'subset-sum': matchHalves } }

const mostNumbers = 36

function matchHalves({ numbers, target }: SubsetSum, budget: Budget): Answer {
  if (numbers.length > mostNumbers) {
    throw new AttemptError('validation', `${numbers.length} numbers; at most ${mostNumbers} can be halved and listed`)
  }
  const middle = numbers.length >> 1
  const left = subsetSums(numbers.slice(0, middle), budget)
  const right = subsetSums(numbers.slice(middle), budget)
  for (let low = 0, high = right.sums.length - 1; low < left.sums.length && high >= 0; ) {
    budget.require(1)
    const total = left.sums[low]! + right.sums[high]!
    if (total === target) {
      const chosen = (mask: number) => (index: number) => (mask & (1 << index)) !== 0
      const inRight = indices(numbers.length - middle).filter(chosen(right.masks[high]!))
      return [...indices(middle).filter(chosen(left.masks[low]!)), ...inRight.map(index => index + middle)]
    }
    if (total < target) low++
    else high--
  }
  throw new AttemptError('validation', `no subset adds up to ${target}`)
}

/** Sums of all subsets in rising order, each with its subset as bits; one merge per number. */
function subsetSums(numbers: readonly number[], budget: Budget) {
  let sums = new Float64Array(1)
  let masks = new Uint32Array(1)
  for (const [index, number] of numbers.entries()) {
    const size = sums.length
    budget.require(size)
    const mergedSums = new Float64Array(2 * size)
    const mergedMasks = new Uint32Array(2 * size)
    for (let without = 0, having = 0, place = 0; place < 2 * size; place++) {
      if (without < size && (having === size || sums[without]! <= sums[having]! + number)) {
        mergedSums[place] = sums[without]!
        mergedMasks[place] = masks[without++]!
      } else {
        mergedSums[place] = sums[having]! + number
        mergedMasks[place] = masks[having++]! | (1 << index)
      }
    }
    sums = mergedSums
    masks = mergedMasks
  }
  return { sums, masks }
}
