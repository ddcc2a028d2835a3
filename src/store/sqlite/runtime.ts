import { TacitError } from '../../errors.ts'

type Sqlite = typeof import('node:sqlite')

/**
 * The runtime's own SQLite. Loaded on first use, because importing it prints an "experimental" warning on some versions
 * of Node; exactly that warning is held back, every other one passes.
 * @throws TacitError STORE_UNAVAILABLE when this Node has no SQLite.
 */
export function loadSqlite(): Sqlite {
  const emitWarning = process.emitWarning
  process.emitWarning = ((warning: string | Error, ...rest: unknown[]) => {
    const text = typeof warning === 'string' ? warning : warning.message
    if (/^SQLite is an experimental feature/.test(text)) return
    Reflect.apply(emitWarning, process, [warning, ...rest])
  }) as typeof process.emitWarning
  try {
    const sqlite = process.getBuiltinModule('node:sqlite') as Sqlite | undefined
    if (sqlite !== undefined) return sqlite
  } finally {
    process.emitWarning = emitWarning
  }
  throw new TacitError('STORE_UNAVAILABLE', `Node ${process.version} has no node:sqlite. Use Node 22.16 or newer.`)
}
