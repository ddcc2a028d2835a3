import { summarise } from '../analyse/metrics.ts'
import type { Config } from '../config.ts'
import type { Embedder } from '../embed/embedder.ts'
import { TacitError } from '../errors.ts'
import {
  type ArmSpec,
  armSchema,
  type DecideInput,
  type Decision,
  decideSchema,
  type Fact,
  type FeedbackInput,
  feedbackSchema,
  idSchema,
  type OutcomeInput,
  outcomeSchema,
  parse,
  type RecordInput,
  recordSchema,
  type StepInput,
  stepSchema,
  type TaskInput,
  taskSchema,
} from '../records.ts'
import type { Appended, FactDraft, Store, VectorRow } from '../store/store.ts'
import { actingShare, choiceOf, draw, evidenceOf, incumbentOf, observationsOf } from './choice.ts'
import {
  distinctArms,
  envelope,
  type Frame,
  feedbackDraft,
  newId,
  outcomeDraft,
  recordDrafts,
  stepDraft,
  storedContext,
} from './drafts.ts'
import { EventBus } from './events.ts'
import { importFacts } from './import.ts'
import { type Learner, subjectOf } from './learner.ts'
import { logHash, sha256 } from './log-hash.ts'
import { rank } from './recommend.ts'
import type { Synchroniser } from './synchroniser.ts'
import type * as types from './types.ts'
import { version } from './version.ts'
import { wrapTask } from './wrap.ts'

const dayMs = 86_400_000
const batchSize = 500
const defaultSimilar = 10
const exportPage = 1000

interface Parts {
  readonly store: Store
  readonly config: Config
  readonly embedder: Embedder
  readonly synchroniser: Synchroniser
  readonly seed: string
  readonly now: () => number
}

/** The loop over one scope of one store; see the interface for what each call means. */
export class TacitEngine implements types.Tacit {
  readonly events: types.Tacit['events']
  readonly #parts: Parts
  readonly #bus: EventBus
  /** Own errors that could not be written down. */
  readonly #unsavedErrors = new Map<string, number>()
  #isClosed = false

  constructor(parts: Parts) {
    this.#parts = parts
    this.#bus = new EventBus(error => this.#failed('events', error))
    this.events = { on: (type, handler) => this.#bus.on(type, handler) }
  }

  async decide(input: DecideInput): Promise<types.ArmChoice> {
    this.#assertOpen()
    const request = parse(decideSchema, input, 'decide')
    const { config, embedder } = this.#parts
    const vector = this.#isEnabled ? (await embedder.embed([request.task]))[0]! : null
    const choice = await this.#parts.synchroniser.exclusive(async () => {
      const known = request.decisionId === undefined ? null : await this.#decision(request.decisionId)
      if (known !== null) return this.#sameChoice(known, request)
      const learner = await this.#learner()
      const arms = this.#eligible(request.arms, learner)
      const incumbent = incumbentOf(arms, request.incumbent)
      const stage = this.#isEnabled ? (request.stage ?? config.stage) : 'off'
      const id = request.decisionId ?? newId()
      const frame = this.#frame(id)
      const { atUs } = envelope(frame, request.at)
      const subject = subjectOf(request.task, request.taskType ?? null, atUs)
      const chosen = learner.policy.choose({ ...subject, arms: arms.map(arm => arm.id) })
      const drawn = draw(chosen, arms, incumbent, actingShare(stage, config), `${this.#parts.seed}:${id}`)
      const index = arms.findIndex(arm => arm.id === drawn.arm)
      const { id: policyId, version: policyVersion } = learner.policy
      const draft: FactDraft & { kind: 'decision' } = {
        kind: 'decision',
        id,
        executionId: id,
        origin: frame.origin,
        atUs,
        body: {
          task: request.task,
          taskType: request.taskType ?? null,
          context: storedContext(request.context),
          arms,
          ...drawn,
          policy: { id: policyId, version: policyVersion, seed: this.#parts.seed },
          stage,
          prediction: config.features.prediction ? learner.predict(subject, drawn.arm) : null,
          observations: observationsOf(chosen, index),
          joinDeadlineMs: request.joinDeadlineMs ?? config.learning.joinDeadlineMs,
          routingConfidence: request.routingConfidence ?? null,
          userId: request.userId ?? null,
          sessionId: request.sessionId ?? null,
          metadata: request.metadata ?? null,
        },
      }
      if (vector === null) return choiceOf({ ...draft, recordedAtUs: atUs })
      const [appended] = await this.#append([[draft]], [{ executionId: id, embedder: embedder.id, vector }])
      const stored = decisionOf(appended!, id)
      await this.#parts.synchroniser.appended(appended!.facts, request.decisionId === undefined ? [stored] : null)
      // Another process may have taken the same id a moment earlier: its choice stands.
      return appended!.status === 'duplicate' ? this.#sameChoice(stored, request) : choiceOf(stored)
    })
    this.#bus.emit('decision', choice)
    return choice
  }

