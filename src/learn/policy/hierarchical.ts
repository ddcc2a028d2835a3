import { type Drift, DriftMonitor } from '../detector/drift-monitor.ts'
import { type Context, contexts, HierarchyEnsemble, type View } from '../hierarchy/ensemble.ts'
import { countIn, type EvidenceTable, phantom } from '../hierarchy/evidence.ts'
import type { LevelShares } from '../level-shares.ts'
import type { State, StateRecord } from '../state.ts'
import { Pending } from './pending.ts'
import type { Choice, Experience, Policy, Situation } from './policy.ts'
import { mixWithFloor } from './probabilities.ts'

/** Utilities are expected around one half; arms differ less from each other than utilities do from the prior. */
const prior = { mean: 0.5, shared: 2, own: 0.1, noise: 0.15 }
/** Levels of optimism from which one is drawn per decision: 17 points on [0.5, 1.5]. */
const optimismLevels = Float64Array.from({ length: 17 }, (_, i) => 0.5 + i / 16)
const fixedOptimism = Float64Array.of(1)
/** Share of the category level's uncertainty that optimism counts. */
const categoryShare = 0.5

/** Share of the evidence about an arm that is kept when its results have changed. */
const keptAfterDrift = 0.1
const keptOfOthers = 0.3

export interface HierarchicalOptions {
  /** Share of the choices that is spread evenly over all arms. */
  readonly minProbability: number
  readonly halfLifeDays: number | null
  /** Multiplies every level of optimism (default 1). 0 takes the best estimate; below 0, the best lower bound. */
  readonly optimism?: number
  /** Parts to leave out (default: none). For studies of what each part adds; the engine sets none. */
  readonly without?: readonly Part[]
}

/**
 * What can be left out: the two wide models of the task type; all models but one (.15, .04); the random draw of the
 * optimism, which is then always 1; discounting the evidence when a change is noticed.
 */
export type Part = 'wide models' | 'model averaging' | 'random optimism' | 'drift detection'

/**
 * The default policy: Gaussian hierarchies all → task type → this very task, averaged by how well they predicted, and
 * randomised upper confidence bounds (RandUCB, Vaswani et al. 2020): one level of optimism is drawn, the same for all
 * arms, and the arm with the largest mean + optimism × deviation is taken. An arm's propensity is therefore exactly the
 * share of levels at which it wins (ties are shared), mixed with an even floor.
 */
export class HierarchicalPolicy implements Policy {
  readonly id = 'hierarchical'
  readonly version = 1
  readonly #options: HierarchicalOptions
  readonly #levels: Float64Array
  readonly #ensemble: HierarchyEnsemble
  readonly #pending: Pending
  readonly #drift: DriftMonitor

  constructor(options: HierarchicalOptions, state?: StateRecord) {
    this.#options = options
    const { halfLifeDays, without = [] } = options
    const models = modelsWithout(without)
    this.#levels = without.includes('random optimism') ? fixedOptimism : optimismLevels
    this.#ensemble = state
      ? HierarchyEnsemble.fromState(state.ensemble as StateRecord, prior, halfLifeDays, models)
      : new HierarchyEnsemble(prior, halfLifeDays, models)
    this.#drift = new DriftMonitor(state?.drift as StateRecord | undefined)
    this.#pending = new Pending(state?.pending as StateRecord | undefined)
  }

