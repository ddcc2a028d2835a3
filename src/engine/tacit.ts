import { z } from 'zod'
import { TacitError } from '../errors.ts'
import {
  type DecideInput,
  decideSchema,
  type Fact,
  type FeedbackInput,
  feedbackSchema,
  idSchema,
  type OutcomeInput,
  outcomeSchema,
  parse,
  type RecordInput,
  type StepInput,
  stepSchema,
  type TaskInput,
} from '../records.ts'
import { logHash, sha256 } from '../store/log-hash.ts'
import type { FactDraft } from '../store/store.ts'
import { predict, recommend } from './advise.ts'
import { calibrate } from './calibration.ts'
import { decide } from './decide.ts'
import { assertTellsSomething, type Frame, feedbackDraft, outcomeDraft, stepDraft } from './drafts.ts'
import { asError, EventBus } from './events.ts'
import { explainer } from './explain.ts'
import { follow } from './follow.ts'
import { exportFacts, importFacts } from './import.ts'
import { metrics, rates, solutions } from './metrics.ts'
import { calibrationInput, paretoInput, similarInput } from './operation-inputs.ts'
import { paretoFront } from './pareto.ts'
import { conflictError, frameOf, isEnabled, type Parts } from './parts.ts'
import { policyEvaluate } from './policy-evaluate.ts'
import { prune } from './prune.ts'
import { Reading } from './reading.ts'
import { recordAll } from './record.ts'
import { ScoreCache } from './score-cache.ts'
import { withSummaries } from './solutions.ts'
import { taskHooks } from './task-hooks.ts'
import { tracesView } from './traces.ts'
import { Models } from './track/models.ts'
import { Refits } from './track/refit.ts'
import { trackView } from './track/view.ts'
import type * as types from './types.ts'
import { version } from './version.ts'
import { compatView } from './views/compat.ts'
import { learningView } from './views/learning.ts'
import { wrapTask } from './wrap.ts'
import { wrapAll } from './wrap-all.ts'

const dayMs = 86_400_000
const defaultSimilar = 10

/** The loop over one scope of one store; see the interface for what each call means. */
export class TacitEngine implements types.Tacit {
  readonly events: types.Tacit['events']
  readonly learning: types.Tacit['learning']
  readonly compat: types.Tacit['compat']
  readonly track: types.Tacit['track']
  readonly traces: types.Tacit['traces']
  readonly hooks: types.TaskHooks
  readonly #refits: Refits
  readonly explain: types.Tacit['explain']
  readonly #parts: Parts
  readonly #bus: EventBus
  readonly #reading: Reading
  readonly #scores: ScoreCache
  /** Own errors that could not be written down. */
  readonly #unsavedErrors = new Map<string, number>()
  /** Settles when the errors so far are counted. */
  #counted: Promise<unknown> = Promise.resolve()
  #isClosed = false

