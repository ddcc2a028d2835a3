import { type LevelShares, meanShares } from '../level-shares.ts'
import type { StateRecord } from '../state.ts'
import { type Cells, EvidenceTable, type Observation } from './evidence.ts'
import { HierarchyModel, type NodePosterior, type Prior, type Variances } from './model.ts'
import { TaskPrecision, taskVariances } from './task-precision.ts'

/** Prior variances of a category's effects, and the log weight that a model with them starts with. */
export interface Context extends Pick<Variances, 'categoryShared' | 'categoryOwn'> {
  readonly logWeight: number
}

/**
 * How much a category may matter: not at all, arms differing between categories a little, some, much, and almost
 * entirely. The wide models start behind, because they explore much: they have to earn their weight first.
 */
export const contexts: readonly Context[] = [
  { categoryShared: 0, categoryOwn: 0, logWeight: 0 },
  { categoryShared: 0.15, categoryOwn: 0.01, logWeight: 0 },
  { categoryShared: 0.15, categoryOwn: 0.04, logWeight: 0 },
  { categoryShared: 0.15, categoryOwn: 0.16, logWeight: 0 },
  { categoryShared: 0.5, categoryOwn: 1, logWeight: -3 },
  { categoryShared: 1, categoryOwn: 4, logWeight: -6 },
]
/** A model never falls further behind the best than this, so that it can come back when the world changes. */
const lowestLogWeight = -12
/** Models below this weight are left out of a forecast. */
const smallestWeight = 1e-4
/** Caches are recomputed from the evidence after this many observations, so that rounding cannot pile up. */
const rebuildEvery = 1024

/** One model's view of a task. */
export interface View extends NodePosterior {
  readonly weight: number
  readonly variances: Variances
  /** Noise variance S²; the posterior's variances are in its units. */
  readonly scale: number
  readonly freedom: number
}

/**
 * Several Gaussian hierarchies over the same evidence, weighted by how well each predicted every value before it saw it
 * (Bayesian model averaging). A level that is worth nothing loses its weight by itself.
 */
export class HierarchyEnsemble {
  readonly evidence: EvidenceTable
  readonly #prior: Prior
  readonly #tasks: TaskPrecision
  readonly #contexts: readonly Context[]
  #models: HierarchyModel[]
  #sinceRebuild = 0

