import { existsSync, renameSync } from 'node:fs'
import { openTacit } from '../engine/open.ts'
import { TacitError } from '../errors.ts'
import { demoMark } from './loop.ts'

/**
 * Makes room for a new database at `db`. The database of an earlier demo is renamed to `<db>.old-<number>`, and that name
 * is returned; any other file stays untouched. Nothing is ever deleted.
 * @throws TacitError ALREADY_EXISTS if the file must stay.
 */
export async function makeRoom(db: string): Promise<string | null> {
  if (db === ':memory:' || !existsSync(db)) return null
  if (!(await isDemoDatabase(db))) {
    throw new TacitError(
      'ALREADY_EXISTS',
      `${db} is not purely the database of an earlier demo, so it stays as it is. Give another path with --db.`,
      { details: { db } },
    )
  }
  let number = 1
  while (existsSync(`${db}.old-${number}`)) number++
  for (const suffix of ['', '-wal', '-shm']) {
    if (existsSync(db + suffix)) renameSync(db + suffix, `${db}.old-${number}${suffix}`)
  }
  return `${db}.old-${number}`
}

/** Whether there are executions, and all of them are the demo's. */
async function isDemoDatabase(db: string): Promise<boolean> {
  const tacit = await openTacit({ db })
  try {
    const ours = new Set<string>()
    for await (const fact of tacit.exportFacts()) {
      if (fact.kind === 'decision' && fact.body.metadata?.demo === demoMark.demo) ours.add(fact.executionId)
      if (!ours.has(fact.executionId)) return false
    }
    return ours.size > 0
  } finally {
    await tacit.close()
  }
}
