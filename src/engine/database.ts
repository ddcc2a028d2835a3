/** The care of a database, beside the loop that uses it: what `tacit db` does, for the edges and the public API. */
export type {
  Client,
  ConnectionsReport,
  Dialect,
  MaintenanceStep,
  OnProgress,
  SchemaReport,
} from '../store/admin.ts'
export {
  type BackupReport,
  backupDatabase,
  type Changed,
  resetDatabase,
  restoreDatabase,
  rollbackDatabase,
} from '../store/backup.ts'
export {
  type About,
  type CopyReport,
  checkDatabase,
  connectionsOf,
  copyDatabase,
  type MaintenanceReport,
  type MigrationReport,
  migrateDatabase,
} from '../store/care.ts'
export type { StoreOptions } from '../store/open.ts'
export type { Problem, Validation } from '../store/validate.ts'
export { maintainDatabase, validateDatabase } from './upkeep.ts'