  /** `among`: the models to average, all by default. */
  constructor(
    prior: Prior,
    halfLifeDays: number | null,
    among: readonly Context[] = contexts,
    evidence = new EvidenceTable(halfLifeDays),
  ) {
    this.#prior = prior
    this.evidence = evidence
    this.#tasks = new TaskPrecision(evidence)
    this.#contexts = among
    this.#models = among.map(({ logWeight, ...context }) => {
      const model = this.#model({ ...context, taskShared: 0, taskOwn: 0 })
      model.logWeight = logWeight
      return model
    })
  }

  /** What each model that still counts expects of the arms `indices` (all if left out); weights sum to 1. */
  views(category: string, task: number, indices?: readonly number[]): View[] {
    const weights = this.#weights()
    const kept = this.#models.map((model, i) => ({ model, weight: weights[i]! }))
    const counting = kept.filter(({ weight }) => weight >= smallestWeight)
    const sum = counting.reduce((acc, { weight }) => acc + weight, 0)
    return counting.map(({ model, weight }) => ({
      ...model.posterior(category, task, indices),
      weight: weight / sum,
      variances: model.variances,
      scale: model.scale,
      freedom: model.freedom,
    }))
  }

  /** What each level says about the estimates of the arms `indices`; null before the first value. */
  shares(category: string, task: number, indices: readonly number[]): LevelShares[] | null {
    if (this.evidence.totals.arms.length === 0) return null
    const weights = this.#weights()
    const perModel = this.#models.map(model => model.shares(category, task, indices))
    return indices.map((_, i) => meanShares(perModel.map((shares, k) => ({ weight: weights[k]!, shares: shares[i]! }))))
  }

  /** Lets the evidence age until `day`. */
  advance(day: number): void {
    if (this.evidence.advance(day)) this.#rebuild()
  }

  /** Takes in one value. Returns how many predictive deviations it lay above what was expected. */
  learn(arm: string, category: string, task: number, day: number, value: number): number {
    this.advance(day)
    const known = this.evidence.arms.length
    const observation = { arm: this.evidence.intern(arm), category, task, value }
    if (this.evidence.arms.length > known) this.#rebuild()
    const weights = this.#weights()
    let expected = 0
    let variance = 0
    for (const [i, model] of this.#models.entries()) {
      const forecast = model.judge(observation)
      expected += weights[i]! * forecast.mean
      variance += weights[i]! * forecast.variance
    }
    this.#change(observation, this.evidence.weightOf(day))
    const best = Math.max(...this.#models.map(model => model.logWeight))
    for (const model of this.#models) model.logWeight = Math.max(model.logWeight - best, lowestLogWeight)
    this.#sinceRebuild++
    if (this.#sinceRebuild >= rebuildEvery) this.#rebuild()
    return (value - expected) / Math.sqrt(variance)
  }

  /** Keeps only a share of the evidence about each arm, everywhere or in one category (null: everywhere). */
  discount(shareOf: (arm: string) => number, category: string | null): void {
    for (const arm of this.evidence.arms.slice(1)) {
      this.evidence.discount(this.evidence.intern(arm), category, shareOf(arm))
    }
    this.#rebuild()
  }

  /** Takes an observation out again. What the models' weights learned from it stays. */
  retract(arm: string, category: string, task: number, day: number, value: number): void {
    this.evidence.advance(day)
    const index = this.evidence.intern(arm)
    this.evidence.add({ arm: index, category, task, value }, -this.evidence.weightOf(day))
    this.#rebuild()
  }

  toState(): StateRecord {
    return {
      evidence: this.evidence.toState(),
      tasks: this.#tasks.toState(),
      sinceRebuild: this.#sinceRebuild,
      models: this.#models.map(model => model.toState()),
    }
  }

  static fromState(
    state: StateRecord,
    prior: Prior,
    halfLifeDays: number | null,
    among: readonly Context[] = contexts,
  ): HierarchyEnsemble {
    const evidence = EvidenceTable.fromState(state.evidence as StateRecord, halfLifeDays)
    const ensemble = new HierarchyEnsemble(prior, halfLifeDays, among, evidence)
    ensemble.#tasks.restore(state.tasks as StateRecord)
    ensemble.#sinceRebuild = state.sinceRebuild as number
    const models = state.models as StateRecord[]
    if (models.length > among.length) ensemble.#fork()
    for (const [i, model] of models.entries()) ensemble.#models[i]!.restore(model)
    return ensemble
  }

  #weights(): number[] {
    const weights = this.#models.map(model => Math.exp(model.logWeight))
    const total = weights.reduce((sum, weight) => sum + weight, 0)
    return weights.map(weight => weight / total)
  }

  #change(observation: Observation, weight: number): void {
    const { category, task } = observation
    const before = this.#models.map(model => model.messageOf(category))
    const cells = copy(this.evidence.tasks.get(task))
    this.evidence.add(observation, weight)
    const isNewlyFollowed = this.#tasks.change(category, cells, this.evidence.tasks.get(task)!)
    if (isNewlyFollowed && this.#models.length === this.#contexts.length) this.#fork()
    else {
      const change = this.#tasks.changeOf(observation.arm, cells, this.evidence.tasks.get(task)!)
      for (const [i, model] of this.#models.entries()) model.update(category, observation.arm, before[i]!, change)
    }
  }

  /** From the first task that recurs, half of the models look at single tasks. */
  #fork(): void {
    const aware = this.#models.map(model => {
      const copied = this.#model({ ...model.variances, ...taskVariances })
      copied.copyScaleFrom(model)
      return copied
    })
    this.#models = [...this.#models, ...aware]
    for (const model of this.#models) model.rebuild()
  }

  #rebuild(): void {
    this.#sinceRebuild = 0
    this.#tasks.rebuild()
    for (const model of this.#models) model.rebuild()
  }

  #model(variances: Variances): HierarchyModel {
    return new HierarchyModel(variances, this.#prior, this.evidence, this.#tasks)
  }
}

function copy(cells: Cells | undefined): Cells | undefined {
  return cells && { arms: [...cells.arms], n: [...cells.n], s: [...cells.s] }
}
