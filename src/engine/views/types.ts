import type { LearningMode } from '../../modes.ts'
import type { DecideInput, Estimate, FeedbackInput, OutcomeInput, Stage, TaskInput } from '../../records.ts'
import type { RefitReport } from '../track/refit.ts'

/**
 * The names of Q-learning over the one learner there is. A state is a task type, an action is an arm, a Q-value is the
 * estimated utility. Nothing is bootstrapped from a next state: a task is done when its outcome is known.
 */
export interface LearningView {
  /**
   * Takes in what came of a task, and says what that changed. With a decisionId it is the outcome of that decision, else a
   * whole execution of the past. Repeating an id changes nothing.
   */
  learnFromExecution(task: LearnedTask, result: LearnedResult, feedback?: LearnedFeedback): Promise<LearningOutcome>
  /** The strategy with the best estimate for a state, and the others. Writes nothing. */
  recommendStrategy(state: StrategyState): Promise<StrategyRecommendation>
  /** What was experienced, as a whole and day by day (UTC). Writes nothing. */
  getAnalytics(range?: AnalyticsRange): Promise<LearningAnalytics>
  /** Experiences, the latest decision first, a page at a time. Writes nothing. */
  history(options?: HistoryOptions): Promise<ExperiencePage>
  /** The estimates as a Q-table, states in the order of their names, a page at a time. Writes nothing. */
  qTable(options?: QTableOptions): Promise<QTable>
  /** Where learning stands. Writes nothing. */
  stats(): Promise<LearningStats>
  /** Every formula that `getAnalytics` and `history` can apply; the learner itself aims at the first. */
  rewardFormulas(): readonly RewardFormulaInfo[]
  /** Whether Tacit records and learns: the kill switch. */
  isEnabled(): boolean
  /** Turns the kill switch of this instance, until it is closed. The configuration holds it for good. */
  setEnabled(isEnabled: boolean): void
}

/** Without a decisionId, `task` and `strategy` are needed. */
export interface LearnedTask extends Partial<TaskInput> {
  /** The arm that was used. */
  readonly strategy?: string
  /** The arms that could have been used. */
  readonly strategies?: readonly string[]
  /** The decision that this is the outcome of. */
  readonly decisionId?: string
  /** Your id for a new execution; repeating it changes nothing. */
  readonly executionId?: string
}

export type LearnedResult = Omit<OutcomeInput, 'arm' | 'outcomeId' | 'metadata' | 'at'>

export interface LearnedFeedback {
  readonly rating: FeedbackInput['value']
  /** What was wrong, in words; they are kept as the comment, and counted. */
  readonly issues?: readonly string[]
  readonly suggestions?: readonly string[]
}

/** An estimate under the name that earlier systems used; `quantity` says what it really is. */
export interface NamedEstimate extends Estimate {
  readonly quantity: 'expected utility'
}

export interface LearningOutcome {
  readonly executionId: string
  readonly status: 'stored' | 'duplicate' | 'disabled'
  readonly strategy: string
  /** Whether the estimate of the strategy on this task type rose; null if there was none before. */
  readonly improved: boolean | null
  /** Estimated utility of the strategy on this task type before; null if the strategy was never observed. */
  readonly previousPerformance: number | null
  readonly newPerformance: number | null
  /** Percent; null without a previous performance above 0. */
  readonly improvementRate: number | null
  readonly confidence: NamedEstimate
  /** ISO 8601, UTC. */
  readonly timestamp: string
}

export interface StrategyState {
  /** The task in words; left out: any task of the type. */
  readonly task?: string
  readonly taskType?: string
  readonly context?: TaskInput['context']
  readonly strategies?: DecideInput['arms']
  /** What is used now; improvement is then counted from it, else from the mean of the strategies. */
  readonly current?: string
  /** Most alternatives to list (default 3). */
  readonly limit?: number
}

export interface RecommendedStrategy {
  readonly strategy: string
  readonly confidence: NamedEstimate
  /** Probability with which `decide` would take it now. */
  readonly probability: number
  readonly reasoning: string
}