  choose({ arms, category, task, adjustment }: Situation): Choice {
    const evidence = this.#ensemble.evidence
    const indices = arms.map(arm => evidence.indexOf(arm))
    const name = category ?? ''
    const values = new Float64Array(arms.length)
    const optimistic = new Float64Array(arms.length)
    const variances = new Float64Array(arms.length)
    for (const view of this.#ensemble.views(name, task, indices)) {
      const exploration = this.#explorationDeviations(view, arms, indices, category)
      for (let i = 0; i < arms.length; i++) {
        values[i]! += view.weight * view.mean[i]!
        optimistic[i]! += view.weight * exploration[i]!
        variances[i]! += view.weight * view.scale * view.variance[i]!
      }
    }
    const { optimism = 1 } = this.#options
    const scaled = optimism === 1 ? optimistic : optimistic.map(deviation => deviation * optimism)
    const compared = adjustment === undefined ? values : values.map((value, i) => value + adjustment[i]!)
    return {
      probabilities: mixWithFloor(votes(compared, scaled, this.#levels), this.#options.minProbability),
      values,
      deviations: variances.map(Math.sqrt),
      ...this.#counts(indices, name, task),
    }
  }

  shares({ arms, category, task }: Situation): LevelShares[] | null {
    const indices = arms.map(arm => this.#ensemble.evidence.indexOf(arm))
    return this.#ensemble.shares(category ?? '', task, indices)
  }

  advance(day: number): void {
    this.#ensemble.advance(day)
  }

  learn({ arm, category, task, day, reward }: Experience): readonly Drift[] {
    const surprise = this.#ensemble.learn(arm, category ?? '', task, day, reward)
    if (this.#options.without?.includes('drift detection')) return []
    const drifts = this.#drift.observe(arm, category, day, surprise)
    for (const { arm: changed, taskType } of drifts) {
      // A world in which one arm has changed may have changed for others too, unseen.
      this.#ensemble.discount(each => (each === changed ? keptAfterDrift : keptOfOthers), taskType)
    }
    return drifts
  }

  retract({ arm, category, task, day, reward }: Experience): void {
    this.#ensemble.retract(arm, category ?? '', task, day, reward)
  }

  begin(arm: string, category: string | null): void {
    this.#pending.add(arm, category, 1)
  }

  end(arm: string, category: string | null): void {
    this.#pending.add(arm, category, -1)
  }

  get drifts(): readonly Drift[] {
    return this.#drift.drifts
  }

  toState(): State {
    return { ensemble: this.#ensemble.toState(), pending: this.#pending.toState(), drift: this.#drift.toState() }
  }

  /**
   * Deviation that optimism multiplies. Only differences between arms matter, so the shared part of the uncertainty is
   * taken off; executions in flight count as if they had already narrowed their arm's uncertainty.
   */
  #explorationDeviations(view: View, arms: readonly string[], indices: readonly number[], category: string | null) {
    const { covariance } = view.category
    const shared = sharedVariance(covariance, indices, view)
    const own = category === null ? 0 : view.variances.categoryOwn
    const cells = this.#ensemble.evidence.categories.get(category ?? '')
    return Float64Array.from(arms, (arm, i) => {
      const index = indices[i]!
      const difference = Math.max(0, covariance[i * arms.length + i]! - shared)
      const atCategory = Math.min(difference, own / (1 + own * countIn(cells, index)))
      const atRoot = difference - atCategory
      const inFlight = this.#pending.count(arm, category)
      const variance =
        atRoot / (1 + atRoot * inFlight.all) + (categoryShare * atCategory) / (1 + atCategory * inFlight.category)
      return Math.sqrt(view.scale * Math.max(1e-10, variance))
    })
  }

  #counts(indices: readonly number[], category: string, task: number): Pick<Choice, 'nEff' | 'levels'> {
    const evidence: EvidenceTable = this.#ensemble.evidence
    const count = (cells: Parameters<typeof countIn>[0]) => Float64Array.from(indices, index => countIn(cells, index))
    const all = count(evidence.totals)
    return {
      nEff: all,
      levels: [
        { level: 'all', counts: all },
        { level: 'taskType', counts: count(evidence.categories.get(category)) },
        { level: 'task', counts: count(evidence.tasks.get(task)) },
      ],
    }
  }
}

function modelsWithout(parts: readonly Part[]): readonly Context[] {
  if (parts.includes('model averaging')) return contexts.slice(2, 3)
  return parts.includes('wide models') ? contexts.slice(0, 4) : contexts
}

/** Mean covariance between different arms; two arms that were never met share all but their own prior variance. */
function sharedVariance(covariance: Float64Array, indices: readonly number[], view: View): number {
  if (indices.length < 2) return 0
  let sum = 0
  for (const [i, a] of indices.entries()) {
    for (const [j, b] of indices.entries()) {
      if (i === j) continue
      sum += covariance[i * indices.length + j]!
      if (a === phantom && b === phantom) sum -= prior.own + view.variances.categoryOwn
    }
  }
  return sum / (indices.length * (indices.length - 1))
}

/** Share of optimism levels at which each arm has the largest index; ties are shared. */
function votes(values: Float64Array, deviations: Float64Array, levels: Float64Array): Float64Array {
  const shares = new Float64Array(values.length)
  for (const level of levels) {
    let best = Number.NEGATIVE_INFINITY
    for (let i = 0; i < values.length; i++) best = Math.max(best, values[i]! + level * deviations[i]!)
    const winners: number[] = []
    for (let i = 0; i < values.length; i++) {
      if (values[i]! + level * deviations[i]! >= best - 1e-12) winners.push(i)
    }
    for (const winner of winners) shares[winner]! += 1 / (levels.length * winners.length)
  }
  return shares
}
