import { dot, inverse, multiply, type Symmetric2, woodburyCore } from '../../math/linear.ts'
import type { CellChange } from './gaussian.ts'

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
  /** M = (A + Q⁻¹)⁻¹ and h over `arms`, from which a change follows; null where Q = 0 and L = A. */
  readonly inner: { readonly m: Float64Array; readonly h: Float64Array } | null
}

/**
 * `a` (row-major, `size` wide) and `h` over all arms, reduced to `arms` and passed up to the parent. With
 * Q⁻¹ = α·I - β·11' and M = (A + Q⁻¹)⁻¹ it is L = Q⁻¹ - Q⁻¹·M·Q⁻¹, l = Q⁻¹·M·h (Woodbury 1950). kOwn is 0 only if kShared is.
 */
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
  const own = Float64Array.from(arms, arm => h[arm]!)
  if (kShared === 0 && kOwn === 0) return { arms, precision: block, vector: own, inner: null }
  const { alpha, beta } = inverseSpread(kShared, kOwn, n)
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < n; j++) block[i * n + j]! -= beta
    block[i * n + i]! += alpha
  }
  const m = inverse(block, n)
  const sums = multiply(m, new Float64Array(n).fill(1), n)
  let total = 0
  for (let i = 0; i < n; i++) total += sums[i]!
  const precision = block
  for (let i = 0; i < n; i++) {
    const common = alpha * beta * sums[i]! - beta - beta * beta * total
    for (let j = 0; j < n; j++) precision[i * n + j] = common + alpha * (beta * sums[j]! - alpha * m[i * n + j]!)
    precision[i * n + i]! += alpha
  }
  return { arms, precision, vector: throughSpread(multiply(m, own, n), alpha, beta), inner: { m, h: own } }
}

/** Q⁻¹ = alpha·I - beta·11'. */
function inverseSpread(kShared: number, kOwn: number, n: number) {
  return { alpha: 1 / kOwn, beta: kShared / (kOwn * (kOwn + n * kShared)) }
}

/** Q⁻¹·x. */
function throughSpread(x: Float64Array, alpha: number, beta: number): Float64Array {
  let total = 0
  for (let i = 0; i < x.length; i++) total += x[i]!
  return x.map(value => alpha * value - beta * total)
}

/** How a message changes: its precision by W·T·W', its vector by W·c, W = [first second] over the arms of the parent. */
export interface DenseChange {
  readonly first: Float64Array
  readonly second: Float64Array
  readonly t: Symmetric2
  readonly c: readonly [number, number]
}

/**
 * What the message becomes when one task of the node changes as `cell` says: a rank-two step, since A changes by
 * U·C·U' and M by the step that follows from it. Null where the node did not know an arm of the task.
 */
export function denseChange(
  { arms, inner }: DenseMessage,
  { arm, before, change, du, dv }: CellChange,
  size: number,
  kShared: number,
  kOwn: number,
): DenseChange | null {
  const n = arms.length
  const places = new Int32Array(size).fill(-1)
  for (let i = 0; i < n; i++) places[arms[i]!] = i
  if (places[arm]! < 0 || before.arms.some(other => places[other]! < 0)) return null
  const first = new Float64Array(size)
  const second = new Float64Array(size)
  if (inner === null) {
    first[arm] = 1
    for (let k = 0; k < before.arms.length; k++) second[before.arms[k]!] = before.g[k]!
    return { first, second, t: change, c: [du, dv] }
  }
  const { m, h } = inner
  const at = places[arm]!
  const u = m.slice(at * n, (at + 1) * n)
  const v = new Float64Array(n)
  for (let k = 0; k < before.arms.length; k++) {
    const row = places[before.arms[k]!]! * n
    for (let i = 0; i < n; i++) v[i]! += m[row + i]! * before.g[k]!
  }
  let vv = 0
  for (let k = 0; k < before.arms.length; k++) vv += before.g[k]! * v[places[before.arms[k]!]!]!
  const gram = { uu: u[at]!, uv: v[at]!, vv }
  const t = woodburyCore(gram, change)
  let qu = gram.uu * du + gram.uv * dv
  let qv = gram.uv * du + gram.vv * dv
  for (let i = 0; i < n; i++) {
    qu += u[i]! * h[i]!
    qv += v[i]! * h[i]!
  }
  const { alpha, beta } = inverseSpread(kShared, kOwn, n)
  const [w, x] = [throughSpread(u, alpha, beta), throughSpread(v, alpha, beta)]
  for (let i = 0; i < n; i++) {
    first[arms[i]!] = w[i]!
    second[arms[i]!] = x[i]!
  }
  return { first, second, t, c: [du - (t.uu * qu + t.uv * qv), dv - (t.uv * qu + t.vv * qv)] }
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
  const places = new Int32Array(size).fill(-1)
  for (let i = 0; i < n; i++) places[arms[i]!] = i
  // The parent over the node's arms, so that memory is read in its order.
  const inner = new Float64Array(n * n)
  for (let i = 0; i < n; i++) for (let j = 0; j < n; j++) inner[i * n + j] = parent[arms[i]! * size + arms[j]!]!
  const rows = indices.map(index => {
    const own = places[index]!
    const lambda = new Float64Array(n)
    const across = new Float64Array(n)
    for (let i = 0; i < n; i++) {
      lambda[i] = kShared * rowSums[i]! + (own < 0 ? 0 : kOwn * precision[own * n + i]!)
      across[i] = parent[index * size + arms[i]!]!
    }
    // What the row adds to an entry is λa·(V·λb - across b) - across a·λb.
    const spread = multiply(inner, lambda, n)
    const rest = new Float64Array(n)
    for (let i = 0; i < n; i++) rest[i] = spread[i]! - across[i]!
    return { index, own, lambda, across, rest, sum: own < 0 ? 0 : rowSums[own]! }
  })
  const base = kShared - kShared * kShared * total
  const child = new Float64Array(rows.length ** 2)
  for (const [i, a] of rows.entries()) {
    for (const [j, b] of rows.entries()) {
      let value = parent[a.index * size + b.index]! + base - kShared * kOwn * (a.sum + b.sum)
      if (a.own >= 0 && b.own >= 0) value -= kOwn * kOwn * precision[a.own * n + b.own]!
      if (a.index === b.index) value += kOwn
      value += dot(a.lambda, 0, b.rest, 0, n) - dot(a.across, 0, b.lambda, 0, n)
      child[i * rows.length + j] = value
    }
  }
  return child
}
