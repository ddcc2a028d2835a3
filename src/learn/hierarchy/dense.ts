import { inverse } from '../../math/linear.ts'

/**
 * The same level as in gaussian.ts when the node's data are not independent between arms, because tasks in it were met
 * several times (arms that were tried on the same task share its difficulty): the data are a full precision matrix A
 * and a vector h = A·(observed means) over the arms seen in the node. With Q = kShared·11' + kOwn·I,
 *     L = (A⁻¹ + Q)⁻¹,  l = L·A⁻¹·h,
 *     mean = m + Q(l - L·m),   cov = Q - Q·L·Q + B·V·B',  B = I - Q·L.
 */
export interface DenseMessage {
  /** Arms observed in the node. */
  readonly arms: readonly number[]
  /** Row-major over `arms`. */
  readonly precision: Float64Array
  readonly vector: Float64Array
}

/** `a` (row-major, `size` wide) and `h` over all arms, reduced to `arms` and passed up to the parent. */
export function denseMessage(
  a: Float64Array,
  h: Float64Array,
  size: number,
  arms: readonly number[],
  kShared: number,
  kOwn: number,
): DenseMessage {
  const n = arms.length
  const block = new Float64Array(n * n)
  for (let i = 0; i < n; i++) for (let j = 0; j < n; j++) block[i * n + j] = a[arms[i]! * size + arms[j]!]!
  if (kShared === 0 && kOwn === 0) return { arms, precision: block, vector: Float64Array.from(arms, arm => h[arm]!) }
  const spread = inverse(block, n)
  const means = new Float64Array(n)
  for (let i = 0; i < n; i++) for (let j = 0; j < n; j++) means[i]! += spread[i * n + j]! * h[arms[j]!]!
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < n; j++) spread[i * n + j]! += kShared
    spread[i * n + i]! += kOwn
  }
  const precision = inverse(spread, n)
  const vector = new Float64Array(n)
  for (let i = 0; i < n; i++) for (let j = 0; j < n; j++) vector[i]! += precision[i * n + j]! * means[j]!
  return { arms, precision, vector }
}

/** Adds `sign` times the message to the parent's precision matrix and precision × mean. */
export function addDenseMessage(
  matrix: Float64Array,
  vector: Float64Array,
  size: number,
  data: DenseMessage,
  sign: number,
): void {
  const n = data.arms.length
  for (let i = 0; i < n; i++) {
    vector[data.arms[i]!]! += sign * data.vector[i]!
    for (let j = 0; j < n; j++) matrix[data.arms[i]! * size + data.arms[j]!]! += sign * data.precision[i * n + j]!
  }
}

/** The child's posterior mean of all arms, given the parent's. */
export function denseMean(parentMean: Float64Array, data: DenseMessage, kShared: number, kOwn: number): Float64Array {
  const { arms, precision, vector } = data
  const n = arms.length
  const mean = Float64Array.from(parentMean)
  let shared = 0
  for (let i = 0; i < n; i++) {
    let w = vector[i]!
    for (let j = 0; j < n; j++) w -= precision[i * n + j]! * parentMean[arms[j]!]!
    mean[arms[i]!]! += kOwn * w
    shared += w
  }
  for (let a = 0; a < mean.length; a++) mean[a]! += kShared * shared
  return mean
}

/** The child's posterior covariance of the arms `indices`, row-major in their order; `parent` is `size` wide. */
export function denseCovariance(
  parent: Float64Array,
  size: number,
  data: DenseMessage,
  kShared: number,
  kOwn: number,
  indices: readonly number[],
): Float64Array {
  const { arms, precision } = data
  const n = arms.length
  const rowSums = new Float64Array(n)
  for (let i = 0; i < n; i++) for (let j = 0; j < n; j++) rowSums[i]! += precision[i * n + j]!
  const total = rowSums.reduce((sum, value) => sum + value, 0)
  // One row per index: lambda = that row of Q·L over the node's arms (so B = I - lambda), across = V between the index
  // and the node's arms, spread = V·lambda over the node's arms.
  const rows = indices.map(index => {
    const own = arms.indexOf(index)
    const lambda = rowSums.map((sum, i) => kShared * sum + (own < 0 ? 0 : kOwn * precision[own * n + i]!))
    const across = Float64Array.from(arms, arm => parent[index * size + arm]!)
    const spread = Float64Array.from(arms, arm => {
      let sum = 0
      for (let i = 0; i < n; i++) sum += parent[arm * size + arms[i]!]! * lambda[i]!
      return sum
    })
    return { index, own, lambda, across, spread, sum: own < 0 ? 0 : rowSums[own]! }
  })
  const base = kShared - kShared * kShared * total
  const child = new Float64Array(rows.length ** 2)
  for (const [i, a] of rows.entries()) {
    for (const [j, b] of rows.entries()) {
      let value = parent[a.index * size + b.index]! + base - kShared * kOwn * (a.sum + b.sum)
      if (a.own >= 0 && b.own >= 0) value -= kOwn * kOwn * precision[a.own * n + b.own]!
      if (a.index === b.index) value += kOwn
      for (let t = 0; t < n; t++) {
        value += a.lambda[t]! * b.spread[t]! - a.across[t]! * b.lambda[t]! - b.across[t]! * a.lambda[t]!
      }
      child[i * rows.length + j] = value
    }
  }
  return child
}
