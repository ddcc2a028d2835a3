/** What `tacit demo` is asked for and what it found. Plain data: the `--json` output is a DemoResult. */

export interface DemoOptions {
  /** Where the database is left. */
  readonly db: string
  readonly seed: string
  /** Number of tasks, at least 50; 600 unless told. */
  readonly tasks?: number
  readonly onProgress: (progress: { phase: string; done: number; total: number }) => void
}

export interface DemoResult {
  readonly db: string
  /** Where the database of an earlier demo at `db` was moved; null if there was none. */
  readonly setAside: string | null
  readonly seed: string
  /** Tasks that were measured and learned from, and tasks that were asked for (fewer fit on a very slow machine). */
  readonly tasks: number
  readonly tasksPlanned: number
  readonly arms: readonly string[]
  readonly limits: Limits
  readonly measuring: Measuring
  readonly kinds: readonly KindReport[]
  readonly reward: { readonly overall: RewardReport; readonly secondHalf: RewardReport }
  readonly dominance: DominanceReport
  readonly calibration: CalibrationReport
  readonly negativeControl: ControlReport
  readonly durationMs: number
  /** Commands with which the user can go on. */
  readonly next: readonly string[]
}

/** How far one attempt may go: whichever limit comes first. */
export interface Limits {
  readonly timeLimitMs: number
  readonly stepLimit: number
}

/** Counts over all attempts of all arms on all tasks. */
export interface Measuring {
  readonly attempts: number
  readonly solved: number
  readonly failed: Readonly<Record<string, number>>
  readonly workers: number
  readonly durationMs: number
}

export interface KindReport {
  readonly taskType: string
  readonly tasks: number
  /** Mean utility of every arm on this kind, in the order of `arms`. */
  readonly utility: readonly number[]
  readonly bestArm: string
  /** The arm that Tacit now ranks first on a new task of this kind, and its estimate with a 90 % interval. */
  readonly learnedArm: string
  readonly estimate: number | null
  readonly interval: readonly [number, number] | null
  /** True mean utility given up by taking the learned arm instead of the best one; 0 when they agree. */
  readonly regret: number
  /** Null if no task of the kind fell into the second half. */
  readonly secondHalf: {
    readonly tasks: number
    /** Mean utility of the arms chosen, and of the best arm of each task. */
    readonly utility: number
    readonly oracle: number
    /** Share of choices per arm, in the order of `arms`. */
    readonly shares: readonly number[]
  } | null
}

/** Mean utility per task, 0..1. */
export interface RewardReport {
  readonly tasks: number
  readonly tacit: number
  readonly bestSingle: { readonly arm: string; readonly utility: number }
  readonly uniform: number
  /** The best arm of each task, known only afterwards. */
  readonly oracle: number
  /** Tacit minus the best single arm, with the standard error of that mean difference. */
  readonly gain: number
  readonly gainStandardError: number | null
}

export interface DominanceReport {
  /** Oracle minus best single arm; at least 0.10, or the demo would show nothing. */
  readonly gap: number
  /** Arms that are strictly the best of at least one kind. */
  readonly specialists: readonly string[]
  readonly holds: boolean
}

/** Forecasts of success stored with the decisions, judged by what happened afterwards. */
export interface CalibrationReport {
  readonly n: number
  readonly brier: number | null
  /** Brier score of always forecasting the overall success rate. */
  readonly baseline: number | null
  readonly calibrationError: number | null
  readonly bins: readonly {
    readonly from: number
    readonly to: number
    readonly n: number
    readonly forecast: number
    readonly observed: number
  }[]
}

/** The same loop on outcomes shuffled over all (task, arm) pairs: there is nothing to learn. */
export interface ControlReport {
  readonly runs: number
  readonly tasks: number
  /** Mean utility of the choices minus that of a uniform choice on the same shuffled table. */
  readonly gain: number
  readonly standardError: number | null
  /** |gain| is at most three standard errors: chance alone breaks this in 3 demos of 1000. */
  readonly holds: boolean
}
