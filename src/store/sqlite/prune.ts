import type { Pruned, PruneRequest, Snapshot } from '../store.ts'
import type { Connection } from './connection.ts'
import { noteVectorsRemoved } from './vector-search.ts'

/** The plus keeps SQLite from walking the whole log by its cursor. */
const selectLater = 'SELECT 1 FROM fact WHERE scope = ? AND execution_id = ? AND +cursor > ? LIMIT 1'
const rememberAll =
  'INSERT INTO pruned (scope, id, kind, execution_id, cursor) ' +
  'SELECT scope, id, kind, execution_id, cursor FROM fact WHERE scope = ? AND execution_id = ?'
const deleteAll = 'DELETE FROM fact WHERE scope = ? AND execution_id = ?'
const onlySteps = " AND kind = 'step'"
const deleteExecution = 'DELETE FROM execution WHERE scope = ? AND id = ?'
/** Embedders, found by jumping along the index of vectors; that index leads to an execution only through its embedder. */
const selectEmbedders = `
  WITH RECURSIVE names (embedder) AS (
    SELECT min(embedder) FROM vector WHERE scope = ?1
    UNION ALL
    SELECT (SELECT min(embedder) FROM vector WHERE scope = ?1 AND vector.embedder > names.embedder)
    FROM names WHERE names.embedder IS NOT NULL
  )
  SELECT embedder FROM names WHERE embedder IS NOT NULL`
const deleteVector = 'DELETE FROM vector WHERE scope = ? AND execution_id = ? AND embedder = ?'

/** Removes what `request` names, inside the transaction of the caller. */
export function prune(connection: Connection, scope: string, { executionIds, cursor, what }: PruneRequest): Pruned {
  const changes = (sql: string, ...values: readonly string[]) =>
    Number(connection.statement(sql).run(scope, ...values).changes)
  const embedders = connection.all(selectEmbedders, scope).map(row => row.embedder as string)
  const pruned = { executions: 0, facts: 0, vectors: 0 }
  for (const id of executionIds) {
    if (connection.get(selectLater, scope, id, cursor) !== undefined) continue
    if (what === 'steps') {
      connection.run(rememberAll + onlySteps, scope, id)
      pruned.facts += changes(deleteAll + onlySteps, id)
    }
    if (what === 'executions') {
      connection.run(rememberAll, scope, id)
      pruned.facts += changes(deleteAll, id)
      pruned.executions += changes(deleteExecution, id)
    }
    if (what === 'steps') continue
    for (const embedder of embedders) pruned.vectors += changes(deleteVector, id, embedder)
  }
  if (pruned.vectors > 0) noteVectorsRemoved(connection)
  return pruned
}

/** Keeps a checkpoint in place of `replaced`, inside the transaction of the caller; false if another one stands there. */
export function saveCheckpoint(
  connection: Connection,
  scope: string,
  name: string,
  { cursor, position, bytes }: Snapshot,
  replaced: Snapshot | null,
): boolean {
  const held = connection.get('SELECT cursor, recorded_at_us FROM snapshot WHERE scope = ? AND name = ?', scope, name)
  const isExpected =
    replaced === null
      ? held === undefined
      : held?.cursor === replaced.cursor && held.recorded_at_us === replaced.position.recordedAtUs
  if (!isExpected) return false
  connection.run(
    'INSERT OR REPLACE INTO snapshot (scope, name, cursor, recorded_at_us, fact_id, bytes) VALUES (?, ?, ?, ?, ?, ?)',
    scope,
    name,
    cursor,
    position.recordedAtUs,
    position.id,
    bytes,
  )
  return true
}
