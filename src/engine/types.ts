import type { GroupMetrics } from '../analyse/metrics.ts'
import type { OperationRates } from '../analyse/rates.ts'
import type { SolutionTable } from '../analyse/solutions.ts'
import type { ConfigInput } from '../config.ts'
import type { LevelShares } from '../learn/level-shares.ts'
import type {
  DecideInput,
  Estimate,
  Fact,
  FeedbackInput,
  Limits,
  OutcomeInput,
  Prediction,
  RecordInput,
  Stage,
  StepInput,
  TaskInput,
} from '../records.ts'
import type { ExecutionRow, ReplicaState } from '../store/store.ts'
import type { BudgetStatus } from './budget.ts'
import type { Calibration, CalibrationOptions, ModelCalibration } from './calibration.ts'
import type { FollowOptions, LogEvent, LogPage } from './follow.ts'
import type { ImportOptions, ImportReport } from './import.ts'
import type { Metrics, MetricsOptions, RatesOptions, SolutionsOptions } from './metrics.ts'
import type { Objective, ParetoFront } from './pareto.ts'
import type { PolicyEvaluateOptions, PolicyEvaluation } from './policy-evaluate.ts'
import type { Redact } from './privacy.ts'
import type { PruneOptions, PruneReport } from './prune.ts'
import type { PreparedTask, TaskHooks } from './task-hooks.ts'
import type { TracesView } from './traces.ts'
import type { TrackView } from './track/view.ts'
import type { CompatView } from './views/compat.ts'
import type { LearningView } from './views/types.ts'

export type {
  BudgetStatus,
  Calibration,
  CalibrationOptions,
  FollowOptions,
  GroupMetrics,
  ImportOptions,
  ImportReport,
  LevelShares,
  Limits,
  LogEvent,
  LogPage,
  Metrics,
  MetricsOptions,
  ModelCalibration,
  Objective,
  OperationRates,
  ParetoFront,
  PolicyEvaluateOptions,
  PolicyEvaluation,
  PreparedTask,
  PruneOptions,
  PruneReport,
  RatesOptions,
  Redact,
  SolutionsOptions,
  SolutionTable,
  TaskHooks,
}

/** Options of `openTacit`: any configuration option, and these. */
export interface OpenOptions extends ConfigInput {
  /** Also read a configuration file (JSON). */
  readonly configFile?: string
  /** The clock, for tests and simulations: milliseconds since 1970. */
  readonly now?: () => number
  /** A redaction of your own: each text as it may be kept, before anything is learned or written. See docs/data.md. */
  readonly redact?: Redact
}

/** A choice, with everything that is on record about it. */
export interface ArmChoice {
  readonly decisionId: string
  readonly arm: string
  /** Exact probability with which `arm` was chosen. */
  readonly propensity: number
  /** Probability of every eligible arm; sums to 1. */
  readonly distribution: Readonly<Record<string, number>>
  /** What is expected of the chosen arm; null while prediction is switched off. */
  readonly prediction: Prediction | null
  readonly evidence: Evidence
  readonly policy: { readonly id: string; readonly version: number; readonly seed: string }
  readonly stage: Stage
  /** True if the arm is not the one with the best estimate. */
  readonly explored: boolean
  /** What shaped the choice beside the policy (constraints, budgets …); absent where nothing did. */
  readonly limits?: Limits
}

/** What an estimate rests on. */
export interface Evidence {
  /** Observations of the arm: anywhere, on this task type, on this very task (with decay, so fractions occur). */
  readonly observations: { readonly all: number; readonly taskType: number; readonly task: number }
  /** In one sentence. */
  readonly summary: string
}

/** The evidence of an estimate, with how much each level said. */
export interface WeighedEvidence extends Evidence {
  /** Shares of the estimate by level, sum 1; null while it rests on nothing observed. What relatives of an arm add is left out. */
  readonly shares: LevelShares | null
}

export interface PredictionEvidence extends WeighedEvidence {
  /** The nearest past tasks (of this type, if one was named) that this arm took; at most 3 over all arms. */
  readonly similar: readonly SimilarTask[]
}

export interface RankedArm {
  readonly arm: string
  readonly rank: number
  /** Estimated utility of the arm on this task with its 90 % interval. */
  readonly utility: Estimate
  readonly prediction: Prediction | null
  /** Probability with which `decide` would take it now. */
  readonly probability: number
  readonly evidence: WeighedEvidence
}

export interface SimilarTask {
  readonly similarity: number
  readonly execution: ExecutionRow
  /** How it was solved, if that was recorded: a candidate to be used again. */
  readonly solutionSummary: string | null
}

export interface WithheldArm {
  readonly arm: string
  /** Observations there are, and how many are needed. */
  readonly nEff: number
  readonly needed: number
}

export interface Recommendation {
  readonly task: string
  readonly taskType: string | null
  readonly arms: readonly RankedArm[]
  /** Arms that rank lower and were left out by `limit`. */
  readonly armsLeftOut: number
  /** Arms that are not ranked, since less is known of them than `learning.minObservations.recommend` asks for. */
  readonly withheld: readonly WithheldArm[]
  readonly similar: readonly SimilarTask[]
  readonly policy: { readonly id: string; readonly version: number }
}