  async observe(decisionId: string, outcome: OutcomeInput): Promise<types.Written> {
    this.#assertOpen()
    const executionId = parse(idSchema, decisionId, 'observe: decisionId')
    const parsed = parse(outcomeSchema, outcome, 'observe')
    const written = await this.#write(executionId, frame => outcomeDraft(parsed, frame))
    this.#bus.emit('outcome', { decisionId: executionId, status: written.status })
    return written
  }

  async step(executionId: string, step: StepInput): Promise<types.Written> {
    this.#assertOpen()
    const parsed = parse(stepSchema, step, 'step')
    const written = await this.#write(parse(idSchema, executionId, 'step: executionId'), frame =>
      stepDraft(parsed, frame),
    )
    this.#bus.emit('step', { executionId, id: written.id })
    return written
  }

  async feedback(executionId: string, feedback: FeedbackInput): Promise<types.Written> {
    this.#assertOpen()
    const parsed = parse(feedbackSchema, feedback, 'feedback')
    const id = parse(idSchema, executionId, 'feedback: executionId')
    const written = await this.#write(id, frame => feedbackDraft(parsed, frame))
    this.#bus.emit('feedback', { executionId, id: written.id })
    return written
  }

  async record(execution: RecordInput): Promise<types.Written> {
    const [item] = await this.#recordAll([execution], 'record')
    if (item!.status === 'error') throw item.error
    return { id: item!.id, executionId: item!.executionId, status: item!.status }
  }

  async recordBatch(executions: readonly RecordInput[]): Promise<types.BatchItem[]> {
    const items = await this.#recordAll(executions, 'recordBatch')
    return items.map(item =>
      item.status === 'error'
        ? { index: item.index, status: item.status, error: { code: item.error.code, message: item.error.message } }
        : item,
    )
  }

  async recommend(input: TaskInput & { arms?: DecideInput['arms']; limit?: number }): Promise<types.Recommendation> {
    this.#assertOpen()
    if (!this.#isEnabled || !this.#parts.config.features.recommendation) {
      throw new TacitError(
        'DISABLED',
        'recommend: recommendations are switched off. Set enabled and features.recommendation.',
      )
    }
    const { limit = 5, arms, ...rest } = input
    const { task, taskType, learner, subject, eligible } = await this.#ask(rest, arms, 'recommend')
    const { id, version: policyVersion } = learner.policy
    return {
      task,
      taskType,
      arms: rank(learner, eligible, subject, this.#parts.config.features.prediction).slice(0, limit),
      similar: await this.similar(task, { limit: 3 }),
      policy: { id, version: policyVersion },
    }
  }

  async predict(input: TaskInput & { arms?: DecideInput['arms'] }): Promise<types.ArmPrediction[]> {
    this.#assertOpen()
    if (!this.#isEnabled || !this.#parts.config.features.prediction) {
      throw new TacitError('DISABLED', 'predict: predictions are switched off. Set enabled and features.prediction.')
    }
    const { arms, ...rest } = input
    const { learner, subject, eligible } = await this.#ask(rest, arms, 'predict')
    const choice = learner.policy.choose({ ...subject, arms: eligible.map(arm => arm.id) })
    return eligible.map(({ id }, i) => ({
      arm: id,
      ...learner.predict(subject, id),
      evidence: evidenceOf(observationsOf(choice, i), id, subject.category),
    }))
  }

  async similar(task: string, options: Parameters<types.Tacit['similar']>[1] = {}): Promise<types.SimilarTask[]> {
    this.#assertOpen()
    const { store, config, embedder } = this.#parts
    const { limit = defaultSimilar, threshold = config.embedding.similarityThreshold, daysBack, ...filter } = options
    const [vector] = await embedder.embed([parse(taskSchema.shape.task, task, 'similar: task')])
    return store.nearest(config.scope, {
      embedder: embedder.id,
      vector: vector!,
      threshold,
      limit,
      filter: { ...filter, ...this.#since(daysBack) },
    })
  }

  async metrics(options: Parameters<types.Tacit['metrics']>[0] = {}): Promise<types.Metrics> {
    this.#assertOpen()
    const { groupBy = ['arm'], daysBack, minCount = 1 } = options
    const window = this.#since(daysBack)
    const rows = this.#parts.store.scan(this.#parts.config.scope, window)
    return { groupBy, sinceUs: window.sinceUs ?? null, untilUs: null, groups: await summarise(rows, groupBy, minCount) }
  }

  async wrap<T>(task: (context: types.WrapContext) => Promise<T> | T, info: types.WrapInfo): Promise<T> {
    const parts = {
      decide: this.decide.bind(this),
      observe: this.observe.bind(this),
      failed: this.#failed.bind(this),
      now: this.#parts.now,
    }
    return wrapTask(parts, task, info)
  }

  async status(): Promise<types.Status> {
    this.#assertOpen()
    const { store, config, embedder, synchroniser } = this.#parts
    const [stats, counters] = await Promise.all([store.stats(config.scope), store.counters(config.scope)])
    const learner = await synchroniser.exclusive(() => synchroniser.current())
    const errors = { ...counters }
    for (const [where, count] of this.#unsavedErrors) errors[where] = (errors[where] ?? 0) + count
    const { id, version: policyVersion } = learner.policy
    return {
      version,
      db: store.location,
      scope: config.scope,
      enabled: this.#isEnabled,
      stage: config.stage,
      policy: { id, version: policyVersion },
      embedder: embedder.id,
      ...stats,
      joinRate: stats.executions === 0 ? null : stats.withOutcome / stats.executions,
      inFlight: learner.inFlight(this.#parts.now() * 1000),
      arms: learner.arms.size,
      taskTypes: learner.taskTypes,
      firstAt: toIso(stats.firstAtUs),
      lastAt: toIso(stats.lastAtUs),
      errors,
    }
  }

  async replay(options: Parameters<types.Tacit['replay']>[0] = {}): Promise<types.ReplayReport> {
    this.#assertOpen()
    const { store, config, synchroniser, now } = this.#parts
    const startedMs = now()
    return synchroniser.exclusive(async () => {
      const live = (await synchroniser.current()).toBytes()
      const { facts: counts } = await store.stats(config.scope)
      const total = Object.values(counts).reduce((sum, count) => sum + count, 0)
      const hash = logHash()
      let facts = 0
      const replayed = await synchroniser.replay((done, fact) => {
        hash.add(fact)
        facts = done
        options.onProgress?.(done, Math.max(done, total))
      })
      const bytes = replayed.toBytes()
      if (options.verify !== true) await synchroniser.reset()
      return {
        facts,
        executions: counts.decision,
        stateHash: sha256(bytes),
        logHash: hash.digest(),
        durationMs: Math.max(0, now() - startedMs),
        verified: options.verify === true ? Buffer.compare(bytes, live) === 0 : null,
      }
    })
  }

  async *exportFacts(): AsyncGenerator<Fact> {
    this.#assertOpen()
    const { store, config } = this.#parts
    let after: Fact | null = null
    for (;;) {
      const page = await store.log(config.scope, after, exportPage)
      for (const { fact } of page) yield fact
      if (page.length < exportPage) return
      after = page.at(-1)!.fact
    }
  }

  async importFacts(facts: Iterable<unknown> | AsyncIterable<unknown>, options: { dryRun?: boolean } = {}) {
    this.#assertOpen()
    this.#assertEnabled('import')
    const { store, config, embedder, synchroniser } = this.#parts
    return synchroniser.exclusive(async () => {
      const counts = await importFacts({ store, scope: config.scope, embedder }, facts, options.dryRun === true)
      if (options.dryRun !== true) {
        synchroniser.noteAppended()
        await synchroniser.current()
        await synchroniser.saveIfDue()
      }
      return counts
    })
  }

  async close(): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    const { synchroniser, store } = this.#parts
    await synchroniser.exclusive(() => store.close())
  }

  // ---- helpers -----------------------------------------------------------------------------------------------------

  get #isEnabled(): boolean {
    return this.#parts.config.enabled && this.#parts.config.stage !== 'off'
  }

  #assertOpen(): void {
    if (this.#isClosed) throw new TacitError('CLOSED', 'This Tacit was closed. Open another one with openTacit().')
  }

  #assertEnabled(what: string): void {
    if (!this.#isEnabled) throw new TacitError('DISABLED', `${what}: Tacit is switched off. Set enabled to true.`)
  }

  #frame(executionId: string): Frame {
    return { executionId, origin: this.#parts.store.origin, nowMs: this.#parts.now() }
  }

  #since(daysBack: number | undefined): { sinceUs?: number } {
    if (daysBack === undefined) return {}
    if (!(daysBack > 0))
      throw new TacitError('INVALID_INPUT', `daysBack: ${daysBack} is not a positive number of days.`)
    return { sinceUs: Math.max(0, Math.round((this.#parts.now() - daysBack * dayMs) * 1000)) }
  }

  /** The learner as of now. To be called inside `exclusive`. */
  async #learner(): Promise<Learner> {
    const nowMs = this.#parts.now()
    return (await this.#parts.synchroniser.current()).asOf(nowMs / dayMs, nowMs * 1000)
  }

  #eligible(arms: readonly ArmSpec[] | undefined, learner: Learner): ArmSpec[] {
    const eligible = arms === undefined ? [...learner.arms.values()] : distinctArms(arms)
    if (eligible.length > 0) return eligible
    throw new TacitError(
      'NO_ARMS',
      'There is no arm to choose from. Give arms: ["a", "b"], or record executions first.',
    )
  }

  async #ask(input: TaskInput, arms: DecideInput['arms'], where: string) {
    const { task, taskType = null } = parse(taskSchema, input, where)
    const given = arms && parse(armSchema.array(), arms, `${where}: arms`)
    const { synchroniser, now } = this.#parts
    const learner = await synchroniser.exclusive(() => this.#learner())
    const subject = subjectOf(task, taskType, now() * 1000)
    return { task, taskType, learner, subject, eligible: this.#eligible(given, learner) }
  }

  async #decision(id: string): Promise<Decision | null> {
    const found = await this.#parts.store.facts(this.#parts.config.scope, [id])
    const fact = found.get(id)?.find(({ fact }) => fact.kind === 'decision')?.fact
    return (fact as Decision | undefined) ?? null
  }

  /** The choice on record under an id, if it was made for the same task. */
  #sameChoice(
    decision: Decision,
    { task, taskType }: { task: string; taskType?: string | undefined },
  ): types.ArmChoice {
    if (decision.body.task === task && decision.body.taskType === (taskType ?? null)) return choiceOf(decision)
    throw new TacitError(
      'ID_CONFLICT',
      `decide: the id ${decision.id} belongs to a decision about another task. Use another decisionId.`,
    )
  }

  /** Appends one fact about an execution and learns from it. */
  async #write(executionId: string, draftOf: (frame: Frame) => FactDraft): Promise<types.Written> {
    const draft = draftOf(this.#frame(executionId))
    if (!this.#isEnabled) return { id: draft.id, executionId, status: 'disabled' }
    return this.#parts.synchroniser.exclusive(async () => {
      const [appended] = await this.#append([[draft]])
      assertNoConflict(appended!)
      if (appended!.status === 'stored') await this.#parts.synchroniser.appended(appended!.facts, null)
      return { id: draft.id, executionId, status: appended!.status === 'stored' ? 'stored' : 'duplicate' }
    })
  }

  async #append(groups: FactDraft[][], vectors: VectorRow[] = []): Promise<Appended[]> {
    const results = await this.#parts.store.append(this.#parts.config.scope, groups, vectors)
    return results
  }

  async #recordAll(executions: readonly RecordInput[], where: string) {
    this.#assertOpen()
    const results: (({ index: number } & types.Written) | { index: number; status: 'error'; error: TacitError })[] = []
    for (let start = 0; start < executions.length; start += batchSize) {
      const groups: { index: number; drafts: FactDraft[] }[] = []
      for (const [i, execution] of executions.slice(start, start + batchSize).entries()) {
        const index = start + i
        try {
          const record = parse(recordSchema, execution, where === 'record' ? where : `${where}[${index}]`)
          groups.push({ index, drafts: recordDrafts(record, this.#frame(record.executionId ?? newId())) })
        } catch (error) {
          if (!(error instanceof TacitError)) throw error
          results.push({ index, status: 'error', error })
        }
      }
      for (const { index, drafts, appended } of await this.#appendRecords(groups)) {
        const { id, executionId } = drafts[0]!
        if (appended === null) results.push({ index, id, executionId, status: 'disabled' })
        else if (appended.status === 'conflict') results.push({ index, status: 'error', error: conflict(appended) })
        else results.push({ index, id, executionId, status: appended.status })
      }
    }
    for (const result of results) if (result.status !== 'error') this.#bus.emit('record', result)
    return results.sort((a, b) => a.index - b.index)
  }

  async #appendRecords(groups: { index: number; drafts: FactDraft[] }[]) {
    if (!this.#isEnabled || groups.length === 0) return groups.map(group => ({ ...group, appended: null }))
    const { embedder, synchroniser } = this.#parts
    const decisions = groups.map(({ drafts }) => drafts[0] as FactDraft & { kind: 'decision' })
    const vectors = await embedder.embed(decisions.map(({ body }) => body.task))
    const rows = decisions.map(({ id }, i) => ({ executionId: id, embedder: embedder.id, vector: vectors[i]! }))
    return synchroniser.exclusive(async () => {
      const appended = await this.#append(
        groups.map(({ drafts }) => drafts),
        rows,
      )
      await synchroniser.appended(
        appended.flatMap(({ status, facts }) => (status === 'stored' ? facts : [])),
        null,
      )
      return groups.map((group, i) => ({ ...group, appended: appended[i]! }))
    })
  }

  /** Notes a failure of Tacit itself: it is counted, shown by status(), and told to listeners of `error`. */
  #failed(where: string, error: Error): void {
    if (where !== 'events') this.#bus.emit('error', { where, error })
    const { store, config } = this.#parts
    store.count(config.scope, where).catch(() => {
      this.#unsavedErrors.set(where, (this.#unsavedErrors.get(where) ?? 0) + 1)
    })
  }
}

function decisionOf(appended: Appended, id: string): Decision {
  assertNoConflict(appended)
  return appended.facts.find(({ fact }) => fact.id === id)!.fact as Decision
}

function assertNoConflict(appended: Appended): void {
  if (appended.status === 'conflict') throw conflict(appended)
}

const conflict = ({ conflictId }: Appended) =>
  new TacitError(
    'ID_CONFLICT',
    `The id ${conflictId} is already taken by another fact. Use another id; nothing was written.`,
  )

const toIso = (us: number | null) => (us === null ? null : new Date(us / 1000).toISOString())
