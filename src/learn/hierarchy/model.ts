import { studentTLogDensity } from '../../math/distributions.ts'
import { inverse, multiply, type RankTwoChange, rankTwoUpdate, dot as scalarProduct } from '../../math/linear.ts'
import { type LevelShares, levelShares } from '../level-shares.ts'
import type { StateRecord } from '../state.ts'
import { addDenseMessage, type DenseMessage, denseChange, denseCovariance, denseMean, denseMessage } from './dense.ts'
import type { Cells, EvidenceTable, Observation, TaskCells } from './evidence.ts'
import {
  addMessage,
  type CellChange,
  cellChange,
  childCovariance,
  childMean,
  type Message,
  message,
  type Posterior,
  type Spread,
  spreadOf,
} from './gaussian.ts'
import type { TaskPrecision } from './task-precision.ts'

/** The variances of one model, in units of the noise variance; see docs/learning.md for the whole picture. */
export interface Variances {
  /** Category difficulty (shared by all arms) and arm × category. */
  readonly categoryShared: number
  readonly categoryOwn: number
  /** Task difficulty and arm × task; both 0 for a model that does not look at single tasks. */
  readonly taskShared: number
  readonly taskOwn: number
}

/** What is assumed before anything was seen: mean of all arms, spread of that mean and between arms, first scale. */
export interface Prior {
  readonly mean: number
  readonly shared: number
  readonly own: number
  /** Noise variance expected before data, and how many observations that guess is worth. */
  readonly noise: number
}

const nothing: Cells = { arms: [], n: [], s: [] }

export interface NodePosterior {
  readonly category: Posterior
  /** Mean for this very task. */
  readonly mean: Float64Array
  /** Variance of each arm's value on this task (task effects included), in noise units. */
  readonly variance: Float64Array
}

/**
 * One Gaussian hierarchy all → category → task over an evidence table, with fixed variance ratios and its own learned
 * scale. It keeps the posterior of the root as a cache; every other node is derived from it on demand.
 */
export class HierarchyModel {
  readonly variances: Variances
  /** Log of the prequential likelihood relative to the best model. */
  logWeight = 0
  readonly #prior: Prior
  readonly #evidence: EvidenceTable
  readonly #tasks: TaskPrecision | null
  /** Inverse-gamma scale of the noise: S² = b / a. */
  #a = 1
  #b: number
  #size = 0
  #precision: Float64Array = new Float64Array(0)
  #vector: Float64Array = new Float64Array(0)
  #root: Posterior = { mean: new Float64Array(0), covariance: new Float64Array(0) }
  /** What the category asked for last says about the root; forgotten whenever anything changes. */
  #latest: { readonly category: string; readonly data: Message | DenseMessage; spread: Spread | null } | null = null

  constructor(variances: Variances, prior: Prior, evidence: EvidenceTable, tasks: TaskPrecision | null) {
    this.variances = variances
    this.#prior = prior
    this.#evidence = evidence
    this.#tasks = variances.taskShared + variances.taskOwn > 0 ? tasks : null
    this.#b = prior.noise
    this.rebuild()
  }

  /** Noise variance as learned so far. */
  get scale(): number {
    return this.#b / this.#a
  }

  /** Twice the number of observations behind the scale: degrees of freedom of a forecast. */
  get freedom(): number {
    return 2 * this.#a
  }

  /** The same model without its task level's name: where a fork starts from. */
  copyScaleFrom(other: HierarchyModel): void {
    this.#a = other.#a
    this.#b = other.#b
    this.logWeight = other.logWeight
  }