  constructor(opened: Omit<Parts, 'models'>) {
    const parts = { ...opened, models: new Models(opened) }
    this.#parts = parts
    this.#scores = new ScoreCache(parts.now)
    this.#bus = new EventBus(error => this.#failed('events', error))
    this.#reading = new Reading(parts, this.#bus)
    this.events = { on: (type, handler) => this.#bus.on(type, handler) }
    const assertOpen = () => this.#assertOpen()
    this.learning = learningView(parts, this, assertOpen)
    this.compat = compatView(parts, assertOpen)
    this.#refits = new Refits(parts, error => this.#failed('refit', error))
    this.track = trackView(parts, this.#refits, assertOpen)
    this.traces = tracesView(parts, assertOpen)
    this.explain = explainer(parts, assertOpen)
    this.hooks = taskHooks(this.#loop)
  }

  async decide(input: DecideInput): Promise<types.ArmChoice> {
    this.#assertOpen()
    const choice = await decide(this.#parts, parse(decideSchema, input, 'decide'))
    this.#bus.emit('decision', choice)
    return choice
  }

  async observe(decisionId: string, outcome: OutcomeInput): Promise<types.Written> {
    this.#assertOpen()
    const executionId = parse(idSchema, decisionId, 'observe: decisionId')
    const parsed = parse(outcomeSchema, outcome, 'observe')
    assertTellsSomething(parsed)
    const written = await this.#write(executionId, frame => outcomeDraft(parsed, frame))
    this.#bus.emit('outcome', { decisionId: executionId, status: written.status, success: parsed.success ?? null })
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
    const [item] = await this.#record([execution], 'record')
    if (item!.status === 'error') throw item.error
    return { id: item!.id, executionId: item!.executionId, status: item!.status }
  }

  async recordBatch(executions: readonly RecordInput[]): Promise<types.BatchItem[]> {
    const items = await this.#record(executions, 'recordBatch')
    return items.map(item =>
      item.status === 'error'
        ? { index: item.index, status: item.status, error: { code: item.error.code, message: item.error.message } }
        : item,
    )
  }

  async recommend(input: Parameters<types.Tacit['recommend']>[0]): Promise<types.Recommendation> {
    this.#assertOpen()
    return recommend(this.#parts, this.#scores, this.similar.bind(this), input)
  }

  async predict(input: TaskInput & { arms?: DecideInput['arms'] }): Promise<types.ArmPrediction[]> {
    this.#assertOpen()
    return predict(this.#parts, this.#scores, this.similar.bind(this), input)
  }

  async similar(task: string, options: Parameters<types.Tacit['similar']>[1] = {}): Promise<types.SimilarTask[]> {
    this.#assertOpen()
    const { config, embedder, guard } = this.#parts
    const request = parse(similarInput, { ...options, task }, 'similar')
    const { task: text, limit = defaultSimilar, daysBack, ...rest } = request
    const { threshold = config.embedding.similarityThreshold ?? embedder.similarityThreshold, ...filter } = rest
    const [vector] = await embedder.embed([guard.task(text)])
    const query = { embedder: embedder.id, vector: vector!, threshold, limit }
    return this.#reading.ask(async ({ store }) => {
      const found = await store.nearest(config.scope, { ...query, filter: { ...filter, ...this.#since(daysBack) } })
      return withSummaries(store, config.scope, found)
    })
  }

  async metrics(options: types.MetricsOptions = {}): Promise<types.Metrics> {
    this.#assertOpen()
    return this.#reading.ask(parts => metrics(parts, options))
  }

  async solutions(options: types.SolutionsOptions = {}): Promise<types.SolutionTable> {
    this.#assertOpen()
    return this.#reading.ask(parts => solutions(parts, options))
  }

  async rates(options: types.RatesOptions = {}): Promise<types.OperationRates> {
    this.#assertOpen()
    return this.#reading.ask(parts => rates(parts, options))
  }

  async policyEvaluate(options: types.PolicyEvaluateOptions): Promise<types.PolicyEvaluation> {
    this.#assertOpen()
    return this.#reading.ask(parts => policyEvaluate(parts, options))
  }

  async pareto(options: Parameters<types.Tacit['pareto']>[0] = {}): Promise<types.ParetoFront> {
    this.#assertOpen()
    const {
      objectives = ['success', 'durationMs', 'costUsd'],
      taskType,
      daysBack,
    } = parse(paretoInput, options, 'pareto')
    const filter = { ...(taskType === undefined ? {} : { taskType }), ...this.#since(daysBack) }
    return this.#reading.ask(({ store, config }) =>
      paretoFront(store.scan(config.scope, filter), [...new Set(objectives)], taskType ?? null),
    )
  }

  async calibration(options: types.CalibrationOptions = {}): Promise<types.Calibration> {
    this.#assertOpen()
    const input = parse(calibrationInput, options, 'calibration')
    return this.#reading.ask(parts => calibrate(parts, input))
  }

  async wrap<T>(task: (context: types.WrapContext) => Promise<T> | T, info: types.WrapInfo): Promise<T> {
    return wrapTask(this.#loop, task, info)
  }

  async wrapAll<T>(
    tasks: readonly types.WrappedTask<T>[],
    options: types.WrapAllOptions = {},
  ): Promise<PromiseSettledResult<T>[]> {
    return wrapAll(tasks, options, ({ run, info }) => this.wrap(run, info))
  }

  async status(): Promise<types.Status> {
    this.#assertOpen()
    const { store, config, embedder, synchroniser } = this.#parts
    await this.#counted
    const [stats, counters, replica] = await Promise.all([
      store.stats(config.scope),
      store.counters(config.scope),
      store.replica?.(config.scope) ?? null,
    ])
    const learner = await synchroniser.exclusive(() => synchroniser.current())
    const errors = { ...counters }
    const uncounted = [...this.#unsavedErrors, ...Object.entries(synchroniser.uncounted)]
    for (const [where, count] of uncounted) if (count > 0) errors[where] = (errors[where] ?? 0) + count
    const { id, version: policyVersion } = learner.policy
    const { firstAtUs, lastAtUs, ...counts } = stats
    return {
      version,
      db: store.location,
      scope: config.scope,
      enabled: this.#isEnabled,
      stage: config.stage,
      policy: { id, version: policyVersion },
      embedder: embedder.id,
      ...counts,
      joinRate: stats.executions === 0 ? null : stats.withOutcome / stats.executions,
      inFlight: learner.inFlight(this.#parts.now() * 1000),
      budget: learner.ledger.budget.report(this.#parts.now() / dayMs),
      arms: learner.arms.size,
      taskTypes: learner.taskTypes,
      firstAt: toIso(firstAtUs),
      lastAt: toIso(lastAtUs),
      drifts: learner.drifts.map(({ day, ...drift }) => ({ ...drift, on: toIso(day * 86_400e6)!.slice(0, 10) })),
      errors,
      ...(replica !== null && { replica }),
    }
  }

  async replay(options: Parameters<types.Tacit['replay']>[0] = {}): Promise<types.ReplayReport> {
    this.#assertOpen()
    const { store, config, synchroniser, now } = this.#parts
    const { verify = false, onProgress } = parse(replayOptions, options, 'replay')
    const startedMs = now()
    return synchroniser.exclusive(async () => {
      const live = (await synchroniser.current()).toBytes()
      const { facts: counts } = await store.stats(config.scope)
      const total = Object.values(counts).reduce((sum, count) => sum + count, 0)
      const hash = logHash()
      let facts = 0
      let executions = 0
      const replayed = await synchroniser.replay((done, fact) => {
        hash.add(fact)
        facts = done
        if (fact.kind === 'decision') executions++
        onProgress?.(done, Math.max(done, total))
      })
      const bytes = replayed.toBytes()
      if (!verify) await synchroniser.adopt(replayed)
      return {
        facts,
        executions,
        stateHash: sha256(bytes),
        logHash: hash.digest(),
        durationMs: Math.max(0, now() - startedMs),
        verified: verify ? Buffer.compare(bytes, live) === 0 : null,
      }
    })
  }

  async *exportFacts(): AsyncGenerator<Fact> {
    this.#assertOpen()
    yield* exportFacts(this.#parts)
  }

  async importFacts(facts: Iterable<unknown> | AsyncIterable<unknown>, options: types.ImportOptions = {}) {
    this.#assertOpen()
    this.#assertEnabled('import')
    return importFacts(this.#parts, facts, options)
  }

  async prune(options: types.PruneOptions = {}): Promise<types.PruneReport> {
    this.#assertOpen()
    return prune(this.#parts, options)
  }

  async *follow(options: types.FollowOptions = {}): AsyncGenerator<types.LogPage> {
    for await (const page of follow(this.#parts, options)) {
      this.#assertOpen()
      yield page
    }
  }

  async close(): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    const { synchroniser, store, isStoreShared } = this.#parts
    await this.#counted
    await synchroniser.settled()
    await synchroniser.exclusive(async () => (isStoreShared ? undefined : store.close()))
  }

  // ---- helpers -----------------------------------------------------------------------------------------------------

  /** What runs tasks without letting a failure of Tacit reach them. */
  get #loop() {
    return {
      decide: this.decide.bind(this),
      observe: this.observe.bind(this),
      step: this.step.bind(this),
      record: this.record.bind(this),
      failed: (where: string, error: unknown) => this.#failed(where, asError(error)),
      now: this.#parts.now,
    }
  }

  get #isEnabled(): boolean {
    return isEnabled(this.#parts.config)
  }

  #assertOpen(): void {
    if (this.#isClosed) throw new TacitError('CLOSED', 'This Tacit was closed. Open another one with openTacit().')
  }

  #assertEnabled(what: string): void {
    if (!this.#isEnabled) throw new TacitError('DISABLED', `${what}: Tacit is switched off. Set enabled to true.`)
  }

  #since(daysBack: number | undefined): { sinceUs?: number } {
    if (daysBack === undefined) return {}
    return { sinceUs: Math.max(0, Math.round((this.#parts.now() - daysBack * dayMs) * 1000)) }
  }

  /** Appends one fact about an execution and learns from it. */
  async #write(executionId: string, draftOf: (frame: Frame) => FactDraft): Promise<types.Written> {
    const draft = draftOf(frameOf(this.#parts, executionId))
    if (!this.#isEnabled) return { id: draft.id, executionId, status: 'disabled' }
    const { store, config, synchroniser } = this.#parts
    // Outside the lane, so that calls that come at the same moment are committed together.
    return synchroniser.beside(async () => {
      const results = await store.append(config.scope, [[draft]], [], { withHistory: true })
      const { status, history } = results[0]!
      if (status === 'conflict') throw conflictError(results[0]!)
      synchroniser.appended(results)
      await synchroniser.exclusive(() => synchroniser.learn())
      this.#refits.afterWrite()
      const awaitsDecision = !history!.some(({ kind }) => kind === 'decision')
      return { id: draft.id, executionId, status, ...(awaitsDecision && { awaitsDecision }) }
    })
  }

  async #record(executions: readonly RecordInput[], where: string) {
    this.#assertOpen()
    const results = await recordAll(this.#parts, executions, where)
    for (const result of results) if (result.status !== 'error') this.#bus.emit('record', result)
    this.#refits.afterWrite()
    return results
  }

  /** Notes a failure of Tacit itself: it is counted, shown by status(), and told to listeners of `error`. */
  #failed(where: string, error: Error): void {
    if (where !== 'events') this.#bus.emit('error', { where, error })
    const { store, config } = this.#parts
    const count = store.count(config.scope, where).catch(() => {
      this.#unsavedErrors.set(where, (this.#unsavedErrors.get(where) ?? 0) + 1)
    })
    this.#counted = Promise.all([this.#counted, count])
  }
}

const replayOptions = z.strictObject({
  verify: z.boolean().optional(),
  onProgress: z.custom<(done: number, total: number) => void>(value => typeof value === 'function').optional(),
})

const toIso = (us: number | null) => (us === null ? null : new Date(us / 1000).toISOString())
