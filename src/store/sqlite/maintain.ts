import { statSync } from 'node:fs'
import type { MaintenanceStep, OnProgress } from '../admin.ts'
import type { Connection } from './connection.ts'

/** Share of the file that stands empty from which it is rebuilt. */
const wastefulShare = 0.2

type Step = readonly [name: string, run: (connection: Connection, isFull: boolean) => Promise<string | null>]

const steps: readonly Step[] = [
  ['space given back', vacuum],
  ['write-ahead log folded in', foldLog],
]

/**
 * Upkeep of a SQLite file. Others may go on using it; what needs the file alone for a moment waits for them. Statistics
 * are not gathered: every index leads with the scope, and those of a file with one scope would talk the planner out of
 * them for the next one.
 */
export async function maintain(
  connection: Connection,
  { full }: { readonly full: boolean },
  onProgress: OnProgress,
): Promise<MaintenanceStep[]> {
  const done: MaintenanceStep[] = []
  for (const [name, run] of steps) {
    onProgress(done.length, steps.length)
    done.push({ name, result: await run(connection, full) })
  }
  return done
}

/** Rebuilds the file, indexes included, where much of it is empty. */
async function vacuum(connection: Connection, isFull: boolean): Promise<string | null> {
  const pages = await number(connection, 'PRAGMA page_count')
  const free = await number(connection, 'PRAGMA freelist_count')
  if (!isFull && free < pages * wastefulShare) return null
  await connection.attempt(() => connection.exec('VACUUM'))
  const left = await number(connection, 'PRAGMA page_count')
  return `${pages - left} of ${pages} pages`
}

async function foldLog(connection: Connection): Promise<string | null> {
  const before = logBytes(connection)
  const row = await connection.attempt(() => connection.get('PRAGMA wal_checkpoint(TRUNCATE)'))
  const after = logBytes(connection)
  if (row?.busy === 1) return `not to its end: a reader or writer holds it; ${after} bytes are left`
  return before === 0 ? null : `${before} bytes`
}

const logBytes = ({ location }: Connection) => statSync(`${location}-wal`, { throwIfNoEntry: false })?.size ?? 0

const number = async (connection: Connection, sql: string) =>
  Number(await connection.attempt(() => connection.value(sql)))
