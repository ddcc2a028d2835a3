/** `(1 - floor)·shares + floor/K`, normalised so that the result sums to 1 to the last bit that addition allows. */
export function mixWithFloor(shares: Float64Array, floor: number): Float64Array {
  const mixed = shares.map(share => (1 - floor) * share + floor / shares.length)
  const total = mixed.reduce((sum, p) => sum + p, 0)
  return mixed.map(p => p / total)
}
