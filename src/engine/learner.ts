import type { Config } from '../config.ts'
import { textFeatures } from '../embed/features.ts'
import type { Drift } from '../learn/detector/drift-monitor.ts'
import { FacetStatistics } from '../learn/facets.ts'
import type { LevelShares } from '../learn/level-shares.ts'
import { createPolicy, policyFromState } from '../learn/policy/policies.ts'
import type { Policy } from '../learn/policy/policy.ts'
import { AmountPredictor } from '../learn/predictor/amount.ts'
import type { Predictor, Query, SparseFeatures } from '../learn/predictor/predictor.ts'
import { type SuccessEffects, SuccessPredictor } from '../learn/predictor/success.ts'
import { Vocabulary } from '../learn/predictor/vocabulary.ts'
import type { State, StateRecord } from '../learn/state.ts'
import { TaskLinks } from '../learn/task-links.ts'
import { hash53 } from '../math/hash.ts'
import {
  type ArmSpec,
  comparePositions,
  type Decision,
  type Fact,
  type FactOf,
  type Outcome,
  type Prediction,
} from '../records.ts'
import type { Resource } from './budget.ts'
import { decodeState, encodeState } from './codec.ts'
import { InFlight } from './in-flight.ts'
import { Ledger } from './ledger.ts'
import { successOf, tokensOf, utilityOf } from './utility.ts'

/** Raised whenever the same log would give another state; older snapshots are then ignored. */
const learnerVersion = 4
const dayUs = 86_400e6
/** Share of the evidence about an arm that is kept when its results have changed. */
const keptAfterDrift = 0.1

/** The amounts that are predicted: the smallest one worth telling from zero, and the first guess. */
const amounts = {
  durationMs: { unit: 1, typical: 1000 },
  costUsd: { unit: 1e-6, typical: 0.01 },
  tokens: { unit: 1, typical: 1000 },
  cpuTimeMs: { unit: 1, typical: 1000 },
  peakMemoryMb: { unit: 0.1, typical: 100 },
} as const
type AmountName = keyof typeof amounts
const amountNames = Object.keys(amounts) as AmountName[]

/** A task as the learners see it. */
export interface Subject extends Omit<Query, 'arm' | 'words'> {
  readonly features: SparseFeatures
}

/**
 * Everything learned in one scope: a pure fold over the facts. The same facts in the same order give the same bytes,
 * in whichever process and however often it was interrupted.
 */
export class Learner {
  readonly policy: Policy
  /** Every arm that was ever eligible, with the facets it last had. */
  readonly arms: Map<string, ArmSpec>
  /** What arms with facets achieved, for newcomers that share them. */
  readonly facets: FacetStatistics
  /** What past decisions have used up. */
  readonly ledger: Ledger
  readonly #config: Config
  readonly #predictors: Readonly<Record<AmountName, Predictor>> & { readonly pSuccess: SuccessPredictor }
  readonly #vocabulary: Vocabulary
  readonly #within: { readonly learner: Learner; readonly name: string } | null
  readonly #inFlight: InFlight
  readonly #links: TaskLinks
  #day: number
  #taskTypes: Set<string>

