import type { MaintenanceStep, OnProgress } from '../admin.ts'
import type { Database, Session } from './database.ts'
import { makePartitions, monthsAhead } from './migrations.ts'
import { buildVectorIndexes } from './vector-index.ts'

const vacuum = {
  text: `VACUUM (ANALYZE) tacit.fact, tacit.execution, tacit.task_vector, tacit.scope, tacit.snapshot, tacit.counter,
    tacit.pruned, tacit.rollup, tacit.rollup_cell`,
}
const reindexes = [
  { text: 'REINDEX TABLE CONCURRENTLY tacit.fact' },
  { text: 'REINDEX TABLE CONCURRENTLY tacit.execution' },
  { text: 'REINDEX TABLE CONCURRENTLY tacit.task_vector' },
  { text: 'REINDEX TABLE CONCURRENTLY tacit.rollup_cell' },
]
/** What an index that was broken off while it was built leaves behind. */
const selectUnfinished = {
  text: `SELECT format('DROP INDEX CONCURRENTLY %s', indexrelid::regclass) AS text FROM pg_index
    JOIN pg_class ON pg_class.oid = indexrelid
    WHERE relnamespace = 'tacit'::regnamespace AND NOT indisvalid AND relname LIKE '%\\_ccnew%'`,
}

/** Months of the log that lie in the past. */
const selectPastPartitions = {
  text: `SELECT relname AS name FROM pg_inherits JOIN pg_class ON oid = inhrelid
    WHERE inhparent = 'tacit.fact'::regclass AND relname ~ '^fact_\\d{4}_\\d{2}$'
      AND relname < 'fact_' || to_char(now() AT TIME ZONE 'UTC', 'YYYY_MM') ORDER BY relname`,
}
/** Locks every month with it, so that nothing slips in between looking and dropping. Later facts of a dropped month go to the default partition. */
const lockLog = { text: 'LOCK TABLE tacit.fact IN ACCESS EXCLUSIVE MODE' }
const isEmpty = { text: "SELECT format('SELECT FROM tacit.%I LIMIT 1', $1::text) AS text" }
const dropPartition = { text: "SELECT format('DROP TABLE tacit.%I', $1::text) AS text" }

type Step = readonly [name: string, run: (database: Database) => Promise<string | null>]

const always: readonly Step[] = [
  ['partitions made ahead', addPartitions],
  ['emptied partitions dropped', dropEmptied],
  ['search indexes built', addVectorIndexes],
  ['rows cleaned up and statistics gathered', cleanUp],
]
const onlyFull: readonly Step[] = [
  ['unfinished indexes removed', removeUnfinished],
  ['indexes rebuilt', database => runAll(database, reindexes, 'tables')],
]

/** Upkeep of a PostgreSQL database. Others go on reading and writing meanwhile. */
export async function maintain(
  database: Database,
  { full }: { readonly full: boolean },
  onProgress: OnProgress,
): Promise<MaintenanceStep[]> {
  const steps = full ? [...always, ...onlyFull] : always
  const done: MaintenanceStep[] = []
  for (const [name, run] of steps) {
    onProgress(done.length, steps.length)
    done.push({ name, result: await run(database) })
  }
  return done
}

async function cleanUp(database: Database): Promise<string> {
  await database.query(vacuum)
  return 'all tables'
}

async function addPartitions(database: Database): Promise<string | null> {
  const [row] = await database.query(makePartitions, monthsAhead + 1)
  return row!.made === 0 ? null : `${row!.made} months`
}

/** What pruning has emptied gives its space back at once. */
async function dropEmptied(database: Database): Promise<string | null> {
  let dropped = 0
  for (const { name } of await database.query(selectPastPartitions)) {
    if (await database.session(session => dropIfEmpty(session, String(name)))) dropped++
  }
  return dropped === 0 ? null : `${dropped} ${dropped === 1 ? 'month' : 'months'}`
}

async function dropIfEmpty(session: Session, partition: string): Promise<boolean> {
  const run = async (maker: { text: string }) => {
    const [statement] = await session.run(maker, partition)
    return session.run({ text: String(statement!.text) })
  }
  if ((await run(isEmpty)).length > 0) return false
  await session.run({ text: 'BEGIN' })
  await session.run(lockLog)
  const isStillEmpty = (await run(isEmpty)).length === 0
  if (isStillEmpty) await run(dropPartition)
  await session.run({ text: 'COMMIT' })
  return isStillEmpty
}

async function addVectorIndexes(database: Database): Promise<string | null> {
  const built = await buildVectorIndexes(database)
  if (built === null) return 'another process is building them'
  return built === 0 ? null : `${built} ${built === 1 ? 'embedder' : 'embedders'}`
}

async function runAll(database: Database, statements: readonly { text: string }[], noun: string): Promise<string> {
  for (const statement of statements) await database.query(statement)
  return `${statements.length} ${noun}`
}

async function removeUnfinished(database: Database): Promise<string | null> {
  const statements = (await database.query(selectUnfinished)).map(row => ({ text: String(row.text) }))
  return statements.length === 0 ? null : runAll(database, statements, 'indexes')
}
