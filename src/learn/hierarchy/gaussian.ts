import type { Symmetric2 } from '../../math/linear.ts'

/**
 * One level of a Gaussian hierarchy over arms, in closed form.
 *
 * A child node's vector of arm values is  child = parent + shared·1 + own,  shared ~ N(0, kShared), own_a ~ N(0, kOwn),
 * and arm a was observed n_a times in it (sum s_a) with noise variance `noise`. Writing
 *     g_a = (n_a/noise) / (1 + kOwn·n_a/noise),   β_a = 1 - kOwn·g_a,   η = kShared / (1 + kShared·Σg)
 * the child's data act on the parent as a Gaussian with precision  L = diag(g) - η·g·g'  and precision × mean
 * l_a = y_a - η·g_a·Σy, where y_a = (s_a/noise)/(1 + kOwn·n_a/noise); and given the parent's posterior N(m, V) (which
 * already contains these data), the child's posterior is
 *     mean_a = m_a + kOwn·e_a + η·β_a·Σe,              e_a = y_a - g_a·m_a
 *     cov_ab = β_a·β_b·(V_ab - η(z_a + z_b) + η²·g'z + η) + [a=b]·kOwn·β_a,   z = V·g.
 * (Woodbury's identity applied to (Q + A⁻¹)⁻¹ with Q = kShared·11' + kOwn·I and diagonal A; no matrix is inverted.)
 */
export interface Message {
  /** Arms observed in the node; the other arrays run parallel to it. */
  readonly arms: readonly number[]
  readonly g: readonly number[]
  readonly y: readonly number[]
  readonly eta: number
}

/** What `arms` observed `n` times with sums `s` say about the parent node. */
export function message(
  kShared: number,
  kOwn: number,
  noise: number,
  arms: readonly number[],
  n: readonly number[],
  s: readonly number[],
): Message {
  const g: number[] = []
  const y: number[] = []
  let total = 0
  for (let i = 0; i < arms.length; i++) {
    const scale = 1 / (noise + kOwn * n[i]!)
    g.push(n[i]! * scale)
    y.push(s[i]! * scale)
    total += g[i]!
  }
  return { arms, g, y, eta: kShared / (1 + kShared * total) }
}

/** A posterior over the values of all arms: mean and row-major covariance. */
export interface Posterior {
  readonly mean: Float64Array
  readonly covariance: Float64Array
}

/** The child's posterior mean, given the parent's mean and the child's own data. */
export function childMean(parentMean: Float64Array, data: Message, kOwn: number): Float64Array {
  const mean = Float64Array.from(parentMean)
  let total = 0
  const e = data.arms.map((arm, i) => {
    const value = data.y[i]! - data.g[i]! * parentMean[arm]!
    total += value
    return value
  })
  const shift = data.eta * total
  if (shift !== 0) for (let a = 0; a < mean.length; a++) mean[a]! += shift
  for (let i = 0; i < e.length; i++) mean[data.arms[i]!]! += kOwn * (e[i]! - data.g[i]! * shift)
  return mean
}

/** What a node's covariance and its change rest on: z = V·g over all arms of the parent, and g'z. */
export interface Spread {
  readonly z: Float64Array
  readonly gz: number
}

/** `parent` is `size` wide. All zero where they count for nothing (η = 0). */
export function spreadOf(parent: Float64Array, size: number, { arms, g, eta }: Message): Spread {
  const z = new Float64Array(size)
  if (eta === 0) return { z, gz: 0 }
  for (let row = 0; row < size; row++) {
    const at = row * size
    let sum = 0
    for (let i = 0; i < arms.length; i++) sum += parent[at + arms[i]!]! * g[i]!
    z[row] = sum
  }
  let gz = 0
  for (let i = 0; i < arms.length; i++) gz += g[i]! * z[arms[i]!]!
  return { z, gz }
}

/**
 * The child's posterior covariance of the arms `indices`, row-major in their order; `parent` is `size` wide.
 */
export function childCovariance(
  parent: Float64Array,
  size: number,
  data: Message,
  kOwn: number,
  indices: readonly number[],
  { z, gz }: Spread = spreadOf(parent, size, data),
): Float64Array {
  const { arms, g, eta } = data
  const count = indices.length
  const kept = new Float64Array(size).fill(1)
  for (let i = 0; i < arms.length; i++) kept[arms[i]!] = 1 - kOwn * g[i]!
  const beta = Float64Array.from(indices, index => kept[index]!)
  const shared = Float64Array.from(indices, index => eta * z[index]!)
  const shift = eta * eta * gz + eta
  const child = new Float64Array(count * count)
  for (let a = 0; a < count; a++) {
    const row = indices[a]! * size
    for (let b = 0; b < count; b++) {
      child[a * count + b] = beta[a]! * beta[b]! * (parent[row + indices[b]!]! + shift - (shared[a]! + shared[b]!))
      if (indices[a] === indices[b]) child[a * count + b]! += kOwn * beta[a]!
    }
  }
  return child
}

/** Adds `sign` times the message's precision matrix to `matrix` and its precision × mean to `vector`. */
export function addMessage(
  matrix: Float64Array,
  vector: Float64Array,
  size: number,
  data: Message,
  sign: number,
): void {
  const { arms, g, y, eta } = data
  let total = 0
  for (const value of y) total += value
  for (let i = 0; i < arms.length; i++) {
    const a = arms[i]!
    vector[a]! += sign * (y[i]! - eta * g[i]! * total)
    matrix[a * size + a]! += sign * g[i]!
    if (eta === 0) continue
    for (let j = 0; j < arms.length; j++) matrix[a * size + arms[j]!]! -= sign * eta * g[i]! * g[j]!
  }
}

/**
 * How the observation of one arm changed a message: with u the unit vector of the arm and v = g before, its precision by
 * U·C·U' and its precision × mean by u·du + v·dv.
 */
export interface CellChange {
  readonly arm: number
  readonly before: Message
  readonly change: Symmetric2
  readonly du: number
  readonly dv: number
}

export function cellChange(arm: number, before: Message, after: Message): CellChange {
  const [was, is] = [before.arms.indexOf(arm), after.arms.indexOf(arm)]
  const dg = (after.g[is] ?? 0) - (before.g[was] ?? 0)
  const dy = (after.y[is] ?? 0) - (before.y[was] ?? 0)
  return {
    arm,
    before,
    change: { uu: dg - after.eta * dg * dg, uv: -after.eta * dg, vv: before.eta - after.eta },
    du: dy - after.eta * dg * sum(after.y),
    dv: before.eta * sum(before.y) - after.eta * sum(after.y),
  }
}

function sum(values: readonly number[]): number {
  let total = 0
  for (let i = 0; i < values.length; i++) total += values[i]!
  return total
}
