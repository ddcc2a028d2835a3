import { TacitError } from '../../errors.ts'

type Sqlite = typeof import('node:sqlite')

/**
 * The runtime's own SQLite, loaded on first use.
 * @throws TacitError STORE_UNAVAILABLE when this Node has no SQLite.
 */
export function loadSqlite(): Sqlite {
  const sqlite = withoutSqliteWarning(() => process.getBuiltinModule('node:sqlite') as Sqlite | undefined)
  if (sqlite !== undefined) return sqlite
  throw new TacitError('STORE_UNAVAILABLE', `Node ${process.version} has no node:sqlite. Use Node 22.16 or newer.`)
}

/** Runs `action`, holding back the "experimental" warning that some versions of Node print; every other one passes. */
export function withoutSqliteWarning<T>(action: () => T): T {
  const emitWarning = process.emitWarning
  process.emitWarning = ((warning: string | Error, ...rest: unknown[]) => {
    const text = typeof warning === 'string' ? warning : warning.message
    if (!text.startsWith('SQLite is an experimental feature')) Reflect.apply(emitWarning, process, [warning, ...rest])
  }) as typeof process.emitWarning
  try {
    return action()
  } finally {
    process.emitWarning = emitWarning
  }
}