/** Why an arm was taken: what was on record about it when it was chosen, and what has come of it since. */
export interface Explanation {
  readonly decisionId: string
  readonly task: string
  readonly taskType: string | null
  /** When it was decided: ISO 8601, UTC. */
  readonly at: string
  readonly arm: string
  /** The eligible arms with the probability that each had, most probable first; null for recorded history. */
  readonly arms: readonly { readonly arm: string; readonly probability: number | null }[]
  readonly propensity: number | null
  readonly policy: ArmChoice['policy'] | null
  readonly stage: Stage | null
  readonly explored: boolean | null
  /** What was expected of the arm. */
  readonly prediction: Prediction | null
  /** What that rested on; null for recorded history. */
  readonly evidence: Evidence | null
  readonly limits: Limits | null
  readonly outcome: ExplainedOutcome | null
  readonly steps: number
  readonly feedback: number
  /** The same in a few sentences. */
  readonly reasons: readonly string[]
}

/** What came of the work, as far as it is known. */
export interface ExplainedOutcome {
  readonly success: boolean | null
  readonly quality: number | null
  readonly durationMs: number | null
  readonly costUsd: number | null
  readonly errorType: string | null
}

export interface ArmPrediction extends Prediction {
  readonly arm: string
  /** The shares are those of the forecast of success. */
  readonly evidence: PredictionEvidence
}

export interface Status {
  readonly version: string
  readonly db: string
  readonly scope: string
  readonly enabled: boolean
  readonly stage: Stage
  readonly policy: { readonly id: string; readonly version: number }
  readonly embedder: string
  readonly executions: number
  readonly facts: Readonly<Record<Fact['kind'], number>>
  readonly withOutcome: number
  /** Share of decisions that have an outcome; null without decisions. */
  readonly joinRate: number | null
  /** Decisions whose outcome is still awaited. */
  readonly inFlight: number
  readonly parkedOutcomes: number
  /** How each ceiling of the budget is kept; empty without one. */
  readonly budget: readonly BudgetStatus[]
  readonly arms: number
  readonly taskTypes: number
  readonly firstAt: string | null
  readonly lastAt: string | null
  readonly sizeBytes: number
  /** Changes in what arms achieve that were noticed, oldest first: on one task type, or everywhere (null). */
  readonly drifts: readonly {
    readonly arm: string
    readonly taskType: string | null
    readonly direction: 'up' | 'down'
    /** The day (UTC) of the outcome that gave it away. */
    readonly on: string
  }[]
  /** Errors of Tacit itself, by kind. All zero is healthy. */
  readonly errors: Readonly<Record<string, number>>
  /** The standby that answers analytics and similarity; absent where there is none. */
  readonly replica?: ReplicaState
}

export interface Written {
  readonly id: string
  readonly executionId: string
  /** duplicate: it was on record already, nothing changed. disabled: Tacit is switched off, nothing was written. */
  readonly status: 'stored' | 'duplicate' | 'disabled'
  /** True while no decision of this id is on record: it may still come, or the id is mistyped. */
  readonly awaitsDecision?: boolean
}

export type BatchItem =
  | ({ readonly index: number } & Written)
  | {
      readonly index: number
      readonly status: 'error'
      readonly error: { readonly code: string; readonly message: string }
    }

export interface ReplayReport {
  readonly facts: number
  readonly executions: number
  /** SHA-256 of the learned state, hexadecimal. */
  readonly stateHash: string
  /** SHA-256 of the log in canonical order, hexadecimal. */
  readonly logHash: string
  readonly durationMs: number
  /** With `verify`: whether live state and replayed state are the same bytes. */
  readonly verified: boolean | null
}

export interface TacitEvents {
  decision: Pick<ArmChoice, 'decisionId' | 'arm' | 'propensity' | 'stage' | 'explored'>
  outcome: { readonly decisionId: string; readonly status: Written['status']; readonly success: boolean | null }
  record: { readonly executionId: string; readonly status: Written['status'] }
  step: { readonly executionId: string; readonly id: string }
  feedback: { readonly executionId: string; readonly id: string }
  /** Tacit's own failures, where they must not reach the task. */
  error: { readonly where: string; readonly error: Error }
}

export interface WrapInfo extends Omit<DecideInput, 'decisionId'> {
  readonly signal?: AbortSignal
  /** The task fails with a timeout error after this many milliseconds. */
  readonly timeoutMs?: number
}

export interface WrapContext {
  readonly arm: string
  /** Null if learning failed or is off; the task runs all the same. */
  readonly decisionId: string | null
  readonly signal: AbortSignal
  /** Adds to the outcome that `wrap` records: quality, cost … */
  readonly report: (outcome: Omit<OutcomeInput, 'outcomeId'>) => void
}

export interface WrappedTask<T> {
  readonly run: (context: WrapContext) => Promise<T> | T
  readonly info: WrapInfo
}