export interface StrategyRecommendation extends RecommendedStrategy {
  /** Percent above `comparedWith`; null if that is not above 0. */
  readonly expectedImprovement: number | null
  readonly comparedWith: { readonly strategy: string | null; readonly value: number }
  readonly alternatives: readonly RecommendedStrategy[]
}

export interface AnalyticsRange {
  /** Only decisions of the last so many days. */
  readonly daysBack?: number
  readonly taskType?: string
  readonly strategy?: string
  /** Reward formula (default: utility). */
  readonly formula?: string
}

export interface RewardFormulaInfo {
  readonly id: string
  readonly version: number
  readonly formula: string
  readonly source: string
  readonly warning: string | null
}

export interface Average {
  readonly mean: number
  readonly n: number
}

export interface LearningAnalytics {
  readonly formula: RewardFormulaInfo
  /** Decisions that have an outcome. */
  readonly totalExperiences: number
  /** Over the experiences whose outcome says enough for the formula. */
  readonly avgReward: Average | null
  /** With its Wilson 95 % interval. */
  readonly successRate: (Average & { readonly interval: readonly [number, number] }) | null
  /** One entry per day (UTC) on which something was decided, the earliest first. */
  readonly learningTrend: readonly TrendDay[]
}

export interface TrendDay {
  /** YYYY-MM-DD, UTC. */
  readonly date: string
  readonly experiences: number
  readonly avgReward: number | null
  readonly successRate: number | null
}

export interface HistoryOptions extends AnalyticsRange {
  /** Most experiences of the page (default 50, at most 1000). */
  readonly limit?: number
  /** `next` of the page before. */
  readonly after?: string
}

export interface ExperiencePage {
  readonly formula: RewardFormulaInfo
  readonly experiences: readonly HistoryEntry[]
  /** Give it as `after` to get the next page; null on the last one. */
  readonly next: string | null
}

export interface HistoryEntry {
  readonly executionId: string
  /** When it was decided, ISO 8601, UTC. */
  readonly timestamp: string
  readonly state: { readonly taskType: string | null; readonly task: string }
  readonly action: string
  readonly reward: number | null
  /** What the reward is made of, where the formula says so. */
  readonly parts: Readonly<Record<string, number>>
  readonly success: boolean | null
}

export interface QTableOptions {
  readonly taskType?: string
  /** Also list arms that were not yet tried on the task type (default false). */
  readonly includeUntried?: boolean
  /** Most states of the page (default 100, at most 1000). */
  readonly limit?: number
  /** `next` of the page before. */
  readonly after?: string
}

export interface QTable {
  readonly utilityVersion: number
  readonly policy: { readonly id: string; readonly version: number }
  readonly entries: readonly QEntry[]
  readonly next: string | null
}

export interface QEntry {
  /** The task type; null for tasks without one. */
  readonly state: string | null
  readonly action: string
  /** Estimated utility (posterior mean). */
  readonly qValue: number
  /** Its 90 % interval. */
  readonly interval: readonly [number, number]
  /** Observations of the arm on this task type; evidence fades with age, so fractions occur. */
  readonly updateCount: number
  /** Observations of the arm anywhere. */
  readonly nEff: number
}

export interface LearningStats {
  readonly enabled: boolean
  readonly stage: Stage
  readonly mode: LearningMode
  readonly policy: { readonly id: string; readonly version: number }
  /** Decisions that have an outcome. */
  readonly totalExperiences: number
  /** Pairs of task type and arm that were observed, in the first 1,000 task types; so are the numbers below. */
  readonly tableSize: number
  readonly states: number
  readonly actions: number
  /**
   * Probability that `decide` would take another arm than the one with the best estimate, mean over the states; null
   * without a state.
   */
  readonly explorationRate: number | null
  readonly qValues: { readonly mean: number; readonly min: number; readonly max: number } | null
  /** The kept copy of learned state; null before the first. */
  readonly snapshot: {
    readonly name: string
    /** Moment of the last fact in it, ISO 8601, UTC. */
    readonly until: string
    readonly sizeBytes: number
  } | null
  /** How often everything is learned anew, and the last time; null where no schedule is set. */
  readonly refit: { readonly everyHours: number; readonly last: RefitReport | null } | null
}
