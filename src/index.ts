/**
 * Tacit, the learning layer for agent systems: the public API.
 * @packageDocumentation
 */
export { compatScorers } from './analyse/compat/registry.ts'
export {
  compatRewardFormulas,
  type Reward,
  type RewardedOutcome,
  type RewardFormula,
} from './analyse/compat/rewards.ts'
export type { CompatScorer, ExecutionGroup, Scored } from './analyse/compat/scorer.ts'
export { type Config, type ConfigInput, loadConfig, type Setting } from './config.ts'
export {
  type BundleFormat,
  type BundleInfo,
  bundleFormats,
  readBundle,
  verifyBundle,
  writeBundle,
} from './engine/bundle.ts'
export {
  type BackupReport,
  backupDatabase,
  type ConnectionsReport,
  type CopyReport,
  checkDatabase,
  connectionsOf,
  copyDatabase,
  type MaintenanceReport,
  type MigrationReport,
  maintainDatabase,
  migrateDatabase,
  resetDatabase,
  restoreDatabase,
  rollbackDatabase,
  type SchemaReport,
  type StoreOptions,
  type Validation,
  validateDatabase,
} from './engine/database.ts'
export { openTacit } from './engine/open.ts'
export {
  importShape,
  type ShapeImportOptions,
  type ShapeImportReport,
  shapeTitles,
  type Table,
  tablesOfParquet,
  tablesOfSqliteFile,
  tablesOfText,
} from './engine/shapes.ts'
export type * from './engine/track/types.ts'
export type * from './engine/types.ts'
export type {
  CompatGroupScore,
  CompatScoreOptions,
  CompatScorerInfo,
  CompatScores,
  CompatView,
} from './engine/views/compat.ts'
export type * from './engine/views/types.ts'
export { type ErrorCode, errorCodes, TacitError } from './errors.ts'
export type {
  DecideInput,
  Estimate,
  Facets,
  Fact,
  FeedbackInput,
  OutcomeInput,
  Prediction,
  RecordInput,
  Stage,
  StepInput,
  TaskInput,
} from './records.ts'
export type { ExecutionRow } from './store/store.ts'