export interface WrapAllOptions {
  /** Tasks that run at the same time, at least 1 (default 4). */
  readonly concurrency?: number
  readonly signal?: AbortSignal
}

/** An open Tacit: the loop decide → run → observe → learn over one database. */
export interface Tacit {
  decide(input: DecideInput): Promise<ArmChoice>
  observe(decisionId: string, outcome: OutcomeInput): Promise<Written>
  record(execution: RecordInput): Promise<Written>
  /** Any number of executions; every item gets its own result and a bad one does not stop the others. */
  recordBatch(executions: readonly RecordInput[]): Promise<BatchItem[]>
  step(executionId: string, step: StepInput): Promise<Written>
  feedback(executionId: string, feedback: FeedbackInput): Promise<Written>
  /** Arms ranked for a task, with `similar` past tasks (default 3; 0 saves the search). Writes nothing. */
  recommend(task: TaskInput & { arms?: DecideInput['arms']; limit?: number; similar?: number }): Promise<Recommendation>
  /** What to expect of each arm on a task. Writes nothing. */
  predict(task: TaskInput & { arms?: DecideInput['arms'] }): Promise<ArmPrediction[]>
  similar(
    task: string,
    options?: {
      limit?: number
      threshold?: number
      daysBack?: number
      taskType?: string
      arm?: string
      repository?: string
    },
  ): Promise<SimilarTask[]>
  /** Executions summed up by group, as of now; see docs/metrics.md. Writes nothing. */
  metrics(options?: MetricsOptions): Promise<Metrics>
  /** The solutions that outcomes named, by how often they were used. Writes nothing. */
  solutions(options?: SolutionsOptions): Promise<SolutionTable>
  /** How much was recorded in the last seconds. Writes nothing. */
  rates(options?: RatesOptions): Promise<OperationRates>
  /** Which arms no other arm beats in all objectives (success, durationMs and costUsd by default). Writes nothing. */
  pareto(options?: { objectives?: readonly Objective[]; taskType?: string; daysBack?: number }): Promise<ParetoFront>
  /**
   * What another policy would have earned on the decisions on record, judged by the probabilities with which they were made;
   * refused, with the reason, where the log says too little. Writes nothing. See docs/off-policy.md.
   */
  policyEvaluate(options: PolicyEvaluateOptions): Promise<PolicyEvaluation>
  /** Why an arm was taken, from what the log holds. NOT_FOUND without a decision of that id. Writes nothing. */
  explain(decisionId: string): Promise<Explanation>
  /** decide, run `task` with the chosen arm, observe. A failure of learning never reaches the task; it is counted. */
  wrap<T>(task: (context: WrapContext) => Promise<T> | T, info: WrapInfo): Promise<T>
  /**
   * `wrap` for many tasks, at most `concurrency` (default 4) at a time, begun in their order. Every task gets its own result,
   * in the same order; one that fails does not stop the others. Once `signal` aborts, no further task is begun.
   */
  wrapAll<T>(tasks: readonly WrappedTask<T>[], options?: WrapAllOptions): Promise<PromiseSettledResult<T>[]>
  /** The same in separate calls, for those who run their tasks themselves. */
  readonly hooks: TaskHooks
  /** How well the forecasts stored with decisions kept their word, per model version. Writes nothing. */
  calibration(options?: CalibrationOptions): Promise<Calibration>
  status(): Promise<Status>
  /** The same learner under the names of Q-learning. */
  readonly learning: LearningView
  /** Versions of what was learned, baselines, regret, and what forecasts rest on. */
  readonly track: TrackView
  /** Spans of OpenTelemetry as executions; see docs/otel.md. */
  readonly traces: TracesView
  /** Scores that earlier systems computed; nothing is chosen by them. */
  readonly compat: CompatView
  /** Rebuilds learned state from the log; with `verify` compares it with the live state, byte by byte. */
  replay(options?: { verify?: boolean; onProgress?: (done: number, total: number) => void }): Promise<ReplayReport>
  /** Every fact of the scope in canonical order. */
  exportFacts(): AsyncIterable<Fact>
  /** Takes in facts exported elsewhere, ids and times kept. Learned state follows by replay. */
  importFacts(facts: Iterable<unknown> | AsyncIterable<unknown>, options?: ImportOptions): Promise<ImportReport>
  /** Removes what is old; what was learned from it stays, as a checkpoint. See docs/data.md. */
  prune(options?: PruneOptions): Promise<PruneReport>
  /**
   * Everything that is added to the log from now on (or after a place in it), by this process or another, in the order of
   * arrival; empty pages while nothing comes. Ends with `signal`, or when the loop over it is left.
   */
  follow(options?: FollowOptions): AsyncIterable<LogPage>
  readonly events: {
    /** Calls `handler` on each event; returns a function that stops it. A throwing handler is counted, not passed on. */
    on<K extends keyof TacitEvents>(type: K, handler: (event: TacitEvents[K]) => void): () => void
  }
  close(): Promise<void>
}
