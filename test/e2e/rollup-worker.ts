/**
 * A process of its own that appends and folds: `node rollup-worker.ts <JSON of RollupJob>`. It prints the number of facts
 * of each fold that it saved, 0 for one in which another process was first.
 */
import { writeSync } from 'node:fs'
import { executionRollup, nextFold } from '../../src/analyse/rollup/fold.ts'
import { openStore } from '../../src/store/open.ts'
import { decisionFact, outcomeFact } from '../helpers/facts.ts'

export interface RollupJob {
  readonly db: string
  readonly name: string
  readonly rounds: number
}

const { db, name, rounds } = JSON.parse(process.argv[2]!) as RollupJob
const store = await openStore({ db, durability: 'normal', busyTimeoutMs: 60_000 })
for (let i = 0; i < rounds; i++) {
  const id = `${name}-${i}`
  await store.append('s', [[decisionFact(id, { body: { taskType: `type ${i % 3}` } })]])
  // All correct the outcome of the same few executions, so that each takes out what others have folded.
  const shared = `shared-${i % 5}`
  const body = { success: i % 2 === 0, durationMs: i }
  await store.append('s', [[outcomeFact(id)], [outcomeFact(shared, { id: `${shared}/${id}`, body })]])
  if (i % 3 !== 0) continue
  const fold = await nextFold(store, 's', 1 + (i % 16))
  const isSaved = await store.rollups.save('s', executionRollup, fold)
  writeSync(1, `${isSaved ? fold.facts : 0}\n`)
}
await store.close()