  /** With `within`, `bytes` hold a model that speaks in the place of a live learner; what is no belief stays the live one's. */
  constructor(config: Config, bytes?: Uint8Array, within?: { readonly learner: Learner; readonly name: string }) {
    this.#config = config
    this.#within = within ?? null
    const state = bytes && (decodeState(bytes) as StateRecord)
    const { policy, minProbability, halfLifeDays, optimism } = config.learning
    const options = { minProbability, halfLifeDays, optimism }
    const predictors = (state?.predictors ?? {}) as StateRecord
    const amount = (id: AmountName) => new AmountPredictor(id, { ...amounts[id], halfLifeDays }, predictors[id])
    this.policy = state ? policyFromState(policy, options, state.policy!) : createPolicy(policy, options)
    this.#predictors = {
      pSuccess: new SuccessPredictor({ halfLifeDays }, predictors.pSuccess),
      durationMs: amount('durationMs'),
      costUsd: amount('costUsd'),
      tokens: amount('tokens'),
      cpuTimeMs: amount('cpuTimeMs'),
      peakMemoryMb: amount('peakMemoryMb'),
    }
    this.#vocabulary = new Vocabulary(state?.vocabulary as StateRecord | undefined)
    this.facets = new FacetStatistics(halfLifeDays, state?.facets as StateRecord | undefined)
    this.ledger = new Ledger(config, state?.ledger as StateRecord | undefined)
    this.#inFlight = new InFlight(state?.inFlight as StateRecord | undefined)
    this.#links = new TaskLinks(state?.links as StateRecord | undefined)
    this.arms = new Map((state?.arms as unknown as ArmSpec[] | undefined)?.map(arm => [arm.id, arm]))
    this.#taskTypes = new Set(state?.taskTypes as string[] | undefined)
    this.#day = state ? (state.day as number) : 0
    // Empty statistics are not kept, but their day goes on with everything else.
    this.facets.advance(this.#day)
    if (within === undefined) return
    for (const { arm, taskType } of this.#inFlight.expire(Number.MAX_SAFE_INTEGER)) this.policy.end(arm, taskType)
    this.#inFlight = within.learner.#inFlight
    this.#links = within.learner.#links
    this.#taskTypes = within.learner.#taskTypes
    this.arms = within.learner.arms
    this.ledger = within.learner.ledger
  }

  /** Names the state: what was learned under other settings is another thing. */
  static nameFor(config: Config): string {
    const { policy, halfLifeDays } = config.learning
    const ledger = Ledger.settings(config)
    const settings = JSON.stringify([policy, halfLifeDays, config.utility, ...(ledger === null ? [] : [ledger])])
    return `learner-${learnerVersion}-${hash53(settings).toString(36)}`
  }

  /** Changes in what arms achieve that were noticed, oldest first. */
  get drifts(): readonly Drift[] {
    return this.policy.drifts
  }

  get taskTypes(): number {
    return this.#taskTypes.size
  }

  /** In the order of their names. */
  get taskTypeNames(): string[] {
    return [...this.#taskTypes].sort()
  }

  inFlight(nowUs: number): number {
    return this.#inFlight.count(nowUs)
  }

  /**
   * Takes in one fact. `execution` holds all facts of its execution up to and including it, in canonical order.
   */
  fold(fact: Fact, execution: readonly Fact[]): void {
    for (const expired of this.#inFlight.expire(fact.recordedAtUs)) this.policy.end(expired.arm, expired.taskType)
    const decision = execution.find(isDecision)
    if (decision === undefined) return
    const earlier = execution.filter(other => comparePositions(other, fact) < 0)
    if (fact.kind === 'decision') this.#decided(fact)
    this.#revise(
      decision,
      fact.kind === 'decision' ? null : experienceOf(earlier, this.#config.utility),
      experienceOf([...earlier, fact], this.#config.utility),
    )
    if (execution.some(isOutcome)) this.#release(decision.id)
  }

  /** The task as the learners see it; nearly the same text as one met before is the same task. Changes nothing. */
  subjectOf(task: string, taskType: string | null, atUs: number): Subject {
    return {
      category: taskType,
      task: this.#links.find(identityOf(task, taskType), taskType, task),
      day: atUs / dayUs,
      features: featuresOf(task),
    }
  }

  /** The forecast of one resource alone; null while nothing is known. Changes nothing. */
  expected(subject: Subject, arm: string, resource: Resource): number | null {
    const { value, nEff } = this.#predictors[resource].predict(this.#query(subject, arm))
    return nEff === 0 ? null : value
  }

  /** What is expected of `arm` on the task. Changes nothing. */
  predict(subject: Subject, arm: string): Prediction {
    const { pSuccess, durationMs, costUsd, ...others } = this.#predictors
    const query = this.#query(subject, arm)
    const resources = Object.entries(others)
      .map(([name, predictor]) => [name, predictor.predict(query)] as const)
      .filter(([, { value }]) => value !== null)
    return {
      pSuccess: pSuccess.predict(query),
      durationMs: durationMs.predict(query),
      costUsd: costUsd.predict(query),
      ...(resources.length > 0 && { resources: Object.fromEntries(resources) }),
      model: this.#within === null ? `hierarchy-${learnerVersion}` : `hierarchy-${learnerVersion}@${this.#within.name}`,
    }
  }

  /** What each feature of the task's text adds to the logit of success, by its place in the vocabulary. Changes nothing. */
  effects(subject: Subject, arm: string): Omit<SuccessEffects, 'features'> & { features: Map<number, number> } {
    const query = this.#query(subject, arm)
    const { features, ...rest } = this.#predictors.pSuccess.effects(query)
    return { ...rest, features: new Map([...features].map((effect, i) => [query.words.indices[i]!, effect])) }
  }

  /** What each level says about the forecast of success; null while nothing is known. Changes nothing. */
  shares(subject: Subject, arm: string): LevelShares | null {
    return this.#predictors.pSuccess.shares(this.#query(subject, arm))
  }

  /** This learner as it stands on `day`: itself, or a copy whose evidence has aged till then. Changes nothing. */
  asOf(day: number, nowUs: number): Learner {
    if (Math.floor(day) <= this.#day) return this
    if (this.#within !== null) {
      const aged = new Learner(this.#config, this.toBytes(), this.#within)
      aged.#advance(day)
      return aged
    }
    const aged = new Learner(this.#config, this.toBytes())
    aged.#advance(day)
    for (const expired of aged.#inFlight.expire(nowUs)) aged.policy.end(expired.arm, expired.taskType)
    return aged
  }

  toBytes(): Uint8Array {
    return encodeState({
      policy: this.policy.toState(),
      predictors: Object.fromEntries(Object.entries(this.#predictors).map(([name, model]) => [name, model.toState()])),
      vocabulary: this.#vocabulary.toState(),
      ...(this.facets.isEmpty ? {} : { facets: this.facets.toState() }),
      ...(Ledger.settings(this.#config) === null ? {} : { ledger: this.ledger.toState() }),
      inFlight: this.#inFlight.toState(),
      links: this.#links.toState(),
      arms: [...this.arms.values()] as unknown as State,
      taskTypes: [...this.#taskTypes],
      day: this.#day,
    })
  }

  #decided(decision: Decision): void {
    const { body } = decision
    for (const arm of body.arms) if (arm.facets !== undefined || !this.arms.has(arm.id)) this.arms.set(arm.id, arm)
    if (body.taskType !== null) this.#taskTypes.add(body.taskType)
    this.#links.meet(identityOf(body.task, body.taskType), body.taskType, body.task)
    const subject = this.subjectOf(body.task, body.taskType, decision.atUs)
    this.#advance(subject.day)
    this.#vocabulary.meet(subject.features)
    this.ledger.decided(decision, subject.task)
    if (body.joinDeadlineMs === null) return
    this.#inFlight.add(decision.id, {
      arm: body.arm,
      taskType: body.taskType,
      untilUs: Math.min(Number.MAX_SAFE_INTEGER, decision.recordedAtUs + body.joinDeadlineMs * 1000),
    })
    this.policy.begin(body.arm, body.taskType)
  }

  #release(decisionId: string): void {
    const entry = this.#inFlight.remove(decisionId)
    if (entry !== undefined) this.policy.end(entry.arm, entry.taskType)
  }

  /**
   * Replaces what an execution taught before (null: nothing) by what it teaches now. What has not changed is left alone:
   * taught again, it would count twice wherever learning cannot be taken back.
   */
  #revise(decision: Decision, before: Experience | null, after: Experience | null): void {
    if (after === null) return
    if (after.arm !== null && !this.arms.has(after.arm.id)) this.arms.set(after.arm.id, after.arm)
    const subject = this.subjectOf(decision.body.task, decision.body.taskType, decision.atUs)
    const queryOf = ({ arm }: Experience) => this.#query(subject, arm?.id ?? decision.body.arm)
    const former = before && queryOf(before)
    const query = queryOf(after)
    const replace = (model: Teachable, earlier: number | null, value: number | null) => {
      if (former?.arm === query.arm && earlier === value) return
      if (former !== null && earlier !== null) model.retract(former, earlier)
      if (value !== null) model.learn(query, value)
    }
    const policy: Teachable = {
      learn: (of, reward) => {
        for (const drift of this.policy.learn({ ...of, reward })) this.#follow(drift)
        this.#relate(of, reward, 1)
      },
      retract: (of, reward) => {
        this.policy.retract({ ...of, reward })
        this.#relate(of, reward, -1)
      },
    }
    replace(policy, before?.utility ?? null, after.utility)
    for (const name of ['pSuccess', ...amountNames] as const)
      replace(this.#predictors[name], before?.values[name] ?? null, after.values[name])
    this.ledger.settled(decision, subject.task, before?.values ?? null, after.values)
  }

  #relate({ arm, category, day }: Query, reward: number, by: 1 | -1): void {
    const facets = this.arms.get(arm)?.facets
    if (facets !== undefined) this.facets.add({ arm, facets }, category, day, reward, by)
  }

  /** What an arm achieved before it changed says little about it now. */
  #follow({ arm, taskType }: Drift): void {
    this.#predictors.pSuccess.discount(arm, taskType, keptAfterDrift)
  }

  #query({ features, ...subject }: Subject, arm: string): Query {
    return { ...subject, arm, words: this.#vocabulary.vector(features) }
  }

  #advance(day: number): void {
    if (Math.floor(day) <= this.#day) return
    this.#day = Math.floor(day)
    this.policy.advance(day)
    this.facets.advance(day)
    for (const predictor of Object.values(this.#predictors)) predictor.advance(day)
  }
}

/** Identity of a task by its type and its words, to the letter; what a text that was never met, not even nearly, goes by. */
export const identityOf = (task: string, taskType: string | null) => hash53(`${taskType ?? ''}\u0000${task}`)

/** Features of the last few texts: a task is met at its decision and again at its outcome. */
const recent = new Map<string, SparseFeatures>()
const maxRecent = 256
const maxRecentLength = 4096

function featuresOf(text: string): SparseFeatures {
  const known = recent.get(text)
  if (known !== undefined) return known
  const features = textFeatures(text)
  if (text.length > maxRecentLength) return features
  recent.set(text, features)
  if (recent.size > maxRecent) recent.delete(recent.keys().next().value!)
  return features
}

/** What an execution teaches once its outcome is known. */
interface Experience {
  /** The arm really used, where the outcome names one. */
  readonly arm: ArmSpec | null
  readonly utility: number | null
  readonly values: Readonly<Record<'pSuccess' | AmountName, number | null>>
}

type Teachable = Pick<Predictor, 'learn' | 'retract'>

function experienceOf(execution: readonly Fact[], weights: Config['utility']): Experience | null {
  const outcome = execution.findLast(isOutcome)
  if (outcome === undefined) return null
  const { body } = outcome
  return {
    arm: body.arm,
    utility: utilityOf(body, execution.filter(isFeedback), weights),
    values: {
      pSuccess: successOf(body),
      durationMs: body.durationMs,
      costUsd: body.costMicroUsd === null ? null : body.costMicroUsd / 1e6,
      tokens: tokensOf(body),
      cpuTimeMs: body.resources?.cpuTimeMs ?? null,
      peakMemoryMb: body.resources?.peakMemoryMb ?? null,
    },
  }
}

const isDecision = (fact: Fact): fact is Decision => fact.kind === 'decision'
const isOutcome = (fact: Fact): fact is Outcome => fact.kind === 'outcome'
const isFeedback = (fact: Fact): fact is FactOf<'feedback'> => fact.kind === 'feedback'
