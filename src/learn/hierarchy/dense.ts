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

/** The child's posterior mean and covariance of all arms, given the parent's. */
export function denseChild(
  parentMean: Float64Array,
  parentCovariance: Float64Array,
  data: DenseMessage,
  kShared: number,
  kOwn: number,
): { mean: Float64Array; covariance: Float64Array } {
  const size = parentMean.length
  const { arms, precision } = data
  const n = arms.length
  const mean = Float64Array.from(parentMean)
  const rowSums = new Float64Array(n)
  let shared = 0
  let total = 0
  for (let i = 0; i < n; i++) {
    let w = data.vector[i]!
    for (let j = 0; j < n; j++) {
      w -= precision[i * n + j]! * parentMean[arms[j]!]!
      rowSums[i]! += precision[i * n + j]!
    }
    mean[arms[i]!]! += kOwn * w
    shared += w
    total += rowSums[i]!
  }
  for (let a = 0; a < size; a++) mean[a]! += kShared * shared

  // lambda[a] = row a of Q·L over the node's arms, so that B = I - lambda.
  const lambda = new Float64Array(size * n)
  for (let a = 0; a < size; a++) for (let i = 0; i < n; i++) lambda[a * n + i] = kShared * rowSums[i]!
  for (let i = 0; i < n; i++) for (let j = 0; j < n; j++) lambda[arms[i]! * n + j]! += kOwn * precision[i * n + j]!
  // w = B·V over the node's arms, and over all arms as needed: cov = B·V·B' + Q - Q·L·Q.
  const bv = Float64Array.from(parentCovariance)
  for (let a = 0; a < size; a++) {
    for (let i = 0; i < n; i++) {
      const factor = lambda[a * n + i]!
      if (factor === 0) continue
      const row = arms[i]! * size
      for (let b = 0; b < size; b++) bv[a * size + b]! -= factor * parentCovariance[row + b]!
    }
  }
  const covariance = Float64Array.from(bv)
  const own = new Float64Array(size).fill(-1)
  for (let i = 0; i < n; i++) own[arms[i]!] = i
  const base = kShared - kShared * kShared * total
  for (let a = 0; a < size; a++) {
    const sumA = own[a]! < 0 ? 0 : rowSums[own[a]!]!
    for (let b = 0; b < size; b++) {
      let value = covariance[a * size + b]! + base - kShared * kOwn * sumA
      if (own[b]! >= 0) {
        value -= kShared * kOwn * rowSums[own[b]!]!
        if (own[a]! >= 0) value -= kOwn * kOwn * precision[own[a]! * n + own[b]!]!
      }
      for (let i = 0; i < n; i++) value -= bv[a * size + arms[i]!]! * lambda[b * n + i]!
      covariance[a * size + b] = value
    }
    covariance[a * size + a]! += kOwn
  }
  return { mean, covariance }
}