  /** What is expected of the arms `indices` (in their order; all arms if left out) on a task. */
  posterior(category: string, task: number, indices: readonly number[] = this.#all()): NodePosterior {
    const { taskShared, taskOwn } = this.variances
    const cells = this.#tasks === null ? undefined : this.#evidence.tasks.get(task)
    if (cells === undefined || cells.arms.length === 0) {
      const at = this.#categoryPosterior(category, indices)
      return { category: at, mean: at.mean, variance: diagonal(at.covariance, taskShared + taskOwn) }
    }
    // The task's own arms speak for all others, so they have to be there too.
    const others = cells.arms.filter(arm => !indices.includes(arm))
    const at = this.#categoryPosterior(category, [...indices, ...others])
    const size = indices.length + others.length
    const places = cells.arms.map(arm =>
      indices.includes(arm) ? indices.indexOf(arm) : indices.length + others.indexOf(arm),
    )
    const data = { ...this.#taskMessage(cells), arms: places }
    const asked = indices.map((_, i) => i)
    const mean = childMean(at.mean, data, taskOwn).slice(0, indices.length)
    return {
      category: { mean: at.mean.slice(0, indices.length), covariance: corner(at.covariance, size, indices.length) },
      mean,
      variance: diagonal(childCovariance(at.covariance, size, data, taskOwn, asked), 0),
    }
  }

  /**
   * What each level says about the means of the arms `indices`. Means are linear in the parent's and in the node's own
   * sums, so with 1 above and sums of 0 they are what passes through the node.
   */
  shares(category: string, task: number, indices: readonly number[]): LevelShares[] {
    const above = new Float64Array(this.#size).fill(1)
    const cells = this.#tasks === null ? undefined : this.#evidence.tasks.get(task)
    const throughTask =
      cells === undefined ? above : childMean(above, withoutSums(this.#taskMessage(cells)), this.variances.taskOwn)
    const { shared, own } = this.#categoryVariances(category)
    const data = this.messageOf(category)
    const throughType =
      'precision' in data
        ? denseMean(above, { ...data, vector: data.vector.map(() => 0) }, shared, own)
        : childMean(above, withoutSums(data), own)
    return indices.map(index => levelShares(throughType[index]!, throughTask[index]!))
  }

  /**
   * Judges the model by a value that it has not seen, then learns the noise scale from it. Call before the evidence
   * changes. Returns what was forecast: mean and predictive variance.
   */
  judge({ arm, category, task, value }: Observation): { mean: number; variance: number } {
    const posterior = this.posterior(category, task, [arm])
    const mean = posterior.mean[0]!
    const spread = posterior.variance[0]! + this.#noise
    const error = value - mean
    const scale = Math.sqrt(this.scale * spread)
    this.logWeight += studentTLogDensity(error / scale, this.freedom) - Math.log(scale)
    this.#a += 0.5
    this.#b += (error * error) / (2 * spread)
    return { mean, variance: scale * scale }
  }

  /**
   * The cells of one arm in the category (and, with task memory, the category's precision, by what `task` says) changed from
   * `before` to what the evidence now holds. Without `task` everything is solved anew.
   */
  update(category: string, arm: number, before: Message | DenseMessage, task?: CellChange): void {
    const spread = 'precision' in before ? null : this.#spreadOf(category, before)
    this.#latest = null
    if ('precision' in before && task !== undefined && this.#followTask(category, before, task)) return
    const after = this.messageOf(category)
    this.#apply(before, -1)
    this.#apply(after, 1)
    if ('precision' in before || 'precision' in after || spread === null) this.#root = this.#solve()
    else this.#follow(cellChange(arm, before, after), spread)
  }

  /** What the category says about the root at this moment; what is learned later does not change it. */
  messageOf(category: string): Message | DenseMessage {
    if (this.#latest?.category !== category) {
      this.#latest = { category, data: this.#messageOf(category), spread: null }
    }
    return this.#latest!.data
  }

  /** Recomputes every cache from the evidence. */
  rebuild(): void {
    this.#latest = null
    const size = this.#evidence.arms.length
    this.#size = size
    const { shared, own, mean } = this.#prior
    // (own·I + shared·11')⁻¹ by Sherman-Morrison.
    this.#precision = new Float64Array(size * size).fill(-shared / (own * (own + size * shared)))
    for (let a = 0; a < size; a++) this.#precision[a * size + a]! += 1 / own
    this.#vector = new Float64Array(size).fill(mean / (own + size * shared))
    for (const category of this.#evidence.categories.keys()) this.#apply(this.#messageOf(category), 1)
    this.#root = this.#solve()
  }

  toState(): StateRecord {
    return {
      logWeight: this.logWeight,
      a: this.#a,
      b: this.#b,
      precision: this.#precision,
      vector: this.#vector,
      mean: this.#root.mean,
      covariance: this.#root.covariance,
    }
  }

  restore(state: StateRecord): void {
    this.#latest = null
    this.logWeight = state.logWeight as number
    this.#a = state.a as number
    this.#b = state.b as number
    this.#precision = state.precision as Float64Array
    this.#vector = state.vector as Float64Array
    this.#root = { mean: state.mean as Float64Array, covariance: state.covariance as Float64Array }
    this.#size = this.#vector.length
  }

  /** Share of the noise that is left once the task's own effects are set apart. */
  get #noise(): number {
    return 1 - this.variances.taskShared - this.variances.taskOwn
  }

  /** Tasks without a type hang on the root itself. */
  #categoryVariances(category: string): { shared: number; own: number } {
    if (category === '') return { shared: 0, own: 0 }
    return { shared: this.variances.categoryShared, own: this.variances.categoryOwn }
  }

  #all(): number[] {
    return Array.from({ length: this.#size }, (_, index) => index)
  }

  #categoryPosterior(category: string, indices: readonly number[]): Posterior {
    const { shared, own } = this.#categoryVariances(category)
    const { mean, covariance } = this.#root
    const size = this.#size
    const pick = (all: Float64Array) => Float64Array.from(indices, index => all[index]!)
    if (shared === 0 && own === 0) return { mean: pick(mean), covariance: block(covariance, size, indices) }
    const data = this.messageOf(category)
    if ('precision' in data) {
      const dense = denseCovariance(covariance, size, data, shared, own, indices)
      return { mean: pick(denseMean(mean, data, shared, own)), covariance: dense }
    }
    return {
      mean: pick(childMean(mean, data, own)),
      covariance: childCovariance(covariance, size, data, own, indices, this.#spreadOf(category, data)),
    }
  }

  #messageOf(category: string): Message | DenseMessage {
    const live = this.#evidence.categories.get(category) ?? nothing
    const cells = { ...live, arms: [...live.arms] }
    const { shared, own } = this.#categoryVariances(category)
    const dense = this.#tasks?.categories.get(category)
    if (dense === undefined) return message(shared, own, 1, cells.arms, cells.n, cells.s)
    return denseMessage(dense.precision, dense.vector, this.#evidence.arms.length, cells.arms, shared, own)
  }

  #spreadOf(category: string, data: Message): Spread {
    const latest = this.#latest
    if (latest?.category !== category) return spreadOf(this.#root.covariance, this.#size, data)
    latest.spread ??= spreadOf(this.#root.covariance, this.#size, data)
    return latest.spread
  }

  #taskMessage(cells: TaskCells): Message {
    const { taskShared, taskOwn } = this.variances
    return message(taskShared, taskOwn, this.#noise, cells.arms, cells.n, cells.s)
  }

  #apply(data: Message | DenseMessage, sign: number): void {
    if ('precision' in data) addDenseMessage(this.#precision, this.#vector, this.#size, data, sign)
    else addMessage(this.#precision, this.#vector, this.#size, data, sign)
  }

  #solve(): Posterior {
    const covariance = inverse(this.#precision, this.#size)
    return { covariance, mean: multiply(covariance, this.#vector, this.#size) }
  }

  /** The root's posterior follows the change of one arm's cell by a rank-two step: O(arms²) instead of O(arms³). */
  #follow({ arm, before, change, du, dv }: CellChange, { z, gz }: Spread): void {
    const { mean, covariance } = this.#root
    const size = this.#size
    const column = new Float64Array(size)
    for (let row = 0; row < size; row++) column[row] = covariance[row * size + arm]!
    let gm = 0
    for (let i = 0; i < before.arms.length; i++) gm += before.g[i]! * mean[before.arms[i]!]!
    const gram = { uu: column[arm]!, uv: z[arm]!, vv: gz }
    this.#step({ products: [column, z], gram, change }, [du, dv], [mean[arm]!, gm])
  }

  /** The same where tasks recur. False if the category did not know an arm of the task, and has to be solved anew. */
  #followTask(category: string, before: DenseMessage, task: CellChange): boolean {
    const { shared, own } = this.#categoryVariances(category)
    const size = this.#size
    const moved = denseChange(before, task, size, shared, own)
    if (moved === null) return false
    const { first, second, t, c } = moved
    for (const i of before.arms) {
      const p = t.uu * first[i]! + t.uv * second[i]!
      const q = t.uv * first[i]! + t.vv * second[i]!
      for (const j of before.arms) this.#precision[i * size + j]! += p * first[j]! + q * second[j]!
      this.#vector[i]! += c[0] * first[i]! + c[1] * second[i]!
    }
    const { mean, covariance } = this.#root
    const products = [multiply(covariance, first, size), multiply(covariance, second, size)] as const
    const gram = { uu: dot(first, products[0]), uv: dot(first, products[1]), vv: dot(second, products[1]) }
    this.#step({ products, gram, change: t }, c, [dot(first, mean), dot(second, mean)])
    return true
  }

  /**
   * The precision changed by U·C·U' and the precision × mean by U·d; `seen` is U'·mean. With P = V·U and T as
   * rankTwoUpdate returns it, the mean moves by P·(d - T·(U'·mean + U'·P·d)).
   */
  #step(change: RankTwoChange, [du, dv]: readonly [number, number], seen: readonly [number, number]): void {
    const { mean, covariance } = this.#root
    const { products, gram } = change
    const t = rankTwoUpdate(covariance, this.#size, change)
    const qu = seen[0] + gram.uu * du + gram.uv * dv
    const qv = seen[1] + gram.uv * du + gram.vv * dv
    const su = du - (t.uu * qu + t.uv * qv)
    const sv = dv - (t.uv * qu + t.vv * qv)
    for (let a = 0; a < mean.length; a++) mean[a]! += products[0][a]! * su + products[1][a]! * sv
  }
}

const dot = (x: Float64Array, y: Float64Array) => scalarProduct(x, 0, y, 0, x.length)

const withoutSums = (data: Message): Message => ({ ...data, y: data.y.map(() => 0) })

function diagonal(matrix: Float64Array, plus: number): Float64Array {
  const size = Math.sqrt(matrix.length)
  return Float64Array.from({ length: size }, (_, a) => matrix[a * size + a]! + plus)
}

function block(matrix: Float64Array, size: number, indices: readonly number[]): Float64Array {
  const count = indices.length
  const result = new Float64Array(count * count)
  for (let a = 0; a < count; a++) {
    for (let b = 0; b < count; b++) result[a * count + b] = matrix[indices[a]! * size + indices[b]!]!
  }
  return result
}

/** The first `count` rows and columns. */
const corner = (matrix: Float64Array, size: number, count: number): Float64Array =>
  block(
    matrix,
    size,
    Array.from({ length: count }, (_, i) => i),
  )
