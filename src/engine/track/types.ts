/** Everything that a caller of `tacit.track` may want to name. */
export type { Baseline, BaselineComparison, TrackedAverage, ValueComparison } from './baseline.ts'
export type { ComplexityBin, ComplexityClass, TaskComplexity } from './complexity.ts'
export type { ArmImportance, Importance, ImportanceOptions, WordImportance } from './importance.ts'
export type { ModelInfo, ModelList } from './models.ts'
export type { RefitReport } from './refit.ts'
export type { Regret, RegretOptions, RegretReport } from './regret.ts'
export type { GroupUsage, UsageGroup, UsageOptions, UsageReport } from './usage.ts'
export type { TrackView } from './view.ts'
