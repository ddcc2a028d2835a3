import type { Pruned, PruneRequest, Snapshot } from '../store.ts'
import type { Connection } from './connection.ts'

const selectLastCursor = 'SELECT max(cursor) FROM fact WHERE scope = ? AND execution_id = ?'
const rememberAll =
  'INSERT INTO pruned (scope, id, kind, execution_id, cursor) ' +
  'SELECT scope, id, kind, execution_id, cursor FROM fact WHERE scope = ? AND execution_id = ?'
const deleteAll = 'DELETE FROM fact WHERE scope = ? AND execution_id = ?'
const onlySteps = " AND kind = 'step'"
const deleteExecution = 'DELETE FROM execution WHERE scope = ? AND id = ?'
const deleteVectors = 'DELETE FROM vector WHERE scope = ? AND execution_id = ?'

/** Removes what `request` names, inside the transaction of the caller. */
export function prune(connection: Connection, scope: string, { executionIds, cursor, what }: PruneRequest): Pruned {
  const changes = (sql: string, id: string) => Number(connection.statement(sql).run(scope, id).changes)
  const pruned = { executions: 0, facts: 0, vectors: 0 }
  for (const id of executionIds) {
    if (Number(connection.value(selectLastCursor, scope, id) ?? 0) > cursor) continue
    if (what === 'steps') {
      connection.run(rememberAll + onlySteps, scope, id)
      pruned.facts += changes(deleteAll + onlySteps, id)
    }
    if (what === 'executions') {
      connection.run(rememberAll, scope, id)
      pruned.facts += changes(deleteAll, id)
      pruned.executions += changes(deleteExecution, id)
    }
    if (what !== 'steps') pruned.vectors += changes(deleteVectors, id)
  }
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
